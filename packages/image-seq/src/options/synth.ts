/** Options of the generator of text-line images. */
import { defineOptions, type OptionsOf } from '@weft/core/cli'

export const synthOptions = defineOptions({
  out: { type: 'path', required: true, group: 'Run', help: 'folder for labels.csv and images/, new or empty' },
  count: { type: 'integer', default: 1000, min: 1, max: 10_000_000, group: 'Run', help: 'images to make' },
  seed: {
    type: 'integer',
    default: 1,
    min: 0,
    group: 'Run',
    help: 'seed of texts, fonts, backgrounds and distortions',
  },
  words: { type: 'path', group: 'Text', help: 'file of words, one per line, to draw from' },
  wordsPerLine: {
    type: 'string',
    default: '1-3',
    group: 'Text',
    help: 'words of --words in an image, such as 2 or 1-3',
  },
  text: { type: 'path', group: 'Text', help: 'file of lines to draw from' },
  maxLength: {
    type: 'integer',
    default: 40,
    min: 1,
    max: 1000,
    group: 'Text',
    help: 'longest line taken from --text, in characters; longer ones are cut, between words if possible',
  },
  alphabet: {
    type: 'string',
    // Digits and letters that cannot be taken for one another.
    default: '23456789abcdefghijkmnpqrstuvwxyz',
    group: 'Text',
    help: 'characters of random texts, made when neither --words nor --text is given',
  },
  length: { type: 'string', default: '3-8', group: 'Text', help: 'characters of a random text, such as 5 or 3-8' },
  style: {
    type: 'choice',
    choices: ['captcha', 'document', 'handwriting', 'mixed'],
    default: 'mixed',
    group: 'Looks',
    help: 'fonts, backgrounds and strengths of distortion',
  },
  height: {
    type: 'integer',
    default: 32,
    min: 8,
    max: 512,
    unit: 'px',
    group: 'Looks',
    help: 'height of the text from the top of its ascenders to the bottom of its descenders; images are higher',
  },
  colour: { type: 'boolean', default: false, group: 'Looks', help: 'make images in colour instead of grey' },
  fonts: {
    type: 'path',
    group: 'Looks',
    help: 'folder of fonts (ttf, otf, woff, woff2) to use instead of the built-in ones',
  },
  backgrounds: { type: 'path', group: 'Looks', help: 'folder of images to cut backgrounds from' },
})

export type SynthOptions = OptionsOf<typeof synthOptions>
