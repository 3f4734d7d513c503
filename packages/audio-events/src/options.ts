/**
 * Every option of this application, once: default, unit, range, one line of help. Types, flags, help and checks derive from these
 * tables; a command takes the tables it needs. Values that differ for a kind of sound are in presets/.
 */
import { DEVICES, FREEZABLE } from '@weft/core'
import { defineOptions } from '@weft/core/cli'
import type { GivenOptions, OptionsOf } from '@weft/core/cli'
import { DESCRIPTORS } from './features.js'
import { FEATURE_KINDS } from './finish.js'

/** Where labelled sounds are and how their labels are found. */
export const readingOptions = defineOptions({
  dataset: {
    type: 'choice',
    choices: ['fsdd', 'esc10'],
    group: 'Data',
    help: 'read --data as this public data set is laid out',
  },
  pattern: {
    type: 'string',
    group: 'Data',
    help: 'file names that hold the labels, such as {label}_{speaker}_{take}.wav',
  },
  root: { type: 'path', group: 'Data', help: 'folder of the files that a CSV file names; its own unless told' },
  fileColumn: { type: 'string', group: 'Data', help: 'column of a CSV file that names the files' },
  labelColumn: { type: 'string', group: 'Data', help: 'column of a CSV file that holds the labels' },
  labelSeparator: { type: 'string', group: 'Data', help: 'what separates several labels of one sound, such as ";"' },
  group: {
    type: 'string',
    group: 'Data',
    help: 'column or part of the name whose values must not be in two parts, such as speaker',
  },
  fold: { type: 'string', group: 'Data', help: 'column or part of the name that is the fold of a cross-validation' },
})

/** How labelled sounds are divided. */
export const splitOptions = defineOptions({
  testWhere: {
    type: 'string',
    group: 'Data',
    help: 'which sounds test, by column or part of the name, such as take=0-4 or fold=1,2',
  },
  validationWhere: { type: 'string', group: 'Data', help: 'which sounds validate, as --test-where' },
  testShare: {
    type: 'number',
    default: 0.15,
    min: 0,
    below: 1,
    group: 'Data',
    help: 'share of the sounds that test, unless --test-where says which',
  },
  validationShare: {
    type: 'number',
    default: 0.15,
    min: 0,
    below: 1,
    group: 'Data',
    help: 'share of the sounds that validate, unless --validation-where says which',
  },
})

/** How sounds become spectrograms. */
export const featureOptions = defineOptions({
  sampleRateHz: {
    type: 'integer',
    default: 16_000,
    min: 1000,
    max: 192_000,
    unit: 'Hz',
    group: 'Features',
    help: 'sounds are resampled to this rate',
  },
  durationSeconds: {
    type: 'number',
    default: 0,
    min: 0,
    max: 600,
    unit: 'seconds',
    group: 'Features',
    help: 'length of what the network hears at once; 0 fits nearly all training sounds',
  },
  trimDb: {
    type: 'number',
    default: 0,
    min: 0,
    unit: 'dB',
    group: 'Features',
    help: 'cut ends this much below the loudest part; 0 cuts nothing',
  },
  features: {
    type: 'choice',
    choices: FEATURE_KINDS,
    default: 'log-mel',
    group: 'Features',
    help: 'what the network sees',
  },
  windowMs: { type: 'number', default: 25, above: 0, unit: 'ms', group: 'Features', help: 'length of a frame' },
  hopMs: { type: 'number', default: 10, above: 0, unit: 'ms', group: 'Features', help: 'step between frames' },
  fftSize: {
    type: 'integer',
    default: 0,
    min: 0,
    group: 'Features',
    help: 'points of the Fourier transform, a power of two; 0 takes the smallest that holds a window',
  },
  melBands: { type: 'integer', default: 64, min: 2, group: 'Features', help: 'mel bands' },
  minHz: { type: 'number', default: 40, min: 0, unit: 'Hz', group: 'Features', help: 'lowest frequency' },
  maxHz: {
    type: 'number',
    default: 0,
    min: 0,
    unit: 'Hz',
    group: 'Features',
    help: 'highest frequency; 0 is half the sample rate',
  },
  preEmphasis: {
    type: 'number',
    default: 0,
    min: 0,
    below: 1,
    group: 'Features',
    help: 'share of the sample before that is taken away, which lifts high frequencies',
  },
  floorDb: { type: 'number', default: -60, unit: 'dB', group: 'Features', help: 'power below this counts as this' },
  coefficients: { type: 'integer', default: 20, min: 1, group: 'Features', help: 'coefficients of mfcc' },
  deltas: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 2,
    group: 'Features',
    help: 'changes over time as further channels: 1 first, 2 second too',
  },
  clipMean: {
    type: 'boolean',
    default: false,
    group: 'Features',
    help: "take each sound's own mean away from each band",
  },
  descriptors: {
    type: 'list',
    choices: DESCRIPTORS,
    default: [],
    group: 'Features',
    help: 'spectral descriptors beside the bands',
  },
})

