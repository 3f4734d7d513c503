/**
 * Captchas of five characters, 200 x 50 pixels, which Keras's example of a captcha reader made known. Every tenth of the rows sorted by
 * label validates, the others train.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readCsvItems } from '@weft/core/data'
import { imagesOf } from '../data/items.js'
import type { PublicDataset } from './index.js'

export const captcha: PublicDataset = {
  title: 'Captcha images, version 2',
  origin: 'https://github.com/woosal1337/captcha-recognition-pytorch-CRNN',
  commit: '113ee0eac907058fe17a710cca7001e6539348e7',
  licence: 'MIT, as the repository states; none stated for the images',
  images: 1040,
  symbols: Array.from('2345678bcdefgmnpwxy'),
  split: 'every tenth of the rows sorted by label validates',
  fits: (data) => existsSync(join(data, 'labels.csv')),
  read: (data) => {
    const { items, skipped } = readCsvItems(join(data, 'labels.csv'))
    const rows = items.map((item, index) => ({ index, key: `${item.labels[0] ?? ''}\0${item.id}` }))
    rows.sort((a, b) => (a.key < b.key ? -1 : 1))
    const validating = new Set(rows.filter((_, row) => row % 10 === 9).map(({ index }) => index))
    const divided = items.map((item, index) => ({
      ...item,
      fields: { ...item.fields, part: validating.has(index) ? 'validation' : 'train' },
    }))
    return imagesOf({ items: divided, skipped }, 'read')
  },
}
