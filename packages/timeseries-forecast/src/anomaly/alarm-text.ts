/**
 * Alarms in words: the lines that a terminal shows, and a table of alarms for it and for the report. The report, which draws, is in
 * report/alarms.ts.
 */
import { formatDuration, formatNumber, formatPairs, formatTable, plural } from '@weft/core/cli'
import { shortTimes } from '../series/future-times.js'
import type { Alarm, DetectResult, TableAlarms } from './table-alarms.js'

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
      ...(nab && labelledPairs(tables)),
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

/** Alarms outside of labelled anomalies. */
export function falseAlarms(alarms: readonly Alarm[]): number {
  return alarms.filter(({ labelled }) => labelled === false).length
}

/** Over all tables: the labelled anomalies, those among them that were found, and the false alarms. */
export function labelledCounts(tables: readonly TableAlarms[]) {
  const sum = (count: (table: TableAlarms) => number) => tables.reduce((all, table) => all + count(table), 0)
  return {
    anomalies: sum(({ labelled }) => labelled?.anomalies ?? 0),
    found: sum(({ labelled }) => labelled?.found ?? 0),
    falseAlarms: sum(({ alarms }) => falseAlarms(alarms)),
  }
}

function labelledPairs(tables: readonly TableAlarms[]) {
  const { anomalies, found, falseAlarms: wrong } = labelledCounts(tables)
  return {
    found: `${found} of ${plural(anomalies, 'labelled anomaly', 'labelled anomalies')}`,
    'false alarms': wrong,
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
export function alarmTable(alarms: readonly (Alarm & { readonly name: string })[]) {
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
