import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { Scaler } from './scaling.js'

const columns = (lists: Readonly<Record<string, readonly number[]>>) =>
  new Map(Object.entries(lists).map(([name, values]) => [name, Float64Array.from(values)]))

describe('Scaler', () => {
  it('takes mean and deviation of the rows given, without what is missing', () => {
    const scaler = Scaler.from(columns({ a: [1, NaN, 3, 100] }), ['a'], { from: 0, to: 3 }, 'standard')
    expect(scaler.scaleOf('a')).toEqual({ centre: 2, scale: 1 })
  })

  it('takes median and interquartile range', () => {
    const scaler = Scaler.from(columns({ a: [4, 1, 1000, 3, 2] }), ['a'], { from: 0, to: 5 }, 'robust')
    expect(scaler.scaleOf('a')).toEqual({ centre: 3, scale: 2 })
  })

  it('takes the deviation where more than half of the values are the same', () => {
    const { centre, scale } = Scaler.from(
      columns({ rain: [0, 0, 0, 0, 5] }),
      ['rain'],
      { from: 0, to: 5 },
      'robust',
    ).scaleOf('rain')
    expect([centre, scale]).toEqual([0, 2])
  })

  it.each(['standard', 'robust'] as const)('makes a constant column 0 (%s)', (kind) => {
    const { centre, scale } = Scaler.from(columns({ a: [7, 7, 7] }), ['a'], { from: 0, to: 3 }, kind).scaleOf('a')
    expect([centre, scale]).toEqual([7, 1])
  })

  it('leaves alone what it does not know, what has no value, and everything with none', () => {
    const identity = { centre: 0, scale: 1 }
    const scaler = Scaler.from(columns({ a: [NaN, 3] }), ['a'], { from: 0, to: 1 }, 'standard')
    expect([scaler.scaleOf('a'), scaler.scaleOf('b')]).toEqual([identity, identity])
    expect(Scaler.from(columns({ a: [1, 3] }), ['a'], { from: 0, to: 2 }, 'none').scaleOf('a')).toEqual(identity)
  })

  it.each(['standard', 'robust'] as const)('does not move when later rows change (%s)', (kind) => {
    const random = new Random(9)
    const values = Array.from({ length: 50 }, () => random.normal())
    const fit = (list: readonly number[]) =>
      Scaler.from(columns({ a: list }), ['a'], { from: 0, to: 30 }, kind).toJSON()
    expect(fit(values.map((value, t) => (t < 30 ? value : random.normal() * 1e6)))).toEqual(fit(values))
  })

  it('goes to JSON and back', () => {
    const scaler = Scaler.from(columns({ a: [1, 4], b: [2, 9] }), ['a', 'b'], { from: 0, to: 2 }, 'standard')
    const read = Scaler.fromJson(JSON.parse(JSON.stringify(scaler)))
    expect([read.scaleOf('a'), read.scaleOf('b')]).toEqual([scaler.scaleOf('a'), scaler.scaleOf('b')])
    expect(
      Scaler.fromJson(JSON.parse(JSON.stringify(Scaler.from(new Map(), [], { from: 0, to: 0 }, 'none')))).columns,
    ).toEqual([])
  })

  it('says what is wrong', () => {
    expect(() => Scaler.from(columns({ a: [1] }), ['b'], { from: 0, to: 1 }, 'none')).toThrow(
      'scaling: expected one of a for a column, received "b"',
    )
    expect(() => Scaler.fromJson({ columns: ['a'], mean: [1, 2], standardDeviation: [1, 1] })).toThrow(
      'reading a scaling: expected 2 names for columns',
    )
    expect(() => Scaler.fromJson(null)).toThrow('reading a normaliser')
  })
})
