import { describe, expect, it } from 'vitest'
import { padSequences, type NdArray } from './pad.js'

const floats = (values: number[], ...shape: number[]): NdArray => ({ data: Float32Array.from(values), shape })
const short = floats([1, 2], 1, 2)
const long = floats([3, 4, 5, 6, 7, 8], 3, 2)

describe('padSequences, by hand', () => {
  it.each([
    ['at the end', {}, [1, 2, 0, 0, 0, 0, 3, 4, 5, 6, 7, 8], [2, 3, 2], [1, 3]],
    ['at the start', { padding: 'pre', value: 9 }, [9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8], [2, 3, 2], [1, 3]],
    ['cut at the end', { maxLength: 2 }, [1, 2, 0, 0, 3, 4, 5, 6], [2, 2, 2], [1, 2]],
    ['cut at the start', { maxLength: 2, truncating: 'pre' }, [1, 2, 0, 0, 5, 6, 7, 8], [2, 2, 2], [1, 2]],
    ['to a multiple', { multipleOf: 4 }, [1, 2, 0, 0, 0, 0, 0, 0, 3, 4, 5, 6, 7, 8, 0, 0], [2, 4, 2], [1, 3]],
    ['to a fixed length', { minLength: 2, maxLength: 2 }, [1, 2, 0, 0, 3, 4, 5, 6], [2, 2, 2], [1, 2]],
  ] as const)('%s', (_, options, data, shape, lengths) => {
    const padded = padSequences([short, long], options)
    expect([...padded.batch.data]).toEqual(data)
    expect(padded.batch.shape).toEqual(shape)
    expect([...padded.lengths]).toEqual(lengths)
  })

  it('along another axis', () => {
    const { batch, lengths } = padSequences([floats([1, 2], 2, 1), floats([3, 4, 5, 6], 2, 2)], { axis: 1 })
    expect(batch.shape).toEqual([2, 2, 2])
    expect([...batch.data]).toEqual([1, 0, 2, 0, 3, 4, 5, 6])
    expect([...lengths]).toEqual([1, 2])
  })

  it('stacks scalars, keeps integers, takes empty items', () => {
    const scalar = (value: number): NdArray => ({ data: Int32Array.of(value), shape: [] })
    const { batch } = padSequences([scalar(4), scalar(5)])
    expect(batch).toEqual({ data: Int32Array.of(4, 5), shape: [2] })
    expect(padSequences([floats([], 0, 2), short]).batch).toEqual({
      data: Float32Array.of(0, 0, 1, 2),
      shape: [2, 1, 2],
    })
  })

  it('names the item that does not fit', () => {
    expect(() => padSequences([short, floats([1, 2, 3], 1, 3)])).toThrow(
      'joining a batch: expected shape [any, 2] for item 1, received "[1, 3]"',
    )
    expect(() => padSequences([floats([1], 1, 2)])).toThrow('expected 2 values for item 0, received 1')
    expect(() => padSequences([])).toThrow('expected at least 1 for items, received 0')
  })
})
