/** The public data sets by name: what their authors read of them, and how they divide them. */
import type { GivenTrainOptions } from '../options.js'
import type { PublicDataset } from './public-dataset.js'
import { beijing } from './beijing.js'
import { etth1, etth2, ettm1 } from './ett.js'

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
