/** An image in memory: rows from the top, the channels of a pixel together, from 0 (black) to 255 (white). */
export interface Raster {
  /** [H, W, C] */
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  /** Grey, or red, green and blue. */
  readonly channels: 1 | 3
}
