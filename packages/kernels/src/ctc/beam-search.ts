/**
 * Prefix beam search over the output of CTC: the most probable texts, where greedy decoding takes the most probable path. Paths that spell
 * the same prefix are added up; at each step the best `beamWidth` prefixes stay. A lexicon allows only its words; a language model
 * multiplies each symbol's probability by `p(symbol | prefix)^languageModelWeight · e^insertionBonus`.
 *
 * Probabilities are not logarithms here: each step they are divided by the largest, whose logarithm is kept, and a prefix 10^-300 times
 * less probable than another may go. A step costs about `beamWidth` times the number of symbols that can still enter the beam.
 *
 * @see Graves 2008, "Supervised sequence labelling with recurrent neural networks", section 7.5; Hannun et al. 2014, arXiv:1408.2873.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type { SymbolModel } from './language-model.js'
import type { Lexicon } from './lexicon.js'
import { PrefixTree, type Scorer } from './prefix-tree.js'
import { alignItem, type CtcDecodeOptions, type CtcReading, type CtcSteps, readItems } from './readings.js'
import { TopCandidates } from './top-candidates.js'

export interface CtcBeamOptions extends CtcDecodeOptions {
  /** Prefixes that are kept at each step. Default 25. */
  beamWidth?: number
  /** Readings of each item, the best first; fewer when there are no more in the beam. Default 1. */
  topPaths?: number
  lexicon?: Lexicon
  languageModel?: SymbolModel
  /** Exponent of the language model's probabilities, at least 0. Default 1. */
  languageModelWeight?: number
  /** Added to the score, a natural logarithm, for each symbol: makes up for what a language model takes from long texts. Default 0. */
  insertionBonus?: number
}

export interface CtcBeamReading extends CtcReading {
  /** What readings are ordered by: `logProbability + weight · log p_model(text, end) + bonus · symbols`. */
  score: number
}

/**
 * The best texts of each item.
 *
 * Shapes: `logits` [B, T, V], before any softmax → for each item a list of readings, the best first. It is empty when the logits hold
 * NaN, or when no text of the lexicon was in the beam at the end.
 * @throws ShapeError when a shape, a length or the blank does not fit; RangeError when an option is out of its range.
 */
export function ctcBeamSearch(logits: tf.Tensor, options: CtcBeamOptions = {}): CtcBeamReading[][] {
  const { beamWidth = 25, topPaths = 1, languageModelWeight = 1, insertionBonus = 0, lexicon } = options
  const check = (name: string, good: boolean, what: string, value: number) => {
    if (!good) throw new RangeError(`ctcBeamSearch: expected ${what} for ${name}, received ${value}`)
  }
  const counts = Object.entries({ beamWidth, topPaths })
  for (const [name, value] of counts)
    check(name, Number.isInteger(value) && value >= 1, 'a whole number of at least 1', value)
  const weight = languageModelWeight
  check('languageModelWeight', weight >= 0 && weight < Infinity, 'a number of at least 0', weight)
  check('insertionBonus', Number.isFinite(insertionBonus), 'a finite number', insertionBonus)
  const scorer: Scorer = {
    model: options.languageModel,
    weight,
    bonus: insertionBonus,
    lexicon,
    factors: new WeakMap(),
  }
  return readItems('ctcBeamSearch', logits, options, (item) => {
    const search = new PrefixSearch(item, beamWidth, scorer)
    for (let t = 0; t < item.steps; t++) search.step(t)
    return search.readings(topPaths)
  })
}

/** Two lists of prefixes take turns: what a step reads and what it writes. */
class Beam {
  size = 0
  readonly nodes: Int32Array
  /** Probability of a prefix's paths that end in a blank. */
  readonly blank: Float64Array
  /** Of those that end in its last symbol. */
  readonly symbol: Float64Array

  constructor(width: number) {
    this.nodes = new Int32Array(width)
    this.blank = new Float64Array(width)
    this.symbol = new Float64Array(width)
  }

  add(node: number, blank: number, symbol: number): void {
    this.nodes[this.size] = node
    this.blank[this.size] = blank
    this.symbol[this.size] = symbol
    this.size++
  }
}

class PrefixSearch {
  readonly #item: CtcSteps
  readonly #tree: PrefixTree
  readonly #scorer: Scorer
  readonly #top: TopCandidates
  #beam: Beam
  #spare: Beam
  /** Logarithm of what the beam's probabilities were divided by. */
  #scale = 0
  // By place in the beam, while a step runs: what stays of a prefix.
  readonly #stayBlank: Float64Array
  readonly #staySymbol: Float64Array
  /** The step, plus 1, in which a child was in the beam, by the parent's place and the symbol. */
  readonly #childSeen: Int32Array
  readonly #probabilities: Float64Array

