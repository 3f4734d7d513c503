/** MNIST: handwritten digits, grey, 28 x 28 pixels, in IDX files; the files are the split. */
import { statSync } from 'node:fs'
import { expected } from '@weft/core/errors'
import { findIdxPairs, readIdxItems, type IdxPair } from '../data/idx-items.js'
import type { PublicDataset } from './index.js'

export const mnist: PublicDataset = {
  title: 'The MNIST database of handwritten digits',
  origin: 'https://github.com/fgnt/mnist',
  commit: 'ae608a02b796c9ee908c082585a5f006fe05258e',
  licence: 'CC BY-SA 3.0, as republished; none stated at the origin',
  images: 70_000,
  symbols: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  split: 'the files: 60,000 train, 10,000 test',
  fits: hasMnistFiles,
  read: (data) => readIdxItems(mnistFiles(data)),
}

/** The pairs of files in `data`, of which there must be one at least. */
export function mnistFiles(data: string): IdxPair[] {
  const pairs = findIdxPairs(data)
  if (pairs.length === 0)
    throw expected({ doing: 'reading MNIST', want: 'train-images-idx3-ubyte.gz and its like', of: data, got: 'none' })
  return pairs
}

/** Whether there is at least one pair of files in the folder `data`. */
export function hasMnistFiles(data: string): boolean {
  return statSync(data, { throwIfNoEntry: false })?.isDirectory() === true && findIdxPairs(data).length > 0
}
