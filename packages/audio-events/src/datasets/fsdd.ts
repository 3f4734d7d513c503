/** The Free Spoken Digit Dataset: six speakers, ten digits, fifty takes each, 8 kHz. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PublicDataset } from './public-dataset.js'

export const fsdd: PublicDataset = {
  title: 'Free Spoken Digit Dataset',
  origin: 'https://github.com/Jakobovski/free-spoken-digit-dataset',
  commit: '26eb9aaf76e81b692f806f9140c2d2777410d7a1',
  licence: 'CC BY-SA 4.0',
  files: 3000,
  labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  split: 'takes 0 to 4 test, 5 to 49 train',
  reading: (data) => ({
    data: existsSync(join(data, 'recordings')) ? join(data, 'recordings') : data,
    pattern: '{label}_{speaker}_{take}',
  }),
}
