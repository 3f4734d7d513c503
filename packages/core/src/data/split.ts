/**
 * Which items train, which validate, which test: at random, with the same share of every label in each part, with whole groups
 * (speakers, patients, recordings) in one part, or by folds that the data set came with; once, or k times for cross-validation.
 *
 * Everything is a function of the seed. Results are indices in growing order; every item is in exactly one part of a split and
 * in the test part of exactly one fold.
 */
import { UserError, expected } from '../errors.js'
import { Random } from '../runtime/random.js'

/** Indices of the items of each part. */
export type Parts<Name extends string> = Record<Name, number[]>

/** Share of the items of each part; the shares add up to 1. */
export type Shares<Name extends string> = Readonly<Record<Name, number>>

/** One round of cross-validation. */
export interface Fold {
  name: string
  train: number[]
  test: number[]
}

/** The part of each item: an index into the shares. */
type Assignment = Int32Array

function checkShares(doing: string, shares: readonly number[], names: readonly string[]): void {
  shares.forEach((share, i) => {
    if (!(share > 0 && share <= 1))
      throw expected(doing, 'a share above 0 and at most 1', names[i] ?? `part ${i}`, share)
  })
  const sum = shares.reduce((total, share) => total + share, 0)
  if (Math.abs(sum - 1) > 1e-6) throw expected(doing, 'a sum of 1', `the shares of ${names.join(', ')}`, sum)
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i
  return best
}

/**
 * Whole numbers that add up to `items`, in proportion to the shares, none 0. `owed` carries what rounding has withheld from
 * each part so far, so that many small classes still give parts of the right size.
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

function assignRandom(items: number, shares: readonly number[], seed: number): Assignment {
  if (items < shares.length) throw expected('splitting', `at least ${shares.length} items`, 'the data', items)
  const parts: Assignment = new Int32Array(items)
  const order = new Random(seed, 'split').permutation(items)
  assignInOrder(order, apportion(items, shares, new Float64Array(shares.length)), parts)
  return parts
}

/** Indices of the items with each value, by value in order of its code units. */
function indicesBy(values: readonly string[]): [string, number[]][] {
  const found = new Map<string, number[]>()
  values.forEach((value, i) => {
    const known = found.get(value)
    if (known) known.push(i)
    else found.set(value, [i])
  })
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
}

function assignByLabel(labels: readonly string[], shares: readonly number[], seed: number): Assignment {
  const classes = indicesBy(labels)
  if (classes.length < 2) {
    throw expected('splitting by label', 'at least 2 labels', 'the data', classes[0]?.[0] ?? 'no items')
  }
  const small = classes.filter(([, items]) => items.length < shares.length)
  if (small.length > 0) {
    const list = small.map(([label, items]) => `"${label}" has ${items.length}`).join(', ')
    throw new UserError(
      `splitting by label: expected at least ${shares.length} items of every label, one for each part; ${list}`,
      'add items of these labels, leave the labels out, or make fewer parts',
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

/** Largest groups first, each to the part that lacks most, but no part stays empty. */
function assignByGroup(groups: readonly string[], shares: readonly number[], seed: number): Assignment {
  const all = indicesBy(groups)
  if (all.length < shares.length) {
    throw expected('splitting by group', `at least ${shares.length} groups, one for each part,`, 'the data', all.length)
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

function toParts<Name extends string>(shares: Shares<Name>, assign: (shares: number[]) => Assignment): Parts<Name> {
  const names = Object.keys(shares) as Name[]
  const values = names.map((name) => shares[name])
  checkShares('splitting', values, names)
  const assignment = assign(values)
  const lists = names.map((name, part): [Name, number[]] => [name, indicesWhere(assignment, (at) => at === part)])
  return Object.fromEntries(lists) as Parts<Name>
}

function indicesWhere(assignment: Assignment, test: (part: number) => boolean): number[] {
  const indices: number[] = []
  assignment.forEach((part, i) => {
    if (test(part)) indices.push(i)
  })
  return indices
}

function toFolds(k: number, assign: (shares: number[]) => Assignment): Fold[] {
  if (!Number.isInteger(k) || k < 2) throw expected('cross-validating', 'a whole number of at least 2', 'k', k)
  const assignment = assign(new Array<number>(k).fill(1 / k))
  return Array.from({ length: k }, (_, fold) => ({
    name: String(fold + 1),
    train: indicesWhere(assignment, (part) => part !== fold),
    test: indicesWhere(assignment, (part) => part === fold),
  }))
}

/** Parts of the given shares, drawn at random: `randomSplit(100, { train: 0.8, test: 0.2 }, seed)`. */
export function randomSplit<Name extends string>(items: number, shares: Shares<Name>, seed: number): Parts<Name> {
  return toParts(shares, (values) => assignRandom(items, values, seed))
}

/**
 * Parts in which every label has its share, and at least one item.
 * @throws UserError with fewer than two labels, or a label with fewer items than there are parts.
 */
export function stratifiedSplit<Name extends string>(
  labels: readonly string[],
  shares: Shares<Name>,
  seed: number,
): Parts<Name> {
  return toParts(shares, (values) => assignByLabel(labels, values, seed))
}

/** Parts close to the given shares such that all items of a group are in one part. */
export function groupSplit<Name extends string>(
  groups: readonly string[],
  shares: Shares<Name>,
  seed: number,
): Parts<Name> {
  return toParts(shares, (values) => assignByGroup(groups, values, seed))
}

/**
 * Parts by the folds that the data set came with: `foldSplit(folds, { test: ['5'], validation: ['4'] }, 'train')`.
 * Folds that are not named go to the part `rest`.
 */
export function foldSplit<Name extends string, Rest extends string>(
  folds: readonly string[],
  named: Readonly<Record<Name, readonly string[]>>,
  rest: Rest,
): Parts<Name | Rest> {
  const names = Object.keys(named) as Name[]
  const parts = Object.fromEntries([...names, rest].map((name): [string, number[]] => [name, []])) as Parts<Name | Rest>
  const known = new Set(folds)
  for (const name of names) {
    for (const fold of named[name]) {
      if (!known.has(fold)) throw expected('splitting by fold', `one of ${[...known].sort().join(', ')}`, name, fold)
    }
  }
  folds.forEach((fold, i) => parts[names.find((name) => named[name].includes(fold)) ?? rest].push(i))
  return parts
}

/** k rounds, each item tested once. */
export function kFold(items: number, k: number, seed: number): Fold[] {
  return toFolds(k, (shares) => assignRandom(items, shares, seed))
}

/** k rounds in which every label has its share of each test part. */
export function stratifiedKFold(labels: readonly string[], k: number, seed: number): Fold[] {
  return toFolds(k, (shares) => assignByLabel(labels, shares, seed))
}

/** k rounds in which no group is both in train and in test. */
export function groupKFold(groups: readonly string[], k: number, seed: number): Fold[] {
  return toFolds(k, (shares) => assignByGroup(groups, shares, seed))
}

/** A round for each fold that the data set came with, in order of their names (numbers by value). */
export function predefinedFolds(folds: readonly string[]): Fold[] {
  const names = [...new Set(folds)].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1))
  if (names.length < 2) throw expected('cross-validating', 'at least 2 folds', 'the data', names[0] ?? 'no items')
  return names.map((name) => {
    const part = Int32Array.from(folds, (fold) => (fold === name ? 1 : 0))
    return { name, train: indicesWhere(part, (at) => at === 0), test: indicesWhere(part, (at) => at === 1) }
  })
}
