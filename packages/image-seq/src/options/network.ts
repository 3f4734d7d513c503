/** Options of the network and of how its output becomes texts. options.ts puts them together into commands. */
import { defineOptions, type OptionsOf } from '@weft/core/cli'
import { convolutionOptions, recurrenceOptions } from '@weft/core/options'

/** The network. */
export const modelOptions = defineOptions({
  network: {
    type: 'choice',
    choices: ['crnn', 'parallel', 'lstm', 'hierarchical'],
    default: 'crnn',
    group: 'Network',
    help: 'CNN then LSTM, CNN beside LSTM, LSTM alone, or an LSTM over rows of an LSTM over pixels; texts need crnn',
  },
  walk: {
    type: 'choice',
    choices: ['columns', 'rows', 'hilbert'],
    default: 'columns',
    group: 'Network',
    help: 'the time axis of an image; a Hilbert walk only for parallel and lstm',
  },
  stepPixels: {
    type: 'integer',
    min: 1,
    group: 'Network',
    help: 'pixels per step of the Hilbert walk (default: the width)',
  },
  ...convolutionOptions,
  poolWidth: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [2, 2, 1],
    group: 'Network',
    help: 'pooling over columns after each block',
  },
  poolHeight: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [2, 2, 2],
    group: 'Network',
    help: 'pooling over rows after each block',
  },
  convDropout: { type: 'number', default: 0, min: 0, below: 1, group: 'Network', help: 'dropout after each block' },
  imagePooling: {
    type: 'choice',
    choices: ['flatten', 'average'],
    default: 'flatten',
    group: 'Network',
    help: 'how convolutions become one vector, for parallel and for frames',
  },
  denseUnits: {
    type: 'integer',
    default: 0,
    min: 0,
    group: 'Network',
    help: 'units of a layer between convolutions and LSTM; 0 is none',
  },
  lstmUnits: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [96],
    group: 'Network',
    help: 'units of each LSTM, each way; for hierarchical those over pixels, then over rows',
  },
  ...recurrenceOptions,
  pooling: {
    type: 'choice',
    choices: ['last', 'mean', 'max', 'attention'],
    default: 'last',
    group: 'Network',
    help: 'how all steps become one vector, for classes; plain TensorFlow.js has no layer for attention',
  },
  fusion: {
    type: 'choice',
    choices: ['concat', 'gated', 'attention'],
    default: 'concat',
    group: 'Network',
    help: 'how the two branches of parallel are joined',
  },
  headDropout: {
    type: 'number',
    default: 0,
    min: 0,
    below: 1,
    group: 'Network',
    help: 'dropout before the last layer',
  },
})

/** The language model that a reader is saved with. */
export const languageModelOptions = defineOptions({
  languageModelOrder: {
    type: 'integer',
    default: 5,
    min: 1,
    max: 12,
    group: 'Network',
    help: 'order of the n-gram language model of the training texts, in symbols',
  },
})

/** How the network's probabilities in each column become texts. */
export const decodingOptions = defineOptions({
  decoder: {
    type: 'choice',
    choices: ['greedy', 'beam'],
    group: 'Reading',
    help: 'best path, or beam search (default: beam with a lexicon or a language model, otherwise greedy)',
  },
  beamWidth: { type: 'integer', default: 25, min: 1, group: 'Reading', help: 'texts that a beam search keeps' },
  lexicon: {
    type: 'path',
    group: 'Reading',
    help: 'file with one allowed word per line, or training: the words of the training texts',
  },
  languageModelWeight: {
    type: 'number',
    default: 0,
    min: 0,
    group: 'Reading',
    help: 'weight of the language model of the training texts; 0 ignores it, 1 weighs it like the image',
  },
})

export type ModelOptions = OptionsOf<typeof modelOptions>
export type DecodingOptions = OptionsOf<typeof decodingOptions>
