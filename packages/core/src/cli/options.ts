/**
 * Options declared once. From a record of declarations follow the TypeScript type of the options (`OptionsOf`), their check
 * when they arrive as a JavaScript object, from a preset or from a JSON file (`resolveOptions`), and, in flags.ts, the flags and
 * help of the command line. The order of precedence is default, preset, given. No option is read from the environment here.
 */
import { UserError, expected } from '../errors.js'
import { didYouMean } from '../nearest.js'

interface Described {
  /** One line of help, lower case, without a full stop. */
  readonly help: string
  /** One letter, without the dash. */
  readonly short?: string
  /** Heading under which `--help` lists the option. */
  readonly group?: string
  /** A value must be given; there is no default. */
  readonly required?: boolean
}

interface NumberRange {
  /** Inclusive bounds. */
  readonly min?: number
  readonly max?: number
  /** Exclusive bounds. */
  readonly above?: number
  readonly below?: number
  /** Shown in help, such as `ms` or `Hz`. */
  readonly unit?: string
}

export interface NumericOption extends Described, NumberRange {
  readonly type: 'integer' | 'number'
  readonly default?: number
}
export interface TextOption extends Described {
  readonly type: 'string' | 'path'
  readonly default?: string
}
export interface ChoiceOption extends Described {
  readonly type: 'choice'
  readonly choices: readonly string[]
  readonly default?: string
}
export interface BooleanOption extends Described {
  readonly type: 'boolean'
  readonly default?: boolean
}
/** On the command line a list is `a,b,c`; giving the flag again appends. */
export interface ListOption extends Described, NumberRange {
  readonly type: 'list'
  /** What the list holds. Default: strings. */
  readonly items?: 'string' | 'integer' | 'number'
  readonly choices?: readonly string[]
  readonly default?: readonly (string | number)[]
}

export type OptionSpec = NumericOption | TextOption | ChoiceOption | BooleanOption | ListOption
export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** The type of one option's value. */
export type ValueOf<O extends OptionSpec> = O extends { type: 'integer' | 'number' }
  ? number
  : O extends { type: 'boolean' }
    ? boolean
    : O extends { type: 'choice'; choices: readonly (infer C)[] }
      ? C
      : O extends { type: 'list'; items: 'integer' | 'number' }
        ? readonly number[]
        : O extends { type: 'list'; choices: readonly (infer C)[] }
          ? readonly C[]
          : O extends { type: 'list' }
            ? readonly string[]
            : string

/** All options with their defaults filled in; one without a default that is not required may be undefined. */
export type OptionsOf<S extends OptionSpecs> = {
  readonly [K in keyof S]: S[K] extends { default: string | number | boolean | readonly unknown[] } | { required: true }
    ? ValueOf<S[K]>
    : ValueOf<S[K]> | undefined
}

/** What a caller may give: any subset. */
export type GivenOptions<S extends OptionSpecs> = { readonly [K in keyof S]?: ValueOf<S[K]> | undefined }

/** A named set of values that differ from the defaults, with the reason in `help`. */
export interface Preset<S extends OptionSpecs> {
  readonly help: string
  readonly options: GivenOptions<S>
}
export type Presets<S extends OptionSpecs> = Readonly<Record<string, Preset<S>>>

/** Where values come from, for errors: what was being done, and how an option is called there. */
export interface OptionSource {
  readonly doing: string
  readonly nameOf?: (key: string) => string
}

const LIBRARY: OptionSource = { doing: 'reading options' }

/** `learningRate` → `--learning-rate`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

export const COMMAND_LINE: OptionSource = { doing: 'reading the command line', nameOf: flagOf }

/** Declares options; checks that each default is itself allowed. */
export function defineOptions<const S extends OptionSpecs>(specs: S): S {
  for (const [key, spec] of Object.entries(specs)) {
    if (spec.default !== undefined && !isAllowed(spec, spec.default)) {
      throw new Error(
        `declaring options: expected ${describe(spec)} for the default of ${key}, received ${String(spec.default)}`,
      )
    }
  }
  return specs
}

/** Declares presets of `specs`; each must hold allowed values. */
export function definePresets<S extends OptionSpecs, const P extends Presets<S>>(specs: S, presets: P): P {
  for (const [name, preset] of Object.entries(presets))
    checkOptions(specs, preset.options, { doing: `reading preset ${name}` })
  return presets
}

/**
 * Checks `given` against `specs`: every key known, every value allowed. Undefined values count as not given.
 *
 * @throws UserError that names the option; an unknown key suggests the nearest.
 */
export function checkOptions(specs: OptionSpecs, given: object, source: OptionSource = LIBRARY): void {
  const nameOf = source.nameOf ?? ((key: string) => key)
  for (const [key, value] of Object.entries(given)) {
    const spec = Object.hasOwn(specs, key) ? specs[key] : undefined
    if (spec === undefined) {
      const names = Object.keys(specs)
      const hint = didYouMean(key, names) ?? `Options are ${names.join(', ')}.`
      throw expected({ doing: source.doing, want: 'a known option', of: 'the name', got: key, hint })
    }
    if (value !== undefined && !isAllowed(spec, value)) {
      throw expected({
        doing: source.doing,
        want: describe(spec),
        of: nameOf(key),
        got: value,
        hint: hintFor(spec, value),
      })
    }
  }
}

/**
 * Checks all that a caller gives: names, values, the preset, and that nothing required is missing.
 *
 * @returns The preset that `given` names, or the default of the option `preset`.
 * @throws UserError that names the option.
 */
