import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makeSchedule, type ScheduleOptions } from './schedules.js'

const golden: { oneCycle: number[] } = JSON.parse(
  readFileSync(new URL('golden/optimizers.json', import.meta.url), 'utf8'),
)

const run = { updatesPerEpoch: 4, totalUpdates: 20 }
const course = (options: ScheduleOptions, updates: number[]) => updates.map(makeSchedule(options, run))

describe('makeSchedule', () => {
  it('is constant', () => {
    expect(course({ type: 'constant' }, [0, 7, 19])).toEqual([1, 1, 1])
  })

  it('falls along half a cosine', () => {
    const [start = 0, quarter = 0, half = 0, end = 0] = course({ type: 'cosine', finalFactor: 0.1 }, [0, 5, 10, 20])
    expect(start).toBe(1)
    expect(quarter).toBeCloseTo(0.1 + 0.45 * (1 + Math.SQRT1_2), 12)
    expect(half).toBeCloseTo(0.55, 12)
    expect(end).toBeCloseTo(0.1, 12)
  })

  it('falls in steps and exponentially', () => {
    expect(course({ type: 'step', everyEpochs: 2, factor: 0.5 }, [0, 7, 8, 16])).toEqual([1, 1, 0.5, 0.25])
    const [half = 0, two = 0] = course({ type: 'exponential', factor: 0.81 }, [2, 8])
    expect(half).toBeCloseTo(0.9, 12)
    expect(two).toBeCloseTo(0.81 ** 2, 12)
  })

  it("is PyTorch's OneCycleLR", () => {
    // The golden figures have eight digits.
    golden.oneCycle.forEach((rate, update) => {
      expect(makeSchedule({ type: 'oneCycle' }, run)(update) / rate).toBeCloseTo(1, 6)
    })
  })

  it('warms up first, then runs its whole course over what is left', () => {
    const options: ScheduleOptions = { type: 'cosine', warmupEpochs: 1 }
    expect(course(options, [0, 1, 2, 3, 4])).toEqual([0.25, 0.5, 0.75, 1, 1])
    expect(makeSchedule(options, run)(12)).toBeCloseTo(0.5, 12)
    expect(makeSchedule({ type: 'step', everyEpochs: 1, factor: 0.1, warmupEpochs: 0.5 }, run)(6)).toBeCloseTo(0.1, 12)
  })

  it('says what is wrong', () => {
    expect(() => makeSchedule({ type: 'constant', warmupEpochs: -1 }, run)).toThrow('for warmupEpochs, received -1')
    expect(() => makeSchedule({ type: 'step', everyEpochs: 0 }, run)).toThrow('for everyEpochs, received 0')
    expect(() => makeSchedule({ type: 'oneCycle', peakAt: 1 }, run)).toThrow('for peakAt, received 1')
  })
})
