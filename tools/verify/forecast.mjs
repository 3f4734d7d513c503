// @ts-check
// Results of @weft/timeseries-forecast on public data sets. Each figure is of models loaded again from disk, on windows of a test part
// that nothing was chosen by; the baselines are judged by the same windows.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  backtest,
  detect,
  detectRows,
  evaluate,
  nabProbation,
  nabProfiles,
  nabScore,
  RandomDetector,
  readTable,
  rowsOf,
  tableFiles,
  train,
  WindowedGaussianDetector,
} from '@weft/timeseries-forecast'

const SEEDS = [1, 2, 3]

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** @param {import('./verify.mjs').Circumstances} circumstances */
const hooks = ({ note }) => ({
  note,
  /** @param {Record<string, number | undefined>} log */
  onEpoch: ({ epoch, loss, val_loss }) =>
    note(`epoch ${epoch}, loss ${loss?.toFixed(4)}, validation ${val_loss?.toFixed(4)}`),
})

/**
 * Trains with each seed, loads again and judges by the test part; the baselines, which have no seed, with the first.
 * @param {import('./verify.mjs').Circumstances} circumstances
 * @param {Parameters<typeof train>[0]} options
 * @param {string} file
 * @param {readonly number[]} seeds
 */
async function trainAndJudge(circumstances, options, file, seeds) {
  const data = join(circumstances.data, file)
  const device = /** @type {'auto'} */ (circumstances.device)
  const runs = []
  /** @type {readonly { name: string, mse: number, mae: number }[]} */
  let baselines = []
  let verdict = ''
  for (const seed of seeds) {
    const model = join(circumstances.out, `seed-${seed}`)
    const run = await train({ ...options, baselines: [], data, device, seed, out: model }, hooks(circumstances))
    const judged = await evaluate({
      model,
      data,
      part: 'test',
      device,
      baselines: seed === seeds[0] ? options.baselines : [],
      judgedWindows: 1e6,
    })
    const [own, ...others] = judged.judgement.standardised
    const { coverage, direction } = judged.judgement.lines[0]?.model.figures ?? {}
    if (others.length > 0) {
      baselines = others
      verdict = judged.judgement.verdict?.sentence ?? ''
    }
    runs.push({
      seed,
      mse: own?.mse,
      mae: own?.mae,
      coverage,
      direction,
      windows: judged.judgement.items.length,
      minutes: run.seconds / 60,
      epochs: run.epochs,
      parameters: run.parameters,
      trainedOn: run.runtime.device,
      threads: run.runtime.threads,
    })
    circumstances.note(`seed ${seed}: MSE ${own?.mse.toFixed(4)}, MAE ${own?.mae.toFixed(4)}`)
  }
  return {
    mse: mean(runs.map((run) => run.mse ?? Number.NaN)),
    mae: mean(runs.map((run) => run.mae ?? Number.NaN)),
    verdict,
    baselines,
    runs,
  }
}

/**
 * All test windows of ETTh1 by the canonical split, in standardised values, mean of three seeds.
 * @param {number} horizon @param {number} most @param {Parameters<typeof train>[0]} options
 * @returns {import('./verify.mjs').Result}
 */
const etth1 = (horizon, most, options = {}) => ({
  data: 'ett',
  measure: 'mse',
  most,
  run: (circumstances) =>
    trainAndJudge(
      circumstances,
      {
        dataset: 'etth1',
        preset: 'energy',
        horizon,
        season: 24,
        baselines: ['last', 'seasonal', 'arima(2,1,2)', 'sarima(1,0,1)(1,0,1,24)'],
        ...options,
      },
      'ETTh1.csv',
      SEEDS,
    ),
})

/** Tickers of the backtest, one of each of five industries. */
const TICKERS = ['AAPL', 'GE', 'JNJ', 'JPM', 'WMT']

