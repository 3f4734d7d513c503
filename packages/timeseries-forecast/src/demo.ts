/**
 * The demonstration: makes the hourly demand of a town with its weather and holidays, forecasts a day ahead beside what a statistician
 * would have used, and finds what is unusual in the loads of three stations. Needs neither data nor network; where the native device is
 * missing it makes fewer days and a smaller network.
 */
import { join } from 'node:path'
import { isFast, type RuntimeReport } from '@weft/core/runtime'
import { demoFolder, demoSummary, onRuntime, type DemoSummary, type Hooks } from '@weft/core/app'
import { formatDuration, plural, resolveOptions, type GivenOptions } from '@weft/core/cli'
import { writeDemoSeries } from './datasets/demo-series.js'
import { tableText } from './anomaly/alarm-text.js'
import { detect } from './detect.js'
import { demoOptions, type DemoOptions, type GivenTrainOptions } from './options.js'
import { predict } from './predict.js'
import { train } from './train.js'

export interface DemoResult extends DemoSummary {
  /** Of the model on days that it had not seen, in MW. */
  readonly mae: number
  /** Whether it is better than the best baseline, in a sentence. */
  readonly verdict: string
  /** Share of the truth that the intervals held. */
  readonly coverage: number
  readonly seconds: number
  /** What happened, for people. */
  readonly lines: readonly string[]
}

/** How much is made and trained. */
interface Size {
  readonly days: number
  readonly train: GivenTrainOptions
}

const FULL: Size = { days: 240, train: { epochs: 20 } }
/** For TensorFlow.js's own processor backend, a hundred times slower. */
const REDUCED: Size = { days: 90, train: { epochs: 16, units: 32, stride: 2, batchSize: 32, dropout: 0.1 } }

/** What forecasts the demand: its own week, the weather and the holidays that are known ahead, hour and day. */
const DEMAND: GivenTrainOptions = {
  preset: 'energy',
  target: ['demand'],
  known: ['temperature', 'holiday'],
  calendar: ['hourOfDay', 'dayOfWeek', 'weekend'],
  lookBack: 168,
  horizon: 24,
  segmentLength: 24,
  units: 128,
  dropout: 0.2,
  batchSize: 256,
  learningRate: 0.002,
  testShare: 0.15,
  validationShare: 0.15,
  baselines: ['last', 'seasonal', 'drift', 'mean', 'sarima(1,0,1)(0,1,1,24)'],
}

export async function runDemo(given: GivenOptions<typeof demoOptions>, hooks: Hooks): Promise<DemoResult> {
  const options = resolveOptions(demoOptions, given)
  return onRuntime(options, hooks, (runtime, inner) => demonstrate(options, runtime, inner))
}

async function demonstrate(options: DemoOptions, runtime: RuntimeReport, hooks: Hooks): Promise<DemoResult> {
  const started = performance.now()
  const { seed, device, threads } = options
  const out = demoFolder(options.out, 'demo-forecast')
  const size = isFast(runtime.device) ? FULL : REDUCED
  const days = options.days ?? size.days
  const series = join(out, 'series')
  hooks.note?.(`Making ${plural(days, 'day')} of demand and of three stations’ loads in ${series}.`)
  const made = writeDemoSeries(series, { seed, days })
  const run = join(out, 'run')
  const result = await train(
    {
      ...DEMAND,
      ...size.train,
      ...(options.epochs !== undefined && { epochs: options.epochs }),
      data: made.forecast,
      out: run,
      seed,
      device,
      threads,
    },
    hooks,
  )
  const summary = demoSummary(result)
  const [line] = result.test?.lines ?? []
  if (line === undefined) {
    const seconds = (performance.now() - started) / 1000
    const lines = ['Stopped before the model was trained.']
    return { ...summary, mae: Number.NaN, verdict: '', coverage: Number.NaN, seconds, lines }
  }
  const tomorrow = await predict(made.forecast, { model: run, out: join(out, 'tomorrow'), device, threads }, hooks)
  hooks.note?.('Looking for what is unusual in the stations’ loads.')
  const alarms = await detect(
    { data: made.anomalies, labels: made.labels, out: join(out, 'alarms'), seed, device, threads },
    hooks,
  )
  const { mae, coverage } = line.model.figures
  const seconds = (performance.now() - started) / 1000
  const verdict = line.verdict?.sentence ?? ''
  const lines = [
    `Demand a day ahead, on ${plural(summary.items, 'window')} that it had not seen:`,
    `  ${verdict}`,
    `  The intervals, made to hold 90 %, held ${(100 * coverage).toFixed(1)} % of the truth.`,
    `What is unusual in the stations’ loads:`,
    ...alarms.tables.map((table) => `  ${tableText(table)}`),
    '',
    `Time     ${formatDuration(seconds)} on ${runtime.device}`,
    `Report   ${summary.report}`,
    `Tomorrow ${tomorrow.files.at(-1) ?? ''}`,
    `Alarms   ${alarms.report ?? ''}`,
    `Model    ${summary.model}`,
    `Try      npx weft-forecast train --data YOUR.csv --target COLUMN --out runs/first`,
  ]
  return { ...summary, mae, verdict, coverage, seconds, lines }
}
