/**
 * Every option of this application, once: default, unit, range, one line of help. Types, flags, help and checks derive from these
 * tables; a command takes the tables it needs. Values that differ for a kind of image are in presets/, what all applications share is
 * core's, long tables are in options/. Nothing that runs is imported, so that help stays quick.
 */
import { defineOptions, type GivenOptions, type OptionsOf } from '@weft/core/cli'
import {
  classificationOptions,
  judgingOptions,
  loadingOptions,
  modelOption,
  runFolderOptions,
  runtimeOptions,
  seedOption,
  splitOptions,
  trainingOptions,
} from '@weft/core/options'
import { augmentOptions } from './options/augment.js'
import { readingOptions } from './options/data.js'
import { imageOptions } from './options/image.js'
import { decodingOptions, languageModelOptions, modelOptions } from './options/network.js'

const dataOption = defineOptions({
  data: {
    type: 'path',
    required: true,
    group: 'Data',
    help: 'folder of images (with labels.csv, texts as file names, a folder a class, or IDX files), or a CSV file',
  },
})

export const trainOptions = defineOptions({
  ...dataOption,
  preset: { type: 'string', default: 'captcha', group: 'Data', help: 'named set of options' },
  ...readingOptions,
  ...splitOptions,
  ...imageOptions,
  ...augmentOptions,
  ...modelOptions,
  ...languageModelOptions,
  ...trainingOptions,
  ...classificationOptions,
  ...seedOption,
  ...runFolderOptions,
  ...runtimeOptions,
  ...loadingOptions,
})

export const evaluateOptions = defineOptions({
  ...modelOption,
  ...dataOption,
  ...readingOptions,
  ...decodingOptions,
  ...judgingOptions,
  ...runtimeOptions,
  ...loadingOptions,
})

export const predictOptions = defineOptions({
  ...modelOption,
  data: { type: 'path', help: 'image or folder, besides the files given as arguments' },
  ...decodingOptions,
  places: {
    type: 'choice',
    default: 'written',
    choices: ['written', 'seen'],
    group: 'Reading',
    help: 'columns to report for a symbol: where the network wrote it, or where it saw it, which takes three to ten times as long',
  },
  top: { type: 'integer', default: 3, min: 1, help: 'labels to show for each image' },
  explain: {
    type: 'path',
    help: 'folder for pictures of what each answer came from',
  },
  batchSize: { type: 'integer', default: 32, min: 1, group: 'Run', help: 'images per step' },
  ...runtimeOptions,
  ...loadingOptions,
})

export const demoOptions = defineOptions({
  out: {
    type: 'path',
    group: 'Run',
    help: 'folder of the demonstration (default: the next free of runs/demo-image, runs/demo-image-2, …)',
  },
  images: { type: 'integer', min: 40, group: 'Run', help: 'images to make (default: fewer on a slow device)' },
  epochs: { type: 'integer', min: 1, group: 'Run', help: 'passes over the images (default: fewer on a slow device)' },
  ...seedOption,
  ...runtimeOptions,
})

export type TrainOptions = OptionsOf<typeof trainOptions>
export type GivenTrainOptions = GivenOptions<typeof trainOptions>
export type EvaluateOptions = OptionsOf<typeof evaluateOptions>
export type PredictOptions = OptionsOf<typeof predictOptions>
export type DemoOptions = OptionsOf<typeof demoOptions>