  constructor(item: CtcSteps, width: number, scorer: Scorer) {
    this.#item = item
    this.#scorer = scorer
    this.#tree = new PrefixTree(scorer, item.classes)
    this.#top = new TopCandidates(width)
    this.#beam = new Beam(width)
    this.#spare = new Beam(width)
    this.#beam.add(0, 1, 0)
    this.#tree.place[0] = 0
    this.#stayBlank = new Float64Array(width)
    this.#staySymbol = new Float64Array(width)
    this.#childSeen = new Int32Array(width * item.classes)
    this.#probabilities = new Float64Array(item.classes)
  }

  step(t: number): void {
    const { logs, classes } = this.#item
    for (let c = 0; c < classes; c++) this.#probabilities[c] = Math.exp(logs[t * classes + c] ?? NaN)
    this.#top.clear()
    this.#stay(t)
    this.#extend(t)
    this.#next()
  }

  /** Paths that spell the same prefix after this step: by a blank, by its last symbol again, or from its parent in the beam. */
  #stay(t: number): void {
    const beam = this.#beam
    const tree = this.#tree
    const y = this.#probabilities
    for (let i = 0; i < beam.size; i++) {
      const node = beam.nodes[i] ?? 0
      const last = tree.symbol[node] ?? 0
      const [endsBlank = 0, endsSymbol = 0] = [beam.blank[i], beam.symbol[i]]
      const blank = (endsBlank + endsSymbol) * (y[this.#item.blank] ?? 0)
      let symbol = node === 0 ? 0 : endsSymbol * (y[last] ?? 0)
      const parent = tree.parent[node] ?? -1
      const at = parent < 0 ? -1 : (tree.place[parent] ?? -1)
      if (at >= 0) {
        symbol += this.#reaching(at, parent, last) * (y[last] ?? 0) * tree.factor(parent, last)
        this.#childSeen[at * this.#item.classes + last] = t + 1
      }
      this.#stayBlank[i] = blank
      this.#staySymbol[i] = symbol
      this.#top.offer(blank + symbol, i, -1)
    }
  }

  /** Probability of the paths of the prefix at a place that a symbol makes longer: after the same symbol only those with a blank between. */
  #reaching(at: number, node: number, symbol: number): number {
    const blank = this.#beam.blank[at] ?? 0
    return this.#tree.symbol[node] === symbol ? blank : blank + (this.#beam.symbol[at] ?? 0)
  }

  /** New prefixes: each prefix and a symbol more, unless that is in the beam already. */
  #extend(t: number): void {
    const beam = this.#beam
    const tree = this.#tree
    const { classes, blank } = this.#item
    const y = this.#probabilities
    // A factor is at most this, since no probability is above 1; the beam's largest probability is 1.
    const most = Math.exp(this.#scorer.bonus)
    for (let c = 0; c < classes; c++) {
      const probability = y[c] ?? 0
      if (c === blank || !(probability * most > this.#top.least)) continue
      for (let i = 0; i < beam.size; i++) {
        const node = beam.nodes[i] ?? 0
        const reaching = this.#reaching(i, node, c) * probability
        if (!(reaching * most > this.#top.least) || this.#childSeen[i * classes + c] === t + 1) continue
        if (tree.allows(node, c)) this.#top.offer(reaching * tree.factor(node, c), i, c)
      }
    }
  }

  #next(): void {
    const [from, to, tree, top] = [this.#beam, this.#spare, this.#tree, this.#top]
    const best = top.greatest()
    to.size = 0
    for (let i = 0; i < from.size; i++) tree.place[from.nodes[i] ?? 0] = -1
    for (let k = 0; k < top.size; k++) {
      const i = top.place[k] ?? 0
      const symbol = top.symbol[k] ?? -1
      const node = from.nodes[i] ?? 0
      if (symbol < 0) to.add(node, (this.#stayBlank[i] ?? 0) / best, (this.#staySymbol[i] ?? 0) / best)
      else to.add(tree.child(node, symbol), 0, (top.score[k] ?? 0) / best)
    }
    for (let i = 0; i < to.size; i++) tree.place[to.nodes[i] ?? 0] = i
    this.#scale += Math.log(best)
    this.#beam = to
    this.#spare = from
  }

  readings(count: number): CtcBeamReading[] {
    const beam = this.#beam
    const tree = this.#tree
    const found: { node: number; score: number; logProbability: number }[] = []
    for (let i = 0; i < beam.size; i++) {
      const node = beam.nodes[i] ?? 0
      if (!tree.isComplete(node)) continue
      const log = Math.log((beam.blank[i] ?? 0) + (beam.symbol[i] ?? 0)) + this.#scale
      const score = log + tree.endScore(node)
      if (score > -Infinity) found.push({ node, score, logProbability: log - (tree.score[node] ?? 0) })
    }
    found.sort((a, b) => b.score - a.score)
    return found.slice(0, count).map(({ node, score, logProbability }) => {
      const labels = tree.prefix(node)
      return { labels, spans: alignItem(this.#item, labels), logProbability, score }
    })
  }
}
