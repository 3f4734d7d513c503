/**
 * Intervals that hold what they promise whatever the model: widened by a quantile of the errors on a calibration part that the model was
 * not trained on, for every lead and target (split conformal prediction: Lei et al. 2018; for quantile forecasts Romano, Patterson &
 * Candès 2019). The promise holds when later errors are like those of the calibration part, which in time series is only nearly so.
 */
import { expected } from '@weft/core/errors'
import { type ForecastScoresOptions } from '../metrics/forecast-scores.js'

/** Ends of intervals, [N, H, C] as the forecasts. */
export interface Intervals {
  readonly lower: Float64Array
  readonly upper: Float64Array
}

/** Forecasts of a calibration part and what came, [N, H, C]; NaN where the truth is missing. */
export interface PointCalibration {
  readonly truth: ArrayLike<number>
  readonly forecast: ArrayLike<number>
}

/** Lower and upper quantile forecasts of a calibration part and what came, [N, H, C]. */
export interface QuantileCalibration {
  readonly truth: ArrayLike<number>
  readonly lower: ArrayLike<number>
  readonly upper: ArrayLike<number>
}

/** Shape of a window and the share of truths that the intervals are to hold, in (0, 1). */
export type ConformalOptions = Pick<ForecastScoresOptions, 'horizon' | 'targets'> & { readonly level: number }

/** What is kept of a calibration. */
export interface ConformalJson {
  readonly level: number
  /** What each interval is widened by on both sides, [H, C]; null where too few scores promise nothing finite. */
  readonly margins: readonly (number | null)[]
}

const DOING = 'calibrating intervals'

/**
 * The `ceil((n + 1) level)`-th smallest of n scores, which a further score exceeds with probability of at most `1 - level`; Infinity when
 * there are too few scores for that.
 */
export function conformalQuantile(scores: Float64Array, level: number): number {
  // A product such as 10 x 0.9 may come out a digit above the whole number that it is.
  const rank = Math.ceil((scores.length + 1) * level - 1e-9)
  return scores.toSorted()[rank - 1] ?? Infinity
}

/** Margins by lead and target, learnt once and added to any forecast. */
export class Conformal {
  readonly level: number
  /** [H, C], in the unit of the forecasts; negative where quantile forecasts were too wide. */
  readonly margins: Float64Array

  private constructor(level: number, margins: Float64Array) {
    this.level = level
    this.margins = margins
  }

  /** From point forecasts: the score is the absolute error. */
  static ofPoints({ truth, forecast }: PointCalibration, options: ConformalOptions): Conformal {
    checkLengths(truth, { forecast })
    return Conformal.#calibrate(truth, options, (i, y) => Math.abs(y - (forecast[i] ?? Number.NaN)))
  }

  /** From quantile forecasts: the score is how far the truth lies outside, negative within. */
  static ofQuantiles({ truth, lower, upper }: QuantileCalibration, options: ConformalOptions): Conformal {
    checkLengths(truth, { lower, upper })
    return Conformal.#calibrate(truth, options, (i, y) =>
      Math.max((lower[i] ?? Number.NaN) - y, y - (upper[i] ?? Number.NaN)),
    )
  }

  static fromJson({ level, margins }: ConformalJson): Conformal {
    return new Conformal(
      level,
      Float64Array.from(margins, (margin) => margin ?? Infinity),
    )
  }

  static #calibrate(
    truth: ArrayLike<number>,
    options: ConformalOptions,
    score: (i: number, y: number) => number,
  ): Conformal {
    const { horizon, targets, level } = options
    if (!(level > 0 && level < 1))
      throw expected({ doing: DOING, want: 'a number between 0 and 1', of: 'level', got: level })
    const size = horizon * targets
    if (truth.length % size !== 0)
      throw expected({
        doing: DOING,
        want: `values of shape [N, ${String(horizon)}, ${String(targets)}]`,
        of: 'truth',
        got: `${String(truth.length)} values`,
      })
    const margins = Float64Array.from({ length: size }, (_, cell) => {
      const scores: number[] = []
      for (let i = cell; i < truth.length; i += size) {
        const found = score(i, truth[i] ?? Number.NaN)
        if (!Number.isNaN(found)) scores.push(found)
      }
      return conformalQuantile(Float64Array.from(scores), level)
    })
    return new Conformal(level, margins)
  }

  /**
   * Intervals around forecasts.
   *
   * @param lower Point forecasts, or the lower quantile, [N, H, C].
   * @param upper The upper quantile; none for point forecasts. Where a negative margin would make the ends cross, both are in the middle.
   */
  intervals(lower: ArrayLike<number>, upper: ArrayLike<number> = lower): Intervals {
    const size = this.margins.length
    if (lower.length % size !== 0 || upper.length !== lower.length)
      throw expected({
        doing: 'making intervals',
        want: `windows of ${String(size)} values`,
        of: 'forecasts',
        got: `${String(lower.length)} values`,
      })
    const [low, high] = [new Float64Array(lower.length), new Float64Array(lower.length)]
    for (let i = 0; i < low.length; i++) {
      const margin = this.margins[i % size] ?? Number.NaN
      const [a, b] = [(lower[i] ?? Number.NaN) - margin, (upper[i] ?? Number.NaN) + margin]
      // Where they would cross, both are in the middle.
      low[i] = a > b ? (a + b) / 2 : a
      high[i] = a > b ? (a + b) / 2 : b
    }
    return { lower: low, upper: high }
  }

  toJson(): ConformalJson {
    return {
      level: this.level,
      margins: Array.from(this.margins, (margin) => (Number.isFinite(margin) ? margin : null)),
    }
  }
}

function checkLengths(truth: ArrayLike<number>, others: Readonly<Record<string, ArrayLike<number>>>): void {
  for (const [name, values] of Object.entries(others))
    if (values.length !== truth.length)
      throw expected({ doing: DOING, want: `${String(truth.length)} values`, of: name, got: values.length })
}
