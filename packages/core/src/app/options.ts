/**
 * Options that the applications share, each declared once: where labelled files are, how they are divided, how a network is trained,
 * what it runs on. An application takes the tables it needs and adds its own; its presets change values, never the tables. Nothing that
 * runs is imported here, so that help stays quick.
 */
import { defineOptions } from '../cli/options.js'
import type { OptionsOf } from '../cli/options.js'
import { FREEZABLE } from '../models/freezable.js'
import { DEVICES } from '../runtime/devices.js'

/** The parts that labelled data is divided into. */
export const PART_NAMES = ['train', 'validation', 'test'] as const
export type PartName = (typeof PART_NAMES)[number]

/** What a command runs on. */
export const runtimeOptions = defineOptions({
  device: { type: 'choice', choices: DEVICES, default: 'auto', group: 'Run', help: 'what it runs on' },
  threads: { type: 'integer', min: 1, group: 'Run', help: 'threads of the native device (default: one per core)' },
})

export const seedOption = defineOptions({
  seed: { type: 'integer', default: 1, min: 0, group: 'Run', help: 'seed of split, weights, order and augmentation' },
})

/** How files become what the network sees. */
export const loadingOptions = defineOptions({
  strict: {
    type: 'boolean',
    default: false,
    group: 'Run',
    help: 'stop at a file that cannot be used, instead of skipping it',
  },
  workers: {
    type: 'integer',
    min: 0,
    max: 64,
    group: 'Run',
    help: 'threads that decode and prepare files (default: one fewer than cores)',
  },
})

/** For what is worth keeping between runs. */
export const cacheOption = defineOptions({
  cache: {
    type: 'path',
    group: 'Run',
    help: 'folder that keeps prepared files for the next run, or none (default: in the home folder)',
  },
})

/** Where labelled files are and how their labels are found. */
export const labelledFilesOptions = defineOptions({
  pattern: {
    type: 'string',
    group: 'Data',
    help: 'file names that hold the labels, such as {label}_{speaker}_{take}',
  },
  root: {
    type: 'path',
    group: 'Data',
    help: 'folder of the files that a CSV file names (default: the folder of the CSV file)',
  },
  fileColumn: { type: 'string', group: 'Data', help: 'column of a CSV file that names the files' },
  labelColumn: { type: 'string', group: 'Data', help: 'column of a CSV file that holds the labels' },
  group: {
    type: 'string',
    group: 'Data',
    help: 'column or part of the name whose values stay in one part of the split, such as speaker',
  },
})

/** For what can be cross-validated. */
export const foldOption = defineOptions({
  fold: { type: 'string', group: 'Data', help: 'column or part of the name that is the fold of a cross-validation' },
})

/** How labelled items are divided. */
export const splitOptions = defineOptions({
  testWhere: {
    type: 'string',
    group: 'Data',
    help: 'which items test, by column or part of the name, such as take=0-4 or fold=1,2',
  },
  validationWhere: { type: 'string', group: 'Data', help: 'which items validate, written like --test-where' },
  testShare: {
    type: 'number',
    default: 0.15,
    min: 0,
    below: 1,
    group: 'Data',
    help: 'share of the items that test, where neither --test-where nor the data says which',
  },
  validationShare: {
    type: 'number',
    default: 0.15,
    min: 0,
    below: 1,
    group: 'Data',
    help: 'share of the items that validate, where neither --validation-where nor the data says which',
  },
})

/** The convolution blocks of a network; how they pool is the application's. */
export const convolutionOptions = defineOptions({
  filters: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [16, 32, 64],
    group: 'Network',
    help: 'filters of each convolution block',
  },
  kernelSize: { type: 'integer', default: 3, min: 1, group: 'Network', help: 'size of the convolutions' },
})

/** The recurrence of a network; how many units it has is the application's. */
export const recurrenceOptions = defineOptions({
  bidirectional: { type: 'boolean', default: true, group: 'Network', help: 'read the sequence both ways' },
  lstmDropout: {
    type: 'number',
    default: 0,
    min: 0,
    below: 1,
    group: 'Network',
    help: 'dropout of the inputs of each LSTM',
  },
})

