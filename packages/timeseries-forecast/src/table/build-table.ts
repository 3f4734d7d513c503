/**
 * From rows to the series of a table: texts become columns of 0 and 1, useless columns go, the rows of each key are put in order and on a
 * regular axis. The notes list what was done; a mistake is thrown as a RowProblem, for which read-table.ts finds file and line.
 */
import { expected } from '@weft/core/errors'
import { plural } from '@weft/core/cli'
import type { Series, Step, Table } from '../series/series.js'
import { inOrder, onGrid, takeRows, toInstants, withoutDuplicates } from './axis.js'
import type { Axis, AxisContext, Duplicates, Grid } from './axis.js'
import type { ValueColumns } from './columns.js'
import { gapNotes, missingNotes, stepNote } from './notes.js'
import type { Rows } from './read-rows.js'
import { RowProblem } from './row-problem.js'
import { inferStep, parseStep } from './step.js'
import type { TableOptions } from './table-options.js'
import { TimeZone } from './time-zone.js'

const DAY = 86_400_000

/** What was decided about the columns. */
export interface TablePlan extends ValueColumns {
  readonly time: readonly string[]
  readonly key: readonly string[]
  readonly notes: readonly string[]
}

/**
 * Rows of the table become series.
 *
 * @param path Of the first file, for errors that concern no single row.
 */
export function buildTable(rows: Rows, plan: TablePlan, options: TableOptions, path: string): Table {
  const notes = [...plan.notes, ...rows.notes]
  if (rows.times.length === 0)
    throw expected({ doing: `reading ${path}`, want: 'complete rows below the header', of: 'the table', got: 'none' })
  const { columns, categories } = expandTexts(rows, options.categories, notes)
  dropUseless(columns, options, path, notes)
  notes.push(...missingNotes(columns))
  const timeColumn = plan.time.join('+')
  const zone = new TimeZone(rows.zoned || areDays(rows.times) ? 'UTC' : (options.timeZone ?? 'UTC'))
  const shown = new TimeZone(rows.zoned ? (options.timeZone ?? 'UTC') : zone.name)
  const context: AxisContext = { timeColumn, zone: shown }
  if (!rows.zoned && zone.name !== (options.timeZone ?? zone.name)) {
    notes.push('The times are whole days apart and are kept as the clock showed them, without a time zone.')
  }
  const axes = splitByKey(rows).map((axis) => settle(axis, zone, options, columns, context))
  const inferred = options.step === undefined ? inferStep(axes.map(({ axis }) => axis.times)) : undefined
  const step: Step = inferred?.step ?? parseStep(options.step ?? 'rows')
  notes.push(stepNote(step, inferred?.why))
  const [back, merged] = [sum(axes.map((one) => one.back)), sum(axes.map((one) => one.merged))]
  if (back > 0) notes.push(`${plural(back, 'row')} went back in time; the rows are sorted.`)
  if (merged > 0)
    notes.push(`${plural(merged, 'row')} at a time that was there already: ${counted(options.duplicates)}.`)
  const grids = axes.map(({ axis }) => onGrid(axis, step, context))
  notes.push(...gapNotes(grids, rows.keys, shown))
  const series = gather(grids, rows.keys, columns, { statics: options.statics ?? [], categories, ...context })
  return { series, step, timeColumn, rows: rows.times.length, timeZone: shown.name, notes, categories }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0)
}

/** Whether all times are whole days apart: then they are dates, which do not depend on when a clock is put forward or back. */
function areDays(times: Float64Array): boolean {
  const first = times[0] ?? 0
  return times.every((time) => (time - first) % DAY === 0)
}

/** Replaces columns of texts by columns of 0 and 1. */
function expandTexts(rows: Rows, known: TableOptions['categories'], notes: string[]) {
  const columns = rows.numbers
  const categories = new Map<string, readonly string[]>()
  for (const [name, { codes, values }] of rows.texts) {
    const wanted = known?.get(name) ?? [...values].sort()
    categories.set(name, wanted)
    for (const value of wanted) {
      const code = values.indexOf(value)
      columns.set(
        `${name}=${value}`,
        codes.map((one) => (Number.isNaN(one) ? NaN : Number(one === code))),
      )
    }
    const unknown = values.filter((value) => !wanted.includes(value))
    if (unknown.length > 0)
      notes.push(`Values of ${name} that are not among those known, all of whose columns are 0: ${unknown.join(', ')}.`)
  }
  return { columns, categories }
}

