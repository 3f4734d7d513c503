/**
 * Which items train, which validate, which test: at random, stratified by label, with whole groups (speakers, patients, recordings)
 * in one part, or by the folds of the data set; once, or k times for cross-validation.
 *
 * Everything is a function of the seed. Results are indices in increasing order; every item is in exactly one part of a split and
 * in the test part of exactly one fold.
 */
import { expected } from '../errors.js'
import { assignByGroup, assignByLabel, assignByLabelSets, assignRandom, type Assignment } from './split-rules.js'

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

function checkShares(doing: string, shares: readonly number[], names: readonly string[]): void {
  shares.forEach((share, i) => {
    if (!(share > 0 && share <= 1))
      throw expected({ doing, want: 'a number above 0 and at most 1', of: names[i] ?? `part ${i}`, got: share })
  })
  const sum = shares.reduce((total, share) => total + share, 0)
  if (Math.abs(sum - 1) > 1e-6)
    throw expected({ doing, want: 'a sum of 1', of: `the shares of ${names.join(', ')}`, got: sum })
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
  if (!Number.isInteger(k) || k < 2)
    throw expected({ doing: 'cross-validating', want: 'an integer of at least 2', of: 'k', got: k })
  const assignment = assign(new Array<number>(k).fill(1 / k))
  return Array.from({ length: k }, (_, fold) => ({
    name: String(fold + 1),
    train: indicesWhere(assignment, (part) => part !== fold),
    test: indicesWhere(assignment, (part) => part === fold),
  }))
}

/** Random parts with these shares: `randomSplit(100, { train: 0.8, test: 0.2 }, seed)`. */
export function randomSplit<Name extends string>(items: number, shares: Shares<Name>, seed: number): Parts<Name> {
  return toParts(shares, (values) => assignRandom(items, values, seed))
}

/**
 * Parts in which every label has its share and at least one item.
 *
 * @throws UserError with fewer than two labels, or a label with fewer items than there are parts.
 */
export function stratifiedSplit<Name extends string>(
  labels: readonly string[],
  shares: Shares<Name>,
  seed: number,
): Parts<Name> {
  return toParts(shares, (values) => assignByLabel(labels, values, seed))
}

/**
 * Parts in which every label has about its share, for items with any number of labels. A label with fewer items than there are
 * parts is no error: some part then lacks it.
 */
export function multilabelSplit<Name extends string>(
  labelSets: readonly (readonly string[])[],
  shares: Shares<Name>,
  seed: number,
): Parts<Name> {
  return toParts(shares, (values) => assignByLabelSets(labelSets, values, seed))
}

/** Parts of about these shares, with all items of a group in one part. */
export function groupSplit<Name extends string>(
  groups: readonly string[],
  shares: Shares<Name>,
  seed: number,
): Parts<Name> {
  return toParts(shares, (values) => assignByGroup(groups, values, seed))
}

/** k rounds that test each item once. */
export function kFold(items: number, k: number, seed: number): Fold[] {
  return toFolds(k, (shares) => assignRandom(items, shares, seed))
}

/** k rounds in which every label has its share of each test part. */
export function stratifiedKFold(labels: readonly string[], k: number, seed: number): Fold[] {
  return toFolds(k, (shares) => assignByLabel(labels, shares, seed))
}

/** k rounds in which every label has about its share of each test part, for items with any number of labels. */
export function multilabelKFold(labelSets: readonly (readonly string[])[], k: number, seed: number): Fold[] {
  return toFolds(k, (shares) => assignByLabelSets(labelSets, shares, seed))
}

/** k rounds in which no group is in both train and test. */
export function groupKFold(groups: readonly string[], k: number, seed: number): Fold[] {
  return toFolds(k, (shares) => assignByGroup(groups, shares, seed))
}

/** A round for each fold of the data set, in order of their names (numbers by value). */
export function predefinedFolds(folds: readonly string[]): Fold[] {
  const names = [...new Set(folds)].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1))
  if (names.length < 2)
    throw expected({ doing: 'cross-validating', want: 'at least 2 folds', of: 'the data', got: names[0] ?? 'no items' })
  return names.map((name) => {
    const part = Int32Array.from(folds, (fold) => (fold === name ? 1 : 0))
    return { name, train: indicesWhere(part, (at) => at === 0), test: indicesWhere(part, (at) => at === 1) }
  })
}
