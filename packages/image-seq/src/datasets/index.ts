/** The public data sets by name. */
import type { ImageList } from '../data/items.js'
import type { ReadingOptions } from '../options/data.js'
import { captcha } from './captcha.js'
import { digitStrings } from './digit-strings.js'
import { mnist } from './mnist.js'

/** A public data set: where it comes from, what is in it, how its labels are read. */
export interface PublicDataset {
  readonly title: string
  readonly origin: string
  /** Commit of the origin. */
  readonly commit: string
  readonly licence: string
  readonly images: number
  /** The symbols of its texts, or its classes. */
  readonly symbols: readonly string[]
  /** The canonical split. */
  readonly split: string
  /** Whether the folder `data` is laid out like it. */
  fits(data: string): boolean
  /** The images of the folder `data`, each with its part of the split in `fields.part`. */
  read(data: string): ImageList
}

export const datasets: Readonly<Record<NonNullable<ReadingOptions['dataset']>, PublicDataset>> = {
  captcha,
  'digit-strings': digitStrings,
  mnist,
}
