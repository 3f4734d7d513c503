/**
 * Columns derived from others, given as texts such as `logReturn(Close,5)` or `rsi(14)`. Row t of a derived column is computed of rows
 * up to t alone and is NaN where it is not defined yet. The indicators are in indicators.ts.
 */
import { expected, UserError } from '@weft/core/errors'
import { didYouMean } from '@weft/core/cli'
import { type Indicator, INDICATORS, rollingDeviation, rollingMean } from './indicators.js'
import type { Series } from '../series/series.js'

/** A derived column as it was asked for. */
export interface Feature {
  /** The text it was read from, and the name of its column. */
  readonly text: string
  readonly name: string
  /** Columns as given; none when the indicator finds its own (High, Low, Close, Open, Volume). */
  readonly columns: readonly string[]
  /** Whole or fractional numbers above 0, in the order of the parameters. */
  readonly parameters: readonly number[]
}

interface Transform extends Indicator {
  /** What is computed is the values as they are; else values carried forward over gaps. */
  readonly withGaps: boolean
}

/** Transforms of one column, which must be named. */
const TRANSFORMS: ReadonlyMap<string, Transform> = new Map(
  Object.entries<Transform>({
    log: transform({}, true, (x) => x.map(Math.log)),
    logReturn: transform({ rows: 1 }, true, (x, n) => lagged(x.map(Math.log), n, (now, then) => now - then)),
    difference: transform({ rows: 1 }, true, (x, n) => lagged(x, n, (now, then) => now - then)),
    lag: transform({ rows: 1 }, true, (x, n) => lagged(x, n, (_, then) => then)),
    rollingMean: transform({ rows: NaN }, false, rollingMean),
    rollingDeviation: transform({ rows: NaN }, false, rollingDeviation),
  }),
)

/** Those that need every value above 0. */
const LOGARITHMS: ReadonlySet<string> = new Set(['log', 'logReturn'])
/** Parameters that need not be whole. */
const FRACTIONAL: ReadonlySet<string> = new Set(['deviations'])
const DOING = 'deriving columns'

function transform(
  parameters: Readonly<Record<string, number>>,
  withGaps: boolean,
  compute: (values: Float64Array, n: number) => Float64Array,
): Transform {
  return {
    columns: [''],
    parameters,
    withGaps,
    compute: ([values = new Float64Array(0)], [n = NaN]) => [compute(values, n)],
  }
}

function lagged(values: Float64Array, n: number, join: (now: number, then: number) => number): Float64Array {
  return values.map((now, t) => join(now, values[t - n] ?? NaN))
}

function definitionOf(name: string, text: string): Indicator & Partial<Transform> {
  const found = TRANSFORMS.get(name) ?? INDICATORS.get(name)
  if (found !== undefined) return found
  const names = [...TRANSFORMS.keys(), ...INDICATORS.keys()]
  throw expected({
    doing: DOING,
    want: 'the name of a feature',
    of: JSON.stringify(text),
    got: name,
    hint: didYouMean(name, names) ?? names.join(', '),
  })
}

/**
 * Reads `name`, `name(column, …)`, `name(number, …)` or `name(column, …, number, …)`. A column whose name holds a comma or is a number
 * stands in double quotes.
 *
 * @throws UserError for an unknown name, with the nearest one, and for too many columns or numbers, or too few.
 */
