/**
 * Geometry of an image in one piece: rotation, shear, stretch, perspective, shift and an elastic field compose into one map of points,
 * so that a picture is resampled once only, or that outlines are bent before they are drawn. The elastic field is that of Simard,
 * Steinkraus and Platt 2003 (section 2), with random displacements on a coarse grid and cubic B-splines between in place of a
 * smoothed displacement of every pixel. Strengths are drawn from a seed here; what happens to grey values is in pixel-effects.ts.
 */
import type { Random } from '@weft/core/runtime'
import type { AugmentOptions } from '../options/augment.js'
import type { Raster } from '../image/raster.js'

export type GeometryOptions = Pick<
  AugmentOptions,
  'rotationDegrees' | 'shearDegrees' | 'perspective' | 'stretch' | 'shift' | 'elastic'
>

/** What is done to a picture; all 0 is nothing. */
export interface Geometry {
  /** Clockwise, about the middle. */
  readonly rotationDegrees: number
  /** Positive leans to the right, as italics do. */
  readonly shearDegrees: number
  /** 0.1 makes the picture a tenth wider. */
  readonly stretch: number
  /** How much smaller the right side and the lower side appear than the middle; their opposites appear larger. */
  readonly perspectiveX: number
  readonly perspectiveY: number
  /** To the right and downwards, in px. */
  readonly shiftX: number
  readonly shiftY: number
  readonly elastic?: ElasticField
}

/** Displacements in px at the knots of a grid that begins one `spacing` before the first pixel. */
export interface ElasticField {
  readonly columns: number
  readonly rows: number
  /** Between knots, in px. */
  readonly spacing: number
  /** [rows, columns] */
  readonly dx: Float64Array
  readonly dy: Float64Array
}

/** Where the point (x, y) of the new picture lies in the old one: writes x and y into `out`. Pixels' centres are at whole numbers. */
export type PointMap = (x: number, y: number, out: Float64Array) => void

/** Knots of the elastic field in the height of an image: the smoothness that Simard et al. found best on digits of 28 pixels. */
const ELASTIC_CELLS = 4
/** Images wider than this many heights are turned and stretched less, so that the ends of a line of text stay inside. */
const WIDE = 4
/** Pixels between points where the map is computed; between them it is taken as linear, which for affine maps is exact. */
const STEP = 4

/** Draws a geometry within the strengths of `options`. How many numbers it draws depends on the size alone. */
export function drawGeometry(options: GeometryOptions, width: number, height: number, random: Random): Geometry {
  const reach = Math.min(1, (WIDE * height) / width)
  const within = (strength: number) => random.uniform(-strength, strength)
  return {
    rotationDegrees: within(options.rotationDegrees * reach),
    shearDegrees: within(options.shearDegrees),
    stretch: within(options.stretch * reach),
    perspectiveX: within(options.perspective * reach),
    perspectiveY: within(options.perspective * reach),
    shiftX: within(options.shift * reach * width),
    shiftY: within(options.shift * height),
    elastic: drawElasticField(options.elastic * height, width, height, random),
  }
}

/** Whether a geometry drawn from `options` changes anything. */
export function movesPoints(options: GeometryOptions): boolean {
  const { rotationDegrees, shearDegrees, perspective, stretch, shift, elastic } = options
  return [rotationDegrees, shearDegrees, perspective, stretch, shift, elastic].some((strength) => strength > 0)
}

/** A random smooth field; no displacement is larger than `largestPx` in x or in y, since a B-spline is a mean of its knots. */
function drawElasticField(largestPx: number, width: number, height: number, random: Random): ElasticField | undefined {
  if (largestPx === 0) return undefined
  const spacing = Math.max(1, height / ELASTIC_CELLS)
  const columns = Math.floor((width - 1) / spacing) + 4
  const rows = Math.floor((height - 1) / spacing) + 4
  const draw = () => new Float64Array(columns * rows).map(() => random.uniform(-largestPx, largestPx))
  return { columns, rows, spacing, dx: draw(), dy: draw() }
}

/** The map of points that a geometry is, for a picture of `width` x `height`. */
export function pointMap(geometry: Geometry, width: number, height: number): PointMap {
  const { stretch, perspectiveX, perspectiveY, shiftX, shiftY, elastic } = geometry
  const angle = (geometry.rotationDegrees * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const slant = Math.tan((geometry.shearDegrees * Math.PI) / 180)
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2]
  return (x, y, out) => {
    const depth = 1 - (perspectiveX * (x - middleX)) / (width / 2) - (perspectiveY * (y - middleY)) / (height / 2)
    const px = (x - middleX - shiftX) / depth
    const py = (y - middleY - shiftY) / depth
    const turnedX = cos * px + sin * py
    const turnedY = cos * py - sin * px
    out[0] = middleX + (turnedX + slant * turnedY) / (1 + stretch)
    out[1] = middleY + turnedY
    if (elastic !== undefined) displace(elastic, x, y, out)
  }
}

