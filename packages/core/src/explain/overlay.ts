/**
 * A map laid over its image, as PNG: the image in grey below, the colours of a perceptually uniform map above, small images enlarged by
 * an integer factor. The image stays visible everywhere, and the colours keep their order in grey print.
 */
import { expected } from '../errors.js'
import { encodePng, mapColour, type ColourMap } from '../report/image.js'
import { resizeMap, type ExplanationMap } from './explanation-map.js'

/** An image as bytes, from 0 (black) to 255 (white). */
export interface ImageBytes {
  /** [height, width, channels], row by row from the top. */
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

export interface OverlayOptions {
  /** Default: 'viridis', both ends of which are visible on white and on black. */
  readonly colours?: ColourMap
  /** Opacity of the colours, 0 to 1 (default: 0.55). */
  readonly opacity?: number
  /** Values at the two ends of the colours (default: 0 and the maximum of the map). */
  readonly range?: readonly [number, number]
  /** Integer factor of enlargement (default: the longer side becomes about 400 pixels). */
  readonly scale?: number
  /** Frame of the map (default: 0). */
  readonly frame?: number
}

/** The image with the map over it, in RGB, enlarged by `scale`. */
export function blendMap(image: ImageBytes, map: ExplanationMap, options: OverlayOptions = {}): ImageBytes {
  const { colours = 'viridis', opacity = 0.55, frame = 0 } = options
  const doing = 'laying a map over an image'
  const scale = options.scale ?? Math.max(1, Math.round(400 / Math.max(image.width, image.height)))
  if (!Number.isInteger(scale) || scale < 1)
    throw expected({ doing, want: 'a positive integer', of: 'scale', got: scale })
  if (!(opacity >= 0 && opacity <= 1))
    throw expected({ doing, want: 'a number from 0 to 1', of: 'opacity', got: opacity })
  if (!Number.isInteger(frame) || frame < 0 || frame >= map.frames)
    throw expected({ doing, want: `an integer from 0 to ${map.frames - 1}`, of: 'frame', got: frame })
  const [low, high] = options.range ?? [0, map.values.reduce((most, value) => Math.max(most, value), 0)]
  const cells = map.height * map.width
  const one = { ...map, frames: 1, values: map.values.subarray(frame * cells, (frame + 1) * cells) }
  const [width, height] = [image.width * scale, image.height * scale]
  const { values } = resizeMap(one, height, width)
  const table = Array.from({ length: 256 }, (_, level) => mapColour(colours, level / 255))
  const pixels = new Uint8Array(width * height * 3)
  for (let at = 0; at < width * height; at++) {
    const [y, x] = [Math.floor(Math.floor(at / width) / scale), Math.floor((at % width) / scale)]
    const grey = brightness(image, y * image.width + x)
    const share = high > low ? ((values[at] ?? 0) - low) / (high - low) : 0
    const colour = table[Math.round(255 * Math.min(1, Math.max(0, share)))] ?? [0, 0, 0]
    colour.forEach((level, channel) => {
      pixels[at * 3 + channel] = Math.round(opacity * level + (1 - opacity) * grey)
    })
  }
  return { pixels, width, height, channels: 3 }
}

/** The result of `blendMap` as PNG. */
export async function overlayPng(
  image: ImageBytes,
  map: ExplanationMap,
  options: OverlayOptions = {},
): Promise<Uint8Array> {
  const { pixels, width, height } = blendMap(image, map, options)
  return encodePng(pixels, width, height)
}

/** The luma of a pixel with the weights of ITU-R BT.601, as in JPEG. */
function brightness({ pixels, channels }: ImageBytes, pixel: number): number {
  if (channels === 1) return pixels[pixel] ?? 0
  const at = pixel * 3
  return 0.299 * (pixels[at] ?? 0) + 0.587 * (pixels[at + 1] ?? 0) + 0.114 * (pixels[at + 2] ?? 0)
}
