import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { describeStep, inferStep, parseStep, stepForward } from './step.js'

const DAY = 86_400_000
const times = (...texts: string[]) => Float64Array.from(texts, (text) => Date.parse(`${text}Z`))
const stepOf = (axis: Float64Array) => inferStep([axis]).step
const row = { unit: 'row', count: 1 }

describe('parseStep and describeStep', () => {
  it.each([
    ['15min', 'every 15 minutes'],
    ['1h', 'hourly'],
    ['hour', 'hourly'],
    ['90 minutes', 'every 90 minutes'],
    ['60min', 'hourly'],
    ['1d', 'daily'],
    ['14d', 'every 2 weeks'],
    ['w', 'weekly'],
    ['500ms', 'every 500 milliseconds'],
    ['1s', 'every second'],
    ['1month', 'monthly'],
    ['quarter', 'quarterly'],
    ['1y', 'yearly'],
    ['24months', 'every 2 years'],
    ['rows', 'rows as they come'],
  ])('%s is %s', (text, words) => {
    expect(describeStep(parseStep(text))).toBe(words)
  })

  it.each(['', '5', 'm', '0h', '-1h', '1.5h', 'fortnight'])('refuses %j', (text) => {
    expect(() => parseStep(text)).toThrow('reading a step: expected a step such as 15min, 1h, 1d or 1month for --step')
  })
})

describe('stepForward', () => {
  const day = (text: string) => Date.parse(`${text}Z`)

  it.each([
    ['2020-01-15 06:00', '1month', 1, '2020-02-15 06:00'],
    ['2020-01-30 00:00', '1month', 1, '2020-02-29 00:00'],
    ['2021-01-31 00:00', '1month', 1, '2021-02-28 00:00'],
    ['2021-02-28 00:00', '1month', 1, '2021-03-31 00:00'],
    ['2020-02-29 00:00', 'year', 1, '2021-02-28 00:00'],
    ['2020-11-01 00:00', 'quarter', -4, '2019-11-01 00:00'],
    ['2020-01-01 00:00', '15min', -3, '2019-12-31 23:15'],
  ])('%s and %s, %i times, is %s', (from, step, n, to) => {
    expect(stepForward(day(from), parseStep(step), n)).toBe(day(to))
  })

  it('goes as far in one as in many', () => {
    const random = new Random(4)
    for (let i = 0; i < 200; i++) {
      const start = Date.UTC(1800 + Math.floor(random.next() * 300), Math.floor(random.next() * 12), 1)
      let time = start
      for (let n = 1; n < 20; n++) {
        time = stepForward(time, parseStep('5 months'), 1)
        expect(time).toBe(stepForward(start, parseStep('5 months'), n))
      }
    }
  })

  it('has no next time for rows as they come', () => {
    expect(() => stepForward(0, parseStep('rows'), 1)).toThrow('expected a step of time for step, received rows')
  })
})

describe('inferStep', () => {
  it('takes the commonest difference, the smaller of two', () => {
    expect(stepOf(times('2020-01-01 00:00', '2020-01-01 00:15', '2020-01-01 00:30', '2020-01-01 01:30'))).toEqual(
      parseStep('15min'),
    )
    expect(stepOf(Float64Array.of(0, 60_000, 180_000))).toEqual(parseStep('1min'))
  })

  it('counts months where the day stays, on the first and on the last', () => {
    const months = (day: number, every: number) =>
      Float64Array.from({ length: 30 }, (_, i) => Date.UTC(1749, i * every, day))
    expect(stepOf(months(1, 1))).toEqual(parseStep('month'))
    expect(stepOf(months(0, 1))).toEqual(parseStep('month'))
    expect(stepOf(months(15, 3))).toEqual(parseStep('quarter'))
    expect(stepOf(months(1, 12))).toEqual(parseStep('year'))
    expect(stepOf(Float64Array.from({ length: 30 }, (_, i) => i * 28 * DAY))).toEqual(parseStep('28d'))
  })

  it('sees that a market is closed at weekends', () => {
    const days = Float64Array.from({ length: 60 }, (_, i) => Date.UTC(2024, 0, 1 + i))
    const weekdays = days.filter((day) => new Date(day).getUTCDay() % 6 !== 0)
    expect(stepOf(days)).toEqual(parseStep('1d'))
    expect(inferStep([weekdays])).toEqual({
      step: row,
      why: 'Trading days, since some days of the week never occur',
    })
    expect(inferStep([weekdays, weekdays.slice(0, 3)]).step).toEqual(row)
    expect(stepOf(Float64Array.from({ length: 10 }, (_, i) => i * 7 * DAY))).toEqual(parseStep('1w'))
  })

  it('finds no grid in irregular times, but one behind a little jitter', () => {
    const random = new Random(1)
    const jitter = (share: number) =>
      Float64Array.from({ length: 500 }, (_, i) => Math.round((i + share * random.next()) * 60_000))
    expect(stepOf(jitter(0.9))).toEqual(row)
    expect(stepOf(Float64Array.from({ length: 500 }, (_, i) => i * 60_000 + (i % 7 === 3 ? 2000 : 0)))).toEqual(
      parseStep('1min'),
    )
  })

  it('counts all series together', () => {
    const [a, b] = [Float64Array.of(0, 4000), Float64Array.of(5, 2005, 4005)]
    expect(inferStep([a, b]).step).toEqual(parseStep('2s'))
    expect(() => inferStep([Float64Array.of(1)])).toThrow('expected at least 2 rows of a series')
  })
})
