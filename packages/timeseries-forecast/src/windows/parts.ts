/**
 * What trains, what validates, what tests, in the order of time. A part of a time series is no random draw: a test row that lies
 * before a training row would be forecast with knowledge of its future. Over several series the borders are therefore moments, the
 * same for all, wherever each begins and ends.
 */
import { expected } from '@weft/core/errors'
import type { PartName } from '@weft/core/options'
import type { RowRange } from './prepared-series.js'

/** Rows of each part of one series, one after the other; a part may be empty. */
export type PartRanges = Readonly<Record<PartName, RowRange>>

/**
 * Where the parts meet: by shares of all rows; by row numbers, for series with the same times; or by moments (ms since 1970 UTC).
 * Borders are the first row or moment of validation, of test, and, when the test part does not go on to the end, of what is after it.
 */
export type PartBorders =
  | { readonly validationShare: number; readonly testShare: number }
  | { readonly borderRows: readonly [validation: number, test: number, end?: number] }
  | { readonly borderTimes: readonly [validation: number, test: number, end?: number] }

const DOING = 'dividing the rows'

/**
 * The parts of each series. With shares, of n rows of all series together about `n * testShare` are tested, those after about
 * `n * (1 - validationShare - testShare)` validate (for one series exactly these numbers, rounded down), as is usual in the field.
 *
 * @param times Times of each series, ascending: [T] each, of any length.
 * @throws UserError for shares or borders that leave nothing to train on, and for row numbers with series of different times.
 */
export function chronologicalParts(times: readonly Float64Array[], borders: PartBorders): PartRanges[] {
  if ('borderRows' in borders) {
    const [first = new Float64Array(0)] = times
    const different = times.find((other) => other.length !== first.length || other.some((time, t) => time !== first[t]))
    if (different !== undefined) {
      const hint = 'Give the borders as dates, which hold for all series.'
      throw expected({
        doing: DOING,
        want: 'series with the same times',
        of: 'borders that are row numbers',
        got: 'others',
        hint,
      })
    }
    const [a, b, c = first.length] = borders.borderRows
    checkBorders([0, a, b, c, first.length], String)
    return times.map(() => rangesOf(a, b, c))
  }
  const [a, b, c = Infinity] = 'borderTimes' in borders ? borders.borderTimes : momentsOf(times, borders)
  checkBorders([-Infinity, a, b, c, Infinity], (time) => new Date(time).toISOString())
  const parts = partsBetween(times, [a, b, c])
  if (parts.every(({ train }) => train.to === 0)) {
    throw expected({
      doing: DOING,
      want: 'a time after the first rows',
      of: '--validation-from',
      got: new Date(a).toISOString(),
    })
  }
  return parts
}

/** The rows of each series before, between and after these moments; any part may be empty, as of a table that goes on where another ended. */
export function partsBetween(
  times: readonly Float64Array[],
  [a, b, c]: readonly [validation: number, test: number, end: number],
): PartRanges[] {
  return times.map((own) => rangesOf(rowsBefore(own, a), rowsBefore(own, b), rowsBefore(own, c)))
}

function checkBorders(borders: readonly number[], shown: (border: number) => string): void {
  const [least = 0, a = 0] = borders
  const ascending = borders.every((border, at) => at === 0 || border >= (borders[at - 1] ?? 0))
  if (ascending && a > least) return
  const received = borders.slice(1, -1).filter(Number.isFinite).map(shown)
  throw expected({
    doing: DOING,
    want: 'ascending borders with rows before the first',
    of: '--validation-from, --test-from and --until',
    got: received.join(', '),
    hint: borders.at(-1) === Infinity ? undefined : `The longest series has ${borders.at(-1) ?? 0} rows.`,
  })
}

function rangesOf(a: number, b: number, c: number): PartRanges {
  return { train: { from: 0, to: a }, validation: { from: a, to: b }, test: { from: b, to: c } }
}

/** The moments at which validation and test begin, so that the rows of all series have their shares. */
function momentsOf(
  times: readonly Float64Array[],
  { validationShare, testShare }: { readonly validationShare: number; readonly testShare: number },
): [number, number] {
  for (const [name, share] of Object.entries({ validationShare, testShare })) {
    if (!(share >= 0 && share < 1))
      throw expected({ doing: DOING, want: 'a share of at least 0 and below 1', of: name, got: share })
  }
  const total = times.reduce((rows, own) => rows + own.length, 0)
  // A share such as 1 - 0.1 - 0.2 is a little less than it should be.
  const rows = (share: number) => Math.floor(total * share + 1e-6)
  const train = rows(1 - validationShare - testShare)
  if (train < 1) {
    const received = `${validationShare} and ${testShare} of ${total} rows`
    throw expected({
      doing: DOING,
      want: 'at least 1 row left to train on',
      of: '--validation-share and --test-share',
      got: received,
    })
  }
  const test = validationShare === 0 ? train : total - rows(testShare)
  return [momentAfter(times, train), momentAfter(times, test)]
}

/** The first whole millisecond before which all series together have at least `rows` rows, found by bisection. */
function momentAfter(times: readonly Float64Array[], rows: number): number {
  const ends = times.flatMap((own) => [own[0] ?? [], own[own.length - 1] ?? []].flat())
  let early = ends.reduce((a, b) => Math.min(a, b), Infinity)
  let late = ends.reduce((a, b) => Math.max(a, b), -Infinity) + 1
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2)
    if (times.reduce((sum, own) => sum + rowsBefore(own, middle), 0) >= rows) late = middle
    else early = middle
  }
  return late
}

/** How many of ascending `times` are before `moment`. */
function rowsBefore(times: Float64Array, moment: number): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? 0) < moment) low = middle + 1
    else high = middle
  }
  return low
}
