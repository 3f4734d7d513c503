/**
 * The words that a beam search may write, as a trie in arrays: a node's children are a list of siblings, which is short everywhere but
 * near the root.
 */
const NONE = -1

export interface LexiconOptions {
  /** The class that stands between words. Without it a text is one word. */
  separator?: number
}

export class Lexicon {
  /** Whether the text without a symbol is allowed: as no words, or as a word of the list. */
  readonly allowsEmpty: boolean
  readonly #separator: number
  // By node; node 0 is where each word begins.
  readonly #symbol = [NONE]
  readonly #firstChild = [NONE]
  readonly #nextSibling = [NONE]
  readonly #isWord = [false]

  /**
   * @param words Each a list of classes, none of which is the separator.
   * @throws RangeError naming a word with the separator in it.
   */
  constructor(words: Iterable<readonly number[]>, options: LexiconOptions = {}) {
    const { separator = NONE } = options
    this.#separator = separator
    for (const word of words) {
      if (word.includes(separator))
        throw new RangeError(
          `making a lexicon: expected no separator ${separator} in a word, received [${word.join(', ')}]`,
        )
      let node = 0
      for (const symbol of word) node = this.#child(node, symbol) ?? this.#add(node, symbol)
      this.#isWord[node] = true
    }
    this.allowsEmpty = separator !== NONE || this.isWord(0)
    // An empty word would let separators follow one another.
    if (separator !== NONE) this.#isWord[0] = false
  }

  /** Where a symbol leads from a node (0 at the start of a text), or undefined when it may not stand there. */
  next(node: number, symbol: number): number | undefined {
    if (symbol === this.#separator) return this.isWord(node) ? 0 : undefined
    return this.#child(node, symbol)
  }

  /** Whether a word ends at a node. */
  isWord(node: number): boolean {
    return this.#isWord[node] ?? false
  }

  #child(node: number, symbol: number): number | undefined {
    let child = this.#firstChild[node] ?? NONE
    while (child !== NONE && this.#symbol[child] !== symbol) child = this.#nextSibling[child] ?? NONE
    return child === NONE ? undefined : child
  }

  #add(node: number, symbol: number): number {
    const child = this.#symbol.length
    this.#symbol.push(symbol)
    this.#firstChild.push(NONE)
    this.#nextSibling.push(this.#firstChild[node] ?? NONE)
    this.#isWord.push(false)
    this.#firstChild[node] = child
    return child
  }
}
