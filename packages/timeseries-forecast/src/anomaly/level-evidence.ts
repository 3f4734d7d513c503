/**
 * What can be seen without a network: how far a row lies from the usual level of its series, and how far the recent level has moved
 * from that of the longer past, the difference of two exponential moving averages. The first finds values never seen, the second
 * shifts that no single row gives away. All in spreads.
 */

/** Shares that the newest row has in the recent and in the longer average. */
const RECENT = 0.2
const LONGER = 0.02

/** Both averages of each column, [D]; null (JSON has no NaN) where a column has had no value. */
export interface LevelState {
  readonly recent: readonly (number | null)[]
  readonly longer: readonly (number | null)[]
}

export class LevelEvidence {
  readonly #recent: Float64Array
  readonly #longer: Float64Array

  constructor(columns: number) {
    this.#recent = new Float64Array(columns).fill(Number.NaN)
    this.#longer = new Float64Array(columns).fill(Number.NaN)
  }

  /** Takes a row [D]; both figures are means over the columns that are there, NaN when none is. */
  update(row: Float64Array): { distance: number; shift: number } {
    let [distance, shift, count] = [0, 0, 0]
    row.forEach((value, c) => {
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
    const plain = (averages: Float64Array) => Array.from(averages, (value) => (Number.isNaN(value) ? null : value))
    return { recent: plain(this.#recent), longer: plain(this.#longer) }
  }

  restore({ recent, longer }: LevelState): void {
    this.#recent.set(recent.map((value) => value ?? Number.NaN))
    this.#longer.set(longer.map((value) => value ?? Number.NaN))
  }
}
