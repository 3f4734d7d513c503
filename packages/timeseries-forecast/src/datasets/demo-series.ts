/**
 * The demonstration's series, made from a seed: the hourly demand of a town with a trend, two seasons, the weather that drives it,
 * holidays, a change of regime and some bad rows, to be forecast; and the loads of three stations with labelled anomalies of four
 * kinds, to be watched. What is made is plausible, not modelled on any grid; every number is a function of the seed. The labels have
 * the shape of those of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015, arXiv:1510.03336): file → windows of time.
 */
import { join } from 'node:path'
import { expected } from '@weft/core/errors'
import { Random } from '@weft/core/runtime'
import { writeFileAtomic, writeJsonAtomic } from '@weft/core/files'

export interface DemoSeriesOptions {
  readonly seed: number
  /** Length of each series, at least 28. */
  readonly days: number
}

/** Where the series were written. */
export interface DemoSeries {
  /** CSV file: `time`, `demand` (MW), `temperature` (°C), `holiday` (0 or 1); the last two are known in advance, a day further. */
  readonly forecast: string
  /** Folder of CSV files, one a station: `timestamp`, `value` (MW). */
  readonly anomalies: string
  /** JSON file: the name of each file in `anomalies` → windows `[start, end]`. */
  readonly labels: string
}

/** Kinds of anomaly; each station has one of each. */
export const ANOMALY_KINDS = ['spike', 'level shift', 'flatline', 'change of frequency'] as const
export type AnomalyKind = (typeof ANOMALY_KINDS)[number]

export const STATIONS: readonly string[] = ['north', 'east', 'south']

const DAY = 24
const HOUR_MS = 3_600_000
/** A Monday. */
const START_MS = Date.UTC(2024, 2, 4)
const LEAST_DAYS = 28

/**
 * Writes the series into a folder, which is made when it is missing.
 *
 * @throws UserError when `days` is below 28, or a file cannot be written.
 */
export function writeDemoSeries(folder: string, { seed, days }: DemoSeriesOptions): DemoSeries {
  if (!Number.isInteger(days) || days < LEAST_DAYS) {
    const what = `a whole number of at least ${LEAST_DAYS}`
    throw expected({ doing: 'making the series of the demonstration', want: what, of: 'days', got: days })
  }
  const forecast = join(folder, 'demand.csv')
  writeFileAtomic(forecast, demandCsv(days, seed))
  const anomalies = join(folder, 'stations')
  const labels: Record<string, [string, string][]> = {}
  for (const name of STATIONS) {
    const { values, found } = station(name, days, seed)
    const rows = Array.from(values, (value, row) => `${timestamp(row)},${value.toFixed(2)}`)
    writeFileAtomic(join(anomalies, `${name}.csv`), `timestamp,value\n${rows.join('\n')}\n`)
    labels[`${name}.csv`] = found.map(({ window }) => [
      `${timestamp(window[0])}.000000`,
      `${timestamp(window[1])}.000000`,
    ])
  }
  const file = join(folder, 'labels.json')
  writeJsonAtomic(file, labels)
  return { forecast, anomalies, labels: file }
}

