/**
 * Evidence that needs no network: how far a row lies from what is usual, and how far the recent level has moved from that of the
 * longer past, the difference of two exponential moving averages. The first finds values never seen, the second shifts that no
 * single row gives away. Usual is the median or, for series with a daily cycle, the value one day earlier. In units of spread.
 */

/** Shares that the newest row has in the recent and in the longer average. */
const RECENT = 0.2
const LONGER = 0.02

const DAY_MS = 24 * 3600 * 1000

/** Share of the median's error that yesterday's row may have at most, to stand in for it. */
const SEASON_SHARE = 0.5

/**
 * Rows of a day, where a day says what the next one is like: at least two were seen, and the row one day before is at most half
 * as far from a row as the median is. 0 where it does not.
 *
 * @param times Milliseconds, ascending, [T].
 * @param columns In spreads, D columns of [T]; NaN where missing.
 */
export function dailySeason(times: ArrayLike<number>, columns: readonly Float64Array[]): number {
  const steps = Float64Array.from(
    { length: Math.max(0, times.length - 1) },
    (_, i) => (times[i + 1] ?? 0) - (times[i] ?? 0),
  )
  const step = steps.sort()[steps.length >> 1] ?? 0
  const season = Math.round(DAY_MS / step)
  if (!(season >= 2 && times.length >= 2 * season)) return 0
  let [byDay, byMedian] = [0, 0]
  for (const column of columns) {
    for (let row = season; row < column.length; row++) {
      const [value, yesterday] = [column[row] ?? Number.NaN, column[row - season] ?? Number.NaN]
      if (Number.isNaN(value - yesterday)) continue
      byDay += Math.abs(value - yesterday)
      byMedian += Math.abs(value)
    }
  }
  return byMedian > 0 && byDay <= SEASON_SHARE * byMedian ? season : 0
}

/** Null (JSON has no NaN) where a column has had no value. */
export interface LevelState {
  /** Both averages of each column, [D]. */
  readonly recent: readonly (number | null)[]
  readonly longer: readonly (number | null)[]
  /** Rows of the last season, the oldest first, each [D]; none without a season. */
  readonly season: readonly (readonly (number | null)[])[]
}

export class LevelEvidence {
  readonly #recent: Float64Array
  readonly #longer: Float64Array
  readonly #seasonLength: number
  #season: Float64Array[] = []

  /** @param seasonLength Rows of a season, 0 for none. */
  constructor(columns: number, seasonLength: number) {
    this.#recent = new Float64Array(columns).fill(Number.NaN)
    this.#longer = new Float64Array(columns).fill(Number.NaN)
    this.#seasonLength = seasonLength
  }

  /** Takes a row [D]; both figures are means over the columns that are there and have something usual, NaN when none has. */
  update(row: Float64Array): { distance: number; shift: number } {
    let [distance, shift, count] = [0, 0, 0]
    this.#fromUsual(row).forEach((value, c) => {
      if (!Number.isFinite(value)) return
      const before = this.#recent[c] ?? Number.NaN
      const recent = Number.isNaN(before) ? value : before + RECENT * (value - before)
      const longer = Number.isNaN(before) ? value : (this.#longer[c] ?? 0)
      distance += Math.abs(value)
      shift += Math.abs(recent - longer)
      count++
      this.#recent[c] = recent
      this.#longer[c] = longer + LONGER * (value - longer)
    })
    return { distance: distance / count, shift: shift / count }
  }

  state(): LevelState {
    const plain = (values: Float64Array) => Array.from(values, (value) => (Number.isNaN(value) ? null : value))
    return { recent: plain(this.#recent), longer: plain(this.#longer), season: this.#season.map(plain) }
  }

  restore({ recent, longer, season }: LevelState): void {
    const values = (plain: readonly (number | null)[]) => Float64Array.from(plain, (value) => value ?? Number.NaN)
    this.#recent.set(values(recent))
    this.#longer.set(values(longer))
    this.#season = season.map(values)
  }

  /** The row less what is usual of it; NaN in the first season. */
  #fromUsual(row: Float64Array): Float64Array {
    if (this.#seasonLength === 0) return row
    const usual = this.#season.length === this.#seasonLength ? this.#season.shift() : undefined
    this.#season.push(row)
    return row.map((value, c) => value - (usual?.[c] ?? Number.NaN))
  }
}
