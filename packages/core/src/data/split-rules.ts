/**
 * The rules that divide items into parts with given shares: at random, label by label, group by group, or by label sets.
 * `split.ts` checks the shares and builds the lists.
 */
import { UserError, expected } from '../errors.js'
import { Random } from '../runtime/random.js'

/** The part of each item: an index into the shares. */
export type Assignment = Int32Array

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i
  return best
}

/**
 * Integers that add up to `items`, in proportion to the shares, none of them 0. `owed` carries the rounding error of each part
 * over to the next class, so that many small classes still give parts of the right size.
 */
function apportion(items: number, shares: readonly number[], owed: Float64Array): Int32Array {
  const due = Float64Array.from(shares, (share, part) => share * items + (owed[part] ?? 0))
  const counts = Int32Array.from(due, (count) => Math.max(1, Math.floor(count)))
  const missing = () => items - counts.reduce((total, count) => total + count, 0)
  const gap = (part: number) => (due[part] ?? 0) - (counts[part] ?? 0)
  const add = (part: number, amount: number) => {
    counts[part] = (counts[part] ?? 0) + amount
  }
  while (missing() > 0) add(indexOfLargest(shares.map((_, part) => gap(part))), 1)
  while (missing() < 0)
    add(indexOfLargest(shares.map((_, part) => ((counts[part] ?? 0) > 1 ? -gap(part) : -Infinity))), -1)
  for (let part = 0; part < shares.length; part++) owed[part] = gap(part)
  return counts
}

function assignInOrder(order: ArrayLike<number>, counts: Int32Array, to: Assignment): void {
  let at = 0
  counts.forEach((count, part) => {
    for (let i = 0; i < count; i++) to[order[at++] ?? 0] = part
  })
}

export function assignRandom(items: number, shares: readonly number[], seed: number): Assignment {
  if (items < shares.length)
    throw expected({ doing: 'splitting', want: `at least ${shares.length} items`, of: 'the data', got: items })
  const parts: Assignment = new Int32Array(items)
  const order = new Random(seed, 'split').permutation(items)
  assignInOrder(order, apportion(items, shares, new Float64Array(shares.length)), parts)
  return parts
}

/** Indices of the items with each value, sorted by value (code units). */
export function indicesBy(values: readonly string[]): [string, number[]][] {
  const lists = new Map<string, number[]>()
  values.forEach((value, i) => {
    const list = lists.get(value)
    if (list) list.push(i)
    else lists.set(value, [i])
  })
  return [...lists].sort(([a], [b]) => (a < b ? -1 : 1))
}

export function assignByLabel(labels: readonly string[], shares: readonly number[], seed: number): Assignment {
  const classes = indicesBy(labels)
  if (classes.length < 2) {
    throw expected({
      doing: 'splitting by label',
      want: 'at least 2 labels',
      of: 'the data',
      got: classes[0]?.[0] ?? 'no items',
    })
  }
  const small = classes.filter(([, items]) => items.length < shares.length)
  if (small.length > 0) {
    const list = small.map(([label, items]) => `"${label}" has ${items.length}`).join(', ')
    throw new UserError(
      `splitting by label: expected at least ${shares.length} items of every label, one for each part; ${list}`,
      'Add items of these labels, remove the labels, or use fewer parts.',
    )
  }
  const parts: Assignment = new Int32Array(labels.length)
  const owed = new Float64Array(shares.length)
  for (const [label, items] of classes) {
    const order = new Random(seed, 'split', label).shuffle(Uint32Array.from(items))
    assignInOrder(order, apportion(items.length, shares, owed), parts)
  }
  return parts
}

/** Assigns the largest groups first, each to the part that lacks most items, and leaves no part empty. */
export function assignByGroup(groups: readonly string[], shares: readonly number[], seed: number): Assignment {
  const all = indicesBy(groups)
  if (all.length < shares.length) {
    throw expected({
      doing: 'splitting by group',
      want: `at least ${shares.length} groups (one for each part)`,
      of: 'the data',
      got: all.length,
    })
  }
  const order = new Random(seed, 'split').shuffle(all).sort(([, a], [, b]) => b.length - a.length)
  const lacks = Float64Array.from(shares, (share) => share * groups.length)
  const empty = new Set(shares.keys())
  const parts: Assignment = new Int32Array(groups.length)
  order.forEach(([, items], done) => {
    const mustFill = order.length - done <= empty.size
    const part = indexOfLargest(lacks.map((count, i) => (mustFill && !empty.has(i) ? -Infinity : count)))
    lacks[part] = (lacks[part] ?? 0) - items.length
    empty.delete(part)
    for (const item of items) parts[item] = part
  })
  return parts
}

/** The parts that share the largest value. */
function largestOf(parts: readonly number[], value: (part: number) => number): number[] {
  const most = Math.max(...parts.map(value))
  return parts.filter((part) => value(part) >= most - 1e-9)
}

/**
 * Divides items with any number of labels by iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011): the rarest label first,
 * each of its items to the part that lacks that label most, then to the one that lacks items most. Having no label counts as one
 * more label.
 */
export function assignByLabelSets(
  labelSets: readonly (readonly string[])[],
  shares: readonly number[],
  seed: number,
): Assignment {
  if (labelSets.length < shares.length) {
    throw expected({
      doing: 'splitting by labels',
      want: `at least ${shares.length} items`,
      of: 'the data',
      got: labelSets.length,
    })
  }
  const random = new Random(seed, 'split')
  const sets = labelSets.map((labels) => (labels.length === 0 ? [''] : [...new Set(labels)]))
  const itemsOf = new Map<string, number[]>()
  for (const item of random.permutation(sets.length)) {
    for (const label of sets[item] ?? []) {
      const list = itemsOf.get(label)
      if (list) list.push(item)
      else itemsOf.set(label, [item])
    }
  }
  const all = [...shares.keys()]
  const lacks = new Map([...itemsOf].map(([label, items]) => [label, shares.map((share) => share * items.length)]))
  const lacksItems = shares.map((share) => share * sets.length)
  const parts: Assignment = new Int32Array(sets.length).fill(-1)
  while (itemsOf.size > 0) {
    const [rarest] = [...itemsOf].sort(([a, x], [b, y]) => x.length - y.length || (a < b ? -1 : 1))
    if (rarest === undefined) break
    const [label, items] = rarest
    for (const item of items) {
      const wanting = largestOf(all, (part) => lacks.get(label)?.[part] ?? 0)
      const best = largestOf(wanting, (part) => lacksItems[part] ?? 0)
      const part = best[random.int(best.length)] ?? 0
      parts[item] = part
      lacksItems[part] = (lacksItems[part] ?? 0) - 1
      for (const own of sets[item] ?? []) {
        const lacking = lacks.get(own)
        if (lacking) lacking[part] = (lacking[part] ?? 0) - 1
      }
    }
    itemsOf.delete(label)
    for (const [other, left] of itemsOf) {
      const still = left.filter((item) => parts[item] === -1)
      if (still.length > 0) itemsOf.set(other, still)
      else itemsOf.delete(other)
    }
  }
  return parts
}
