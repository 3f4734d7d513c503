/**
 * The origins of the windows of a part of a series, less those without any truth.
 */
import type { Centring } from './centring.js'
import type { GapFilling } from './fill-gaps.js'
import { windowOrigins, type WindowShape } from './origins.js'
import type { PreparedSeries, RowRange } from './prepared-series.js'

export interface WindowSetOptions extends WindowShape {
  /** `independent` makes each target a series of its own, with all other columns but the other targets; default `joint`. */
  readonly channels?: 'joint' | 'independent' | undefined
  /** Default `none`. */
  readonly centring?: Centring | undefined
  /** How gaps within a look-back are filled, default `interpolate`. */
  readonly filling?: GapFilling | undefined
}

/**
 * Origins of all windows whose horizon lies within the part of a series, less those without any truth: one list, or with independent
 * channels one for each target.
 */
export function originsOfPart(
  series: PreparedSeries,
  part: RowRange,
  options: WindowShape & Pick<WindowSetOptions, 'channels'>,
): { origins: Uint32Array[]; leftOut: number } {
  const { first, stride, count } = windowOrigins(series.length, { ...options, ...part })
  let leftOut = 0
  const origins = channelsOf(series, options).map((channels) => {
    const truths = countTruths(series, channels, part)
    const kept = new Uint32Array(count)
    let windows = 0
    for (let at = 0; at < count; at++) {
      const origin = first + at * stride
      const row = origin - part.from
      if (truths === undefined || (truths[row + options.horizon] ?? 0) > (truths[row] ?? 0)) kept[windows++] = origin
    }
    leftOut += count - windows
    return windows === count ? kept : kept.slice(0, windows)
  })
  return { origins, leftOut }
}

/** Which target columns make up a series of windows: all of them together, or each alone. */
export function channelsOf({ targets }: PreparedSeries, { channels }: Pick<WindowSetOptions, 'channels'>): number[][] {
  const all = Array.from({ length: targets }, (_, channel) => channel)
  return channels === 'independent' ? all.map((channel) => [channel]) : [all]
}

/** For each row of a part, how many rows of it before have a value in one of the columns [rows + 1]; undefined when no cell is missing. */
function countTruths(
  { past, pastColumns, gaps }: PreparedSeries,
  columns: readonly number[],
  { from, to }: RowRange,
): Uint32Array | undefined {
  if (gaps === undefined || gaps[from] === gaps[to]) return undefined
  const width = pastColumns.length
  const counts = new Uint32Array(to - from + 1)
  for (let row = from; row < to; row++) {
    const present = columns.some((column) => !Number.isNaN(past[row * width + column]))
    counts[row - from + 1] = (counts[row - from] ?? 0) + (present ? 1 : 0)
  }
  return counts
}
