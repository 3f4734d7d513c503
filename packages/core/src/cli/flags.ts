/**
 * Option declarations as flags of the command line: `learningRate` becomes `--learning-rate <number>`, its help ends with unit,
 * range and default, and what was typed is read back as a value. Only what was typed is returned, so that presets can stand
 * between it and the defaults. Checking them is the part of options.ts.
 */
import { Option } from 'commander'
import { expected } from '../errors.js'
import { COMMAND_LINE, describe, describeRange, flagOf, itemSpec } from './options.js'
import type { OptionSpec, OptionSpecs } from './options.js'

/** Commas between the items of a list, not those between the arguments of an item such as `difference(load,24)`. */
const OUTER_COMMA = /,(?![^(]*\))/

/** One declaration as commander's options; a boolean gives two, `--x` and `--no-x`, of which help shows the one that changes something. */
export function toFlags(key: string, spec: OptionSpec, group = 'Options:'): Option[] {
  const long = flagOf(key)
  const short = spec.short === undefined ? '' : `-${spec.short}, `
  const heading = spec.group === undefined ? group : `${spec.group.replace(/:$/, '')}:`
  if (spec.type === 'boolean') {
    const on = new Option(`${short}${long}`, helpLine(spec)).helpGroup(heading)
    const off = new Option(long.replace('--', '--no-'), `turn off: ${helpLine(spec)}`).helpGroup(heading)
    return spec.default === true ? [on.hideHelp(), off] : [on, off.hideHelp()]
  }
  const option = new Option(`${short}${long} <${placeholder(spec)}>`, helpLine(spec)).helpGroup(heading)
  const earlier: unknown[] = []
  option.argParser((text: string): unknown => {
    const value = parseText(spec, long, text)
    if (!Array.isArray(value)) return value
    earlier.push(...value)
    return [...earlier]
  })
  if (option.attributeName() !== key)
    throw new Error(`declaring options: the flag ${long} does not read back as ${key}`)
  return [option]
}

/** All declarations as commander's options, in order. */
export function allFlags(specs: OptionSpecs): Option[] {
  return Object.entries(specs).flatMap(([key, spec]) => toFlags(key, spec))
}

function placeholder(spec: OptionSpec): string {
  switch (spec.type) {
    case 'integer':
      return spec.unit ?? 'n'
    case 'number':
      return spec.unit ?? 'number'
    case 'choice':
      return 'name'
    case 'path':
      return 'path'
    case 'list':
      return spec.items === 'integer' || spec.items === 'number' ? 'n,n,...' : 'a,b,...'
    default:
      return 'text'
  }
}

/** `help (ms, at least 1, default 25)`. */
export function helpLine(spec: OptionSpec): string {
  const notes: string[] = []
  if (spec.type === 'choice' || (spec.type === 'list' && spec.choices !== undefined)) {
    notes.push((spec.choices ?? []).join(' | '))
  }
  if (spec.type === 'integer' || spec.type === 'number' || spec.type === 'list') {
    if (spec.unit !== undefined) notes.push(spec.unit)
    const range = describeRange(spec)
    if (range !== '') notes.push(range)
  }
  if (spec.required === true) notes.push('required')
  else if (spec.default !== undefined && spec.type !== 'boolean') {
    const text = Array.isArray(spec.default) ? spec.default.join(',') : String(spec.default)
    if (text !== '') notes.push(`default ${text}`)
  }
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join('; ')})`
}

/** The value that `text` stands for; what cannot be read stays text, for the check in options.ts to name. */
export function parseText(spec: OptionSpec, name: string, text: string): unknown {
  if (/^--[a-z]/.test(text)) {
    const hint = `${name} takes a value; ${text} looks like the next option.`
    throw expected({ doing: COMMAND_LINE.doing, want: describe(spec), of: name, got: text, hint })
  }
  return read(spec, text.trim())
}

function read(spec: OptionSpec, text: string): unknown {
  switch (spec.type) {
    case 'integer':
    case 'number':
      return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text
    case 'list': {
      const item = itemSpec(spec)
      const parts = text === '' ? [] : text.split(OUTER_COMMA)
      return parts.map((part) => read(item, part.trim()))
    }
    default:
      return text
  }
}
