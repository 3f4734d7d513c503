/**
 * How a list of labelled items is divided into the parts that train, validate and test: by what the data says of itself, by
 * conditions, the rest by shares. A part is a function of the list, the options and the seed, so that a model's test part can be
 * found again. The drawing itself is data/split.ts's.
 */
import { countLabels, type Labels } from '../data/labels.js'
import type { LabelledFile } from '../data/read-items.js'
import {
  type Fold,
  groupKFold,
  groupSplit,
  predefinedFolds,
  randomSplit,
  stratifiedKFold,
  stratifiedSplit,
} from '../data/split.js'
import { expected } from '../errors.js'
import { PART_NAMES, type PartName, type SplitOptions } from './options.js'

/** The items of each part, in the order of the list. */
export type Divided<Item> = Readonly<Record<PartName, readonly Item[]>>

/** How items that no condition names are drawn. */
export interface DrawOptions {
  readonly seed: number
  /** Whole groups go to one part. */
  readonly byGroup: boolean
  /** Every part gets the same share of each label; needs one label an item. */
  readonly stratified: boolean
}

/** The field of an item that says to which part it belongs, such as a column of a CSV file. */
const PART_FIELD = 'part'

/**
 * Divides items: those that `--test-where` and `--validation-where` name, or that say themselves where they belong (a field `part`), go
 * there; the rest is drawn by shares. A share counts only for a part that nothing else has filled, and where the data names parts
 * itself no test part is drawn.
 *
 * @throws UserError when a condition holds for no item.
 */
export function divide<Item extends LabelledFile>(
  items: readonly Item[],
  options: SplitOptions,
  drawing: DrawOptions,
): Divided<Item> {
  const parts: Record<PartName, number[]> = { train: [], validation: [], test: [] }
  const named = {
    test: condition(options.testWhere, 'test'),
    validation: condition(options.validationWhere, 'validation'),
  }
  const rest: number[] = []
  items.forEach((item, at) => {
    const own = ownPart(item)
    if (named.test?.(item)) parts.test.push(at)
    else if (named.validation?.(item)) parts.validation.push(at)
    else if (own !== undefined && own !== 'train' && named[own] === undefined) parts[own].push(at)
    else rest.push(at)
  })
  for (const part of ['test', 'validation'] as const) {
    if (named[part] && parts[part].length === 0) {
      const where = part === 'test' ? options.testWhere : options.validationWhere
      throw expected({
        doing: 'dividing the data',
        want: 'a condition that holds for at least 1 item',
        of: `the ${part} part`,
        got: where,
      })
    }
  }
  const saysItself = items.some((item) => ownPart(item) !== undefined)
  const shares = {
    validation: parts.validation.length > 0 ? 0 : options.validationShare,
    test: parts.test.length > 0 || saysItself ? 0 : options.testShare,
  }
  const drawn = drawParts(
    rest.flatMap((at) => items[at] ?? []),
    shares,
    drawing,
  )
  for (const part of PART_NAMES) {
    for (const at of drawn[part] ?? []) {
      const place = rest[at]
      if (place !== undefined) parts[part].push(place)
    }
    parts[part].sort((a, b) => a - b)
  }
  const take = (part: PartName) => parts[part].flatMap((at) => items[at] ?? [])
  return { train: take('train'), validation: take('validation'), test: take('test') }
}

function ownPart({ id, fields }: LabelledFile): PartName | undefined {
  const own = fields[PART_FIELD]
  if (own === undefined) return undefined
  const part = PART_NAMES.find((name) => name === own)
  if (part === undefined)
    throw expected({
      doing: 'dividing the data',
      want: PART_NAMES.join(', '),
      of: `the field "part" of ${id}`,
      got: own,
    })
  return part
}

function drawParts(
  items: readonly LabelledFile[],
  shares: Readonly<Record<'validation' | 'test', number>>,
  { seed, byGroup, stratified }: DrawOptions,
): Readonly<Record<string, readonly number[]>> {
  if (shares.validation + shares.test >= 1)
    throw expected({
      doing: 'dividing the data',
      want: 'less than 1 together, so that there is something to train on,',
      of: '--validation-share and --test-share',
      got: `${shares.validation} and ${shares.test}`,
    })
  const all = { train: 1 - shares.validation - shares.test, ...shares }
  const wanted = Object.fromEntries(Object.entries(all).filter(([, share]) => share !== 0))
  if (items.length === 0 || Object.keys(wanted).length === 1) return { train: items.map((_, at) => at) }
  if (byGroup) return groupSplit(items.map(groupOf), wanted, seed)
  if (stratified) return stratifiedSplit(items.map(onlyLabel), wanted, seed)
  return randomSplit(items.length, wanted, seed)
}

/** The rounds of a cross-validation: the folds that the data has, or else `k` drawn ones. */
export function foldsOf(
  items: readonly LabelledFile[],
  options: { readonly folds: number; readonly seed: number; readonly byGroup: boolean },
): Fold[] {
  const { folds, seed, byGroup } = options
  if (items.every((item) => item.fold !== undefined)) return predefinedFolds(items.map((item) => item.fold ?? ''))
  if (byGroup) return groupKFold(items.map(groupOf), folds, seed)
  return stratifiedKFold(
    items.map((item) => item.labels.join('+')),
    folds,
    seed,
  )
}

function groupOf(item: LabelledFile): string {
  return item.group ?? ''
}

function onlyLabel(item: LabelledFile): string {
  return item.labels[0] ?? ''
}

/**
 * What `take=0-4`, `fold=1,3` or `speaker=george` says of an item: whether the column or part of its name is one of the values, or a
 * number in one of the ranges.
 */
export function condition(
  text: string | undefined,
  part: string,
): ((item: Pick<LabelledFile, 'fields'>) => boolean) | undefined {
  if (text === undefined) return undefined
  const [, field = '', list = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (field === '')
    throw expected({
      doing: 'dividing the data',
      want: 'name=value,value or name=first-last',
      of: `the ${part} part`,
      got: text,
    })
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
      const hint = `Known are ${Object.keys(item.fields).join(', ') || 'none: the data is in a folder for each class'}.`
      throw expected({
        doing: 'dividing the data',
        want: 'a column or part of the name',
        of: `the ${part} part`,
        got: field,
        hint,
      })
    }
    return (
      values.has(value) ||
      (/^\d+$/.test(value) && ranges.some(([first, last]) => Number(value) >= first && Number(value) <= last))
    )
  }
}

/** The parts without the items that cannot be used. */
export function keepUsable<Item>(parts: Divided<Item>, usable: readonly Item[]): Divided<Item> {
  const kept = new Set(usable)
  const take = (items: readonly Item[]) => items.filter((item) => kept.has(item))
  return { train: take(parts.train), validation: take(parts.validation), test: take(parts.test) }
}

/** There must be something to learn from. */
export function requireTraining({ train }: Divided<LabelledFile>, data: string): void {
  if (train.length === 0)
    throw expected({ doing: 'dividing the data', want: 'at least 1 item to train on', of: data, got: 'none' })
}

/** Every label must have something to learn from. */
export function requireEveryLabel(labels: Labels, parts: Divided<LabelledFile>, data: string): void {
  requireTraining(parts, data)
  const counts = countLabels(
    labels,
    parts.train.map((item) => item.labels),
  )
  const missing = labels.names.filter((_, at) => counts[at] === 0)
  if (missing.length === 0) return
  throw expected({
    doing: 'dividing the data',
    want: 'at least 1 usable file of every label to train on',
    of: data,
    got: `none of ${missing.join(', ')}`,
    hint: 'Add files of these labels, or leave the labels out.',
  })
}
