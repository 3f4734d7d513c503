/** The public data sets by name. */
import type { ReadingOptions } from '../options/sound.js'
import { esc10 } from './esc10.js'
import { fsdd } from './fsdd.js'
import type { PublicDataset } from './public-dataset.js'

export const datasets: Readonly<Record<NonNullable<ReadingOptions['dataset']>, PublicDataset>> = { fsdd, esc10 }
