/** ESC-10: ten kinds of environmental sounds, 40 clips of 5 seconds each, five folds that keep recordings together. */
import { join } from 'node:path'
import type { PublicDataset } from './public-dataset.js'

export const esc10: PublicDataset = {
  title: 'ESC-10: Dataset for Environmental Sound Classification',
  origin: 'https://github.com/karolpiczak/ESC-10',
  commit: '553c8f1743b9dba6b282e1323c3ca8fa76923448',
  licence: 'CC BY 3.0; each clip CC0 or CC BY',
  files: 400,
  labels: [
    'chainsaw',
    'clock_tick',
    'crackling_fire',
    'crying_baby',
    'dog',
    'helicopter',
    'rain',
    'rooster',
    'sea_waves',
    'sneezing',
  ],
  split: 'five folds, each tested once',
  reading: (data) => ({
    data: join(data, 'esc10.csv'),
    root: join(data, 'audio'),
    fileColumn: 'filename',
    labelColumn: 'category',
    fold: 'fold',
    group: 'freesound_id',
  }),
}