/** How training sounds are varied. */
export const augmentOptions = defineOptions({
  augment: { type: 'boolean', default: true, group: 'Augmentation', help: 'vary the training sounds' },
  speedChange: {
    type: 'number',
    default: 0.1,
    min: 0,
    below: 1,
    group: 'Augmentation',
    help: 'largest change of speed, as a share',
  },
  pitchShiftBands: {
    type: 'number',
    default: 1,
    min: 0,
    unit: 'bands',
    group: 'Augmentation',
    help: 'largest shift of pitch',
  },
  gainDb: { type: 'number', default: 6, min: 0, unit: 'dB', group: 'Augmentation', help: 'largest change of level' },
  roll: {
    type: 'boolean',
    default: false,
    group: 'Augmentation',
    help: 'turn sounds in time; what leaves at one end enters at the other',
  },
  timeShiftMs: {
    type: 'number',
    default: 200,
    min: 0,
    unit: 'ms',
    group: 'Augmentation',
    help: 'largest move within the window',
  },
  noiseChance: {
    type: 'number',
    default: 0.3,
    min: 0,
    max: 1,
    group: 'Augmentation',
    help: 'share of sounds that get noise',
  },
  noiseSnrDb: {
    type: 'number',
    default: 10,
    min: -20,
    max: 60,
    unit: 'dB',
    group: 'Augmentation',
    help: 'least level of the sound above the noise',
  },
  noise: {
    type: 'path',
    group: 'Augmentation',
    help: 'folder of recordings to take noise from; synthetic noise unless told',
  },
  timeMasks: { type: 'integer', default: 1, min: 0, group: 'Augmentation', help: 'stretches of time that are hidden' },
  timeMaskMs: { type: 'number', default: 100, min: 0, unit: 'ms', group: 'Augmentation', help: 'longest of them' },
  frequencyMasks: {
    type: 'integer',
    default: 1,
    min: 0,
    group: 'Augmentation',
    help: 'ranges of bands that are hidden',
  },
  frequencyMaskBands: {
    type: 'integer',
    default: 8,
    min: 0,
    unit: 'bands',
    group: 'Augmentation',
    help: 'widest of them',
  },
  mixup: {
    type: 'number',
    default: 0,
    min: 0,
    max: 8,
    group: 'Augmentation',
    help: 'strength of blending pairs of sounds; 0 is off, 0.2 usual',
  },
})

