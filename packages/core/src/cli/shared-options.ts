/**
 * The options that mean the same in every application, so that their command lines are alike. An application spreads those it needs
 * into its own declarations and adds the rest; defaults that differ are its own to give.
 */
import { defineOptions } from './options.js'

export const sharedOptions = defineOptions({
  data: { type: 'path', short: 'd', required: true, help: 'folder or file to work on' },
  model: { type: 'path', short: 'm', required: true, help: 'folder of a trained model (a run, or its model folder)' },
  out: { type: 'path', short: 'o', required: true, help: 'folder to write results into' },
  preset: { type: 'string', short: 'p', help: 'named settings; see below' },
  part: {
    type: 'choice',
    choices: ['train', 'validation', 'test'],
    help: "only this part of the data set's own split",
  },
  seed: { type: 'integer', default: 1, min: 0, max: 4_294_967_295, help: 'same seed, same result', group: 'Machine' },
  device: {
    type: 'choice',
    choices: ['auto', 'native', 'wasm', 'cpu', 'gpu'],
    default: 'auto',
    help: 'what computes; WEFT_DEVICE overrides',
    group: 'Machine',
  },
  threads: {
    type: 'integer',
    min: 1,
    max: 1024,
    help: 'all cores unless told; WEFT_THREADS overrides',
    group: 'Machine',
  },
})
