/**
 * Grey and colour of rasters: conversion, negative, and the colour of the background, estimated from the border. Grey is the luma of
 * ITU-R BT.601, as in JPEG and Pillow, of the 8-bit values as they are.
 */
import type { Raster } from './raster.js'

export type Colour = 'grey' | 'rgb'

/** `0.299 r + 0.587 g + 0.114 b` in 16 bits, rounded; exact for grey. */
function luma(r: number, g: number, b: number): number {
  return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16
}

/** Luma of every pixel, [H, W]; for a grey image its own array, not a copy. */
export function luminance({ pixels, channels }: Raster): Uint8Array {
  if (channels === 1) return pixels
  const grey = new Uint8Array(pixels.length / 3)
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = luma(pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0)
  }
  return grey
}

/** The image in grey or in colour; the same object if it already is. */
export function toColour(image: Raster, colour: Colour): Raster {
  const channels = colour === 'grey' ? 1 : 3
  if (image.channels === channels) return image
  const grey = luminance(image)
  return { ...image, channels, pixels: channels === 1 ? grey : greyToRgb(grey) }
}

/** Each grey value as red, green and blue. */
export function greyToRgb(grey: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(3 * grey.length)
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) pixels.fill(grey[i] ?? 0, at, at + 3)
  return pixels
}

/** 255 less every value. */
export function negative(image: Raster): Raster {
  return { ...image, pixels: image.pixels.map((value) => 255 - value) }
}

/**
 * The colour of the background: the median of the pixels along the four edges, for each channel, since ink seldom covers half of them.
 *
 * @returns [C]
 */
export function borderColour({ pixels, width, height, channels }: Raster): Uint8Array {
  const colour = new Uint8Array(channels)
  const values = new Uint8Array(2 * width + 2 * Math.max(0, height - 2))
  for (let c = 0; c < channels; c++) {
    let n = 0
    for (let y = 0; y < height; y++) {
      const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1)
      for (let x = 0; x < width; x += step) values[n++] = pixels[(y * width + x) * channels + c] ?? 0
    }
    const sorted = values.subarray(0, n).sort()
    colour[c] = sorted[n >> 1] ?? 0
  }
  return colour
}

/** Whether the border is closer to black than to white. */
export function isDark(image: Raster): boolean {
  const [r = 0, g = r, b = r] = borderColour(image)
  return luma(r, g, b) < 128
}
