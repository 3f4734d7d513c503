import { describe, expect, it } from 'vitest'
import { crossValidate } from './cross-validation.js'

describe('crossValidate', () => {
  it('gives means and sample deviations over the folds, one after the other', async () => {
    const order: number[] = []
    const result = await crossValidate(['a', 'b', 'c'], async (fold, index) => {
      order.push(index)
      await Promise.resolve()
      return { accuracy: [0.5, 0.75, 1][index] ?? 0, length: fold.length }
    })
    expect(order).toEqual([0, 1, 2])
    expect(result.folds[2]).toEqual({ accuracy: 1, length: 1 })
    expect(result.mean).toEqual({ accuracy: 0.75, length: 1 })
    expect(result.std).toEqual({ accuracy: 0.25, length: 0 })
  })

  it('wants a fold', async () => {
    await expect(crossValidate([], async () => ({}))).rejects.toThrow('expected at least one fold')
  })
})
