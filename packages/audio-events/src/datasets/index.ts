/** The public data sets by name. */
import type { ReadingOptions } from '../options/sound.js'
import { esc10 } from './esc10.js'
import { fsdd } from './fsdd.js'

/** A public data set: where it comes from, what is in it, how its labels are read. */
export interface PublicDataset {
  readonly title: string
  readonly origin: string
  /** Commit of the origin. */
  readonly commit: string
  readonly licence: string
  readonly files: number
  readonly labels: readonly string[]
  /** The canonical split. */
  readonly split: string
  /** SHA-256 of the list `<sha256 of the file>  <name>` of all its sounds, sorted by name, a line each. */
  readonly checksum?: string
  /** How the folder `data` is read. */
  reading(data: string): Partial<ReadingOptions> & { readonly data: string }
}

export const datasets: Readonly<Record<NonNullable<ReadingOptions['dataset']>, PublicDataset>> = { fsdd, esc10 }
