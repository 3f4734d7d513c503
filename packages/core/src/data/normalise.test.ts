import { describe, expect, it } from 'vitest'
import { Random } from '../runtime/random.js'
import { ChannelStatistics, Normaliser } from './normalise.js'

/** Values [rows, 3] with means 1000, -2, 0 and deviations 0.01, 5, 1. */
function draw(rows: number, seed: number): Float64Array {
  const random = new Random(seed, 'test')
  return Float64Array.from({ length: rows * 3 }, (_, i) => {
    const z = random.normal()
    return [1000 + 0.01 * z, -2 + 5 * z, z][i % 3] ?? 0
  })
}

/** Two passes over everything, the definition. */
function direct(values: Float64Array, channel: number): { mean: number; variance: number } {
  const own = values.filter((_, i) => i % 3 === channel)
  const mean = own.reduce((a, b) => a + b) / own.length
  return { mean, variance: own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length }
}

describe('channel statistics', () => {
  const values = draw(1000, 1)

  it('in chunks, merged or at once, are those of the definition, also with a mean far above the deviation', () => {
    const chunks = new ChannelStatistics(3)
    for (let at = 0; at < values.length; at += 21) chunks.add(values.subarray(at, at + 21))
    const [left, right] = [new ChannelStatistics(3), new ChannelStatistics(3)]
    left.add(values.subarray(0, 300))
    right.add(values.subarray(300))
    left.merge(right)
    left.merge(new ChannelStatistics(3))
    for (const statistics of [chunks, left]) {
      expect(statistics.count).toBe(1000)
      for (let c = 0; c < 3; c++) {
        const { mean, variance } = direct(values, c)
        expect(statistics.mean[c]).toBeCloseTo(mean, 9)
        expect((statistics.variance[c] ?? 0) / variance).toBeCloseTo(1, 8)
      }
    }
  })

  it('name the data whose values are not finite', () => {
    const statistics = new ChannelStatistics(2)
    expect(() => statistics.add([0, 1, 2, Number.NaN], 'dog.wav')).toThrow(
      'normalising: expected finite values for dog.wav, channel 1, received NaN',
    )
    expect(() => statistics.add([1, 2, 3])).toThrow('a multiple of 2 values for values, received 3')
    expect(() => Normaliser.from(statistics)).toThrow(
      'expected at least 1 for the values of the training part, received 0',
    )
  })
})

describe('normaliser', () => {
  const values = Float32Array.from(draw(500, 2))
  const statistics = new ChannelStatistics(3)
  statistics.add(values)
  const normaliser = Normaliser.from(statistics)

  it('gives mean 0 and deviation 1, and back', () => {
    const scaled = normaliser.apply(values)
    const after = new ChannelStatistics(3)
    after.add(scaled)
    for (let c = 0; c < 3; c++) {
      expect(after.mean[c]).toBeCloseTo(0, 4)
      expect(after.variance[c]).toBeCloseTo(1, 4)
    }
    const back = normaliser.invert(scaled)
    back.forEach((value, i) => expect(value).toBeCloseTo(values[i] ?? Number.NaN, 3))
  })

  it('works in place', () => {
    const own = values.slice()
    expect(normaliser.apply(own, own)).toBe(own)
    expect(own).toEqual(normaliser.apply(values))
  })

  it('makes a constant channel 0', () => {
    const constant = new ChannelStatistics(1)
    constant.add(new Float32Array(1000).fill(0.1))
    expect([...Normaliser.from(constant).apply(Float32Array.of(0.1))]).toEqual([0])
  })

  it('survives JSON', () => {
    const again = Normaliser.fromJson(JSON.parse(JSON.stringify(normaliser)))
    expect(again.apply(values)).toEqual(normaliser.apply(values))
    for (const bad of [null, {}, { mean: [1], standardDeviation: [0] }, { mean: [1, 2], standardDeviation: [1] }]) {
      expect(() => Normaliser.fromJson(bad)).toThrow('reading a normaliser: expected a mean')
    }
  })

  it('wants the channels it was fitted on', () => {
    expect(() => normaliser.apply(new Float32Array(4))).toThrow('expected a multiple of 3 values')
  })
})
