/**
 * Finding what is unusual in tables, each file a table of its own: a detector learns from the first rows what is usual and then takes row
 * after row, as it would have when they came. With labels its alarms are scored as the Numenta Anomaly Benchmark scores them. What a
 * detector is stands in anomaly/; a detector that was saved goes on with `watch`.
 */
import { basename, extname, join } from 'node:path'
import {
  expected,
  nabProbation,
  nabProfiles,
  nabScore,
  readJson,
  setupRuntime,
  UserError,
  writeFileAtomic,
  writeJsonAtomic,
  type NabFile,
  type RuntimeReport,
} from '@weft/core'
import { reportFooter, toCsv } from '@weft/core/app'
import { formatDuration, formatNumber, formatPairs, plural, resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { anomalySection, writeReport } from '@weft/core/report'
import { detectSeries, rowsOf, type SeriesDetection } from './anomaly/train-detector.js'
import { saveDetector } from './anomaly/watcher.js'
import { FORMAT } from './model.js'
import { detectOptions, type DetectOptions } from './options.js'
import type { Series, Table } from './series.js'
import { parseInstant } from './table/instants.js'
import { readTable, tableFiles } from './table/read-table.js'

/** Series that a report draws. */
const DRAWN_SERIES = 12
/** Alarms that are printed of a series. */
const PRINTED_ALARMS = 5

/** Rows that raised an alarm, one after the other. */
export interface Alarm {
  /** ISO 8601, of the first and the last row. */
  readonly from: string
  readonly to: string
  readonly rows: number
  /** The highest of them. */
  readonly score: number
  /** Of the first row, by column. */
  readonly values: Readonly<Record<string, number>>
  readonly expected: Readonly<Record<string, number>>
}

export interface DetectedTable {
  /** The file, and the series within it where there are several. */
  readonly name: string
  readonly rows: number
  readonly probation: number
  readonly threshold: number
  readonly alarms: readonly Alarm[]
}

/** Scores by the benchmark's profiles, from 0 for silence to 100 for alarms at the first row of each anomaly. */
export type NabScores = Readonly<Record<keyof typeof nabProfiles, number>>

export interface DetectResult {
  readonly tables: readonly DetectedTable[]
  /** With labels: with one threshold that is best for all tables, as the benchmark has it, and with the detectors' own. */
  readonly nab?: { readonly bestThreshold: NabScores; readonly ownThreshold: NabScores; readonly threshold: number }
  readonly runtime: RuntimeReport
  readonly seconds: number
  readonly report: string | undefined
  /** What to tell. */
  readonly lines: readonly string[]
}

export interface DetectHooks {
  readonly signal?: AbortSignal | undefined
  readonly note?: (line: string) => void
  readonly onFiles?: (done: number, total: number) => void
  readonly command?: string
}

/** A series with what was found in it. */
interface Found {
  readonly name: string
  readonly file: string
  readonly table: Table
  readonly series: Series
  readonly columns: readonly string[]
  readonly detection: SeriesDetection
  readonly windows: readonly (readonly [start: number, end: number])[]
}

/** @throws UserError for files, columns or labels that a user can mend. */
export async function detect(
  given: GivenOptions<typeof detectOptions>,
  hooks: DetectHooks = {},
): Promise<DetectResult> {
  const started = performance.now()
  const options = resolveOptions(detectOptions, given)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads })
  const labels = options.labels === undefined ? undefined : readLabels(options.labels)
  const found: Found[] = []
  const files = await tableFiles(options.data)
  hooks.onFiles?.(0, files.length)
  for (const [at, file] of files.entries()) {
    hooks.signal?.throwIfAborted()
    found.push(...(await detectTable(file, options, labels, hooks)))
    hooks.onFiles?.(at + 1, files.length)
  }
  const tables = found.map(described)
  const nab = labels && scoreOf(found, options)
  const seconds = (performance.now() - started) / 1000
  const result = { tables, ...(nab && { nab }), runtime, seconds }
  const report = options.out === undefined ? undefined : join(options.out, 'report.html')
  if (options.out !== undefined) await write(options.out, found, result, options, hooks.command)
  for (const { detection } of found) detection.detector.model.dispose()
  return { ...result, report, lines: linesOf(result, report) }
}

