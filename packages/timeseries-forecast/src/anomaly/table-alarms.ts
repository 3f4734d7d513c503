/**
 * The alarms of a table: runs of rows whose scores reached the threshold, with their labels where there are some.
 */
import type { nabProfiles } from '../metrics/nab.js'
import type { RuntimeReport } from '@weft/core/runtime'
import type { Series, Table } from '../series/series.js'
import type { SeriesDetection } from './train-detector.js'
import type { Windows } from './labels.js'

/** Rows that raised an alarm, one after the other. */
export interface Alarm {
  /** ISO 8601, of the first and the last row. */
  readonly from: string
  readonly to: string
  readonly rows: number
  /** The highest of them. */
  readonly score: number
  /** With labels: whether one of the rows lies in a labelled anomaly. */
  readonly labelled?: boolean
  /** Of the first row, by column. */
  readonly values: Readonly<Record<string, number>>
  readonly expected: Readonly<Record<string, number>>
}

export interface TableAlarms {
  /** The file, and the series within it where there are several. */
  readonly name: string
  readonly rows: number
  readonly probation: number
  readonly threshold: number
  readonly alarms: readonly Alarm[]
  /** With labels: how many anomalies are labelled, and how many of them raised an alarm. */
  readonly labelled?: { readonly anomalies: number; readonly found: number }
}

/** Scores by the benchmark's profiles, from 0 for silence to 100 for alarms at the first row of each anomaly. */
export type NabScores = Readonly<Record<keyof typeof nabProfiles, number>>

export interface DetectResult {
  readonly tables: readonly TableAlarms[]
  /** With labels: with one threshold that is best for all tables, as the benchmark has it, and with the detectors' own. */
  readonly nab?: { readonly bestThreshold: NabScores; readonly ownThreshold: NabScores; readonly threshold: number }
  readonly runtime: RuntimeReport
  readonly seconds: number
  readonly report: string | undefined
  /** What to tell. */
  readonly lines: readonly string[]
}

/** A series with what was found in it. */
export interface DetectorRun {
  readonly name: string
  readonly file: string
  readonly table: Table
  readonly series: Series
  readonly columns: readonly string[]
  readonly detection: SeriesDetection
  /** Labelled anomalies; undefined without labels. */
  readonly windows: Windows | undefined
}

/** The alarms of one series: neighbouring rows are one alarm. */
export function tableAlarms({ name, series, columns, detection, windows }: DetectorRun): TableAlarms {
  const { alarms, scores, probation, threshold, expected: wanted } = detection
  const groups: number[][] = []
  for (const row of alarms) {
    const last = groups.at(-1)
    if (last?.at(-1) === row - 1) last.push(row)
    else groups.push([row])
  }
  const moment = (row: number | undefined) => series.times[row ?? 0] ?? 0
  const time = (row: number | undefined) => new Date(moment(row)).toISOString()
  const isIn = (rows: readonly number[], [start, end]: Windows[number]) =>
    moment(rows[0]) <= end && moment(rows.at(-1)) >= start
  return {
    name,
    rows: series.times.length,
    probation,
    threshold,
    ...(windows && {
      labelled: {
        anomalies: windows.length,
        found: windows.filter((window) => groups.some((rows) => isIn(rows, window))).length,
      },
    }),
    alarms: groups.map((rows) => {
      const [first = 0] = rows
      const at = (values: (column: number) => number | undefined) =>
        Object.fromEntries(columns.map((column, c) => [column, values(c) ?? Number.NaN]))
      return {
        from: time(first),
        to: time(rows.at(-1)),
        rows: rows.length,
        ...(windows && { labelled: windows.some((window) => isIn(rows, window)) }),
        score: rows.reduce((most, row) => Math.max(most, scores[row] ?? 0), 0),
        values: at((c) => series.columns.get(columns[c] ?? '')?.[first]),
        expected: at((c) => wanted[c]?.[first]),
      }
    }),
  }
}
