/**
 * Options of sounds: where they are, what features are made of them and how training varies them. options.ts puts them together into
 * commands.
 */
import { defineOptions, type OptionsOf } from '@weft/core/cli'
import { foldOption, labelledFilesOptions } from '@weft/core/options'

/** Where labelled sounds are and how their labels are found. */
export const readingOptions = defineOptions({
  dataset: {
    type: 'choice',
    choices: ['fsdd', 'esc10'],
    group: 'Data',
    help: 'read --data as this public data set is laid out',
  },
  ...labelledFilesOptions,
  ...foldOption,
  labelSeparator: { type: 'string', group: 'Data', help: 'separator of several labels of one sound, such as ";"' },
})

/** How samples become frames of mel bands. */
export const spectrogramOptions = defineOptions({
  sampleRateHz: {
    type: 'integer',
    default: 16_000,
    min: 1000,
    max: 192_000,
    unit: 'Hz',
    group: 'Features',
    help: 'sounds are resampled to this rate',
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
    help: 'lift high frequencies: subtract this share of the previous sample from each',
  },
  floorDb: {
    type: 'number',
    default: -60,
    unit: 'dB',
    group: 'Features',
    help: 'lowest power; quieter counts as this',
  },
  descriptors: {
    type: 'list',
    choices: ['rms', 'zcr', 'spectralCentroid', 'spectralFlatness', 'spectralRolloff', 'spectralSpread'],
    default: [],
    group: 'Features',
    help: 'spectral descriptors beside the bands',
  },
})

/** What the network's input is made of, given the mel bands. */
export const inputOptions = defineOptions({
  features: {
    type: 'choice',
    choices: ['log-mel', 'mfcc', 'pcen'],
    default: 'log-mel',
    group: 'Features',
    help: 'what the network sees',
  },
  melBands: spectrogramOptions.melBands,
  coefficients: { type: 'integer', default: 20, min: 1, group: 'Features', help: 'coefficients of mfcc' },
  deltas: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 2,
    group: 'Features',
    help: 'changes over time as further channels: 1 adds velocities, 2 accelerations too',
  },
  clipMean: {
    type: 'boolean',
    default: false,
    group: 'Features',
    help: "subtract each sound's own mean from each band",
  },
})

/** How sounds become what the network sees. */
export const featureOptions = defineOptions({
  ...spectrogramOptions,
  durationSeconds: {
    type: 'number',
    default: 0,
    min: 0,
    max: 600,
    unit: 'seconds',
    group: 'Features',
    help: 'length of the window that the network hears at once; 0 fits nearly all training sounds',
  },
  trimDb: {
    type: 'number',
    default: 0,
    min: 0,
    unit: 'dB',
    group: 'Features',
    help: 'cut ends this much below the loudest part; 0 cuts nothing',
  },
  ...inputOptions,
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
    help: 'rotate sounds in time: what leaves at one end enters at the other',
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
    help: 'share of sounds with added noise',
  },
  noiseSnrDb: {
    type: 'number',
    default: 10,
    min: -20,
    max: 60,
    unit: 'dB',
    group: 'Augmentation',
    help: 'lowest signal-to-noise ratio',
  },
  noise: {
    type: 'path',
    group: 'Augmentation',
    help: 'folder of recordings to take noise from (default: synthetic noise)',
  },
  timeMasks: { type: 'integer', default: 1, min: 0, group: 'Augmentation', help: 'stretches of time to hide' },
  timeMaskMs: { type: 'number', default: 100, min: 0, unit: 'ms', group: 'Augmentation', help: 'longest of them' },
  frequencyMasks: {
    type: 'integer',
    default: 1,
    min: 0,
    group: 'Augmentation',
    help: 'ranges of bands to hide',
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

export type ReadingOptions = OptionsOf<typeof readingOptions>
export type SpectrogramOptions = OptionsOf<typeof spectrogramOptions>
export type InputOptions = OptionsOf<typeof inputOptions>
export type FeatureOptions = OptionsOf<typeof featureOptions>
export type AugmentOptions = OptionsOf<typeof augmentOptions>
