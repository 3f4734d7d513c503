/**
 * A small language model over a network's classes: counts of n-grams, interpolated from the longest context that the training texts hold
 * down to none, with Witten and Bell's estimate of what is new after a context: with `n` symbols of `u` kinds counted after `h`,
 * `p(c | h) = (count(h c) + u p(c | h without its first)) / (n + u)`. It learns from texts in a moment and is saved as JSON.
 *
 * @see Witten and Bell 1991, "The zero-frequency problem"; Chen and Goodman 1998 for it among others.
 */
/** A language model over a network's classes. */
export interface SymbolModel {
  /** Log probability, at most 0, of each class [V] after a prefix; the blank's entry is not read. Called once for a prefix;
   * an array that was returned must not change afterwards, and may be returned again. */
  next(prefix: readonly number[]): ArrayLike<number>
  /** Log probability that the text ends after a prefix. */
  end(prefix: readonly number[]): number
}

export interface NgramOptions {
  /** V of the network, blank included. */
  classes: number
  /** The class that is no symbol. Default 0. */
  blank?: number
  /** Symbols that a probability depends on, its own included; default 5. */
  order?: number
}

/** As `JSON.stringify` and `JSON.parse` keep it. */
export interface NgramJson {
  classes: number
  blank: number
  order: number
  /** By context, its symbols joined by spaces: symbol, count, symbol, count… The class V is the end, and stands for the start in contexts. */
  counts: Record<string, number[]>
}

export class NgramModel implements SymbolModel {
  readonly #classes: number
  readonly #blank: number
  readonly #order: number
  readonly #counts = new Map<string, Map<number, number>>()
  readonly #logs = new Map<string, Float64Array>()

  /** A model that has seen no text: all symbols are as likely. */
  constructor(options: NgramOptions) {
    const { classes, blank = 0, order = 5 } = options
    const check = (name: string, value: number, from: number, to: number) => {
      if (!Number.isInteger(value) || value < from || value > to)
        throw new RangeError(
          `making a language model: expected an integer in [${from}, ${to}] for ${name}, received ${value}`,
        )
    }
    check('classes', classes, 1, 2 ** 31)
    check('blank', blank, 0, classes - 1)
    check('order', order, 1, 20)
    this.#classes = classes
    this.#blank = blank
    this.#order = order
  }

  /**
   * Counts the n-grams of texts, each a list of classes.
   *
   * @throws RangeError naming text and position of what is no symbol.
   */
  learn(texts: Iterable<readonly number[]>): void {
    let number = 0
    for (const text of texts) {
      text.forEach((symbol, i) => {
        if (!Number.isInteger(symbol) || symbol < 0 || symbol >= this.#classes || symbol === this.#blank)
          throw new RangeError(
            `learning a language model: expected a class in [0, ${this.#classes}) other than the blank ${this.#blank}, ` +
              `received ${symbol} in text ${number} at position ${i}`,
          )
      })
      const marked = [this.#classes, ...text, this.#classes]
      for (let i = 1; i < marked.length; i++)
        for (let from = Math.max(0, i - this.#order + 1); from <= i; from++)
          this.#count(marked.slice(from, i).join(' '), marked[i] ?? 0, 1)
      number++
    }
    this.#logs.clear()
  }

  #count(context: string, symbol: number, times: number): void {
    let counts = this.#counts.get(context)
    if (!counts) this.#counts.set(context, (counts = new Map()))
    counts.set(symbol, (counts.get(symbol) ?? 0) + times)
  }

  next(prefix: readonly number[]): Float64Array {
    // A context that was never met says what its longest end that was says.
    const marked = [this.#classes, ...prefix]
    const context = marked.slice(Math.max(0, marked.length - this.#order + 1))
    let from = 0
    while (from < context.length && !this.#counts.has(context.slice(from).join(' '))) from++
    const key = context.slice(from).join(' ')
    let logs = this.#logs.get(key)
    if (!logs) this.#logs.set(key, (logs = this.#probabilities(context.slice(from)).map(Math.log)))
    return logs
  }

  end(prefix: readonly number[]): number {
    return this.next(prefix)[this.#classes] ?? -Infinity
  }

  /** Log probability of a whole text, its end included. */
  logProbability(text: readonly number[]): number {
    let sum = this.end(text)
    text.forEach((symbol, i) => (sum += this.next(text.slice(0, i))[symbol] ?? -Infinity))
    return sum
  }

  /** [V + 1]: of the classes and, last, of the end. */
  #probabilities(context: readonly number[] | undefined): Float64Array {
    if (context === undefined) {
      const even = new Float64Array(this.#classes + 1).fill(1 / this.#classes)
      even[this.#blank] = 0
      return even
    }
    const shorter = this.#probabilities(context.length === 0 ? undefined : context.slice(1))
    const counts = this.#counts.get(context.join(' '))
    if (!counts) return shorter
    let total = counts.size
    for (const count of counts.values()) total += count
    const mixed = shorter.map((probability) => (probability * counts.size) / total)
    for (const [symbol, count] of counts) mixed[symbol] = (mixed[symbol] ?? 0) + count / total
    return mixed
  }

  toJSON(): NgramJson {
    const counts: Record<string, number[]> = {}
    for (const [context, symbols] of this.#counts) counts[context] = [...symbols].flat()
    return { classes: this.#classes, blank: this.#blank, order: this.#order, counts }
  }

  static fromJSON(json: NgramJson): NgramModel {
    const model = new NgramModel(json)
    for (const [context, counts] of Object.entries(json.counts))
      for (let i = 0; i + 1 < counts.length; i += 2) model.#count(context, counts[i] ?? 0, counts[i + 1] ?? 0)
    return model
  }
}
