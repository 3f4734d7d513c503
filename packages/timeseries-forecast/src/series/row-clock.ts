/**
 * The regular axis of rows that come one at a time: where a row stands on it, and how many rows are missing before it. What is read at once
 * has the same axis from table/axis.ts.
 */
import { expected } from '@weft/core/errors'
import type { Step } from './series.js'
import { describeStep, monthOf, stepForward, TOLERANCE } from '../table/step.js'

/** Where a row stands. */
export interface Tick {
  /** On the grid, ms since 1970 UTC. */
  readonly time: number
  /** Times of the rows that are missing before it; none after a gap of more than 10,000 rows, which is no gap but another beginning. */
  readonly missing: readonly number[]
  /** Rows that are missing, however many. */
  readonly gap: number
}

const MOST_MISSING = 10_000

export class RowClock {
  readonly #step: Step
  #last: number

  /** @param last Time of the row before the first that will come; -Infinity when there is none. */
  constructor(step: Step, last = -Infinity) {
    this.#step = step
    this.#last = last
  }

  /** @throws UserError for a row that is not after the one before or not on the grid, which then changes nothing. */
  tick(time: number): Tick {
    const last = this.#last
    const gap = this.#gapBefore(time)
    const onGrid = this.#step.unit !== 'row' && Number.isFinite(last)
    this.#last = onGrid ? stepForward(last, this.#step, gap + 1) : time
    const filled = onGrid && gap <= MOST_MISSING ? gap : 0
    const missing = Array.from({ length: filled }, (_, at) => stepForward(last, this.#step, at + 1))
    return { time: this.#last, missing, gap }
  }

  #gapBefore(time: number): number {
    const [last, step] = [this.#last, this.#step]
    const iso = (ms: number) => new Date(ms).toISOString()
    const doing = 'watching a table'
    if (!(time > last))
      throw expected({
        doing,
        want: `a time after ${iso(last)}`,
        of: 'the row',
        got: iso(time),
        hint: 'Rows must come in order.',
      })
    if (step.unit === 'row' || !Number.isFinite(last)) return 0
    const steps = (step.unit === 'month' ? monthOf(time) - monthOf(last) : time - last) / step.count
    const whole = Math.round(steps)
    if (whole < 1 || Math.abs(steps - whole) > TOLERANCE)
      throw expected({
        doing,
        want: `rows ${describeStep(step)}`,
        of: 'the row',
        got: `${iso(time)} after ${iso(last)}`,
      })
    return whole - 1
  }
}
