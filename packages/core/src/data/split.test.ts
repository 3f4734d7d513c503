import { describe, expect, it } from 'vitest'
import { Random } from '../runtime/random.js'
import {
  groupKFold,
  groupSplit,
  kFold,
  multilabelKFold,
  multilabelSplit,
  predefinedFolds,
  randomSplit,
  stratifiedKFold,
  stratifiedSplit,
  type Fold,
} from './split.js'

const SHARES = { train: 0.7, validation: 0.2, test: 0.1 }

const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const ascending = (values: number[]) => values.toSorted((a, b) => a - b)

/** Labels or groups of `items` items among `kinds`, unevenly. */
function draw(items: number, kinds: number, seed: number): string[] {
  const random = new Random(seed, 'test')
  return range(items).map((i) => `k${i < kinds * 12 ? i % kinds : Math.floor(random.next() ** 2 * kinds)}`)
}

function expectPartition(parts: Record<string, number[]>, items: number): void {
  expect(ascending(Object.values(parts).flat())).toEqual(range(items))
}

function expectFolds(folds: Fold[], items: number): void {
  expect(ascending(folds.flatMap((fold) => fold.test))).toEqual(range(items))
  for (const { train, test } of folds) expect(ascending([...train, ...test])).toEqual(range(items))
}

const counts = (indices: number[], labels: string[]) => {
  const found = new Map<string, number>()
  for (const i of indices) found.set(labels[i] ?? '', (found.get(labels[i] ?? '') ?? 0) + 1)
  return found
}

describe.each([1, 2, 3])('splits with seed %i', (seed) => {
  it('at random: a partition of exact sizes, the same for the same seed', () => {
    for (const items of [3, 10, 101, 1000]) {
      const parts = randomSplit(items, SHARES, seed)
      expectPartition(parts, items)
      if (items >= 10) expect(Math.abs(parts.train.length - 0.7 * items)).toBeLessThan(1)
      expect(randomSplit(items, SHARES, seed)).toEqual(parts)
    }
    expect(randomSplit(100, SHARES, seed)).not.toEqual(randomSplit(100, SHARES, seed + 1))
  })

  it('stratified: a partition in which every label has its share in every part, and parts have their sizes', () => {
    const labels = draw(400, 7, seed)
    const parts = stratifiedSplit(labels, SHARES, seed)
    expectPartition(parts, 400)
    const all = counts(range(400), labels)
    for (const name of ['train', 'validation', 'test'] as const) {
      expect(Math.abs(parts[name].length - 400 * SHARES[name])).toBeLessThanOrEqual(3)
      for (const [label, count] of all) {
        const own = counts(parts[name], labels).get(label) ?? 0
        expect(own).toBeGreaterThanOrEqual(1)
        expect(Math.abs(own - count * SHARES[name])).toBeLessThanOrEqual(2)
      }
    }
  })

  it('many small classes still give parts of the right size', () => {
    const labels = range(150).map((i) => `word ${i % 30}`)
    const parts = stratifiedSplit(labels, { train: 0.6, validation: 0.2, test: 0.2 }, seed)
    expect([parts.train.length, parts.validation.length, parts.test.length]).toEqual([90, 30, 30])
  })

  it('with several labels an item: a partition in which every label has about its share', () => {
    const random = new Random(seed, 'sets')
    const sets = range(300).map(() =>
      ['rain', 'dog', 'bell', 'rare'].filter((_, i) => random.next() < ([0.6, 0.3, 0.2, 0.05][i] ?? 0)),
    )
    const parts = multilabelSplit(sets, SHARES, seed)
    expectPartition(parts, 300)
    const holding = (indices: number[], label: string) => indices.filter((i) => sets[i]?.includes(label)).length
    for (const name of ['train', 'validation', 'test'] as const) {
      expect(Math.abs(parts[name].length - 300 * SHARES[name])).toBeLessThanOrEqual(6)
      for (const label of ['rain', 'dog', 'bell', 'rare']) {
        expect(Math.abs(holding(parts[name], label) - holding(range(300), label) * SHARES[name])).toBeLessThanOrEqual(4)
      }
    }
    expect(multilabelSplit(sets, SHARES, seed)).toEqual(parts)
    expectFolds(multilabelKFold(sets, 4, seed), 300)
  })

  it('by group: a partition, no group in two parts, no part empty, sizes near the shares', () => {
    for (const kinds of [3, 5, 40]) {
      const groups = draw(600, kinds, seed)
      const parts = groupSplit(groups, SHARES, seed)
      expectPartition(parts, 600)
      const owners = Object.values(parts).map((part) => new Set(part.map((i) => groups[i])))
      expect(owners.reduce((sum, own) => sum + own.size, 0)).toBe(new Set(groups).size)
      for (const own of owners) expect(own.size).toBeGreaterThan(0)
      if (kinds === 40) expect(Math.abs(parts.test.length - 60)).toBeLessThan(15)
    }
  })

  it('k folds: each item is tested once; strata in each test part; groups never cross', () => {
    const labels = draw(200, 4, seed)
    expectFolds(kFold(23, 5, seed), 23)
    const stratified = stratifiedKFold(labels, 5, seed)
    expectFolds(stratified, 200)
    for (const { test } of stratified) {
      for (const [label, count] of counts(range(200), labels)) {
        expect(Math.abs((counts(test, labels).get(label) ?? 0) - count / 5)).toBeLessThanOrEqual(1)
      }
    }
    const grouped = groupKFold(labels, 4, seed)
    expectFolds(grouped, 200)
    for (const { train, test } of grouped) {
      const inTest = new Set(test.map((i) => labels[i]))
      expect(train.some((i) => inTest.has(labels[i]))).toBe(false)
    }
  })
})

describe('predefined folds', () => {
  const folds = ['1', '2', '10', '2', '1', '3']
  it('become rounds, in order of their numbers', () => {
    const rounds = predefinedFolds(folds)
    expect(rounds.map((round) => round.name)).toEqual(['1', '2', '3', '10'])
    expectFolds(rounds, 6)
    expect(rounds[1]?.test).toEqual([1, 3])
  })
})

describe('errors', () => {
  it.each([
    [() => randomSplit(2, SHARES, 1), 'splitting: expected at least 3 items for the data, received 2'],
    [
      () => randomSplit(9, { train: 0.5, test: 0.6 }, 1),
      'expected a sum of 1 for the shares of train, test, received 1.1',
    ],
    [() => randomSplit(9, { train: 1, test: 0 }, 1), 'expected a number above 0 and at most 1 for test, received 0'],
    [() => stratifiedSplit(['a', 'a', 'a'], SHARES, 1), 'expected at least 2 labels for the data, received "a"'],
    [
      () => stratifiedSplit(['a', 'a', 'a', 'b', 'b', 'c'], SHARES, 1),
      'expected at least 3 items of every label, one for each part; "b" has 2, "c" has 1',
    ],
    [
      () => groupSplit(['a', 'b', 'a'], SHARES, 1),
      'expected at least 3 groups (one for each part) for the data, received 2',
    ],
    [() => kFold(9, 1, 1), 'cross-validating: expected an integer of at least 2 for k, received 1'],
    [() => predefinedFolds(['1', '1']), 'expected at least 2 folds for the data, received "1"'],
  ])('case %#', (act, message) => {
    expect(act).toThrow(message)
  })
})
