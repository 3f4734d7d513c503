/**
 * Alarms as people see them: lines for a terminal, and a report with a plot of each series and tables of the alarms. Detection is in
 * detect.ts.
 */
import { reportFooter } from '@weft/core/app/report'
import { formatCount, formatDuration, formatNumber, formatPairs, formatTable, plural } from '@weft/core/cli'
import { anomalySection } from './forecast-sections.js'
import { type KeyFigure, type ReportTable, writeReport } from '@weft/core/report'
import type { SeriesDetection } from '../anomaly/train-detector.js'
import type { Windows } from '../anomaly/labels.js'
import type { Alarm, TableAlarms, DetectResult, DetectorRun } from '../anomaly/table-alarms.js'
import { shortTimes } from '../series/future-times.js'
import { FORMAT } from '../model.js'
import type { DetectOptions } from '../options.js'
import type { Series } from '../series/series.js'

/** Series that a report draws. */
const DRAWN_SERIES = 12
/** Alarms that a report lists. */
const LISTED_ALARMS = 200
/** Alarms that are printed of a series. */
const PRINTED_ALARMS = 5

/** The lines that sum up a detection. */
export function alarmLines(
  { tables, nab, seconds }: Omit<DetectResult, 'lines' | 'report'>,
  report: string | undefined,
): string[] {
  const some = tables.flatMap((table) => [
    tableText(table),
    ...alarmTexts(table.alarms.slice(0, PRINTED_ALARMS)),
    ...(table.alarms.length > PRINTED_ALARMS ? [`  and ${table.alarms.length - PRINTED_ALARMS} more`] : []),
  ])
  const rows = tables.reduce((sum, one) => sum + one.rows, 0)
  return [
    ...some,
    '',
    formatPairs({
      tables: tables.length,
      rows,
      ...(nab && labelledFigures(tables)),
      ...(nab && {
        'NAB score': `${nab.bestThreshold.standard.toFixed(1)} with the best threshold for all, ${nab.ownThreshold.standard.toFixed(1)} with the detectors’ own`,
      }),
      time: formatDuration(seconds),
      report,
    }),
  ]
}

/** The alarms of a table, in a line. */
export function tableText({ name, rows, probation, alarms, labelled }: TableAlarms): string {
  const after = `${plural(alarms.length, 'alarm')} in ${plural(rows - probation, 'row')} after the first ${probation}`
  return `${name}: ${after}${labelled ? `; ${labelledText(labelled, alarms)}` : ''}`
}

/** `4 of 4 labelled anomalies found, 1 false alarm`. */
function labelledText({ anomalies, found }: NonNullable<TableAlarms['labelled']>, alarms: readonly Alarm[]): string {
  return `${found} of ${plural(anomalies, 'labelled anomaly', 'labelled anomalies')} found, ${plural(falseAlarms(alarms), 'false alarm')}`
}

function falseAlarms(alarms: readonly Alarm[]): number {
  return alarms.filter(({ labelled }) => labelled === false).length
}

/** Over all tables. */
function labelledFigures(tables: readonly TableAlarms[]) {
  const sum = (count: (table: TableAlarms) => number) => tables.reduce((all, table) => all + count(table), 0)
  return {
    found: `${sum(({ labelled }) => labelled?.found ?? 0)} of ${plural(
      sum(({ labelled }) => labelled?.anomalies ?? 0),
      'labelled anomaly',
      'labelled anomalies',
    )}`,
    'false alarms': sum(({ alarms }) => falseAlarms(alarms)),
  }
}

/** A line for each alarm, columns aligned. */
function alarmTexts(alarms: readonly Alarm[]): string[] {
  const table = alarmTable(alarms.map((alarm) => ({ ...alarm, name: '' })))
  if (alarms.length === 0) return []
  const columns = table.columns.map(({ header, align }) => (align ? { header, align } : { header }))
  return formatTable(columns, table.rows)
    .split('\n')
    .map((line) => `  ${line}`)
}

