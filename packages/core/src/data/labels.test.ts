import { describe, expect, it } from 'vitest'
import { balancedClassWeights, countLabels, Labels } from './labels.js'

describe('Labels', () => {
  const labels = Labels.of(['dog', '10', '2', 'cat', 'dog', 'Äpfel', '1'])

  it('are in order of names, numbers by value, each once', () => {
    expect(labels.names).toEqual(['1', '2', '10', 'Äpfel', 'cat', 'dog'])
    expect(labels.size).toBe(6)
  })

  it('give indices, names and targets', () => {
    expect(labels.indexOf('cat')).toBe(4)
    expect(labels.name(4)).toBe('cat')
    expect([...labels.oneHot('2').data]).toEqual([0, 1, 0, 0, 0, 0])
    expect([...labels.multiHot(['1', 'dog']).data]).toEqual([1, 0, 0, 0, 0, 1])
    expect([...labels.multiHot([]).data]).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('survive JSON with their order', () => {
    const own = new Labels(['b', 'a'])
    expect(Labels.fromJson(JSON.parse(JSON.stringify(own))).names).toEqual(['b', 'a'])
  })

  it.each([
    [
      () => labels.indexOf('dgo'),
      'looking up a label: expected one of 1, 2, 10, Äpfel, cat, dog for label, received "dgo"',
    ],
    [() => labels.name(6), 'expected a class from 0 to 5 for index, received 6'],
    [() => new Labels(['a', 'b', 'a']), 'expected different names for labels, received "a"'],
    [() => new Labels(['']), 'expected a name for every label, received ""'],
    [() => Labels.fromJson({ a: 1 }), 'reading labels: expected a list of names for labels'],
  ])('errors, case %#', (act, message) => {
    expect(act).toThrow(message)
  })

  it('suggest the nearest', () => {
    expect(() => labels.indexOf('Dog')).toThrow(expect.objectContaining({ hint: 'Did you mean dog?' }))
  })
})

it('counts and balanced weights', () => {
  const counts = countLabels(new Labels(['a', 'b']), [['a'], ['a', 'b'], ['a']])
  expect([...counts]).toEqual([3, 1])
  const weights = balancedClassWeights(counts)
  expect(weights[0]).toBeCloseTo(4 / 6, 12)
  expect(weights[1]).toBe(2)
  expect(() => balancedClassWeights([1, 0])).toThrow('expected at least 1 item of class 1, received 0')
})