/** How a network is trained. */
export const trainingOptions = defineOptions({
  epochs: { type: 'integer', default: 60, min: 1, group: 'Training', help: 'passes over the training part' },
  batchSize: { type: 'integer', default: 32, min: 1, group: 'Training', help: 'items per step' },
  optimizer: {
    type: 'choice',
    choices: ['adam', 'adamW', 'sgd', 'rmsprop'],
    default: 'adamW',
    group: 'Training',
    help: 'optimizer',
  },
  learningRate: { type: 'number', default: 0.002, above: 0, group: 'Training', help: 'peak learning rate' },
  schedule: {
    type: 'choice',
    choices: ['constant', 'cosine', 'exponential', 'oneCycle'],
    default: 'cosine',
    group: 'Training',
    help: 'learning rate schedule',
  },
  warmupEpochs: {
    type: 'number',
    default: 2,
    min: 0,
    group: 'Training',
    help: 'epochs over which the learning rate warms up',
  },
  weightDecay: { type: 'number', default: 0.01, min: 0, group: 'Training', help: 'decoupled weight decay' },
  clipNorm: {
    type: 'number',
    default: 5,
    min: 0,
    group: 'Training',
    help: 'largest norm of all gradients together; 0 does not clip',
  },
  emaDecay: {
    type: 'number',
    default: 0,
    min: 0,
    below: 1,
    group: 'Training',
    help: 'decay of a moving average of the weights, which takes their place; 0 is off',
  },
  patience: {
    type: 'integer',
    default: 0,
    min: 0,
    unit: 'epochs',
    group: 'Training',
    help: 'stop after this long without improvement on the validation part; 0 never stops',
  },
  keep: {
    type: 'choice',
    choices: ['best', 'last'],
    default: 'best',
    group: 'Training',
    help: 'weights to save: those of the best validation loss, or the last',
  },
  init: {
    type: 'path',
    group: 'Training',
    help: 'start from the weights of this model, for other labels or more data',
  },
  freeze: {
    type: 'choice',
    choices: FREEZABLE,
    default: 'none',
    group: 'Training',
    help: 'part of the network to keep as --init has it',
  },
})

/** How a classifier is trained, besides. */
export const classificationOptions = defineOptions({
  labelSmoothing: {
    type: 'number',
    default: 0.05,
    min: 0,
    below: 1,
    group: 'Training',
    help: 'share of each target spread over all labels',
  },
  balance: {
    type: 'choice',
    choices: ['none', 'weights', 'sampling'],
    default: 'none',
    group: 'Training',
    help: 'make rare labels count as much as frequent ones',
  },
})

/** Where a run is kept, and how one that stopped goes on. */
export const runFolderOptions = defineOptions({
  out: { type: 'path', required: true, group: 'Run', help: 'folder of this run' },
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

export const modelOption = defineOptions({
  model: { type: 'path', required: true, help: 'folder of a run or of a model' },
})

/** What judging a model takes besides the model and the data. */
export const judgingOptions = defineOptions({
  part: {
    type: 'choice',
    choices: PART_NAMES,
    group: 'Data',
    help: 'judge only this part of the split used for training (default: everything)',
  },
  out: { type: 'path', group: 'Run', help: 'folder for report.html and predictions.csv' },
  batchSize: { type: 'integer', default: 32, min: 1, group: 'Run', help: 'items per step' },
})

export type DeviceOptions = OptionsOf<typeof runtimeOptions>
export type LabelledFilesOptions = OptionsOf<typeof labelledFilesOptions>
export type JudgingOptions = OptionsOf<typeof judgingOptions>
export type SplitOptions = OptionsOf<typeof splitOptions>
export type TrainingOptions = OptionsOf<typeof trainingOptions>
export type ClassificationOptions = OptionsOf<typeof classificationOptions>
export type RunFolderOptions = OptionsOf<typeof runFolderOptions>
