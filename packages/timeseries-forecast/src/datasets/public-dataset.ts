/** What is recorded of a public data set. */
import type { GivenTrainOptions } from '../options.js'

/** A public data set: where it comes from, what is in it, and the options that read it as its authors do. */
export interface PublicDataset {
  readonly title: string
  readonly origin: string
  /** Commit of the origin. */
  readonly commit: string
  readonly licence: string
  readonly rows: number
  /** The canonical split. */
  readonly split: string
  /** Stand over presets; what is given stands over them. */
  readonly options: GivenTrainOptions
}
