/**
 * Options of sounds: where they are, what features are made of them and how training varies them. options.ts puts them together into
 * commands.
 */
import { foldOption, labelledFilesOptions } from '@weft/core/app'
import { defineOptions } from '@weft/core/cli'
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
  ...labelledFilesOptions,
  ...foldOption,
  labelSeparator: { type: 'string', group: 'Data', help: 'what separates several labels of one sound, such as ";"' },
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