export function parseFeature(given: string): Feature {
  const text = given.trim()
  const match = /^([A-Za-z]+)\s*(?:\((.*)\))?$/s.exec(text)
  const name = match?.[1]
  if (name === undefined)
    throw expected({ doing: DOING, want: 'a feature such as rsi(14) or log(Close)', of: 'a feature', got: text })
  const definition = definitionOf(name, text)
  const inside = [...(match?.[2] ?? '').matchAll(/\s*("[^"]*"|[^,]+)\s*(?:,|$)/g)].map(([, one = '']) => one.trim())
  const isNumber = (one: string) => one !== '' && Number.isFinite(Number(one))
  const columns = inside.filter((one) => !isNumber(one)).map((one) => one.replace(/^"(.*)"$/s, '$1'))
  const parameters = Object.entries(definition.parameters)
  const numbers = inside.filter(isNumber).map(Number)
  const needed = definition.columns.length
  const named = TRANSFORMS.has(name)
  if (columns.length !== needed && (named || columns.length > 0)) {
    const what = needed === 1 ? 'one column' : `none or ${needed} columns (${definition.columns.join(', ')})`
    throw expected({ doing: DOING, want: what, of: JSON.stringify(text), got: columns.join(', ') || 'none' })
  }
  if (numbers.length > parameters.length) {
    const what = `at most ${parameters.length} numbers (${parameters.map(([one]) => one).join(', ')})`
    throw expected({ doing: DOING, want: what, of: JSON.stringify(text), got: numbers.join(', ') })
  }
  return {
    text,
    name,
    columns,
    parameters: parameters.map(([one, usual], at) => check(one, numbers[at] ?? usual, text)),
  }
}

function check(name: string, value: number, text: string): number {
  if (value > 0 && (Number.isInteger(value) || FRACTIONAL.has(name))) return value
  const what = FRACTIONAL.has(name) ? 'a number above 0' : 'a whole number of at least 1'
  throw expected({
    doing: DOING,
    want: what,
    of: `${name} of ${JSON.stringify(text)}`,
    got: Number.isNaN(value) ? 'none' : value,
  })
}

/**
 * The derived columns of a series, each [T], named by their texts; an indicator of several columns makes `macd(12,26,9).macd`,
 * `macd(12,26,9).signal` and so on. Differences, lags and logarithms of missing values are missing; averages and indicators are
 * computed of values carried forward, and missing before the first one.
 *
 * @throws UserError for a feature that is none, a column that is missing, and the logarithm of a number that is not above 0.
 */
export function deriveColumns(series: Series, texts: readonly string[]): ReadonlyMap<string, Float64Array> {
  const derived = new Map<string, Float64Array>()
  for (const feature of texts.map(parseFeature)) {
    const definition = definitionOf(feature.name, feature.text)
    const names = feature.columns.length > 0 ? feature.columns : definition.columns
    const columns = names.map((name) => {
      const values = columnOf(series, name, feature.text)
      if (LOGARITHMS.has(feature.name)) requirePositive(series, values, name)
      return definition.withGaps === true ? values : carriedForward(values)
    })
    const results = definition.compute(columns, feature.parameters)
    results.forEach((values, at) => {
      const output = definition.outputs?.[at]
      derived.set(output === undefined ? feature.text : `${feature.text}.${output}`, values)
    })
  }
  return derived
}

function columnOf({ columns, key }: Series, name: string, text: string): Float64Array {
  const alike = () => [...columns].find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1]
  const values = columns.get(name) ?? alike()
  if (values !== undefined) return values
  const names = [...columns.keys()]
  throw new UserError(
    `${DOING}: expected the column ${name} for ${JSON.stringify(text)}${key === '' ? '' : ` in series ${key}`}, received none of this name`,
    didYouMean(name, names) ?? `There are: ${names.join(', ')}. Other columns can be named, as in sma(OT,24).`,
  )
}

/** @throws UserError that names the first row whose value has no logarithm. */
export function requirePositive({ times, key }: Series, values: Float64Array, name: string): void {
  const row = values.findIndex((value) => value <= 0)
  if (row === -1) return
  const where = `row ${row} (${new Date(times[row] ?? 0).toISOString()})${key === '' ? '' : ` of series ${key}`}`
  throw expected({ doing: 'taking logarithms', want: 'a number above 0', of: `${name} in ${where}`, got: values[row] })
}

function carriedForward(values: Float64Array): Float64Array {
  let last = NaN
  return values.map((value) => (last = Number.isNaN(value) ? last : value))
}
