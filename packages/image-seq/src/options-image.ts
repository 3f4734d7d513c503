/**
 * Options of how an image is read and made ready for the network. A preset that changes one says why; prepare.ts carries them out.
 * The command lines put them beside their own.
 */
import { defineOptions } from '@weft/core/cli'
import type { OptionsOf } from '@weft/core/cli'

export const imageOptions = defineOptions({
  height: {
    type: 'integer',
    default: 32,
    min: 4,
    max: 4096,
    unit: 'pixels',
    group: 'Images',
    help: 'height that every image is brought to',
  },
  width: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 65536,
    unit: 'pixels',
    group: 'Images',
    help: 'width that every image is padded to, its shape kept; 0 is as wide as the shape says',
  },
  colour: { type: 'choice', choices: ['grey', 'rgb'], default: 'grey', group: 'Images', help: 'what a pixel is' },
  background: {
    type: 'choice',
    choices: ['keep', 'dark', 'light'],
    default: 'keep',
    group: 'Images',
    help: 'turn images into their negative whose border is not so',
  },
  contrast: {
    type: 'choice',
    choices: ['none', 'stretch'],
    default: 'none',
    group: 'Images',
    help: 'stretch makes the darkest half percent black and the lightest white',
  },
  deskew: { type: 'boolean', default: false, group: 'Images', help: 'turn lines of text level, up to 15 degrees' },
  binarise: {
    type: 'choice',
    choices: ['none', 'otsu', 'sauvola'],
    default: 'none',
    group: 'Images',
    help: 'black and white: one threshold for the image, or one for each pixel where the light is uneven',
  },
  maxMegapixels: {
    type: 'number',
    default: 100,
    above: 0,
    max: 10_000,
    unit: 'megapixels',
    group: 'Images',
    help: 'larger images are refused before they are decoded',
  },
})

export type ImageOptions = OptionsOf<typeof imageOptions>