/** `2024-03-04 13:00:00` of a row, in UTC. */
function timestamp(row: number): string {
  return new Date(START_MS + row * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ')
}

/** What the demand is made of, and what was done to it, by row. */
export interface Demand {
  /** MW, [T]. */
  readonly demand: Float64Array
  /** °C, [T]. */
  readonly temperature: Float64Array
  /** 0 or 1, [T]. */
  readonly holiday: Float64Array
  /** The first row of the new regime. */
  readonly change: number
  /** Rows whose demand is far from what it should be. */
  readonly outliers: readonly number[]
}

/** Rows with a wild value: one every so many days. */
const DAYS_PER_OUTLIER = 18
const DAYS_PER_HOLIDAY = 20
/** Where in the series the regime changes. */
const CHANGE = 0.55

/** Hourly demand over whole days. */
export function makeDemand(days: number, seed: number): Demand {
  const rows = days * DAY
  const temperature = makeTemperature(rows, seed)
  const holidays = spread(days, Math.max(1, Math.round(days / DAYS_PER_HOLIDAY)), new Random(seed, 'holidays'))
  const change = Math.round(CHANGE * days) * DAY
  const noise = autoregressive(rows, 0.7, 9, new Random(seed, 'demand'))
  const holiday = new Float64Array(rows)
  const demand = Float64Array.from({ length: rows }, (_, row) => {
    const day = Math.floor(row / DAY)
    const weekday = day % 7
    const free = holidays.includes(day)
    if (free) holiday[row] = 1
    const trend = 900 + (70 * row) / rows
    const heating = 7 * Math.max(0, 15 - (temperature[row] ?? 0))
    const cooling = 8 * Math.max(0, (temperature[row] ?? 0) - 20)
    // From here on a large works runs day and night, which lifts the level and flattens the day.
    const works = row < change ? 0 : 90
    const swing = (row < change ? 1 : 0.85) * hourOfDay(row % DAY, free || weekday >= 5)
    return trend + swing + heating + cooling + works + (noise[row] ?? 0)
  })
  const random = new Random(seed, 'outliers')
  const outliers = spread(rows, Math.max(2, Math.round(days / DAYS_PER_OUTLIER)), random)
  outliers.forEach((row, at) => {
    demand[row] = (demand[row] ?? 0) * (at % 2 === 0 ? random.uniform(1.45, 1.6) : random.uniform(0.35, 0.5))
  })
  return { demand, temperature, holiday, change, outliers }
}

/** Megawatts above or below the mean at an hour: a morning and a higher evening peak; on free days later and lower. */
function hourOfDay(hour: number, free: boolean): number {
  const bump = (centre: number, width: number) => {
    const distance = Math.min(Math.abs(hour - centre), DAY - Math.abs(hour - centre))
    return Math.exp(-((distance / width) ** 2) / 2)
  }
  return free
    ? -130 + 110 * bump(11.5, 3) + 150 * bump(19.5, 2.6) - 70 * bump(4, 3)
    : -60 + 210 * bump(8.5, 2.4) + 90 * bump(13, 3) + 240 * bump(18.5, 2.6) - 110 * bump(3.5, 3)
}

/** Spring into summer: warmer from week to week, warm afternoons, and weather that lasts for days. */
function makeTemperature(rows: number, seed: number): Float64Array {
  const weather = autoregressive(rows, 0.985, 0.65, new Random(seed, 'temperature'))
  return Float64Array.from({ length: rows }, (_, row) => {
    const ofYear = 13 - 4 * Math.cos((2 * Math.PI * (row / DAY + 40)) / 365)
    const ofDay = 4.5 * Math.cos((2 * Math.PI * (row - 15)) / DAY)
    return ofYear + ofDay + (weather[row] ?? 0)
  })
}

/** Noise of which each value holds the share `kept` of the one before. */
function autoregressive(rows: number, kept: number, deviation: number, random: Random): Float64Array {
  let value = (deviation * random.normal()) / Math.sqrt(1 - kept * kept)
  return Float64Array.from({ length: rows }, () => (value = kept * value + deviation * random.normal()))
}

/** `count` numbers below `length` in ascending order, one in each of as many equal stretches, away from their ends. */
function spread(length: number, count: number, random: Random): number[] {
  return Array.from({ length: count }, (_, at) => Math.floor(((at + random.uniform(0.15, 0.85)) * length) / count))
}

/**
 * The demand as a file: five rows are missing, three of them in a run, and one stands there twice. Of the last day only what is known
 * ahead stands there: it is what can be forecast.
 */
function demandCsv(days: number, seed: number): string {
  const { demand, temperature, holiday } = makeDemand(days, seed)
  const [run = 0, first = 0, twice = 0, second = 0] = spread(demand.length, 4, new Random(seed, 'rows'))
  const missing = new Set([run, run + 1, run + 2, first, second])
  const lines = ['time,demand,temperature,holiday']
  demand.forEach((value, row) => {
    if (missing.has(row)) return
    const known = row < demand.length - DAY ? decimal(value) : ''
    const line = `${timestamp(row)},${known},${decimal(temperature[row] ?? 0)},${holiday[row] ?? 0}`
    lines.push(line)
    if (row === twice) lines.push(line)
  })
  return `${lines.join('\n')}\n`
}

/** With one decimal, and never `-0.0`. */
function decimal(value: number): string {
  return (Math.round(10 * value) / 10).toFixed(1)
}

export interface Anomaly {
  readonly kind: AnomalyKind
  /** First and last row that was changed. */
  readonly rows: readonly [number, number]
  /** First and last row of the label: the anomaly in the middle, as wide as in the Numenta Anomaly Benchmark. */
  readonly window: readonly [number, number]
}

/** Nothing is odd before this share of the series, so that a threshold can be learnt there. */
const QUIET = 0.25
/** Share of a series that its windows take together. */
const LABELLED = 0.1

/** The load of a station: two seasons and noise, and in the later part one anomaly of each kind, in an order of its own. */
export function station(
  name: string,
  days: number,
  seed: number,
): { readonly values: Float64Array; readonly found: readonly Anomaly[] } {
  const random = new Random(seed, 'station', name)
  const rows = days * DAY
  const [level, size, peak] = [random.uniform(60, 90), random.uniform(14, 20), random.uniform(14, 18)]
  const noise = autoregressive(rows, 0.6, 0.08 * size, random)
  const dayAt = (row: number, period: number) => {
    const phase = (2 * Math.PI * (row - peak)) / period
    return size * (Math.cos(phase) + 0.3 * Math.cos(2 * phase))
  }
  const weekAt = (row: number) => (Math.floor(row / DAY) % 7 >= 5 ? -0.6 * size : 0)
  const values = Float64Array.from(
    { length: rows },
    (_, row) => level + dayAt(row, DAY) + weekAt(row) + (noise[row] ?? 0),
  )
  const start = Math.floor(QUIET * rows)
  const stretch = (rows - start) / ANOMALY_KINDS.length
  const width = Math.round((LABELLED * rows) / ANOMALY_KINDS.length)
  const found = random.shuffle([...ANOMALY_KINDS]).map((kind, at): Anomaly => {
    const length = kind === 'spike' ? 2 : Math.max(DAY, Math.round(width * 0.6))
    const margin = Math.max(width, length)
    const first = Math.floor(start + at * stretch + random.uniform(margin / 2, stretch - 1.5 * margin))
    const last = first + length - 1
    const sign = random.next() < 0.5 ? -1 : 1
    const held = values[first] ?? 0
    for (let row = first; row <= last; row++) {
      const value = values[row] ?? 0
      if (kind === 'spike') values[row] = value + sign * 3 * size
      if (kind === 'level shift') values[row] = value + sign * 1.5 * size
      if (kind === 'flatline') values[row] = held
      if (kind === 'change of frequency') values[row] = value - dayAt(row, DAY) + dayAt(row, DAY / 4)
    }
    const before = Math.floor(Math.max(0, width - length) / 2)
    return { kind, rows: [first, last], window: [first - before, first - before + Math.max(width, length) - 1] }
  })
  return { values, found }
}
