import { describe, expect, it } from 'vitest'
import { Permutation } from './permutation.js'

const order = (length: number, seed: number) => {
  const permutation = new Permutation(length, seed, 'test')
  return Array.from({ length }, (_, index) => permutation.at(index))
}

describe('Permutation', () => {
  it.each([1, 2, 3, 4, 5, 16, 17, 255, 257, 5000])('visits each of %i numbers once', (length) => {
    const ascending = Array.from({ length }, (_, index) => index)
    expect(order(length, 7).sort((a, b) => a - b)).toEqual(ascending)
  })

  it('is a function of the seed', () => {
    expect(order(100, 1)).toEqual(order(100, 1))
    expect(order(100, 1)).not.toEqual(order(100, 2))
  })

  it('puts every number about equally often at every place', () => {
    const counts = new Uint32Array(25)
    const seeds = 5000
    for (let seed = 0; seed < seeds; seed++)
      order(5, seed).forEach((number, index) => (counts[index * 5 + number] = (counts[index * 5 + number] ?? 0) + 1))
    // 1000 times each; the deviation of a binomial count is 28.
    expect(Math.max(...counts.map((count) => Math.abs(count - seeds / 5)))).toBeLessThan(28 * 5)
  })

  it('leaves no trace of the order in neighbours', () => {
    const shuffled = order(10_000, 3)
    const mean = 4999.5
    const product = shuffled.reduce((sum, value, at) => sum + (value - mean) * ((shuffled[at - 1] ?? mean) - mean), 0)
    // The correlation of neighbours in a random order has deviation 1 / √n = 0.01.
    expect(Math.abs(product / 10_000 / (10_000 ** 2 / 12))).toBeLessThan(0.05)
  })
})
