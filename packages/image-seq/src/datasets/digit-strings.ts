/**
 * Strings of 3 to 8 digits made of MNIST's images, drawn when they are loaded. Training strings are made of nine tenths of the training
 * images, validation strings of the last tenth, test strings of the test images only; so no string is judged whose digits were trained
 * on. Which digits a string has and how they lie is a function of the part and the string's number.
 */
import { hash, Random } from '@weft/core/runtime'
import { readIdxPair, type IdxPair } from '../data/idx-items.js'
import type { ImageList, ImageItem } from '../data/items.js'
import type { PublicDataset } from './index.js'
import { hasMnistFiles, mnist, mnistFiles } from './mnist.js'

/** Strings of each part. */
export const STRING_COUNTS = { train: 40_000, validation: 1000, test: 2000 } as const
type Part = keyof typeof STRING_COUNTS

const LENGTHS = { least: 3, most: 8 } as const
/** This share of the training images, the last ones, is for validation strings: the images of one writer follow one another. */
const HELD_OUT_SHARE = 0.1
/** The set is one set: strings do not change with the seed of a training run. */
const SEED = 1

export const digitStrings: PublicDataset = {
  title: 'Strings of 3 to 8 digits of MNIST',
  origin: mnist.origin,
  commit: mnist.commit,
  licence: mnist.licence,
  images: STRING_COUNTS.train + STRING_COUNTS.validation + STRING_COUNTS.test,
  symbols: mnist.symbols,
  split: '40,000 train, 1,000 validate, 2,000 test; no image of a digit in two parts',
  fits: hasMnistFiles,
  read: (data) => readDigitStrings(mnistFiles(data)),
}

/** The strings that these files give; a part whose images are not there has none. */
export function readDigitStrings(
  pairs: readonly IdxPair[],
  counts: Readonly<Record<Part, number>> = STRING_COUNTS,
): ImageList {
  const items = pairs.flatMap((pair) => {
    const labels = readIdxPair(pair)
    const all = Array.from(labels.keys())
    const strings = (part: Part, pool: readonly number[]) => stringsOf(part, pair.images, labels, pool, counts[part])
    if (pair.part === 'test') return strings('test', all)
    const trained = Math.round(all.length * (1 - HELD_OUT_SHARE))
    return [...strings('train', all.slice(0, trained)), ...strings('validation', all.slice(trained))]
  })
  return { items, skipped: [], task: 'read' }
}

/** Strings of digits drawn from the images `pool` of a file; none from an empty pool. */
function stringsOf(part: Part, path: string, labels: Uint8Array, pool: readonly number[], count: number): ImageItem[] {
  const fields = { part }
  return Array.from({ length: pool.length === 0 ? 0 : count }, (_, number): ImageItem => {
    const seed = hash(SEED, 'digit strings', part, number)
    const random = new Random(seed, 'digits')
    const length = LENGTHS.least + random.int(LENGTHS.most - LENGTHS.least + 1)
    const indices = Array.from({ length }, () => pool[random.int(pool.length)] ?? 0)
    const text = indices.map((image) => labels[image] ?? 0).join('')
    return { id: `${part}/${number}`, path, labels: [text], fields, source: { kind: 'digits', path, indices, seed } }
  })
}
