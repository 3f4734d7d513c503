/**
 * The prefixes that a beam search has met, as a tree: a prefix is a node, whether or not it is in the beam now, so that one that comes back
 * is the same. What depends on a prefix alone stands with its node: the language model's factors, the place in the lexicon.
 */
import type { SymbolModel } from './language-model.js'
import type { Lexicon } from './lexicon.js'

/** What a search adds to the network's probabilities. */
export interface Scorer {
  model: SymbolModel | undefined
  weight: number
  bonus: number
  lexicon: Lexicon | undefined
  /** Factors by the model's answer, which serves every prefix with the same end. */
  factors: WeakMap<object, Float64Array>
}

export class PrefixTree {
  // By node; node 0 is the empty prefix.
  readonly parent = [-1]
  readonly symbol = [-1]
  /** Place in the beam, or -1. */
  readonly place = [-1]
  /** Logarithm of all factors on the way to a node. */
  readonly score = [0]
  readonly #children: (Map<number, number> | undefined)[] = [undefined]
  readonly #lexiconNode = [0]
  readonly #factors: (Float64Array | undefined)[] = [undefined]
  readonly #scorer: Scorer
  readonly #classes: number
  readonly #plainFactor: number

  constructor(scorer: Scorer, classes: number) {
    this.#scorer = scorer
    this.#classes = classes
    this.#plainFactor = Math.exp(scorer.bonus)
  }

  /** The node of a prefix and one symbol more. */
  child(node: number, symbol: number): number {
    const children = (this.#children[node] ??= new Map())
    const known = children.get(symbol)
    if (known !== undefined) return known
    const child = this.parent.length
    children.set(symbol, child)
    this.parent.push(node)
    this.symbol.push(symbol)
    this.place.push(-1)
    this.score.push((this.score[node] ?? 0) + Math.log(this.factor(node, symbol)))
    this.#children.push(undefined)
    this.#lexiconNode.push(this.#scorer.lexicon?.next(this.#lexiconNode[node] ?? 0, symbol) ?? 0)
    this.#factors.push(undefined)
    return child
  }

  /** What a symbol's probability after a prefix is multiplied by. */
  factor(node: number, symbol: number): number {
    if (!this.#scorer.model) return this.#plainFactor
    return (this.#factors[node] ??= this.#computeFactors(node, this.#scorer.model))[symbol] ?? 0
  }

  #computeFactors(node: number, model: SymbolModel): Float64Array {
    const { weight, bonus, factors: known } = this.#scorer
    const logs = model.next(this.prefix(node))
    const before = known.get(logs)
    if (before) return before
    const factors = new Float64Array(this.#classes).fill(this.#plainFactor)
    if (weight > 0)
      for (let c = 0; c < factors.length; c++) factors[c] = Math.exp(weight * (logs[c] ?? -Infinity) + bonus)
    known.set(logs, factors)
    return factors
  }

  /** Whether the lexicon lets a symbol follow. */
  allows(node: number, symbol: number): boolean {
    const { lexicon } = this.#scorer
    return !lexicon || lexicon.next(this.#lexiconNode[node] ?? 0, symbol) !== undefined
  }

  /** Whether a prefix is a text of the lexicon. */
  isComplete(node: number): boolean {
    const { lexicon } = this.#scorer
    if (!lexicon) return true
    return node === 0 ? lexicon.allowsEmpty : lexicon.isWord(this.#lexiconNode[node] ?? 0)
  }

  /** What the language model adds for the end of a text. */
  endScore(node: number): number {
    const { model, weight } = this.#scorer
    return model && weight > 0 ? weight * model.end(this.prefix(node)) : 0
  }

  prefix(node: number): number[] {
    const symbols: number[] = []
    for (let at = node; at > 0; at = this.parent[at] ?? 0) symbols.push(this.symbol[at] ?? 0)
    return symbols.reverse()
  }
}
