/** The sentences that say what was found in a table and what was done to it. */
import { formatCount, plural } from '@weft/core/cli'
import type { Step } from '../series/series.js'
import type { Grid } from './axis.js'
import { describeStep } from './step.js'
import { formatInstant } from './time-zone.js'
import type { TimeZone } from './time-zone.js'

/** The step; `why` when it was inferred. */
export function stepNote(step: Step, why: string | undefined): string {
  if (step.unit === 'row') return why === undefined ? 'Rows are taken as they come.' : `${why}: rows as they come.`
  return `The step is ${describeStep(step)}${why === undefined ? '' : `, inferred: ${why}`}.`
}

/** How many values each column lacks; none when all are there. */
export function missingNotes(columns: ReadonlyMap<string, Float64Array>): string[] {
  const lacking: string[] = []
  for (const [name, values] of columns) {
    let missing = 0
    for (const value of values) if (Number.isNaN(value)) missing++
    if (missing > 0) lacking.push(`${name} in ${plural(missing, 'row')}`)
  }
  return lacking.length === 0 ? [] : [`Missing values: ${lacking.join(', ')}.`]
}

/** Gaps filled and rows moved, over all series. */
export function gapNotes(grids: readonly Grid[], keys: readonly string[], zone: TimeZone): string[] {
  const notes: string[] = []
  const gaps = grids.flatMap((grid, at) => grid.gaps.map((gap) => ({ ...gap, key: keys[at] ?? '' })))
  const rows = gaps.reduce((all, gap) => all + gap.rows, 0)
  const [first, ...rest] = gaps
  if (first !== undefined) {
    const longest = rest.reduce((most, gap) => (gap.rows > most.rows ? gap : most), first)
    const where = `between ${formatInstant(longest.from, zone)} and ${formatInstant(longest.to, zone)}${longest.key && ` of ${longest.key}`}`
    const which = gaps.length === 1 ? '' : `the longest, ${plural(longest.rows, 'row')}, `
    notes.push(
      `${plural(gaps.length, 'gap')}, ${plural(rows, 'row')}, ${gaps.length === 1 ? 'is' : 'are'} filled in as missing: ${which}${where}.`,
    )
  }
  const moved = grids.reduce((all, grid) => all + grid.moved, 0)
  const farthest = Math.max(0, ...grids.map((grid) => grid.farthest))
  if (moved > 0)
    notes.push(
      `${plural(moved, 'row')} up to ${formatCount(Math.ceil(farthest / 1000))} s off the grid are moved onto it.`,
    )
  return notes
}
