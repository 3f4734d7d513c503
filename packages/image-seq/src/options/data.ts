/** Options for finding labelled images and reading their labels. options.ts combines them into commands. */
import { defineOptions, type OptionsOf } from '@weft/core/cli'
import { labelledFilesOptions } from '@weft/core/options'

/** Where labelled images are and where their labels come from. */
export const readingOptions = defineOptions({
  dataset: {
    type: 'choice',
    choices: ['captcha', 'digit-strings', 'mnist'],
    group: 'Data',
    help: 'public data set whose layout --data has',
  },
  task: {
    type: 'choice',
    choices: ['auto', 'read', 'classify'],
    default: 'auto',
    group: 'Data',
    help: 'read: labels are texts; classify: labels are classes; auto: classify for class folders and IDX files, otherwise read',
  },
  frames: {
    type: 'boolean',
    default: false,
    group: 'Data',
    help: 'each folder of images is one sample, its images are frames in the order of their names',
  },
  ...labelledFilesOptions,
})

export type ReadingOptions = OptionsOf<typeof readingOptions>