export function checkGiven<S extends OptionSpecs>(
  specs: S,
  given: object,
  presets?: Presets<S>,
  source: OptionSource = LIBRARY,
): Preset<S> | undefined {
  checkOptions(specs, given, source)
  const values = new Map<string, unknown>(Object.entries(given))
  const name = values.get('preset') ?? specs['preset']?.default
  const preset = presets && typeof name === 'string' ? findPreset(presets, name, source) : undefined
  if (preset) checkOptions(specs, preset.options, { doing: `reading preset ${String(name)}` })
  const fromPreset = new Map<string, unknown>(Object.entries(preset?.options ?? {}))
  for (const [key, spec] of Object.entries(specs)) {
    if (spec.required !== true || (values.get(key) ?? fromPreset.get(key) ?? spec.default) !== undefined) continue
    const option = source.nameOf?.(key) ?? key
    throw new UserError(
      `${source.doing}: expected ${describe(spec)} for ${option}, received nothing`,
      capitalised(spec.help),
    )
  }
  return preset
}

/**
 * The complete options: defaults, then the preset named by `given.preset` (or by the default of the option `preset`), then
 * `given`.
 *
 * @throws UserError for an unknown name, a value that is not allowed, or a required option that is missing.
 */
export function resolveOptions<S extends OptionSpecs>(
  specs: S,
  given: object,
  presets?: Presets<S>,
  source: OptionSource = LIBRARY,
): OptionsOf<S> {
  const preset = checkGiven(specs, given, presets, source)
  const values: Record<string, unknown> = {}
  for (const [key, spec] of Object.entries(specs)) values[key] = spec.default
  if (preset) assignDefined(values, preset.options)
  assignDefined(values, given)
  if (!isComplete(specs, values)) throw new Error(`${source.doing}: options are incomplete`)
  return values
}

function findPreset<S extends OptionSpecs>(presets: Presets<S>, name: string, source: OptionSource): Preset<S> {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (preset !== undefined) return preset
  const names = Object.keys(presets)
  const hint = didYouMean(name, names) ?? `Presets are ${names.join(', ')}.`
  throw expected({
    doing: source.doing,
    want: 'a known preset',
    of: source.nameOf?.('preset') ?? 'preset',
    got: name,
    hint,
  })
}

function assignDefined(target: Record<string, unknown>, values: object): void {
  for (const [key, value] of Object.entries(values)) if (value !== undefined) target[key] = value
}

/** Whether every option has a value that it allows, or none and needs none. The compiler learns the type by it. */
function isComplete<S extends OptionSpecs>(specs: S, values: Record<string, unknown>): values is OptionsOf<S> {
  return Object.entries(specs).every(([key, spec]) => {
    const value = values[key]
    return value === undefined ? spec.required !== true : isAllowed(spec, value)
  })
}

/** Whether `value` is one that `spec` allows. */
export function isAllowed(spec: OptionSpec, value: unknown): boolean {
  switch (spec.type) {
    case 'integer':
      return Number.isSafeInteger(value) && inRange(spec, value)
    case 'number':
      return Number.isFinite(value) && inRange(spec, value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'choice':
      return typeof value === 'string' && spec.choices.includes(value)
    case 'string':
      return typeof value === 'string'
    case 'path':
      return typeof value === 'string' && value !== '' && !value.includes('\0')
    case 'list':
      return Array.isArray(value) && value.every((item) => isAllowed(itemSpec(spec), item))
  }
}

/** The declaration of one item of a list. */
export function itemSpec(spec: ListOption): OptionSpec {
  const { help, choices, min, max, above, below } = spec
  if (spec.items === 'integer' || spec.items === 'number') return { type: spec.items, help, min, max, above, below }
  return choices === undefined ? { type: 'string', help } : { type: 'choice', choices, help }
}

function inRange({ min, max, above, below }: NumberRange, value: unknown): boolean {
  if (typeof value !== 'number') return false
  if (min !== undefined && value < min) return false
  if (max !== undefined && value > max) return false
  if (above !== undefined && value <= above) return false
  return below === undefined || value < below
}

/** `1 to 100`, `at least 1`, `above 0 and below 1`; empty when there are no bounds. */
export function describeRange({ min, max, above, below }: NumberRange): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`
  const low = min !== undefined ? `at least ${min}` : above !== undefined ? `above ${above}` : ''
  const high = max !== undefined ? `at most ${max}` : below !== undefined ? `below ${below}` : ''
  return [low, high].filter((part) => part !== '').join(' and ')
}

/** What `spec` allows, as errors say it: `an integer of 1 to 100`, `one of a, b, c`. */
export function describe(spec: OptionSpec): string {
  switch (spec.type) {
    case 'integer':
    case 'number': {
      const range = describeRange(spec)
      const noun = spec.type === 'integer' ? 'an integer' : 'a number'
      return `${noun}${spec.unit === undefined ? '' : ` in ${spec.unit}`}${range === '' ? '' : `, ${range}`}`
    }
    case 'boolean':
      return 'true or false'
    case 'choice':
      return `one of ${spec.choices.join(', ')}`
    case 'string':
      return 'a text'
    case 'path':
      return 'a path'
    case 'list': {
      const item = describe(itemSpec(spec))
      return `a list, each item ${item}`
    }
  }
}

function hintFor(spec: OptionSpec, value: unknown): string | undefined {
  if (spec.type === 'choice' && typeof value === 'string') return didYouMean(value, spec.choices)
  if (spec.type === 'list' && Array.isArray(value)) {
    const wrong: unknown = value.find((item) => !isAllowed(itemSpec(spec), item))
    return hintFor(itemSpec(spec), wrong)
  }
  return undefined
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