const weightsX = new Float64Array(4)
const weightsY = new Float64Array(4)

/** Adds the displacement of the field at (x, y) to the point in `out`. */
function displace({ columns, rows, spacing, dx, dy }: ElasticField, x: number, y: number, out: Float64Array): void {
  const left = splineWeights(x / spacing, columns - 4, weightsX)
  const top = splineWeights(y / spacing, rows - 4, weightsY)
  let sumX = 0
  let sumY = 0
  for (let j = 0; j < 4; j++) {
    for (let i = 0; i < 4; i++) {
      const at = (top + j) * columns + left + i
      const weight = (weightsY[j] ?? 0) * (weightsX[i] ?? 0)
      sumX += weight * (dx[at] ?? 0)
      sumY += weight * (dy[at] ?? 0)
    }
  }
  out[0] = (out[0] ?? 0) + sumX
  out[1] = (out[1] ?? 0) + sumY
}

/** The four weights of a uniform cubic B-spline at `u`, held within the grid; returns the first knot they belong to. */
function splineWeights(u: number, last: number, weights: Float64Array): number {
  const first = Math.max(0, Math.min(last, Math.floor(u)))
  const t = Math.max(0, Math.min(1, u - first))
  const rest = 1 - t
  weights[0] = (rest * rest * rest) / 6
  weights[1] = (t * t * (3 * t - 6) + 4) / 6
  weights[2] = (rest * rest * (3 * rest - 6) + 4) / 6
  weights[3] = (t * t * t) / 6
  return first
}

/**
 * The picture that `map` makes of `image`: each pixel is the bilinear mean of the four about its point in `image`; outside of the
 * image its edge pixels are repeated.
 *
 * Shapes: [H, W, C] → [H, W, C], a new array.
 */
export function warp(image: Raster, map: PointMap): Raster {
  const { pixels, width, height, channels } = image
  const across = Math.ceil(width / STEP) + 1
  const nodes = mapNodes(map, across, Math.ceil(height / STEP) + 1)
  const row = new Float64Array(across * 2)
  const out = new Uint8Array(pixels.length)
  const right = width - 1
  const bottom = height - 1
  let at = 0
  for (let y = 0; y < height; y++) {
    const upper = Math.floor(y / STEP) * across * 2
    const lower = upper + across * 2
    const part = (y % STEP) / STEP
    for (let k = 0; k < row.length; k++) row[k] = (1 - part) * (nodes[upper + k] ?? 0) + part * (nodes[lower + k] ?? 0)
    for (let x = 0, cell = 0; x < width; cell += 2) {
      let sourceX = row[cell] ?? 0
      let sourceY = row[cell + 1] ?? 0
      const stepX = ((row[cell + 2] ?? 0) - sourceX) / STEP
      const stepY = ((row[cell + 3] ?? 0) - sourceY) / STEP
      for (const end = Math.min(width, x + STEP); x < end; x++) {
        const sx = sourceX < 0 ? 0 : sourceX > right ? right : sourceX
        const sy = sourceY < 0 ? 0 : sourceY > bottom ? bottom : sourceY
        const x0 = sx | 0
        const y0 = sy | 0
        const fx = sx - x0
        const fy = sy - y0
        const a = (y0 * width + x0) * channels
        const b = x0 < right ? a + channels : a
        const below = y0 < bottom ? width * channels : 0
        for (let c = 0; c < channels; c++) {
          const topLeft = pixels[a + c] ?? 0
          const lowLeft = pixels[a + below + c] ?? 0
          const over = topLeft + fx * ((pixels[b + c] ?? 0) - topLeft)
          const under = lowLeft + fx * ((pixels[b + below + c] ?? 0) - lowLeft)
          out[at++] = over + fy * (under - over) + 0.5
        }
        sourceX += stepX
        sourceY += stepY
      }
    }
  }
  return { pixels: out, width, height, channels }
}

/** The map at every `STEP`th point of a grid: [down, across, 2]. */
function mapNodes(map: PointMap, across: number, down: number): Float64Array {
  const nodes = new Float64Array(across * down * 2)
  const point = new Float64Array(2)
  for (let j = 0, at = 0; j < down; j++) {
    for (let i = 0; i < across; i++, at += 2) {
      map(i * STEP, j * STEP, point)
      nodes[at] = point[0] ?? 0
      nodes[at + 1] = point[1] ?? 0
    }
  }
  return nodes
}