/** The network. */
export const modelOptions = defineOptions({
  filters: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [32, 64, 128],
    group: 'Network',
    help: 'filters of each convolution block',
  },
  kernelSize: { type: 'integer', default: 3, min: 1, group: 'Network', help: 'size of the convolutions' },
  poolTime: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [2, 2, 2],
    group: 'Network',
    help: 'pooling over time after each block',
  },
  poolFrequency: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [2, 2, 4],
    group: 'Network',
    help: 'pooling over frequency after each block',
  },
  convDropout: { type: 'number', default: 0.1, min: 0, below: 1, group: 'Network', help: 'dropout after each block' },
  lstmUnits: { type: 'integer', default: 64, min: 1, group: 'Network', help: 'units of each LSTM, each way' },
  lstmLayers: { type: 'integer', default: 1, min: 1, group: 'Network', help: 'LSTM layers' },
  bidirectional: { type: 'boolean', default: true, group: 'Network', help: 'read the sound both ways' },
  lstmDropout: {
    type: 'number',
    default: 0,
    min: 0,
    below: 1,
    group: 'Network',
    help: 'dropout of what enters each LSTM',
  },
  pooling: {
    type: 'choice',
    choices: ['last', 'mean', 'max', 'attention'],
    default: 'mean',
    group: 'Network',
    help: 'from all steps to one vector; attention is no layer of plain TensorFlow.js',
  },
  headDropout: {
    type: 'number',
    default: 0.3,
    min: 0,
    below: 1,
    group: 'Network',
    help: 'dropout before the last layer',
  },
})

/** How the network is trained. */
export const trainingOptions = defineOptions({
  epochs: { type: 'integer', default: 60, min: 1, group: 'Training', help: 'passes over the training sounds' },
  batchSize: { type: 'integer', default: 32, min: 1, group: 'Training', help: 'sounds of one step' },
  optimizer: {
    type: 'choice',
    choices: ['adam', 'adamW', 'sgd', 'rmsprop'],
    default: 'adamW',
    group: 'Training',
    help: 'what turns gradients into updates',
  },
  learningRate: { type: 'number', default: 0.002, above: 0, group: 'Training', help: 'learning rate at its peak' },
  schedule: {
    type: 'choice',
    choices: ['constant', 'cosine', 'exponential', 'oneCycle'],
    default: 'cosine',
    group: 'Training',
    help: 'course of the learning rate',
  },
  warmupEpochs: {
    type: 'number',
    default: 2,
    min: 0,
    group: 'Training',
    help: 'epochs over which the learning rate rises',
  },
  weightDecay: { type: 'number', default: 0.01, min: 0, group: 'Training', help: 'decoupled weight decay' },
  clipNorm: {
    type: 'number',
    default: 5,
    min: 0,
    group: 'Training',
    help: 'largest norm of the gradients together; 0 is no bound',
  },
  labelSmoothing: {
    type: 'number',
    default: 0.05,
    min: 0,
    below: 1,
    group: 'Training',
    help: 'share of each target spread over all labels',
  },
  emaDecay: {
    type: 'number',
    default: 0,
    min: 0,
    below: 1,
    group: 'Training',
    help: 'decay of a moving average of the weights that is used in their place; 0 is off',
  },
  balance: {
    type: 'choice',
    choices: ['none', 'weights', 'sampling'],
    default: 'none',
    group: 'Training',
    help: 'make rare labels count as much as frequent ones',
  },
  patience: {
    type: 'integer',
    default: 0,
    min: 0,
    unit: 'epochs',
    group: 'Training',
    help: 'stop when validation has not improved for so long; 0 never',
  },
  keep: {
    type: 'choice',
    choices: ['best', 'last'],
    default: 'best',
    group: 'Training',
    help: 'weights that are saved: of the best validation loss, or the last',
  },
  init: {
    type: 'path',
    group: 'Training',
    help: 'begin with the weights of this model, for other labels or more data',
  },
  freeze: {
    type: 'choice',
    choices: FREEZABLE,
    default: 'none',
    group: 'Training',
    help: 'part of the network that keeps the weights of --init',
  },
})

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
  out: { type: 'path', default: 'runs/demo', group: 'Run', help: 'folder of the demonstration' },
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
