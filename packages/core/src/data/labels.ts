/**
 * The label vocabulary: which label is which output of the network, and targets made from labels.
 *
 * It is saved with the model, so that a class keeps its index whatever data comes later.
 */
import { didYouMean } from '../nearest.js'
import { UserError, expected } from '../errors.js'
import type { NdArray } from './pad.js'

const byName = new Intl.Collator('en', { numeric: true })

/** An ordered set of labels; the index of a label is its output of the network. */
export class Labels {
  readonly names: readonly string[]
  readonly #index: ReadonlyMap<string, number>

  /** @param names In the order of the outputs of the network, all different, none empty. */
  constructor(names: readonly string[]) {
    this.names = [...names]
    this.#index = new Map(names.map((name, i) => [name, i]))
    const twice = names.find((name, i) => this.#index.get(name) !== i)
    if (twice !== undefined)
      throw expected({ doing: 'making the list of labels', want: 'different names', of: 'labels', got: twice })
    if (this.#index.has(''))
      throw expected({ doing: 'making the list of labels', want: 'a name', of: 'every label', got: '' })
  }

  /** All labels that occur, sorted by name, numbers by value. */
  static of(labels: Iterable<string>): Labels {
    return new Labels([...new Set(labels)].sort((a, b) => byName.compare(a, b) || (a < b ? -1 : 1)))
  }

  /** From parsed JSON, which it checks. */
  static fromJson(json: unknown): Labels {
    if (!Array.isArray(json) || !json.every((name) => typeof name === 'string')) {
      throw expected({ doing: 'reading labels', want: 'a list of names', of: 'labels', got: JSON.stringify(json) })
    }
    return new Labels(json)
  }

  toJSON(): string[] {
    return [...this.names]
  }

  get size(): number {
    return this.names.length
  }

  has(label: string): boolean {
    return this.#index.has(label)
  }

  /** @throws UserError for an unknown label, with the most similar name. */
  indexOf(label: string): number {
    const index = this.#index.get(label)
    if (index !== undefined) return index
    const some = this.names.length > 12 ? `${this.names.slice(0, 12).join(', ')}, …` : this.names.join(', ')
    throw expected({
      doing: 'looking up a label',
      want: `one of ${some}`,
      of: 'label',
      got: label,
      hint: didYouMean(label, this.names),
    })
  }

  /** @throws UserError for an index outside the list. */
  name(index: number): string {
    const name = this.names[index]
    if (name === undefined)
      throw expected({ doing: 'naming a class', want: `a class from 0 to ${this.size - 1}`, of: 'index', got: index })
    return name
  }

  /** Target [C]: 1 for the label, otherwise 0. */
  oneHot(label: string): NdArray {
    return this.multiHot([label])
  }

  /** Target [C]: 1 for each of the labels, otherwise 0. */
  multiHot(labels: Iterable<string>): NdArray {
    const data = new Float32Array(this.size)
    for (const label of labels) data[this.indexOf(label)] = 1
    return { data, shape: [this.size] }
  }
}

/** Number of items with each label, in the order of the labels. */
export function countLabels(labels: Labels, items: Iterable<readonly string[]>): Int32Array {
  const counts = new Int32Array(labels.size)
  for (const own of items) {
    for (const label of own) {
      const at = labels.indexOf(label)
      counts[at] = (counts[at] ?? 0) + 1
    }
  }
  return counts
}

/**
 * Weights that make every class count the same in the loss, `items / (classes * count)`, as `balanced` of scikit-learn.
 *
 * @throws UserError when a class has no items.
 */
export function balancedClassWeights(counts: ArrayLike<number>): Float64Array {
  const items = Array.from(counts).reduce((total, count) => total + count, 0)
  return Float64Array.from(counts, (count, label) => {
    if (count === 0) throw new UserError(`weighting classes: expected at least 1 item of class ${label}, received 0`)
    return items / (counts.length * count)
  })
}
