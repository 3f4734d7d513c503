/**
 * Scores of forecasts of very many windows, added batch by batch: sums for every lead and target, so that memory grows with horizon and
 * targets and not with the windows, but for two numbers a window, from which tests of significance are made. The terms are defined in forecast.ts.
 */
import { expected } from '@weft/core/errors'
import type { Numbers } from '@weft/core/metrics'
import { checkShare, directionHit, intervalScore, pinball, symmetricError } from './forecast.js'

/** What is scored. */
export interface ForecastScoresOptions {
  /** Leads of a window, H. */
  readonly horizon: number
  /** Targets of a window, C. */
  readonly targets: number
  /** `seasonalNaiveError` of each target's training part, [C]; without them there is no MASE. */
  readonly scales?: Numbers
  /** Share of truths that the intervals are to hold, such as 0.9; needed for bounds. */
  readonly level?: number
  /** Of the quantile forecasts, ascending, Q of them. */
  readonly quantiles?: readonly number[]
}

/** Forecasts of B windows and what came: [B, H, C], NaN where the truth is missing. */
export interface ForecastBatch {
  readonly truth: Numbers
  readonly forecast: Numbers
  /** Ends of the intervals, [B, H, C]. */
  readonly lower?: Numbers
  readonly upper?: Numbers
  /** Quantile forecasts, [B, H, C, Q]. */
  readonly quantiles?: Numbers
  /** Last value known at each origin, [B, C], for the direction. */
  readonly last?: Numbers
}

/** Means over the values that count; a figure that was not asked for, or has no value, is NaN. */
export interface ForecastFigures {
  /** Values that count: truths that are there. */
  readonly count: number
  readonly mae: number
  readonly mse: number
  readonly rmse: number
  /** `symmetricMape`, from 0 to 2. */
  readonly smape: number
  readonly mase: number
  /** Mean over the quantiles. */
  readonly pinball: number
  /** Share of truths within their interval. */
  readonly coverage: number
  /** Mean width of the intervals. */
  readonly width: number
  readonly winkler: number
  /** `directionalAccuracy`. */
  readonly direction: number
}

type Sum = 'absolute' | 'squared' | 'smape' | 'mase' | 'pinball' | 'covered' | 'width' | 'winkler' | 'direction'

const DOING = 'scoring forecasts'

/** Sum and number of values of one figure, for every lead and target, [H, C]. */
class Sums {
  readonly #sums: Float64Array
  readonly #counts: Float64Array

  constructor(size: number) {
    this.#sums = new Float64Array(size)
    this.#counts = new Float64Array(size)
  }

  add(cell: number, value: number): void {
    this.#sums[cell] = (this.#sums[cell] ?? 0) + value
    this.#counts[cell] = (this.#counts[cell] ?? 0) + 1
  }

