import { setupRuntime } from '@weft/core/runtime'
import { UserError } from '@weft/core/errors'
import { beforeAll, describe, expect, it } from 'vitest'
import { detectionOptions } from '../options/anomaly.js'
import { wave } from './testing/wave.js'
import { detectRows, detectSeries, type Rows, rowsOf, trainDetector } from './train-detector.js'

beforeAll(async () => {
  await setupRuntime({})
})

const OPTIONS = { probation: 120, epochs: 2, seed: 2 }
const changed = ({ times, columns }: Rows, change: (value: number, row: number) => number): Rows => ({
  times,
  columns: columns.map((column) => Float64Array.from(column, change)),
})

describe.each(detectionOptions.detector.choices)('the detector %s', (kind) => {
  const detect = async (rows: Rows) => await detectSeries(rows, { ...OPTIONS, kind })

  it('finds a spike, and stays quiet without one', async () => {
    const found = await detect(wave(300, { spikeAt: 250 }))
    expect(found.alarms).toContain(250)
    expect(found.alarms.length).toBeLessThan(6)
    expect(found.threshold).toBe(0.995)
    const quiet = await detect(wave(300))
    expect(quiet.alarms.length).toBeLessThan(6)
    expect(quiet.alarms).not.toContain(250)
  })

  it('sees no row before it comes', async () => {
    const rows = wave(260, { spikeAt: 180 })
    const known = await detect(rows)
    const other = await detect(changed(rows, (value, row) => (row < 220 ? value : 1000 - 3 * value)))
    expect(other.scores.subarray(0, 220)).toEqual(known.scores.subarray(0, 220))
    const upTo = kind === 'autoencoder' ? 220 : 221 // a forecast of row 220 is made before it
    expect(other.expected[0]?.subarray(0, upTo)).toEqual(known.expected[0]?.subarray(0, upTo))
    expect(other.scores.subarray(220)).not.toEqual(known.scores.subarray(220))
  })

  it('is a function of its seed, and the same for another unit', async () => {
    const rows = wave(250, { spikeAt: 200 })
    const once = await detect(rows)
    expect((await detect(rows)).scores).toEqual(once.scores)
    const fahrenheit = await detect(changed(rows, (value) => 32 + 1.8 * value))
    expect(fahrenheit.alarms).toEqual(once.alarms)
  })

  it('takes missing values, constants and outliers as they come', async () => {
    const gaps = await detect(
      changed(wave(300, { spikeAt: 250 }), (value, row) => (row % 7 === 3 ? Number.NaN : value)),
    )
    expect(gaps.scores.every((score) => score >= 0 && score <= 1)).toBe(true)
    expect(gaps.alarms).toContain(250)
    const flat = await detect(changed(wave(300), () => 5))
    expect(flat.alarms).toEqual([])
    const leaps = await detect(changed(wave(300), (_, row) => (row === 200 ? 6 : 5)))
    expect(leaps.alarms).toEqual([200])
    const huge = await detect(changed(wave(300), (value, row) => (row === 50 ? 1e12 : value)))
    expect(huge.scores.every((score) => score >= 0 && score <= 1)).toBe(true)
  })
})

describe('detectSeries', () => {
  it('is the same as row by row', async () => {
    const rows = wave(300, { spikeAt: 250 })
    const whole = await detectSeries(rows, OPTIONS)
    const part = (from: number, to: number): Rows => ({
      times: Float64Array.from(rows.times).subarray(from, to),
      columns: rows.columns.map((column) => Float64Array.from(column).subarray(from, to)),
    })
    const detector = await trainDetector(part(0, 120), OPTIONS)
    expect(detectRows(detector, part(120, 300)).scores).toEqual(whole.scores.subarray(120))
  })

  it('finds that the level has moved', async () => {
    const { alarms } = await detectSeries(wave(400, { shiftAt: 300 }), OPTIONS)
    expect(alarms.some((row) => row >= 300 && row < 310)).toBe(true)
  })

  it('watches several columns together', async () => {
    const [first, second] = [wave(300), wave(300, { spikeAt: 220 })]
    const rows = { times: first.times, columns: [...first.columns, ...second.columns] }
    const { alarms, expected } = await detectSeries(rows, OPTIONS)
    expect(alarms).toContain(220)
    expect(expected.map((column) => column.length)).toEqual([300, 300])
  })

  it('raises fewer alarms at a smaller risk', async () => {
    const rows = wave(300, { spikeAt: 250 })
    const many = await detectSeries(rows, { ...OPTIONS, risk: 0.05 })
    const few = await detectSeries(rows, { ...OPTIONS, risk: 0.0005 })
    expect(few.alarms.length).toBeLessThan(many.alarms.length)
    expect(few.scores).toEqual(many.scores)
  })

  it('says what is too short or no risk', async () => {
    await expect(detectSeries(wave(50))).rejects.toThrow(
      'training a detector: expected at least 60 rows for the probation part, received 50',
    )
    await expect(detectSeries(wave(300), { ...OPTIONS, risk: 1 })).rejects.toThrow(UserError)
  })

  it('stops when it is aborted', async () => {
    const abort = new AbortController()
    abort.abort()
    await expect(detectSeries(wave(300), { ...OPTIONS, signal: abort.signal })).rejects.toThrow('abort')
  })
})

describe('rowsOf', () => {
  it('takes the columns named', () => {
    const [a, b] = [Float64Array.of(1, 2), Float64Array.of(3, 4)]
    const columns = new Map([
      ['a', a],
      ['b', b],
    ])
    const series = { key: '', times: Float64Array.of(0, 1), columns }
    expect(rowsOf(series).columns).toEqual([a, b])
    expect(rowsOf(series, ['b']).columns).toEqual([b])
    expect(() => rowsOf(series, ['c'])).toThrow('expected one of a, b for a column, received "c"')
  })
})
