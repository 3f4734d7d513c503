/**
 * Whether a forecast is worth having, in words: against the best baseline, by the test of Diebold and Mariano, and in numbers that
 * a person understands. It compares losses that were measured in the same windows; which loss is the caller's choice.
 */
import { dieboldMariano, type DieboldMariano } from '../metrics/diebold-mariano.js'
import { expected } from '@weft/core/errors'
import { formatCount, formatNumber } from '@weft/core/cli'

/** Losses of one method in all windows. */
export interface ForecastLosses {
  readonly name: string
  /** Mean loss of each window, [N], NaN where there was no truth (`ForecastScores.losses()`). */
  readonly losses: Float64Array
  /** Mean loss of all values; default: the mean over the windows, which differs where windows lack values. */
  readonly mean?: number
}

/** `undecided`: too few windows for a test. */
export type VerdictWord = 'better' | 'no better' | 'worse' | 'undecided'

/** A comparison, its numbers and its sentence. */
export interface Verdict {
  readonly verdict: VerdictWord
  /** Name of the baseline with the smallest mean loss. */
  readonly baseline: string
  /** Mean losses over the windows in which both have one. */
  readonly loss: number
  readonly baselineLoss: number
  readonly test: DieboldMariano
  /** Such as `MAE 12.3 against 15.0 of the seasonal last value (24): better (Diebold-Mariano p < 0.001, 2,785 windows).` */
  readonly sentence: string
}

/** Options of a verdict. */
export interface VerdictOptions {
  /** Leads of a window; the test allows for windows that overlap by so much. */
  readonly horizon: number
  /** Name of the loss in the sentence, default `MAE`. */
  readonly measure?: string
  /** Unit of the loss in the sentence. */
  readonly unit?: string
  /** Probability of calling equal forecasts different, default 0.05. */
  readonly significance?: number
}

const SIGNIFICANCE = 0.05

/** Mean of `values` where both are numbers. */
function meanWhereBoth(values: Float64Array, others: Float64Array): number {
  const there = values.filter((value, i) => Number.isFinite(value - (others[i] ?? Number.NaN)))
  return there.reduce((sum, value) => sum + value, 0) / there.length
}

/** The mean losses of two over what both forecast. */
function meansOf(a: ForecastLosses, b: ForecastLosses): [number, number] {
  if (a.mean !== undefined && b.mean !== undefined && Number.isFinite(a.mean + b.mean)) return [a.mean, b.mean]
  return [meanWhereBoth(a.losses, b.losses), meanWhereBoth(b.losses, a.losses)]
}

function probability(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(p < 0.1 ? 3 : 2)}`
}

/**
 * Judges a forecast against the best of the baselines, two-sided.
 *
 * The baseline is chosen by its loss in these windows, in its favour, so `better` errs on the careful side.
 *
 * @param baselines At least one, each over the same windows; those without a loss are left out.
 */
export function judge(model: ForecastLosses, baselines: readonly ForecastLosses[], options: VerdictOptions): Verdict {
  const ranked = baselines
    .map((baseline) => ({ baseline, loss: meansOf(baseline, model)[0] }))
    .filter(({ loss }) => Number.isFinite(loss))
    .sort((a, b) => a.loss - b.loss)
  const [best] = ranked
  if (best === undefined)
    throw expected({
      doing: 'judging a forecast',
      want: 'a baseline with losses in the same windows',
      of: 'baselines',
      got: baselines.length,
    })
  const { losses, name } = best.baseline
  const test = dieboldMariano(model.losses, losses, options.horizon)
  const [loss] = meansOf(model, best.baseline)
  const verdict = wordOf(test, options.significance ?? SIGNIFICANCE)
  const unit = options.unit === undefined ? '' : ` ${options.unit}`
  const figures = `${options.measure ?? 'MAE'} ${formatNumber(loss)}${unit} against ${formatNumber(best.loss)}${unit} of the ${name}`
  const windows = `${formatCount(test.windows)} ${test.windows === 1 ? 'window' : 'windows'}`
  const reason =
    verdict === 'undecided'
      ? `${windows} are too few for a test`
      : `Diebold-Mariano ${probability(test.pValue)}, ${windows}`
  return {
    verdict,
    baseline: name,
    loss,
    baselineLoss: best.loss,
    test,
    sentence: `${figures}: ${verdict} (${reason}).`,
  }
}

function wordOf(test: DieboldMariano, significance: number): VerdictWord {
  if (Number.isNaN(test.pValue)) return 'undecided'
  if (test.pValue >= significance) return 'no better'
  return test.meanDifference < 0 ? 'better' : 'worse'
}