  count(cells: readonly number[]): number {
    return cells.reduce((sum, cell) => sum + (this.#counts[cell] ?? 0), 0)
  }

  mean(cells: readonly number[]): number {
    const count = this.count(cells)
    return count === 0 ? Number.NaN : cells.reduce((sum, cell) => sum + (this.#sums[cell] ?? 0), 0) / count
  }
}

/** Adds up the scores of batches of windows. */
export class ForecastScores {
  readonly #options: ForecastScoresOptions
  readonly #sums: Readonly<Record<Sum, Sums>>
  readonly #absolute: number[] = []
  readonly #squared: number[] = []

  constructor(options: ForecastScoresOptions) {
    const { horizon, targets, scales, level, quantiles } = options
    if (!(Number.isInteger(horizon) && horizon > 0))
      throw expected({ doing: DOING, want: 'a whole number above 0', of: 'horizon', got: horizon })
    if (!(Number.isInteger(targets) && targets > 0))
      throw expected({ doing: DOING, want: 'a whole number above 0', of: 'targets', got: targets })
    if (scales && scales.length !== targets)
      throw expected({
        doing: DOING,
        want: `${String(targets)} numbers`,
        of: 'scales',
        got: `${String(scales.length)} of them`,
      })
    if (level !== undefined) checkShare(DOING, 'level', level)
    for (const quantile of quantiles ?? []) checkShare(DOING, 'quantiles', quantile)
    this.#options = options
    const make = () => new Sums(horizon * targets)
    this.#sums = {
      absolute: make(),
      squared: make(),
      smape: make(),
      mase: make(),
      pinball: make(),
      covered: make(),
      width: make(),
      winkler: make(),
      direction: make(),
    }
  }

  /** Windows added so far. */
  get windows(): number {
    return this.#absolute.length
  }

  /** Adds B windows; throws when an array has another length than its shape says. */
  add(batch: ForecastBatch): void {
    const { horizon, targets } = this.#options
    const size = horizon * targets
    const windows = batch.truth.length / size
    this.#check(batch, windows)
    for (let b = 0; b < windows; b++) {
      let absolute = 0
      let squared = 0
      let count = 0
      for (let cell = 0; cell < size; cell++) {
        const i = b * size + cell
        const truth = batch.truth[i] ?? Number.NaN
        if (Number.isNaN(truth)) continue
        const error = (batch.forecast[i] ?? Number.NaN) - truth
        absolute += Math.abs(error)
        squared += error * error
        count++
        this.#addPoint(batch, cell, i, b * targets + (cell % targets), truth)
        this.#addSpread(batch, cell, i, truth)
      }
      this.#absolute.push(count === 0 ? Number.NaN : absolute / count)
      this.#squared.push(count === 0 ? Number.NaN : squared / count)
    }
  }

  /** Over all leads and targets. */
  overall(): ForecastFigures {
    return this.#figures(() => true)
  }

  /** For each lead, over all targets, [H]. */
  byLead(): ForecastFigures[] {
    return Array.from({ length: this.#options.horizon }, (_, h) => this.#figures((lead) => lead === h))
  }

  /** For each target, over all leads, [C]. */
  byTarget(): ForecastFigures[] {
    return Array.from({ length: this.#options.targets }, (_, c) => this.#figures((_lead, target) => target === c))
  }

  /** Mean loss of each window over its leads and targets, in the order they were added, [N]; NaN for a window without truth. */
  losses(kind: 'absolute' | 'squared' = 'absolute'): Float64Array {
    return Float64Array.from(kind === 'absolute' ? this.#absolute : this.#squared)
  }

  #addPoint(batch: ForecastBatch, cell: number, i: number, origin: number, truth: number): void {
    const sums = this.#sums
    const forecast = batch.forecast[i] ?? Number.NaN
    const error = Math.abs(forecast - truth)
    sums.absolute.add(cell, error)
    sums.squared.add(cell, error * error)
    sums.smape.add(cell, symmetricError(truth, forecast))
    const scale = this.#options.scales?.[cell % this.#options.targets]
    if (scale !== undefined) sums.mase.add(cell, error / scale)
    if (batch.last === undefined) return
    const hit = directionHit(truth, forecast, batch.last[origin] ?? Number.NaN)
    if (!Number.isNaN(hit)) sums.direction.add(cell, hit)
  }

  #addSpread(batch: ForecastBatch, cell: number, i: number, truth: number): void {
    const { level, quantiles = [] } = this.#options
    if (batch.lower !== undefined && batch.upper !== undefined && level !== undefined) {
      const lower = batch.lower[i] ?? Number.NaN
      const upper = batch.upper[i] ?? Number.NaN
      this.#sums.covered.add(cell, truth >= lower && truth <= upper ? 1 : 0)
      this.#sums.width.add(cell, upper - lower)
      this.#sums.winkler.add(cell, intervalScore(truth, lower, upper, level))
    }
    if (batch.quantiles === undefined) return
    for (const [q, quantile] of quantiles.entries())
      this.#sums.pinball.add(cell, pinball(truth, batch.quantiles[i * quantiles.length + q] ?? Number.NaN, quantile))
  }

  #check(batch: ForecastBatch, windows: number): void {
    const { horizon, targets, level, quantiles } = this.#options
    const shape = `[B, ${String(horizon)}, ${String(targets)}]`
    if (!Number.isInteger(windows))
      throw expected({
        doing: DOING,
        want: `values of shape ${shape}`,
        of: 'truth',
        got: `${String(batch.truth.length)} values`,
      })
    const lengths = {
      forecast: batch.truth.length,
      lower: batch.truth.length,
      upper: batch.truth.length,
      quantiles: batch.truth.length * (quantiles?.length ?? 0),
      last: windows * targets,
    }
    for (const name of ['forecast', 'lower', 'upper', 'quantiles', 'last'] as const) {
      const given = batch[name]
      if (given !== undefined && given.length !== lengths[name])
        throw expected({
          doing: DOING,
          want: `${String(lengths[name])} values`,
          of: name,
          got: `${String(given.length)} values`,
        })
    }
    if ((batch.lower === undefined) !== (batch.upper === undefined))
      throw expected({ doing: DOING, want: 'both ends of the intervals', of: 'lower and upper', got: 'one of them' })
    if (batch.lower !== undefined && level === undefined)
      throw expected({
        doing: DOING,
        want: 'the share of truths that the intervals are to hold',
        of: 'level',
        got: level,
      })
  }

  #figures(wanted: (lead: number, target: number) => boolean): ForecastFigures {
    const { horizon, targets } = this.#options
    const cells = Array.from({ length: horizon * targets }, (_, cell) => cell).filter((cell) =>
      wanted(Math.floor(cell / targets), cell % targets),
    )
    const sums = this.#sums
    const mse = sums.squared.mean(cells)
    return {
      count: sums.absolute.count(cells),
      mae: sums.absolute.mean(cells),
      mse,
      rmse: Math.sqrt(mse),
      smape: sums.smape.mean(cells),
      mase: sums.mase.mean(cells),
      pinball: sums.pinball.mean(cells),
      coverage: sums.covered.mean(cells),
      width: sums.width.mean(cells),
      winkler: sums.winkler.mean(cells),
      direction: sums.direction.mean(cells),
    }
  }
}
