/** Electricity Transformer Temperature: six loads and the oil temperature of two stations, hourly or every 15 minutes. */
import type { PublicDataset } from './public-dataset.js'

const ETT = {
  origin: 'https://github.com/zhouhaoyi/ETDataset',
  commit: '1d16c8f4f943005d613b5bc962e9eeb06058cf07',
  licence: 'CC BY-ND 4.0',
  split: '12 months train, 4 validate, 4 test, by rows; what comes after is not used (Informer and its successors)',
} as const

const COLUMNS = ['HUFL', 'HULL', 'MUFL', 'MULL', 'LUFL', 'LULL', 'OT']

/** Borders in rows, for so many rows an hour. */
const months = (perHour: number, end = 14_400) => ({
  target: COLUMNS,
  channels: 'independent' as const,
  validationFrom: String(8_640 * perHour),
  testFrom: String(11_520 * perHour),
  until: String(end * perHour),
})

export const etth1: PublicDataset = {
  ...ETT,
  title: 'ETTh1: a transformer station, hourly, July 2016 to June 2018',
  rows: 17_420,
  options: months(1),
}
export const etth2: PublicDataset = {
  ...ETT,
  title: 'ETTh2: another transformer station, hourly, July 2016 to June 2018',
  rows: 17_420,
  options: months(1),
}
export const ettm1: PublicDataset = {
  ...ETT,
  title: 'ETTm1: the first station every 15 minutes',
  rows: 69_680,
  options: months(4),
}