/** Alarms with what was observed and what was expected; what is the same for all has no column. */
function alarmTable(alarms: readonly (Alarm & { readonly name: string })[]) {
  const names = [...new Set(alarms.flatMap(({ values }) => Object.keys(values)))]
  const times = shortTimes(alarms.map(({ from }) => from))
  const right = (header: string) => ({ header, align: 'right' as const })
  const number = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? '' : formatNumber(value))
  const columns: { header: string; align?: 'right'; cell: (alarm: (typeof alarms)[number], at: number) => string }[] = [
    { header: 'table', cell: ({ name }) => name },
    { header: 'time', cell: (_, at) => times[at] ?? '' },
    { ...right('rows'), cell: ({ rows }) => String(rows) },
    ...names.flatMap((name) => [
      { ...right(name), cell: ({ values }: Alarm) => number(values[name]) },
      { ...right('expected'), cell: ({ expected: wanted }: Alarm) => number(wanted[name]) },
    ]),
    { ...right('score'), cell: ({ score }) => (score > 0.9999 ? '>0.9999' : score.toFixed(4)) },
    {
      header: 'labelled',
      cell: ({ labelled }) => (labelled === undefined ? '' : labelled ? 'yes' : 'no, a false alarm'),
    },
  ]
  const kept = columns.filter(({ cell }) => alarms.some((alarm, at) => cell(alarm, at) !== ''))
  return {
    columns: kept.map(({ header, align }) => ({ header, ...(align && { align }) })),
    rows: alarms.map((alarm, at) => kept.map(({ cell }) => cell(alarm, at))),
  }
}

/** Writes the report. */
export function writeAlarmsReport(
  path: string,
  found: readonly DetectorRun[],
  result: Pick<DetectResult, 'tables' | 'nab' | 'runtime' | 'seconds'>,
  { options, command }: { readonly options: DetectOptions; readonly command: string | undefined },
): void {
  const { tables, nab, runtime, seconds } = result
  writeReport(path, {
    kicker: `Weft ${FORMAT.app}`,
    title: 'Alarms',
    subtitle: `${plural(tables.length, 'table')}, ${options.detector} detector`,
    summary: keyFigures(tables, nab),
    sections: [
      anomalySection(
        found.slice(0, DRAWN_SERIES).map(({ series, columns, detection, windows = [] }, at) => ({
          data: drawn(series, columns[0] ?? '', detection, windows),
          caption: captionOf(tables[at]),
        })),
        found.length > DRAWN_SERIES ? `The plots show the first ${DRAWN_SERIES} of ${found.length} series.` : [],
        alarmTables(tables, nab !== undefined),
      ),
    ],
    footer: reportFooter({ runtime, seconds }, { options, command }),
  })
}

/** `east.csv. 5 alarms in …` */
function captionOf(table: TableAlarms | undefined): string {
  return table === undefined ? '' : `${tableText(table).replace(': ', '. ')}.`
}

function drawn(series: Series, column: string, detection: SeriesDetection, windows: Windows) {
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

/** The key figures at the head of the report. */
function keyFigures(tables: readonly TableAlarms[], nab: DetectResult['nab']): KeyFigure[] {
  const figure = (value: number) => value.toFixed(1)
  return [
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
            label: 'Found',
            value: labelledFigures(tables).found.replace(/ labelled.*/, ''),
            note: 'labelled anomalies',
          },
          {
            label: 'False alarms',
            value: String(labelledFigures(tables)['false alarms']),
            note: 'outside labelled anomalies',
          },
          {
            label: 'NAB score',
            value: figure(nab.bestThreshold.standard),
            note: `with its own threshold ${figure(nab.ownThreshold.standard)}; 0 silent, 100 perfect`,
          },
        ]
      : []),
  ]
}

/** Alarms by table, and all alarms. */
function alarmTables(tables: readonly TableAlarms[], scored: boolean): ReportTable[] {
  const all = tables.flatMap(({ name, alarms }) =>
    alarms.map((alarm) => ({ ...alarm, name: tables.length === 1 ? '' : name })),
  )
  return [
    {
      caption: 'Alarms by table.',
      columns: ['table', 'rows', 'alarms', ...(scored ? ['labelled', 'found', 'false alarms'] : [])].map(
        (header, at) => (at === 0 ? { header } : { header, align: 'right' }),
      ),
      rows: tables.map(({ name, rows, alarms, labelled }) => [
        name,
        formatCount(rows),
        alarms.length,
        ...(labelled ? [labelled.anomalies, labelled.found, falseAlarms(alarms)] : []),
      ]),
    },
    ...(all.length === 0
      ? []
      : [
          {
            caption: `All alarms. An alarm is named by its first row; a score near 1 means that nothing like it came before.${all.length > LISTED_ALARMS ? ` The first ${LISTED_ALARMS} of ${all.length}; all are in alarms.csv.` : ''}`,
            ...alarmTable(all.slice(0, LISTED_ALARMS)),
          },
        ]),
  ]
}
