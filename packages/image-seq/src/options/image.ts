/**
 * Options of how an image is read and made ready for the network. A preset that changes one says why; image/prepare.ts carries them out.
 */
import { defineOptions, type OptionsOf } from '@weft/core/cli'

export const imageOptions = defineOptions({
  height: {
    type: 'integer',
    default: 32,
    min: 4,
    max: 4096,
    unit: 'pixels',
    group: 'Images',
    help: 'height that every image is scaled to',
  },
  width: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 65536,
    unit: 'pixels',
    group: 'Images',
    help: 'width that every image is scaled and padded to, keeping its aspect ratio; 0 is as wide as the aspect ratio gives',
  },
  colour: { type: 'choice', choices: ['grey', 'rgb'], default: 'grey', group: 'Images', help: 'colour of the pixels' },
  background: {
    type: 'choice',
    choices: ['keep', 'dark', 'light'],
    default: 'keep',
    group: 'Images',
    help: 'invert images whose border is not this',
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
    help: 'larger images are refused before decoding',
  },
})

export type ImageOptions = OptionsOf<typeof imageOptions>
