/**
 * Lists of labelled sounds and their division into parts: what to read is told by options, reading and dividing are core's. Nothing
 * is decoded here. A part is a function of the list, the options and the seed, so that a model's test part can be found again.
 */
import { statSync } from 'node:fs'
import {
  expected,
  groupKFold,
  groupSplit,
  Labels,
  predefinedFolds,
  randomSplit,
  readByPattern,
  readClassFolders,
  readCsvItems,
  stratifiedKFold,
  stratifiedSplit,
  UserError,
} from '@weft/core'
import type { Fold, FoundFiles, LabelledFile } from '@weft/core'
import { datasets } from './datasets/index.js'
import { SOUND_EXTENSIONS } from './decode.js'
import type { ReadingOptions, SplitOptions } from './options.js'

export const PARTS = ['train', 'validation', 'test'] as const
export type PartName = (typeof PARTS)[number]
/** Places in the list of each part's sounds. */
export type Parts = Readonly<Record<PartName, readonly number[]>>

/** Reads the list of sounds that `data` and the options describe. */
export function readSounds(data: string, options: ReadingOptions): FoundFiles {
  const { dataset } = options
  if (dataset !== undefined) {
    const { data: at, ...reading } = datasets[dataset].reading(data)
    return readSounds(at, { ...options, ...reading, dataset: undefined })
  }
  const { pattern, group, fold } = options
  if (statSync(data, { throwIfNoEntry: false })?.isFile()) {
    return readCsvItems(data, {
      root: options.root,
      fileColumn: options.fileColumn,
      labelColumn: options.labelColumn,
      labelSeparator: options.labelSeparator,
      groupColumn: group,
      foldColumn: fold,
    })
  }
  if (pattern !== undefined) return readByPattern(data, pattern, { extensions: SOUND_EXTENSIONS, group, fold })
  return readClassFolders(data, { extensions: SOUND_EXTENSIONS })
}

/** The labels that occur, of which there must be two. */
export function labelsOf(items: readonly LabelledFile[], data: string): Labels {
  const labels = Labels.of(items.flatMap((item) => item.labels))
  if (labels.size < 2) {
    throw new UserError(
      `reading ${data}: expected at least 2 labels to tell apart, received ${labels.size === 1 ? `only "${labels.names[0]}"` : 'none'}`,
      'Make a folder for each class, name a --pattern, or give a CSV file with a label column.',
    )
  }
  return labels
}

/** Whether a sound can have several labels. */
export function isMultiLabel(options: ReadingOptions, items: readonly LabelledFile[]): boolean {
  return options.labelSeparator !== undefined || items.some((item) => item.labels.length !== 1)
}

/**
 * Divides sounds into the parts that train, validate and test: by conditions where they are given, the rest by shares, whole groups
 * together, or else with the same share of every label.
 */
export function splitSounds(
  items: readonly LabelledFile[],
  options: SplitOptions & Pick<ReadingOptions, 'group'>,
  seed: number,
  multiLabel: boolean,
): Parts {
  const parts: Record<PartName, number[]> = { train: [], validation: [], test: [] }
  const named = {
    test: condition(options.testWhere, 'test'),
    validation: condition(options.validationWhere, 'validation'),
  }
  const rest: number[] = []
  items.forEach((item, at) => {
    if (named.test?.(item)) parts.test.push(at)
    else if (named.validation?.(item)) parts.validation.push(at)
    else rest.push(at)
  })
  for (const part of ['test', 'validation'] as const) {
    if (named[part] && parts[part].length === 0) {
      const where = part === 'test' ? options.testWhere : options.validationWhere
      throw expected('dividing the sounds', 'a condition that holds for at least 1 sound', `the ${part} part`, where)
    }
  }
  const shares = {
    validation: named.validation ? 0 : options.validationShare,
    test: named.test ? 0 : options.testShare,
  }
  const wanted = Object.fromEntries(
    Object.entries({ train: 1 - shares.validation - shares.test, ...shares }).filter(([, share]) => share !== 0),
  )
  if (Object.keys(wanted).length === 1) parts.train = rest
  else {
    const drawn = draw(
      rest.map((at) => taken(items, at)),
      wanted,
      options.group,
      seed,
      multiLabel,
    )
    for (const part of PARTS) for (const at of drawn[part] ?? []) parts[part].push(taken(rest, at))
    for (const part of PARTS) parts[part].sort((a, b) => a - b)
  }
  if (parts.train.length === 0)
    throw new UserError('dividing the sounds: expected at least 1 sound to train on, received none')
  return parts
}

function draw(
  items: readonly LabelledFile[],
  shares: Readonly<Record<string, number>>,
  group: string | undefined,
  seed: number,
  multiLabel: boolean,
): Readonly<Record<string, number[]>> {
  if (group !== undefined) return groupSplit(items.map(groupOf), shares, seed)
  if (multiLabel) return randomSplit(items.length, shares, seed)
  return stratifiedSplit(items.map(onlyLabel), shares, seed)
}

/** The rounds of a cross-validation: the folds that the data has, or else `k` drawn ones. */
export function foldsOf(
  items: readonly LabelledFile[],
  options: Pick<ReadingOptions, 'group'> & { readonly folds: number },
  seed: number,
): Fold[] {
  if (items.every((item) => item.fold !== undefined)) return predefinedFolds(items.map((item) => item.fold ?? ''))
  if (options.group !== undefined) return groupKFold(items.map(groupOf), options.folds, seed)
  return stratifiedKFold(
    items.map((item) => item.labels.join('+')),
    options.folds,
    seed,
  )
}

function groupOf(item: LabelledFile): string {
  return item.group ?? ''
}

function onlyLabel(item: LabelledFile): string {
  return item.labels[0] ?? ''
}

function taken<Value>(list: readonly Value[], at: number): Value {
  const value = list[at]
  if (value === undefined) throw new Error(`taking an item: expected a place below ${list.length}, received ${at}`)
  return value
}

/**
 * What `take=0-4`, `fold=1,3` or `speaker=george` says of a sound: whether the column or part of its name is one of the values, or a
 * number in one of the ranges.
 */
export function condition(text: string | undefined, part: string): ((item: LabelledFile) => boolean) | undefined {
  if (text === undefined) return undefined
  const [, field = '', list = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (field === '')
    throw expected('dividing the sounds', 'name=value,value or name=first-last', `the ${part} part`, text)
  const values = new Set<string>()
  const ranges: [number, number][] = []
  for (const value of list.split(',').map((one) => one.trim())) {
    const range = /^(\d+)-(\d+)$/.exec(value)
    if (range) ranges.push([Number(range[1]), Number(range[2])])
    else values.add(value)
  }
  return (item) => {
    const value = item.fields[field]
    if (value === undefined) {
      const hint = `Known are ${Object.keys(item.fields).join(', ') || 'none: the sounds are in a folder for each class'}.`
      throw expected('dividing the sounds', 'a column or part of the name', `the ${part} part`, field, hint)
    }
    return (
      values.has(value) ||
      (/^\d+$/.test(value) && ranges.some(([first, last]) => Number(value) >= first && Number(value) <= last))
    )
  }
}
