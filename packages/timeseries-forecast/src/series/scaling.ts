/**
 * Scaling of a series' columns, fitted on its training rows alone, and back for forecasts. What a mean and a deviation are is core's
 * `ChannelStatistics`, what a scaled column keeps of them its `Normaliser`; here each has a name and a way to be fitted.
 */
import { ChannelStatistics, Normaliser, type NormaliserJson } from '@weft/core/data'
import { expected } from '@weft/core/errors'
import type { RowRange } from '../windows/prepared-series.js'

/**
 * `standard`: mean 0 and deviation 1; `robust`: median 0 and interquartile range 1 (where that is 0, the deviation 1), for columns with
 * outliers; `none`: as it is.
 */
export type ScalingKind = 'standard' | 'robust' | 'none'

/** What a model must carry of a series' scaling. */
export interface ScalerJson extends NormaliserJson {
  readonly columns: readonly string[]
}

/** The scaling of one series. */
export class Scaler {
  readonly columns: readonly string[]
  readonly #normaliser: Normaliser

  constructor(columns: readonly string[], normaliser: Normaliser) {
    this.columns = columns
    this.#normaliser = normaliser
  }

  /**
   * Fits each column on its values in `rows`; missing ones count nothing. A column that is constant there becomes 0; one with no value
   * there stays as it is.
   */
  static from(
    columns: ReadonlyMap<string, Float64Array>,
    names: readonly string[],
    rows: RowRange,
    kind: ScalingKind,
  ): Scaler {
    const scales = names.map((name): [number, number] => {
      const values = columns.get(name)
      if (values === undefined)
        throw expected({
          doing: 'scaling',
          want: `one of ${[...columns.keys()].join(', ')}`,
          of: 'a column',
          got: name,
        })
      const present = withoutMissing(values.subarray(rows.from, rows.to))
      return kind === 'none' || present.length === 0 ? [0, 1] : estimate(present, name, kind)
    })
    return new Scaler(
      names,
      new Normaliser(
        scales.map(([centre]) => centre),
        scales.map(([, scale]) => scale),
      ),
    )
  }

  /** @throws UserError when it is no scaling. */
  static fromJson(json: unknown): Scaler {
    const { columns } = (typeof json === 'object' && json !== null ? json : {}) as { readonly columns?: unknown }
    // A scaling of no column has no numbers that could be checked.
    if (Array.isArray(columns) && columns.length === 0) return new Scaler([], new Normaliser([], []))
    const normaliser = Normaliser.fromJson(json)
    const names = Array.isArray(columns) ? columns.filter((name) => typeof name === 'string') : []
    if (names.length !== normaliser.channels) {
      throw expected({
        doing: 'reading a scaling',
        want: `${normaliser.channels} names`,
        of: 'columns',
        got: JSON.stringify(columns),
      })
    }
    return new Scaler(names, normaliser)
  }

  toJSON(): ScalerJson {
    return { columns: this.columns, ...this.#normaliser.toJSON() }
  }

  /** `(value - centre) / scale`; a column that was not fitted has 0 and 1. */
  scaleOf(column: string): { readonly centre: number; readonly scale: number } {
    const at = this.columns.indexOf(column)
    return { centre: this.#normaliser.mean[at] ?? 0, scale: this.#normaliser.standardDeviation[at] ?? 1 }
  }
}

/** The values that are there: all as they are where none is missing. A loop, since `filter` first makes a list of all. */
function withoutMissing(values: Float64Array): Float64Array {
  let present = 0
  for (const value of values) if (!Number.isNaN(value)) present++
  if (present === values.length) return values
  const kept = new Float64Array(present)
  let at = 0
  for (const value of values) if (!Number.isNaN(value)) kept[at++] = value
  return kept
}

function estimate(present: Float64Array, name: string, kind: ScalingKind): [centre: number, scale: number] {
  const statistics = new ChannelStatistics(1)
  statistics.add(present, name)
  const { mean, standardDeviation } = Normaliser.from(statistics)
  const deviation = standardDeviation[0] ?? 1
  if (kind === 'standard') return [mean[0] ?? 0, deviation]
  const sorted = present.toSorted()
  const range = quantile(sorted, 0.75) - quantile(sorted, 0.25)
  return [quantile(sorted, 0.5), range > 0 ? range : deviation]
}

/** Between the two nearest of ascending values, on a line. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? 0
  return below + (place - Math.floor(place)) * ((sorted[Math.ceil(place)] ?? below) - below)
}
