import { describe, expect, it } from 'vitest'
import { beginStep, hash, nextLayerSeed, Random, TRUNCATED_NORMAL_DEVIATION } from './random.js'

const DRAWS = 100_000
// Five standard errors of a mean of DRAWS uniform or normal values.
const MEAN_TOLERANCE = 5 / Math.sqrt(DRAWS)

const draw = (n: number, f: () => number) => Array.from({ length: n }, f)
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
const deviation = (values: number[]) => {
  const centre = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)))
}

describe('hash', () => {
  it('never changes: saved runs depend on it', () => {
    expect([hash(0), hash(1), hash(0, 'a'), hash(7, 3, 'crop', 12)]).toEqual([
      1626119909, 2059606, 406980397, 3152757582,
    ])
  })
  it('tells apart seeds, paths, orders, types and large numbers', () => {
    const inputs: [number, ...(number | string)[]][] = [
      [0],
      [1],
      [0, 0],
      [0, 0, 0],
      [0, 1],
      [1, 0],
      [0, '0'],
      [0, '1'],
      [0, 'a', 'b'],
      [0, 'b', 'a'],
      [0, 'ab'],
      [0, ''],
      [2 ** 32],
      [2 ** 33],
      [0.5],
      [-1],
    ]
    expect(new Set(inputs.map((path) => hash(...path))).size).toBe(inputs.length)
    expect(hash(-0)).toBe(hash(0))
  })
  it('has few collisions over consecutive paths', () => {
    const seen = new Set<number>()
    for (let epoch = 0; epoch < 100; epoch++) for (let item = 0; item < 1000; item++) seen.add(hash(1, epoch, item))
    // The birthday problem expects 1.2 collisions among 100,000 values of 32 bits.
    expect(seen.size).toBeGreaterThan(100_000 - 12)
  })
})

describe('Random', () => {
  it('gives the same stream for the same seed and path, another for any other', () => {
    const first = (seed: number, ...path: (number | string)[]) => {
      const random = new Random(seed, ...path)
      return draw(8, () => random.bits())
    }
    expect(first(3, 'x')).toEqual(first(3, 'x'))
    expect(first(3, 'x')).not.toEqual(first(4, 'x'))
    expect(first(3, 'x')).not.toEqual(first(3, 'y'))
    expect(first(0)).not.toEqual(first(1))
  })
  it('is uniform: mean, spread, every one of 256 cells, no correlation with the next', () => {
    const random = new Random(0)
    const values = draw(DRAWS, () => random.next())
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(MEAN_TOLERANCE)
    expect(Math.abs(deviation(values) - Math.sqrt(1 / 12))).toBeLessThan(MEAN_TOLERANCE)
    const cells = new Array<number>(256).fill(0)
    for (const value of values) cells[Math.floor(value * 256)] = (cells[Math.floor(value * 256)] ?? 0) + 1
    const chiSquare = cells.reduce((sum, count) => sum + (count - DRAWS / 256) ** 2 / (DRAWS / 256), 0)
    expect(chiSquare).toBeLessThan(255 + 5 * Math.sqrt(2 * 255))
    const products = values.slice(1).map((value, i) => (value - 0.5) * ((values[i] ?? 0) - 0.5))
    expect(Math.abs(mean(products))).toBeLessThan(MEAN_TOLERANCE)
  })
  it('draws normal values with mean 0 and deviation 1', () => {
    const random = new Random(1)
    const values = draw(DRAWS, () => random.normal())
    expect(Math.abs(mean(values))).toBeLessThan(MEAN_TOLERANCE)
    expect(Math.abs(deviation(values) - 1)).toBeLessThan(MEAN_TOLERANCE)
    const beyondTwo = values.filter((v) => Math.abs(v) > 2).length / DRAWS
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(MEAN_TOLERANCE)
  })
  it('truncates normal values at two deviations', () => {
    const random = new Random(2)
    const values = draw(DRAWS, () => random.truncatedNormal())
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(2)
    expect(Math.abs(deviation(values) - TRUNCATED_NORMAL_DEVIATION)).toBeLessThan(MEAN_TOLERANCE)
  })
  it('permutes without loss and reaches every order evenly', () => {
    expect([...new Random(5).permutation(50)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const key = new Random(9, i).shuffle(['a', 'b', 'c']).join('')
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000))
  })
  it('keeps ranges', () => {
    const random = new Random(6)
    for (let i = 0; i < 1000; i++) {
      expect([0, 1, 2]).toContain(random.int(3))
      const value = random.uniform(-2, 3)
      expect(value >= -2 && value < 3).toBe(true)
    }
  })
})

describe('layer seeds', () => {
  const seeds = (seed: number, index: number, n = 3) => {
    beginStep(seed, index)
    return draw(n, nextLayerSeed)
  }
  it('repeat when a step is repeated and differ between layers, steps and seeds', () => {
    expect(seeds(1, 10)).toEqual(seeds(1, 10))
    const all = [seeds(1, 10), seeds(1, 11), seeds(2, 10), seeds(0, 10)].flat()
    expect(new Set(all).size).toBe(all.length)
  })
})