/** @type {Record<string, import('./verify.mjs').Result>} */
export const forecast = {
  // At most the best of DLinear, NLinear and SegRNN as published.
  'etth1-96': etth1(96, 0.368),
  'etth1-192': etth1(192, 0.405),
  // The further ahead, the less there is to learn: smaller GRUs, a month ahead beside a linear map and for fewer epochs.
  'etth1-336': etth1(336, 0.429, { units: 128, epochs: 10 }),
  'etth1-720': etth1(720, 0.44, { linear: true, units: 64, epochs: 5 }),

  // The next day of PM2.5 from the weather; the years up to 2012 train, 2013 validates, 2014 tests.
  beijing: {
    data: 'weather',
    measure: 'mae',
    most: 0.51,
    run: (circumstances) =>
      trainAndJudge(
        circumstances,
        {
          dataset: 'beijing',
          preset: 'weather',
          season: 24,
          baselines: ['last', 'seasonal', 'sarima(1,0,1)(1,0,1,24)'],
        },
        'pollution.csv',
        SEEDS,
      ),
  },

  // Five prices, five days ahead: what counts is that the verdict is honest, and that the model is not worse than the last price.
  stocks: {
    data: 'stocks',
    measure: 'errorOverLastPrice',
    most: 1.05,
    async run(circumstances) {
      const device = /** @type {'auto'} */ (circumstances.device)
      const verdicts = []
      for (const ticker of TICKERS) {
        const { judgement, traded, seconds } = await backtest(
          {
            preset: 'stock',
            data: join(circumstances.data, `${ticker}.csv`),
            paperTrade: true,
            device,
            out: join(circumstances.out, ticker),
          },
          hooks(circumstances),
        )
        const [line] = judgement.lines
        const last = line?.baselines.find(({ name }) => name === 'last value')
        const against =
          last === undefined || line === undefined ? Number.NaN : line.model.figures.mae / last.figures.mae
        verdicts.push({
          ticker,
          windows: judgement.items.length,
          mae: line?.model.figures.mae,
          errorOverLastPrice: against,
          direction: line?.model.figures.direction,
          verdict: line?.verdict?.sentence,
          paperTrade: traded[0]?.report.sentence,
          minutes: seconds / 60,
        })
        circumstances.note(`${ticker}: ${line?.verdict?.sentence} ${traded[0]?.report.sentence}`)
      }
      return { errorOverLastPrice: mean(verdicts.map((one) => one.errorOverLastPrice)), verdicts }
    },
  },

  // Numenta's benchmark: one threshold for all files, the standard profile; beside it the references through the same scorer.
  nab: {
    data: 'nab',
    measure: 'score',
    least: 55,
    async run(circumstances) {
      const { data, out, note } = circumstances
      const device = /** @type {'auto'} */ (circumstances.device)
      const labels = join(data, 'labels', 'combined_windows.json')
      if (!existsSync(labels)) throw new Error(`expected ${labels}`)
      const pattern = join(data, 'data', '*', '*.csv')
      const reading = /** @type {const} */ ({ duplicates: 'first', unsorted: 'sort', step: 'rows' })
      /** @type {Record<string, object>} */
      const detectors = {}
      let score = Number.NaN
      for (const detector of /** @type {const} */ (['combined', 'forecast', 'autoencoder'])) {
        const result = await detect({ data: pattern, labels, detector, ...reading, device, out: join(out, detector) })
        const { nab, tables, seconds } = result
        const rows = tables.reduce((sum, one) => sum + one.rows, 0)
        detectors[detector] = { ...nab, series: tables.length, rows, minutes: seconds / 60 }
        note(`${detector}: ${nab?.bestThreshold.standard.toFixed(1)}, ${(seconds / 60).toFixed(1)} minutes`)
        if (detector === 'combined') score = nab?.bestThreshold.standard ?? Number.NaN
      }
      const references = {
        'windowed Gaussian': () => new WindowedGaussianDetector(),
        random: () => new RandomDetector(),
      }
      const truth = JSON.parse(readFileSync(labels, 'utf8'))
      for (const [name, make] of Object.entries(references)) {
        /** @type {import('@weft/timeseries-forecast').NabFile[]} */
        const files = []
        for (const file of await tableFiles(pattern)) {
          const [series] = (await readTable({ data: file, ...reading })).series
          if (series === undefined) continue
          const { scores } = detectRows(make(), rowsOf(series))
          const found = Object.entries(truth).find(([label]) => file.endsWith(label))
          /** @type {[string, string][]} */
          const own = found?.[1] ?? []
          const windows = own.map(
            ([start, end]) => /** @type {const} */ ([Date.parse(`${start}Z`), Date.parse(`${end}Z`)]),
          )
          files.push({ scores, times: series.times, windows, probation: nabProbation(scores.length) })
        }
        detectors[name] = { bestThreshold: { standard: nabScore(files, nabProfiles.standard).score } }
        note(`${name}: ${nabScore(files, nabProfiles.standard).score.toFixed(1)}`)
      }
      const windows = Object.values(truth).flat().length
      return { score, windows, detectors }
    },
  },
}