/**
 * Leaves out columns that nobody asked for and that are empty or only count the rows.
 *
 * @throws UserError when all values of a wanted column are missing.
 */
function dropUseless(columns: Map<string, Float64Array>, options: TableOptions, path: string, notes: string[]): void {
  for (const [name, values] of columns) {
    const isAsked = options.columns !== undefined || options.statics?.includes(name) === true || name.includes('=')
    const isEmpty = values.every(Number.isNaN)
    if (isEmpty && isAsked && !name.includes('='))
      throw expected({
        doing: `reading ${path}`,
        want: 'at least 1 number',
        of: `column "${name}"`,
        got: 'only missing values',
      })
    const first = values[0] ?? NaN
    const counts =
      (first === 0 || first === 1) && values.length > 2 && values.every((value, at) => value === first + at)
    if (isAsked || !(isEmpty || (counts && columns.size > 1))) continue
    columns.delete(name)
    notes.push(`Left out, since ${isEmpty ? 'all its values are missing' : 'it only counts the rows'}: ${name}.`)
  }
  if (columns.size === 0)
    throw expected({
      doing: `reading ${path}`,
      want: 'a column of numbers',
      of: 'the table',
      got: 'only missing values',
    })
}

/** The rows of each series, in their order. */
function splitByKey({ times, codes, keys }: Rows): Axis[] {
  if (codes === undefined) return [{ times, rows: undefined }]
  const counts = new Uint32Array(keys.length)
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  const rows = Array.from(counts, (count) => new Int32Array(count))
  const used = new Uint32Array(keys.length)
  codes.forEach((code, row) => {
    const [list, at] = [rows[code], used[code] ?? 0]
    if (list !== undefined) list[at] = row
    used[code] = at + 1
  })
  return rows.map((list) => ({ times: takeRows(times, list), rows: list }))
}

function settle(
  axis: Axis,
  zone: TimeZone,
  options: TableOptions,
  columns: ReadonlyMap<string, Float64Array>,
  context: AxisContext,
) {
  const instants = zone.name === 'UTC' ? axis : toInstants(axis, context)
  const { axis: sorted, back } = inOrder(instants, options.unsorted, context)
  const { axis: unique, merged } = withoutDuplicates(sorted, options.duplicates, columns.values(), context)
  return { axis: unique, back, merged }
}

/** The numbers of each series on its grid. Columns leave the map one by one, so that at most one is in memory twice. */
function gather(
  grids: readonly Grid[],
  keys: readonly string[],
  columns: Map<string, Float64Array>,
  {
    statics,
    categories,
    timeColumn,
  }: Pick<AxisContext, 'timeColumn'> & {
    readonly statics: readonly string[]
    readonly categories: ReadonlyMap<string, readonly string[]>
  },
): Series[] {
  const series = grids.map(({ axis }, at) => ({
    key: keys[at] ?? '',
    times: axis.times,
    columns: new Map<string, Float64Array>(),
    statics: new Map<string, number>(),
  }))
  const isStatic = (name: string) =>
    statics.some((one) => name === one || (categories.get(one)?.some((value) => name === `${one}=${value}`) ?? false))
  for (const [name, values] of columns) {
    columns.delete(name)
    for (const [at, { axis }] of grids.entries()) {
      if (isStatic(name)) series[at]?.statics.set(name, constant(values, axis, name, timeColumn))
      else series[at]?.columns.set(name, axis.rows === undefined ? values : takeRows(values, axis.rows))
    }
  }
  return series
}

/** The one number of a column in a series; NaN when it is missing. @throws RowProblem where there is another. */
function constant(values: Float64Array, { rows, times }: Axis, name: string, timeColumn: string): number {
  let found = NaN
  for (let at = 0; at < times.length; at++) {
    const row = rows?.[at] ?? at
    const value = values[row] ?? NaN
    if (Number.isNaN(found)) found = value
    else if (!Number.isNaN(value) && value !== found) {
      const hint = `A static column does not change with ${timeColumn}.`
      throw new RowProblem(row, `one value throughout a series (${found} so far)`, name, String(value), hint)
    }
  }
  return found
}

/** Which of several rows at the same time is used, in words. */
function counted(duplicates: Duplicates): string {
  if (duplicates === 'error') return 'the same values, once'
  return duplicates === 'mean' ? 'the mean counts' : `the ${duplicates} counts`
}
