import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { autocorrelation } from '../metrics/autocorrelation.js'
import { afterAll, describe, expect, it } from 'vitest'
import { ANOMALY_KINDS, makeDemand, station, STATIONS, writeDemoSeries } from './demo-series.js'

const HOUR_MS = 3_600_000
const root = mkdtempSync(join(tmpdir(), 'weft-demo-series-'))
afterAll(() => {
  rmSync(root, { recursive: true })
})

function bytesOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
}

const at = (text: string) => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`)
const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('the demand', () => {
  const seeds = [0, 1, 42]
  const days = 120

  it.each(seeds)('repeats by day and by week (seed %i)', (seed) => {
    const { demand } = makeDemand(days, seed)
    const r = autocorrelation(demand, 7 * 24)
    const highest = (from: number, to: number) => r.indexOf(Math.max(...r.slice(from, to)))
    expect(highest(12, 36)).toBe(24)
    expect(highest(150, 169)).toBe(168)
    // The week counts: a week later is more alike than four days later.
    expect(r[168]).toBeGreaterThan(r[96] ?? 0)
  })

  it.each(seeds)('steps up where the regime changes and follows the weather (seed %i)', (seed) => {
    const { demand, temperature, change } = makeDemand(days, seed)
    // At night, when nobody is up, at temperatures that call for neither heating nor cooling.
    const mild = (from: number, to: number) =>
      demand.slice(from, to).filter((value, i) => {
        const row = from + i
        const degrees = temperature[row] ?? 0
        return row % 24 === 3 && degrees > 10 && degrees < 20 && value > 600 && value < 1300
      })
    const rise = meanOf(mild(change, demand.length)) - meanOf(mild(0, change))
    expect(rise).toBeGreaterThan(70)
    const cold = demand.filter((_, row) => row < change && row % 24 === 3 && (temperature[row] ?? 0) < 4)
    expect(meanOf(cold) - meanOf(mild(0, change))).toBeGreaterThan(30)
  })

  it.each(seeds)('has outliers, and holidays that are like Sundays (seed %i)', (seed) => {
    const { demand, holiday, outliers } = makeDemand(days, seed)
    expect(outliers.length).toBeGreaterThanOrEqual(5)
    for (const row of outliers) {
      const beside = ((demand[row - 1] ?? 0) + (demand[row + 1] ?? 0)) / 2
      expect(Math.abs((demand[row] ?? 0) / beside - 1)).toBeGreaterThan(0.25)
    }
    const off = holiday.filter((value) => value === 1).length
    expect(off).toBeGreaterThan(0)
    expect(off % 24).toBe(0)
  })

  it('is a file with five rows missing, one there twice, and no demand on the last day', () => {
    const { forecast } = writeDemoSeries(join(root, 'file'), { seed: 3, days })
    const [head, ...rows] = readFileSync(forecast, 'utf8').trimEnd().split('\n')
    expect(head).toBe('time,demand,temperature,holiday')
    expect(rows.length).toBe(days * 24 - 5 + 1)
    expect(new Set(rows).size).toBe(days * 24 - 5)
    const times = rows.map((row) => at(row))
    const steps = times.slice(1).map((time, i) => (time - (times[i] ?? 0)) / HOUR_MS)
    expect(steps.filter((step) => step !== 1).sort()).toEqual([0, 2, 2, 4])
    rows.forEach((row, i) => {
      const demand = i < rows.length - 24 ? String.raw`\d+\.\d` : ''
      expect(row).toMatch(new RegExp(String.raw`^2024-\d\d-\d\d \d\d:00:00,${demand},(?!-0\.0)-?\d+\.\d,[01]$`))
    })
  })
})

describe('the stations', () => {
  const days = 60

  it.each(STATIONS)('%s has one anomaly of each kind, none in the first quarter, apart from one another', (name) => {
    for (const seed of [0, 5, 9]) {
      const { values, found } = station(name, days, seed)
      expect(found.map(({ kind }) => kind).sort()).toEqual([...ANOMALY_KINDS].sort())
      let before = values.length / 4 - 25
      for (const { rows, window } of found) {
        expect(window[0]).toBeGreaterThan(before)
        expect(window[0]).toBeLessThanOrEqual(rows[0])
        expect(window[1]).toBeGreaterThanOrEqual(rows[1])
        before = window[1]
      }
      expect(before).toBeLessThan(values.length)
    }
  })

  it('hold what their labels say', () => {
    for (const name of STATIONS) {
      const { values, found } = station(name, days, 2)
      for (const { kind, rows } of found) {
        const [first, last] = rows
        const inside = values.slice(first, last + 1)
        const daysBefore = values.slice(first - 168, last + 1 - 168)
        const moved = Math.abs(meanOf(inside) - meanOf(daysBefore))
        if (kind === 'flatline') expect(new Set(inside).size).toBe(1)
        if (kind === 'spike') expect(moved).toBeGreaterThan(25)
        if (kind === 'level shift') expect(moved).toBeGreaterThan(10)
        if (kind === 'change of frequency') {
          const r = autocorrelation(inside, 12)
          expect(r[6]).toBeGreaterThan(0.4)
          expect(autocorrelation(daysBefore, 12)[6]).toBeLessThan(0.3)
        }
      }
    }
  })

  it('have labels in the shape of the benchmark, within the times of their files', () => {
    const { anomalies, labels } = writeDemoSeries(join(root, 'labels'), { seed: 1, days: 28 })
    const windows = JSON.parse(readFileSync(labels, 'utf8')) as Record<string, [string, string][]>
    expect(Object.keys(windows).sort()).toEqual(readdirSync(anomalies).sort())
    for (const [file, spans] of Object.entries(windows)) {
      const rows = readFileSync(join(anomalies, file), 'utf8').trimEnd().split('\n')
      expect(rows[0]).toBe('timestamp,value')
      expect(rows.length).toBe(28 * 24 + 1)
      const [start, end] = [at(rows[1] ?? ''), at(rows.at(-1) ?? '')]
      expect(spans.length).toBe(ANOMALY_KINDS.length)
      for (const [from, to] of spans) {
        expect(from).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
        expect(at(from)).toBeGreaterThan(start)
        expect(at(to)).toBeGreaterThan(at(from))
        expect(at(to)).toBeLessThanOrEqual(end)
      }
    }
  })
})

describe('a seed', () => {
  it('gives the same bytes, and another seed others', () => {
    const write = (name: string, seed: number) => {
      writeDemoSeries(join(root, name), { seed, days: 30 })
      return bytesOf(join(root, name))
    }
    const first = write('a', 11)
    expect(write('b', 11)).toBe(first)
    expect(write('c', 12)).not.toBe(first)
  })

  it('needs four weeks of days', () => {
    expect(() => writeDemoSeries(root, { seed: 1, days: 27 })).toThrow(
      'making the series of the demonstration: expected a whole number of at least 28 for days, received 27',
    )
  })
})
