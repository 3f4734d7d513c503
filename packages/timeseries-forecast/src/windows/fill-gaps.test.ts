import { describe, expect, it } from 'vitest'
import { countGaps, fillGaps, type GapFilling } from './fill-gaps.js'

const filled = (values: number[], filling: GapFilling) => {
  const array = Float32Array.from(values)
  fillGaps(array, 0, values.length, 1, filling)
  return [...array]
}

describe('fillGaps', () => {
  it('draws a line between two values, and goes on with the first and the last one at the ends', () => {
    expect(filled([NaN, 1, NaN, NaN, 4, NaN], 'interpolate')).toEqual([1, 1, 2, 3, 4, 4])
  })

  it('carries the last value forward', () => {
    expect(filled([NaN, 1, NaN, NaN, 4, NaN], 'carry')).toEqual([1, 1, 1, 1, 4, 4])
  })

  it('makes a column without any value 0', () => {
    expect(filled([NaN, NaN], 'interpolate')).toEqual([0, 0])
  })

  it('leaves the other columns of a matrix alone', () => {
    const matrix = Float32Array.from([NaN, 1, NaN, NaN, NaN, 2, NaN, NaN, NaN, 3, NaN, NaN])
    fillGaps(matrix, 5, 2, 4, 'interpolate')
    expect([...matrix]).toEqual([NaN, 1, NaN, NaN, NaN, 2, NaN, NaN, NaN, 3, NaN, NaN])
    fillGaps(matrix, 4, 2, 1, 'interpolate')
    expect([...matrix.subarray(4, 6)]).toEqual([2, 2])
  })
})

describe('countGaps', () => {
  it('counts the rows with a gap before each row', () => {
    expect([...(countGaps(Float32Array.from([1, 2, 3, NaN, 5, 6, NaN, NaN]), 2) ?? [])]).toEqual([0, 0, 1, 1, 2])
  })

  it('needs nothing where there is no gap', () => {
    expect(countGaps(Float32Array.from([1, 2]), 2)).toBeUndefined()
  })
})
