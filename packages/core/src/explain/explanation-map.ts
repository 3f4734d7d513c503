/** A map of importance over an image, and its bilinear resizing. grad-cam.ts and occlusion.ts make such maps. */

/** Larger values mark places that matter more. */
export interface ExplanationMap {
  /** [frames, height, width], row by row. */
  readonly values: Float32Array
  /** 1 for an image. */
  readonly frames: number
  readonly height: number
  readonly width: number
}

/** The two cells that a pixel lies between, and the weight of the second; beyond the centre of an outer cell its value is constant. */
function between(at: number, pixels: number, cells: number): [low: number, high: number, share: number] {
  const place = Math.min(cells - 1, Math.max(0, ((at + 0.5) * cells) / pixels - 0.5))
  const low = Math.floor(place)
  return [low, Math.min(cells - 1, low + 1), place - low]
}

/** The map at another size, by bilinear interpolation between the centres of its cells. */
export function resizeMap(map: ExplanationMap, height: number, width: number): ExplanationMap {
  const values = new Float32Array(map.frames * height * width)
  const columns = Array.from({ length: width }, (_, x) => between(x, width, map.width))
  for (let frame = 0; frame < map.frames; frame++) {
    for (let y = 0; y < height; y++) {
      const [top, bottom, down] = between(y, height, map.height)
      const value = (row: number, column: number) => map.values[(frame * map.height + row) * map.width + column] ?? 0
      columns.forEach(([left, right, along], x) => {
        const above = value(top, left) * (1 - along) + value(top, right) * along
        const below = value(bottom, left) * (1 - along) + value(bottom, right) * along
        values[(frame * height + y) * width + x] = above * (1 - down) + below * down
      })
    }
  }
  return { values, frames: map.frames, height, width }
}
