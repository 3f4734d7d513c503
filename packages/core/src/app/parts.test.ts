import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../cli/options.js'
import { Labels } from '../data/labels.js'
import { splitOptions } from './options.js'
import { condition, divide, foldsOf, keepUsable, requireEveryLabel, requireTraining } from './parts.js'

const item = (id: string, fields: Record<string, string> = {}, label = 'x') => ({
  id,
  path: id,
  labels: [label],
  fields,
})
const splitting = (given: object = {}) => resolveOptions(splitOptions, given)
const drawing = { seed: 1, byGroup: false, stratified: false }
const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id)

describe('divide', () => {
  const twenty = Array.from({ length: 20 }, (_, at) => item(String(at), { take: String(at) }))

  it('draws shares, every item once, the same for the same seed', () => {
    const parts = divide(twenty, splitting({ testShare: 0.2, validationShare: 0.1 }), drawing)
    expect([parts.train.length, parts.validation.length, parts.test.length]).toEqual([14, 2, 4])
    expect(ids([...parts.train, ...parts.validation, ...parts.test]).sort()).toEqual(ids(twenty).sort())
    expect(divide(twenty, splitting({ testShare: 0.2, validationShare: 0.1 }), drawing)).toEqual(parts)
    expect(divide(twenty, splitting({ testShare: 0.2, validationShare: 0.1 }), { ...drawing, seed: 2 })).not.toEqual(
      parts,
    )
  })

  it('refuses shares that leave nothing to train on', () => {
    const shares = splitting({ testShare: 0.6, validationShare: 0.4 })
    expect(() => divide(twenty, shares, drawing)).toThrow(/less than 1 together, .*received "0\.4 and 0\.6"/)
  })

  it('takes what conditions name, and no share for a part that they have filled', () => {
    const parts = divide(twenty, splitting({ testWhere: 'take=0-4', validationWhere: 'take=7,9' }), drawing)
    expect(ids(parts.test)).toEqual(['0', '1', '2', '3', '4'])
    expect(ids(parts.validation)).toEqual(['7', '9'])
    expect(parts.train).toHaveLength(13)
  })

  it('leaves items where they say they belong, and draws no test part then', () => {
    const own = twenty.map((one, at) => item(one.id, { part: at % 4 === 0 ? 'validation' : 'train' }))
    const parts = divide(own, splitting(), drawing)
    expect(ids(parts.validation)).toEqual(['0', '4', '8', '12', '16'])
    expect(parts.test).toEqual([])
    expect(parts.train).toHaveLength(15)
  })

  it('draws a validation part out of a training part', () => {
    const own = twenty.map((one, at) => item(one.id, { part: at < 10 ? 'train' : 'test' }))
    const parts = divide(own, splitting({ validationShare: 0.2 }), drawing)
    expect(ids(parts.test)).toEqual(ids(own.slice(10)))
    expect([parts.train.length, parts.validation.length]).toEqual([8, 2])
  })

  it('lets a condition overrule what items say', () => {
    const own = [
      item('a', { part: 'test', take: '1' }),
      item('b', { part: 'test', take: '2' }),
      item('c', { take: '3' }),
    ]
    const parts = divide(own, splitting({ testWhere: 'take=2', validationShare: 0 }), drawing)
    expect([ids(parts.train), ids(parts.test)]).toEqual([['a', 'c'], ['b']])
  })

  it('divides a list of which nothing is left to train on', () => {
    expect(divide([item('a', { part: 'test' })], splitting(), drawing).train).toEqual([])
  })

  it('names a part that is none, and a condition that holds for none', () => {
    expect(() => divide([item('a.png', { part: 'dev' })], splitting(), drawing)).toThrow(
      'dividing the data: expected train, validation, test for the field "part" of a.png, received "dev"',
    )
    expect(() => divide([item('7', { take: '7' })], splitting({ testWhere: 'take=1' }), drawing)).toThrow(
      /holds for at least 1 item/,
    )
  })
})

describe('foldsOf', () => {
  it('takes the folds that the data has', () => {
    const items = ['1', '2', '1'].map((fold, at) => ({ ...item(String(at)), fold }))
    expect(foldsOf(items, { folds: 5, seed: 1, byGroup: false }).map(({ test }) => test)).toEqual([[0, 2], [1]])
  })
})

describe('condition', () => {
  const fields = (take: string) => ({ fields: { take } })

  it('knows values and ranges', () => {
    const holds = condition('take=0-4,9,last', 'test')
    expect(['0', '4', '5', '9', '10', 'last'].filter((take) => holds?.(fields(take)))).toEqual(['0', '4', '9', 'last'])
  })

  it('names what is wrong', () => {
    expect(() => condition('take', 'test')).toThrow(
      /name=value,value or name=first-last for the test part, received "take"/,
    )
    expect(() => condition('tale=1', 'test')?.(fields('1'))).toThrow(
      /a column or part of the name for the test part, received "tale"/,
    )
  })
})

it('keeps what can be used, in order', () => {
  const parts = { train: ['a', 'b', 'c'], validation: ['d'], test: ['e'] }
  expect(keepUsable(parts, ['e', 'c', 'a'])).toEqual({ train: ['a', 'c'], validation: [], test: ['e'] })
})

it('needs every label to train on, or at least something', () => {
  const parts = { train: [item('1', {}, 'a')], validation: [item('2', {}, 'b')], test: [] }
  requireTraining(parts, 'data')
  expect(() => requireTraining({ ...parts, train: [] }, 'data')).toThrow('at least 1 item to train on')
  expect(() => requireEveryLabel(Labels.of(['a', 'b', 'c']), parts, 'data')).toThrow('none of b, c')
})
