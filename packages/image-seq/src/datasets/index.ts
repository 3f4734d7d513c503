import type { ReadingOptions } from '../options/data.js'
import { captcha } from './captcha.js'
import { digitStrings } from './digit-strings.js'
import { mnist } from './mnist.js'
import type { PublicDataset } from './public-dataset.js'

export const datasets: Readonly<Record<NonNullable<ReadingOptions['dataset']>, PublicDataset>> = {
  captcha,
  'digit-strings': digitStrings,
  mnist,
}
