/** What a public data set says of itself. */
import type { ImageList } from '../data/items.js'

/** A public data set: its origin, its content and how to read it. */
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
  /** Whether the folder `data` has its layout. */
  fits(data: string): boolean
  /** The images of the folder `data`, each with its part of the split in `fields.part`. */
  read(data: string): ImageList
}
