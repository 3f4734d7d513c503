/**
 * Every option of this application, once: default, unit, range, one line of help. Types, flags, help and checks derive from these
 * tables; a command takes the tables it needs. Values that differ for a kind of sound are in presets/. Long tables are in
 * options/. Nothing that runs is imported, so that help stays quick.
 */
import { defineOptions, type GivenOptions, type OptionsOf } from '@weft/core/cli'
import {
  cacheOption,
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
import { modelOptions } from './options/network.js'
import { augmentOptions, featureOptions, readingOptions } from './options/sound.js'

const dataOption = defineOptions({
  data: { type: 'path', required: true, group: 'Data', help: 'folder of sounds, or a CSV file that lists them' },
})

export const trainOptions = defineOptions({
  ...dataOption,
  preset: { type: 'string', default: 'events', group: 'Data', help: 'named set of options' },
  ...readingOptions,
  ...splitOptions,
  ...featureOptions,
  ...augmentOptions,
  ...modelOptions,
  ...trainingOptions,
  ...classificationOptions,
  crossValidate: {
    type: 'boolean',
    default: false,
    group: 'Run',
    help: 'cross-validate: train once per fold, test on that fold',
  },
  folds: {
    type: 'integer',
    default: 5,
    min: 2,
    group: 'Run',
    help: 'folds of a cross-validation, where the data has none of its own',
  },
  ...seedOption,
  ...runFolderOptions,
  ...runtimeOptions,
  ...loadingOptions,
  ...cacheOption,
})

export const evaluateOptions = defineOptions({
  ...modelOption,
  ...dataOption,
  ...readingOptions,
  ...judgingOptions,
  ...runtimeOptions,
  ...loadingOptions,
  ...cacheOption,
})

/** How the network's probabilities over time become events. */
export const eventOptions = defineOptions({
  stepSeconds: {
    type: 'number',
    default: 0.25,
    above: 0,
    unit: 'seconds',
    group: 'Events',
    help: 'step between windows',
  },
  threshold: {
    type: 'number',
    default: 0.5,
    above: 0,
    max: 1,
    group: 'Events',
    help: 'probability at which an event begins',
  },
  release: {
    type: 'number',
    default: 0.3,
    min: 0,
    max: 1,
    group: 'Events',
    help: 'probability below which an event ends',
  },
  smoothing: { type: 'integer', default: 3, min: 1, max: 99, group: 'Events', help: 'windows in the running median' },
  silenceDb: {
    type: 'number',
    default: -55,
    unit: 'dB',
    group: 'Events',
    help: 'level, relative to full scale, below which nothing is reported',
  },
})

export const predictOptions = defineOptions({
  ...modelOption,
  data: { type: 'path', help: 'sound file or folder, besides the files given as arguments' },
  events: {
    type: 'boolean',
    default: false,
    group: 'Events',
    help: 'find events with their times, for long recordings',
  },
  ...eventOptions,
  top: { type: 'integer', default: 3, min: 1, help: 'labels to show for each sound' },
  ...runtimeOptions,
  strict: loadingOptions.strict,
})

export const streamOptions = defineOptions({
  ...modelOption,
  sampleRate: {
    type: 'integer',
    default: 16_000,
    min: 1000,
    max: 192_000,
    unit: 'Hz',
    group: 'Input',
    help: 'sample rate of the input',
  },
  encoding: {
    type: 'choice',
    choices: ['s16le', 'f32le'],
    default: 's16le',
    group: 'Input',
    help: 'sample format',
  },
  channels: { type: 'integer', default: 1, min: 1, max: 64, group: 'Input', help: 'channels, interleaved' },
  ...eventOptions,
  ...runtimeOptions,
})

export const featuresOptions = defineOptions({
  model: { type: 'path', help: 'show what this model sees' },
  preset: { type: 'string', default: 'events', group: 'Features', help: 'named set of options' },
  out: { type: 'path', default: '.', help: 'folder for the pictures' },
  ...featureOptions,
})

export const demoOptions = defineOptions({
  out: {
    type: 'path',
    group: 'Run',
    help: 'folder of the demonstration (default: the next free of runs/demo, runs/demo-2, …)',
  },
  soundsPerClass: {
    type: 'integer',
    min: 8,
    group: 'Run',
    help: 'sounds of each class (default: fewer on a slow device)',
  },
  epochs: { type: 'integer', min: 1, group: 'Run', help: 'passes over the sounds (default: fewer on a slow device)' },
  ...seedOption,
  ...runtimeOptions,
})

export type TrainOptions = OptionsOf<typeof trainOptions>
export type GivenTrainOptions = GivenOptions<typeof trainOptions>
export type EvaluateOptions = OptionsOf<typeof evaluateOptions>
export type EventOptions = OptionsOf<typeof eventOptions>
export type StreamOptions = OptionsOf<typeof streamOptions>
export type DemoOptions = OptionsOf<typeof demoOptions>
