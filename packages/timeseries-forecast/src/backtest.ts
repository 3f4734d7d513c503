/**
 * Backtesting: trains on a past that grows from fold to fold, judges each by the stretch of time after it, and puts the stretches together
 * to one verdict; for prices also what trading on paper by the forecasts would have earned. What a run is stands in train.ts.
 */
import { join } from 'node:path'
import { expected } from '@weft/core/errors'
import { writeJsonAtomic } from '@weft/core/files'
import { checkRunFolder, pickOptions, type Hooks } from '@weft/core/app'
import { reportFooter } from '@weft/core/app/report'
import { flagOf, formatDuration, formatPairs, plural, resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { strategySection } from './report/forecast-sections.js'
import { writeReport, type Section } from '@weft/core/report'
import { shortTimes } from './series/future-times.js'
import type { Judgement, LineJudgement } from './judging/judgement.js'
import { judgementJson } from './judging/judgement-io.js'
import { pool } from './judging/pool.js'
import { expandingFolds } from './judging/rolling.js'
import { paperStrategy, type StrategyReport } from './judging/strategy.js'
import type { ForecastSpec } from './forecasting/spec.js'
import { FORMAT } from './model.js'
import { backtestOptions, trainOptions, type BacktestOptions, type TrainOptions } from './options.js'
import { presets } from './presets/index.js'
import type { Table } from './series/series.js'
import { forecastReport } from './report/from-judgement.js'
import { trainOn, withTable, type Beginning, type TrainResult } from './train.js'
import { prepareTrainingSet } from './training-set.js'

/** What trading by the forecasts of one line earned. */
export interface PaperTrade {
  readonly series: string
  readonly report: StrategyReport
  readonly times: Float64Array
  /** Growth of 1 up to each close. */
  readonly growth: { readonly strategy: Float64Array; readonly buyAndHold: Float64Array }
}

export interface BacktestResult {
  readonly judgement: Judgement
  readonly folds: readonly TrainResult[]
  readonly paperTrades: readonly PaperTrade[]
  readonly seconds: number
  readonly report: string
}

/** @throws UserError for options, data or files that a user can mend. */
export async function backtest(
  given: GivenOptions<typeof backtestOptions>,
  hooks: Hooks = {},
): Promise<BacktestResult> {
  const started = performance.now()
  const fixed = (['validationFrom', 'testFrom', 'until'] as const).find((name) => given[name] !== undefined)
  if (fixed !== undefined) {
    const hint = `Folds divide the last ${flagOf('testShare')} of the time; each has its own borders.`
    throw expected({ doing: 'backtesting', want: 'nothing', of: flagOf(fixed), got: given[fixed], hint })
  }
  const resolve = (values: object) => resolveOptions(backtestOptions, values, presets)
  return withTable(resolve, given, hooks, async ({ options, table, ...begin }, inner) => {
    checkRunFolder(options)
    const trained = await trainFolds(options, table, begin, inner)
    const folds = trained.map(({ run }) => run)
    const judgement = pool(folds.flatMap(({ test }) => test ?? []))
    const paperTrades = options.paperTrade ? judgement.lines.map((line) => trade(line, options)) : []
    const result = { judgement, folds, paperTrades, seconds: (performance.now() - started) / 1000 }
    const report = join(options.out, 'report.html')
    await writeBacktestReport(report, result, trained.at(-1)?.spec, options, hooks.command)
    writeJsonAtomic(join(options.out, 'backtest.json'), backtestJson({ ...result, report }))
    return { ...result, report }
  })
}

interface TrainedFold {
  readonly run: TrainResult
  /** Of its model. */
  readonly spec: ForecastSpec
}

/** Trains once for each fold, in folders of their own. */
async function trainFolds(
  options: BacktestOptions,
  table: Table,
  begin: Beginning,
  hooks: Hooks,
): Promise<TrainedFold[]> {
  const base = pickOptions(options, trainOptions)
  const folds: TrainedFold[] = []
  for (const [at, borders] of foldBorders(table, base, options.folds).entries()) {
    const from = shortTimes([borders.testFrom])[0] ?? ''
    hooks.note?.(`Fold ${at + 1} of ${options.folds}: judged from ${from} on.`)
    const out = join(options.out, `fold-${at + 1}`)
    // What the table holds is said once.
    const set = await prepareTrainingSet(table, { ...base, ...borders, out }, at === 0 ? hooks : {})
    const run = await trainOn(set, begin, hooks)
    if (run.stopped) {
      hooks.note?.(`Stopped in fold ${at + 1}; nothing is lost. The same command goes on with --resume.`)
      throw new DOMException('stopped', 'AbortError')
    }
    folds.push({ run, spec: set.spec })
  }
  return folds
}

/** Borders of each fold as moments: the stretches that test lie side by side at the end, validation before each. */
function foldBorders(
  { series }: Table,
  options: TrainOptions,
  folds: number,
): { validationFrom: string; testFrom: string; until: string }[] {
  const longest = series.reduce((a, b) => (b.times.length > a.times.length ? b : a))
  const { times } = longest
  const { testShare, validationShare } = options
  if (testShare === 0)
    throw expected({ doing: 'backtesting', want: 'a share above 0', of: flagOf('testShare'), got: 0 })
  const testRows = Math.floor((times.length * testShare) / folds)
  if (testRows < options.horizon) {
    const most = Math.floor((times.length * testShare) / options.horizon)
    throw expected({
      doing: 'backtesting',
      want: `at least the ${options.horizon} rows of ${flagOf('horizon')} in each fold`,
      of: flagOf('folds'),
      got: `${folds}, which leaves ${testRows} of ${Math.floor(times.length * testShare)}`,
      hint:
        most > 0
          ? `At most ${most} ${most === 1 ? 'fold fits' : 'folds fit'}; a larger ${flagOf('testShare')} makes room for more.`
          : `Take a larger ${flagOf('testShare')}.`,
    })
  }
  const minTrain = options.lookBack + options.horizon
  const moment = (row: number) => new Date(times[row] ?? (times.at(-1) ?? 0) + 1).toISOString()
  return expandingFolds(times.length, { folds, testRows, minTrain }).map(({ train, test }) => ({
    validationFrom: moment(Math.max(minTrain, Math.floor(train.end * (1 - validationShare)))),
    testFrom: moment(test.start),
    until: moment(test.end),
  }))
}

/** Trades on paper by the first lead of each forecast: at the close before it, for the next. */
function trade({ line, residuals, ahead }: LineJudgement, { costBasisPoints }: BacktestOptions): PaperTrade {
  const all = Array.from(residuals.rows, (row, at) => ({
    time: line.times[row] ?? Number.NaN,
    close: line.values[row - 1] ?? Number.NaN,
    next: line.values[row] ?? Number.NaN,
    forecast: ahead[at] ?? Number.NaN,
  })).filter(({ close, next }) => close > 0 && next > 0)
  const column = (pick: (one: (typeof all)[number]) => number) => Float64Array.from(all, pick)
  const [closes, nextCloses] = [column(({ close }) => close), column(({ next }) => next)]
  const report = paperStrategy(
    closes,
    column(({ forecast }) => forecast),
    nextCloses,
    { costBps: costBasisPoints },
  )
  return { series: line.key, report, times: column(({ time }) => time), growth: report.growth }
}

/** A backtest as JSON prints it. */
export function backtestJson({ judgement, folds, paperTrades, seconds, report }: BacktestResult): object {
  return {
    ...judgementJson(judgement),
    folds: folds.map(({ test, out }) => ({ out, ...(test && judgementJson(test)) })),
    paperTrade: paperTrades.map(({ series, report: { strategy, buyAndHold, sentence } }) => ({
      ...(series !== '' && { series }),
      strategy,
      buyAndHold,
      sentence,
    })),
    seconds,
    report,
  }
}

/** The lines of a backtest besides its verdicts: trading, and whether anything beats the last price. */
export function backtestLines({ judgement, folds, paperTrades, seconds, report }: BacktestResult): string[] {
  const named = (series: string, sentence: string) => (series === '' ? sentence : `${series}: ${sentence}`)
  return [
    ...(paperTrades.length > 0 ? [againstLastPrice(judgement)] : []),
    ...paperTrades.map(({ series, report: { sentence } }) => named(series, sentence)),
    ...(paperTrades.length > 0 ? [''] : []),
    formatPairs({ folds: plural(folds.length, 'run'), time: formatDuration(seconds), report }),
  ]
}

/** Whether any forecast of a price is better than the last one, plainly. */
export function againstLastPrice({ lines }: Judgement): string {
  const better = lines.filter(({ baselines }) =>
    baselines.some(({ name, verdict }) => name === 'last value' && verdict.verdict === 'better'),
  )
  if (better.length === 0) return 'Nothing here forecasts a price better than the last price does.'
  const names = better.map(({ line: { key, name } }) => key || name).join(', ')
  return `Better than the last price: ${names} (${better.length} of ${lines.length}).`
}

async function writeBacktestReport(
  path: string,
  { judgement, folds, paperTrades, seconds }: Omit<BacktestResult, 'report'>,
  spec: ForecastSpec | undefined,
  options: BacktestOptions,
  command: string | undefined,
): Promise<void> {
  const last = folds.at(-1)
  if (last === undefined || spec === undefined) return
  const content = forecastReport(spec)
  const trading: Section[] = paperTrades.slice(0, 6).map(({ series, report, times, growth }) => ({
    ...strategySection(
      {
        times,
        curves: [
          { name: 'strategy', values: growth.strategy },
          { name: 'buy and hold', values: growth.buyAndHold },
        ],
      },
      report.sentence,
    ),
    title: series === '' ? 'Paper strategy' : `Paper strategy: ${series}`,
  }))
  writeReport(path, {
    kicker: `Weft ${FORMAT.app}`,
    title: 'Backtest',
    subtitle: `${plural(folds.length, 'fold')} of a growing past; ${content.subtitle}`,
    verdict: [
      ...(content.verdict?.(judgement) ?? []),
      ...(paperTrades.length > 0 ? [againstLastPrice(judgement)] : []),
      ...(paperTrades.length === 1 ? paperTrades.map(({ report }) => report.sentence) : []),
    ],
    summary: content.figures(judgement, 'all folds'),
    sections: [...(await content.sections(judgement)), ...trading],
    footer: reportFooter({ runtime: last.runtime, seconds }, { options, command }),
  })
}