async function detectTable(
  file: string,
  options: DetectOptions,
  labels: ReadonlyMap<string, Found['windows']> | undefined,
  { signal }: DetectHooks,
): Promise<Found[]> {
  const { key, columns, duplicates, unsorted, timeZone, missingText, time, step, rows, dateOrder } = options
  const table = await readTable({
    data: file,
    key,
    duplicates,
    unsorted,
    timeZone,
    missingText,
    ...(columns.length > 0 && { columns }),
    ...(time !== undefined && { time }),
    ...(step !== undefined && { step }),
    ...(rows !== undefined && { rows }),
    ...(dateOrder !== undefined && { dateOrder }),
  })
  const found: Found[] = []
  for (const series of table.series) {
    const watched = [...series.columns.keys()]
    const detection = await detectSeries(rowsOf(series), {
      kind: options.detector,
      risk: options.risk,
      seed: options.seed,
      ...(options.probation !== undefined && { probation: options.probation }),
      ...(signal && { signal }),
    })
    const name = series.key === '' ? basename(file) : `${basename(file)}, ${series.key}`
    found.push({ name, file, table, series, columns: watched, detection, windows: windowsOf(labels, file) })
  }
  return found
}

/** Windows of anomalies by file. @throws UserError when it is no such file. */
function readLabels(path: string): ReadonlyMap<string, Found['windows']> {
  const json = readJson(path)
  const wrong = (received: unknown) =>
    expected(`reading ${path}`, 'a list of [start, end] for each file', 'labels', JSON.stringify(received))
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong(json)
  return new Map(
    Object.entries(json).map(([file, windows]): [string, Found['windows']] => {
      if (!Array.isArray(windows)) throw wrong(windows)
      return [
        file,
        windows.map((window: unknown) => {
          const [start, end] = Array.isArray(window) ? window.map((text) => parseInstant(String(text))?.ms) : []
          if (start === undefined || end === undefined || end < start) throw wrong(window)
          return [start, end] as const
        }),
      ]
    }),
  )
}

/** The windows of the file whose path ends like the name in the labels. */
function windowsOf(labels: ReadonlyMap<string, Found['windows']> | undefined, file: string): Found['windows'] {
  const path = file.replaceAll('\\', '/')
  for (const [name, windows] of labels ?? []) if (path === name || path.endsWith(`/${name}`)) return windows
  return []
}

function described({ name, series, columns, detection }: Found): DetectedTable {
  const { alarms, scores, probation, threshold, expected: wanted } = detection
  const groups: number[][] = []
  for (const row of alarms) {
    const last = groups.at(-1)
    if (last?.at(-1) === row - 1) last.push(row)
    else groups.push([row])
  }
  const time = (row: number | undefined) => new Date(series.times[row ?? 0] ?? 0).toISOString()
  return {
    name,
    rows: series.times.length,
    probation,
    threshold,
    alarms: groups.map((rows) => {
      const [first = 0] = rows
      const at = (values: (column: number) => number | undefined) =>
        Object.fromEntries(columns.map((column, c) => [column, values(c) ?? Number.NaN]))
      return {
        from: time(first),
        to: time(rows.at(-1)),
        rows: rows.length,
        score: rows.reduce((most, row) => Math.max(most, scores[row] ?? 0), 0),
        values: at((c) => series.columns.get(columns[c] ?? '')?.[first]),
        expected: at((c) => wanted[c]?.[first]),
      }
    }),
  }
}

function scoreOf(found: readonly Found[], { risk, labels }: DetectOptions): NonNullable<DetectResult['nab']> {
  if (found.every(({ windows }) => windows.length === 0)) {
    throw new UserError(
      `scoring alarms: expected anomalies of at least one of the files in ${labels ?? 'the labels'}, received none`,
      'The names in the labels are the ends of the files’ paths.',
    )
  }
  const files = found.map(({ series, detection, windows }): NabFile => {
    const { scores } = detection
    return { scores, times: series.times, windows, probation: nabProbation(scores.length) }
  })
  const names = Object.keys(nabProfiles) as (keyof typeof nabProfiles)[]
  const by = (threshold?: number) =>
    Object.fromEntries(names.map((name) => [name, nabScore(files, nabProfiles[name], threshold).score])) as NabScores
  const { threshold } = nabScore(files, nabProfiles.standard)
  return { bestThreshold: by(), ownThreshold: by(1 - risk), threshold }
}

/** What to tell of it. */
function linesOf(
  { tables, nab, seconds }: Omit<DetectResult, 'lines' | 'report'>,
  report: string | undefined,
): string[] {
  const some = tables.flatMap(({ name, rows, alarms, probation }) => [
    `${name}: ${plural(alarms.length, 'alarm')} in ${plural(rows - probation, 'row')} after the first ${probation}`,
    ...alarms.slice(0, PRINTED_ALARMS).map(alarmText),
    ...(alarms.length > PRINTED_ALARMS ? [`  and ${alarms.length - PRINTED_ALARMS} more`] : []),
  ])
  const rows = tables.reduce((sum, one) => sum + one.rows, 0)
  return [
    ...some,
    '',
    formatPairs({
      tables: tables.length,
      rows,
      ...(nab && {
        'NAB score': `${nab.bestThreshold.standard.toFixed(1)} with the best threshold for all, ${nab.ownThreshold.standard.toFixed(1)} with the detectors’ own`,
      }),
      time: formatDuration(seconds),
      report,
    }),
  ]
}

