/**
 * Lists of labelled sounds, as the options say; reading and dividing them is core's. Nothing is decoded here.
 */
import { statSync } from 'node:fs'
import { Labels, readByPattern, readClassFolders, readCsvItems } from '@weft/core/data'
import { UserError } from '@weft/core/errors'
import type { FoundFiles, LabelledFile } from '@weft/core/data'
import type { DrawOptions } from '@weft/core/app'
import { datasets } from './datasets/index.js'
import { SOUND_EXTENSIONS } from './sound/decode.js'
import type { ReadingOptions } from './options/sound.js'

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

/** How the parts are drawn: whole groups together, or else with the same share of every label. */
export function drawing(seed: number, { group }: Pick<ReadingOptions, 'group'>, multiLabel: boolean): DrawOptions {
  return { seed, byGroup: group !== undefined, stratified: !multiLabel }
}
