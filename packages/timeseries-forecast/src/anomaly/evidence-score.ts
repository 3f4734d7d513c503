/**
 * From evidence to a score: how surprising each kind of evidence is, together, and only where that is news. The score is 1 minus the
 * geometric mean of the evidence's tail probabilities, so 0.995 says as much for one kind of evidence as for three. A row that is less surprising than one
 * of the rows just before it scores 0: an event is announced when it begins, and again if it becomes more surprising
 * still.
 */
import { TailProbability, type TailOptions } from './tail.js'

export interface EvidenceScoreOptions extends TailOptions {
  /** Kinds of evidence a row brings. */
  kinds: number
  /** Rows that are silent after a more surprising one. */
  silence: number
}

/** What brings an `EvidenceScore` back where it was. */
export interface EvidenceScoreState {
  /** Numbers each tail remembers, the oldest first. */
  readonly tails: readonly (readonly number[])[]
  /** Surprise of the newest rows, the oldest first. */
  readonly recent: readonly number[]
}

export class EvidenceScore {
  readonly #tails: readonly TailProbability[]
  readonly #recent: number[] = []
  readonly #silence: number

  constructor({ kinds, silence, ...options }: EvidenceScoreOptions) {
    this.#tails = Array.from({ length: kinds }, () => new TailProbability(options))
    this.#silence = silence
  }

  /** The score of a row, in [0, 1), whose evidence is then learnt. NaN is evidence that is missing: the row scores 0 and teaches nothing. */
  update(evidence: readonly number[]): number {
    if (!evidence.every((value) => Number.isFinite(value))) return 0
    let surprise = 0
    this.#tails.forEach((tail, kind) => {
      const value = evidence[kind] ?? 0
      surprise += tail.surprise(value) / this.#tails.length
      tail.learn(value)
    })
    const isNews = this.#recent.every((earlier) => earlier < surprise)
    this.#recent.push(surprise)
    if (this.#recent.length > this.#silence) this.#recent.shift()
    return isNews ? 1 - 10 ** -surprise : 0
  }

  state(): EvidenceScoreState {
    return { tails: this.#tails.map((tail) => tail.remembered()), recent: [...this.#recent] }
  }

  /** Goes on from a state; only a score that has seen nothing can. */
  restore({ tails, recent }: EvidenceScoreState): void {
    this.#tails.forEach((tail, kind) => tails[kind]?.forEach((value) => tail.learn(value)))
    this.#recent.push(...recent)
  }
}
