/**
 * Finding what is unusual in tables, each file a table of its own: a detector learns from the first rows what is usual and then takes row
 * after row, as it would have when they came. With labels its alarms are scored as the Numenta Anomaly Benchmark scores them. What a
 * detector is stands in anomaly/; a detector that was saved goes on with `watch`.
 */
import { basename, extname, join } from 'node:path'
import { expected, UserError } from '@weft/core/errors'
import { nabProbation, nabProfiles, nabScore, type NabFile } from './metrics/nab.js'
import { writeFileAtomic, writeJsonAtomic } from '@weft/core/files'
import type { RuntimeReport } from '@weft/core/runtime'
import { checkRunFolder, onRuntime, toCsv, type Hooks } from '@weft/core/app'
import { flagOf, resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { detectSeries, LEAST_ROWS, rowsOf } from './anomaly/train-detector.js'
import { readLabels, type Windows, windowsOf } from './anomaly/labels.js'
import { type DetectorRun, type DetectResult, type NabScores, tableAlarms } from './anomaly/table-alarms.js'
import { saveDetector } from './anomaly/watcher.js'
import { alarmLines } from './anomaly/alarm-text.js'
import { detectOptions, type DetectOptions } from './options.js'
import type { Series } from './series/series.js'
import { readTable, tableFiles } from './table/read-table.js'

/** @throws UserError for files, columns or labels that a user can mend. */
export async function detect(given: GivenOptions<typeof detectOptions>, hooks: Hooks = {}): Promise<DetectResult> {
  const options = resolveOptions(detectOptions, given)
  return onRuntime(options, hooks, (runtime, inner) => detectIn(options, runtime, inner))
}

async function detectIn(options: DetectOptions, runtime: RuntimeReport, hooks: Hooks): Promise<DetectResult> {
  const started = performance.now()
  const labels = options.labels === undefined ? undefined : readLabels(options.labels)
  if (options.out !== undefined) checkRunFolder({ ...options, out: options.out, resume: false })
  const found: DetectorRun[] = []
  const problems: UserError[] = []
  const files = await tableFiles(options.data)
  const tell = telling(files.length, hooks)
  hooks.onFiles?.(0, files.length)
  for (const [at, file] of files.entries()) {
    hooks.signal?.throwIfAborted()
    found.push(...(await detectTable(file, options, labels, problems, { ...hooks, note: (line) => tell(file, line) })))
    hooks.onFiles?.(at + 1, files.length)
  }
  // One series that is too short is left out and named; when all are, there is nothing to do.
  if (found.length === 0 && problems[0] !== undefined) throw problems[0]
  for (const { message } of problems) hooks.note?.(`Left out: ${message}.`)
  const tables = found.map(tableAlarms)
  const nab = labels && scoreOf(found, options)
  const seconds = (performance.now() - started) / 1000
  const result = { tables, ...(nab && { nab }), runtime, seconds }
  const report = options.out === undefined ? undefined : join(options.out, 'report.html')
  if (options.out !== undefined) await write(options.out, found, result, options, hooks.command)
  for (const { detection } of found) detection.detector.model.dispose()
  return { ...result, report, lines: alarmLines(result, report) }
}

/** Says what was found of tables: of several each thing once, with the first file it was found in. */
function telling(files: number, { note }: Hooks): (file: string, line: string) => void {
  const told = new Set<string>()
  return (file, line) => {
    if (told.has(line)) return
    told.add(line)
    note?.(files === 1 ? line : `${basename(file)}: ${line}`)
  }
}

async function detectTable(
  file: string,
  options: DetectOptions,
  labels: ReadonlyMap<string, Windows> | undefined,
  problems: UserError[],
  { signal, note }: Hooks,
): Promise<DetectorRun[]> {
  const columns = options.columns.length > 0 ? options.columns : undefined
  const table = await readTable({ ...options, data: file, columns })
  for (const line of table.notes) note?.(line)
  const found: DetectorRun[] = []
  for (const series of table.series) {
    const watched = [...series.columns.keys()]
    const short = tooShort(series, file, options)
    if (short !== undefined) {
      problems.push(short)
      continue
    }
    const detection = await detectSeries(rowsOf(series), {
      kind: options.detector,
      risk: options.risk,
      seed: options.seed,
      ...(options.probation !== undefined && { probation: options.probation }),
      ...(signal && { signal }),
    })
    const name = series.key === '' ? basename(file) : `${basename(file)}, ${series.key}`
    found.push({ name, file, table, series, columns: watched, detection, windows: labels && windowsOf(labels, file) })
  }
  return found
}

/** A series without rows after its probation part. */
function tooShort(
  { key, times }: Series,
  file: string,
  { probation = LEAST_ROWS }: DetectOptions,
): UserError | undefined {
  if (times.length > probation) return undefined
  const where = key === '' ? file : `series ${key} of ${file}`
  const hint = `Rows at the beginning say what is usual, at least ${LEAST_ROWS}: ${flagOf('probation')} says how many.`
  return expected({
    doing: 'detecting',
    want: `more than ${probation} rows`,
    of: where,
    got: `${times.length} rows`,
    hint,
  })
}

function scoreOf(found: readonly DetectorRun[], { risk, labels }: DetectOptions): NonNullable<DetectResult['nab']> {
  if (found.every(({ windows = [] }) => windows.length === 0)) {
    throw new UserError(
      `scoring alarms: expected anomalies of at least one of the files in ${labels ?? 'the labels'}, received none`,
      'The names in the labels are the ends of the files’ paths.',
    )
  }
  const files = found.map(({ series, detection, windows = [] }): NabFile => {
    const { scores } = detection
    return { scores, times: series.times, windows, probation: nabProbation(scores.length) }
  })
  const names = Object.keys(nabProfiles) as (keyof typeof nabProfiles)[]
  const by = (threshold?: number) =>
    Object.fromEntries(names.map((name) => [name, nabScore(files, nabProfiles[name], threshold).score])) as NabScores
  const { threshold } = nabScore(files, nabProfiles.standard)
  return { bestThreshold: by(), ownThreshold: by(1 - risk), threshold }
}

async function write(
  out: string,
  found: readonly DetectorRun[],
  result: Pick<DetectResult, 'tables' | 'nab' | 'runtime' | 'seconds'>,
  options: DetectOptions,
  command: string | undefined,
): Promise<void> {
  const { tables } = result
  const rows = tables.flatMap(({ name, alarms }) =>
    alarms.map(({ from, to, rows: count, score }) => [name, from, to, String(count), String(score)]),
  )
  writeFileAtomic(join(out, 'alarms.csv'), toCsv([['table', 'from', 'to', 'rows', 'score'], ...rows]))
  for (const { name, table, series, columns, detection } of found) {
    const folder = found.length === 1 ? join(out, 'detector') : join(out, 'detectors', folderName(name))
    await saveDetector(detection.detector, folder, series.times.at(-1))
    const { timeColumn, timeZone, step, dateOrder } = table
    const { missingText } = options
    writeJsonAtomic(join(folder, 'table.json'), { timeColumn, timeZone, step, columns, dateOrder, missingText })
  }
  const { writeAlarmsReport } = await import('./report/alarms.js')
  writeAlarmsReport(join(out, 'report.html'), found, result, { options, command })
}

/** A name that any file system takes. */
function folderName(name: string): string {
  return name.slice(0, name.length - extname(name).length || undefined).replace(/[^\w.-]+/g, '_')
}

/** What was found, as JSON prints it. */
export function detectJson({ tables, nab, runtime, seconds, report }: DetectResult): object {
  return { tables, ...(nab && { nab }), items: tables.length, device: runtime.device, seconds, report }
}
