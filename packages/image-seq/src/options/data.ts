/** Options that say where labelled images are and what their labels are. options.ts puts them together into commands. */
import { defineOptions, type OptionsOf } from '@weft/core/cli'
import { labelledFilesOptions } from '@weft/core/options'

/** Where labelled images are and how their labels are found. */
export const readingOptions = defineOptions({
  dataset: {
    type: 'choice',
    choices: ['captcha', 'digit-strings', 'mnist'],
    group: 'Data',
    help: 'read --data as this public data set is laid out',
  },
  task: {
    type: 'choice',
    choices: ['auto', 'read', 'classify'],
    default: 'auto',
    group: 'Data',
    help: 'whether a label is a text to read or a class; auto: a class for folders of classes and IDX files',
  },
  frames: {
    type: 'boolean',
    default: false,
    group: 'Data',
    help: 'take each folder of images as one sample, its images as frames in the order of their names',
  },
  ...labelledFilesOptions,
})

export type ReadingOptions = OptionsOf<typeof readingOptions>
