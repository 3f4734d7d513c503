/** The public data sets by name: what their authors read of them, and how they divide them. */
import type { GivenTrainOptions } from '../options.js'
import { beijing } from './beijing.js'
import { etth1, etth2, ettm1 } from './ett.js'

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

export const datasets: Readonly<Record<NonNullable<GivenTrainOptions['dataset']>, PublicDataset>> = {
  etth1,
  etth2,
  ettm1,
  beijing,
}

/** What was given, over what the data set that it names says. */
export function withDataset(given: GivenTrainOptions): GivenTrainOptions {
  return given.dataset === undefined ? given : { ...datasets[given.dataset].options, ...given }
}
