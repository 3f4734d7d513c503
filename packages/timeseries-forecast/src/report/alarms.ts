/**
 * The report on alarms: a plot of each series, and tables of the alarms. Detection is in detect.ts, the wording in anomaly/alarm-text.ts.
 */
import { reportFooter } from '@weft/core/app/report'
import { formatCount, plural } from '@weft/core/cli'
import { anomalySection } from './forecast-sections.js'
import { type KeyFigure, type ReportTable, writeReport } from '@weft/core/report'
import type { SeriesDetection } from '../anomaly/train-detector.js'
import type { Windows } from '../anomaly/labels.js'
import { alarmTable, falseAlarms, labelledCounts, tableText } from '../anomaly/alarm-text.js'
import type { TableAlarms, DetectResult, DetectorRun } from '../anomaly/table-alarms.js'
import { FORMAT } from '../model.js'
import type { DetectOptions } from '../options.js'
import type { Series } from '../series/series.js'

/** Series that a report draws. */
const DRAWN_SERIES = 12
/** Alarms that a report lists. */
const LISTED_ALARMS = 200

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
  const { anomalies, found, falseAlarms: wrong } = labelledCounts(tables)
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
            value: `${found} of ${formatCount(anomalies)}`,
            note: 'labelled anomalies',
          },
          {
            label: 'False alarms',
            value: String(wrong),
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
