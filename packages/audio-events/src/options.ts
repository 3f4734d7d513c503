/**
 * Every option of this application, once: default, unit, range, one line of help. Types, flags, help and checks derive from these
 * tables; a command takes the tables it needs. Values that differ for a kind of sound are in presets/. Long tables are in
 * options-sound.ts and options-network.ts.
 */
import { DEVICES } from '@weft/core'
import { defineOptions } from '@weft/core/cli'
import type { GivenOptions, OptionsOf } from '@weft/core/cli'
import { modelOptions, trainingOptions } from './options-network.js'
import { augmentOptions, featureOptions, readingOptions, splitOptions } from './options-sound.js'

export { modelOptions } from './options-network.js'
export { featureOptions, readingOptions, splitOptions } from './options-sound.js'

/** What is true of most commands. */
export const runtimeOptions = defineOptions({
  device: { type: 'choice', choices: DEVICES, default: 'auto', group: 'Run', help: 'what it runs on' },
  threads: { type: 'integer', min: 1, group: 'Run', help: 'threads of the native device; all cores unless told' },
})

const seedOption = defineOptions({
  seed: { type: 'integer', default: 1, min: 0, group: 'Run', help: 'seed of split, weights, order and augmentation' },
})

export const loadingOptions = defineOptions({
  strict: {
    type: 'boolean',
    default: false,
    group: 'Run',
    help: 'a file that cannot be used is an error, not left out and counted',
  },
  cache: {
    type: 'path',
    group: 'Run',
    help: 'folder that keeps features for the next run, or none; in the home folder unless told',
  },
  workers: {
    type: 'integer',
    min: 0,
    max: 64,
    group: 'Run',
    help: 'threads that decode and compute features; one fewer than cores unless told',
  },
})

export const trainOptions = defineOptions({
  data: { type: 'path', required: true, group: 'Data', help: 'folder of sounds, or a CSV file that lists them' },
  preset: { type: 'string', default: 'events', group: 'Data', help: 'named set of options' },
  out: { type: 'path', required: true, group: 'Run', help: 'folder of this run' },
  ...readingOptions,
  ...splitOptions,
  ...featureOptions,
  ...augmentOptions,
  ...modelOptions,
  ...trainingOptions,
  crossValidate: {
    type: 'boolean',
    default: false,
    group: 'Run',
    help: 'train once for each fold, each tested by its fold',
  },
  folds: {
    type: 'integer',
    default: 5,
    min: 2,
    group: 'Run',
    help: 'folds of a cross-validation of data that has none',
  },
  ...seedOption,
  ...runtimeOptions,
  ...loadingOptions,
  resume: { type: 'boolean', default: false, group: 'Run', help: 'go on with the run in --out where it stopped' },
  checkpointSeconds: {
    type: 'number',
    default: 60,
    above: 0,
    unit: 'seconds',
    group: 'Run',
    help: 'time between checkpoints within an epoch',
  },
})

const modelPath = defineOptions({
  model: { type: 'path', required: true, help: 'folder of a run or of a model' },
})

export const evaluateOptions = defineOptions({
  ...modelPath,
  data: { type: 'path', required: true, group: 'Data', help: 'folder of sounds, or a CSV file that lists them' },
  part: {
    type: 'choice',
    choices: ['train', 'validation', 'test'],
    group: 'Data',
    help: 'judge only this part of the split that the model was trained with; all unless told',
  },
  ...readingOptions,
  out: { type: 'path', group: 'Run', help: 'folder for report.html and predictions.csv' },
  batchSize: { type: 'integer', default: 32, min: 1, group: 'Run', help: 'sounds of one step' },
  ...runtimeOptions,
  ...loadingOptions,
})

/** How events are found in what the network says from moment to moment. */
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
  smoothing: { type: 'integer', default: 3, min: 1, max: 99, group: 'Events', help: 'windows whose median is taken' },
  silenceDb: {
    type: 'number',
    default: -55,
    unit: 'dB',
    group: 'Events',
    help: 'level below full scale under which nothing is reported',
  },
})

export const predictOptions = defineOptions({
  ...modelPath,
  data: { type: 'path', help: 'sound file or folder, as well as files named without an option' },
  events: {
    type: 'boolean',
    default: false,
    group: 'Events',
    help: 'find events with their times, for long recordings',
  },
  ...eventOptions,
  top: { type: 'integer', default: 3, min: 1, help: 'labels that are shown for a sound' },
  ...runtimeOptions,
  strict: loadingOptions.strict,
})

export const streamOptions = defineOptions({
  ...modelPath,
  sampleRate: {
    type: 'integer',
    default: 16_000,
    min: 1000,
    max: 192_000,
    unit: 'Hz',
    group: 'Input',
    help: 'sample rate of what comes in',
  },
  encoding: {
    type: 'choice',
    choices: ['s16le', 'f32le'],
    default: 's16le',
    group: 'Input',
    help: 'how samples are written',
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
  out: { type: 'path', group: 'Run', help: 'folder of the demonstration; the next free of runs/demo, runs/demo-2, …' },
  soundsPerClass: {
    type: 'integer',
    min: 8,
    group: 'Run',
    help: 'sounds of each class; fewer on a slow device unless told',
  },
  epochs: { type: 'integer', min: 1, group: 'Run', help: 'passes over the sounds; fewer on a slow device unless told' },
  ...seedOption,
  ...runtimeOptions,
})

export type ReadingOptions = OptionsOf<typeof readingOptions>
export type SplitOptions = OptionsOf<typeof splitOptions>
export type FeatureOptions = OptionsOf<typeof featureOptions>
export type TrainOptions = OptionsOf<typeof trainOptions>
export type GivenTrainOptions = GivenOptions<typeof trainOptions>
export type EvaluateOptions = OptionsOf<typeof evaluateOptions>
export type EventOptions = OptionsOf<typeof eventOptions>
export type PredictOptions = OptionsOf<typeof predictOptions>
export type StreamOptions = OptionsOf<typeof streamOptions>
export type FeaturesOptions = OptionsOf<typeof featuresOptions>
export type DemoOptions = OptionsOf<typeof demoOptions>
