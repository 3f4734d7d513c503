import { describe, expect, it } from 'vitest'
import { NgramModel } from './language-model.js'

const sum = (values: Iterable<number>) => Array.from(values).reduce((total, value) => total + value, 0)
const texts = [
  [1, 2],
  [1, 3],
  [1, 2, 2],
]

function learned(order: number): NgramModel {
  const model = new NgramModel({ classes: 4, order })
  model.learn(texts)
  return model
}

describe('NgramModel', () => {
  it('is Witten and Bell by hand', () => {
    // 10 symbols in all, of 4 kinds: 1 three times, 2 three times, 3 once, the end three times; even is 1/4 each.
    const p2 = (3 + 4 / 4) / (10 + 4)
    expect(Math.exp(learned(1).next([])[2] ?? 0)).toBeCloseTo(p2, 12)
    expect(Math.exp(learned(1).next([3, 1])[2] ?? 0)).toBeCloseTo(p2, 12)
    // After 1: 2 twice and 3 once, two kinds of three.
    const p12 = (2 + 2 * p2) / (3 + 2)
    expect(Math.exp(learned(2).next([1])[2] ?? 0)).toBeCloseTo(p12, 12)
    // Texts only ever begin with 1.
    const p1 = (3 + 4 / 4) / 14
    expect(Math.exp(learned(2).next([])[1] ?? 0)).toBeCloseTo((3 + p1) / (3 + 1), 12)
    expect(learned(2).logProbability([1])).toBeCloseTo(
      Math.log((3 + p1) / 4) + Math.log((2 * ((3 + 4 / 4) / 14)) / (3 + 2)),
      12,
    )
  })

  it('has probabilities that add up to 1, the blank having none', () => {
    for (const order of [1, 2, 3, 6])
      for (const prefix of [[], [1], [1, 2], [3, 3, 3], [2, 1, 1, 2, 2]]) {
        const probabilities = learned(order).next(prefix).map(Math.exp)
        expect(sum(probabilities)).toBeCloseTo(1, 12)
        expect(probabilities[0]).toBe(0)
        expect(probabilities.slice(1).every((p) => p > 0)).toBe(true)
      }
  })

  it('without texts finds everything as likely', () => {
    const model = new NgramModel({ classes: 5, blank: 4 })
    expect(Array.from(model.next([1]).map(Math.exp))).toEqual(
      [0.2, 0.2, 0.2, 0.2, 0, 0.2].map((p) => expect.closeTo(p, 12)),
    )
  })

  it('learns more texts later', () => {
    const model = learned(3)
    const before = model.logProbability([1, 3])
    model.learn(Array<number[]>(20).fill([1, 3]))
    expect(model.logProbability([1, 3])).toBeGreaterThan(before + 0.5)
  })

  it('prefers what it has read', () => {
    const model = learned(4)
    expect(model.logProbability([1, 2])).toBeGreaterThan(model.logProbability([2, 1]))
    expect(model.logProbability([1, 2])).toBeGreaterThan(model.logProbability([1, 2, 3]))
  })

  it('is the same after JSON', () => {
    const model = learned(3)
    const again = NgramModel.fromJSON(JSON.parse(JSON.stringify(model)) as ReturnType<NgramModel['toJSON']>)
    for (const text of [[1, 2], [2, 2, 2, 1], []]) expect(again.logProbability(text)).toBe(model.logProbability(text))
    expect(again.toJSON()).toEqual(model.toJSON())
  })

  it('names what does not fit', () => {
    expect(() => new NgramModel({ classes: 0 })).toThrow('for classes, received 0')
    expect(() => new NgramModel({ classes: 3, blank: 3 })).toThrow('an integer in [0, 2] for blank, received 3')
    expect(() => new NgramModel({ classes: 3, order: 0 })).toThrow('for order, received 0')
    const model = new NgramModel({ classes: 3 })
    expect(() => model.learn([[1], [2, 0]])).toThrow('received 0 in text 1 at position 1')
    expect(() => model.learn([[3]])).toThrow('received 3 in text 0 at position 0')
  })
})