function alarmText({ from, rows, values, expected: wanted }: Alarm): string {
  const shown = Object.entries(values).map(([column, value]) => {
    const usual = wanted[column]
    const instead = usual === undefined || Number.isNaN(usual) ? '' : `, expected ${formatNumber(usual, 4)}`
    return `${column} ${formatNumber(value, 4)}${instead}`
  })
  return `  ${from.slice(0, 16).replace('T', ' ')}  ${shown.join('; ')}${rows > 1 ? `  (${rows} rows)` : ''}`
}

async function write(
  out: string,
  found: readonly Found[],
  result: Pick<DetectResult, 'tables' | 'nab' | 'runtime' | 'seconds'>,
  options: DetectOptions,
  command: string | undefined,
): Promise<void> {
  const { tables, nab, runtime, seconds } = result
  const rows = tables.flatMap(({ name, alarms }) =>
    alarms.map(({ from, to, rows: count, score }) => [name, from, to, String(count), String(score)]),
  )
  writeFileAtomic(join(out, 'alarms.csv'), toCsv([['table', 'from', 'to', 'rows', 'score'], ...rows]))
  for (const { name, table, series, columns, detection } of found) {
    const folder = found.length === 1 ? join(out, 'detector') : join(out, 'detectors', folderName(name))
    await saveDetector(detection.detector, folder, series.times.at(-1))
    const { timeColumn, timeZone } = table
    writeJsonAtomic(join(folder, 'table.json'), { timeColumn, timeZone, columns })
  }
  const figure = (value: number) => value.toFixed(1)
  writeReport(join(out, 'report.html'), {
    kicker: `Weft ${FORMAT.app}`,
    title: 'Alarms',
    subtitle: `${plural(tables.length, 'table')}, ${options.detector} detector`,
    summary: [
      {
        label: 'Alarms',
        value: String(tables.reduce((sum, { alarms }) => sum + alarms.length, 0)),
        note: `in ${plural(
          tables.reduce((sum, one) => sum + one.rows, 0),
          'row',
        )}`,
      },
      ...(nab
        ? [
            {
              label: 'NAB score',
              value: figure(nab.bestThreshold.standard),
              note: `with its own threshold ${figure(nab.ownThreshold.standard)}; 0 silent, 100 perfect`,
            },
          ]
        : []),
    ],
    sections: [
      anomalySection(
        found.slice(0, DRAWN_SERIES).map(({ name, series, columns, detection, windows }) => ({
          data: drawn(series, columns[0] ?? '', detection, windows),
          caption: `${name}.`,
        })),
        found.length > DRAWN_SERIES ? `Drawn are the first ${DRAWN_SERIES} of ${found.length}.` : [],
        [
          {
            caption: 'Alarms by table.',
            columns: [{ header: 'table' }, { header: 'rows', align: 'right' }, { header: 'alarms', align: 'right' }],
            rows: tables.map(({ name, rows: count, alarms }) => [name, count, alarms.length]),
          },
        ],
      ),
    ],
    footer: reportFooter({ runtime, seconds }, { options, command }),
  })
}

/** A name that any file system takes. */
function folderName(name: string): string {
  return name.slice(0, name.length - extname(name).length || undefined).replace(/[^\w.-]+/g, '_')
}

function drawn(series: Series, column: string, detection: SeriesDetection, windows: Found['windows']) {
  const { times } = series
  const rowAt = (time: number) => {
    const row = times.findIndex((one) => one >= time)
    return row === -1 ? times.length - 1 : row
  }
  return {
    times,
    values: series.columns.get(column) ?? new Float64Array(0),
    ...(detection.expected[0] && { expected: detection.expected[0] }),
    scores: detection.scores,
    threshold: detection.threshold,
    alarms: detection.alarms,
    windows: windows.map(([start, end]): [number, number] => [rowAt(start), rowAt(end)]),
    probation: detection.probation,
    label: column,
  }
}

/** What was found, as JSON prints it. */
export function detectJson({ tables, nab, runtime, seconds, report }: DetectResult): object {
  return { tables, ...(nab && { nab }), items: tables.length, device: runtime.device, seconds, report }
}
