/** The best candidates of one step of a beam search: a heap of fixed size with the least of them on top. Equal ones stay as they came. */
export class TopCandidates {
  size = 0
  readonly score: Float64Array
  /** Place in the beam of the prefix that a candidate comes from. */
  readonly place: Int32Array
  /** The symbol that it adds, or -1. */
  readonly symbol: Int32Array

  constructor(capacity: number) {
    this.score = new Float64Array(capacity)
    this.place = new Int32Array(capacity)
    this.symbol = new Int32Array(capacity)
  }

  clear(): void {
    this.size = 0
  }

  /** What a candidate must exceed to enter. */
  get least(): number {
    return this.size < this.score.length ? 0 : (this.score[0] ?? 0)
  }

  greatest(): number {
    let best = 0
    for (let i = 0; i < this.size; i++) best = Math.max(best, this.score[i] ?? 0)
    return best
  }

  /** Takes a candidate in if it is among the best; never one without probability, or NaN. */
  offer(score: number, place: number, symbol: number): void {
    if (!(score > this.least)) return
    if (this.size < this.score.length) this.#rise(this.size++, score, place, symbol)
    else this.#sink(score, place, symbol)
  }

  #rise(from: number, score: number, place: number, symbol: number): void {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      if ((this.score[above] ?? 0) <= score) break
      this.#move(above, at)
      at = above
    }
    this.#set(at, score, place, symbol)
  }

  #sink(score: number, place: number, symbol: number): void {
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= this.size) break
      if (below + 1 < this.size && (this.score[below + 1] ?? 0) < (this.score[below] ?? 0)) below++
      if ((this.score[below] ?? 0) >= score) break
      this.#move(below, at)
      at = below
    }
    this.#set(at, score, place, symbol)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.score[from] ?? 0, this.place[from] ?? 0, this.symbol[from] ?? 0)
  }

  #set(at: number, score: number, place: number, symbol: number): void {
    this.score[at] = score
    this.place[at] = place
    this.symbol[at] = symbol
  }
}
