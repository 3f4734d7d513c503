import { describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import type { Raster } from '../image/raster.js'
import { drawGeometry, pointMap, warp, type Geometry } from './warp.js'

const still: Geometry = {
  rotationDegrees: 0,
  shearDegrees: 0,
  stretch: 0,
  perspectiveX: 0,
  perspectiveY: 0,
  shiftX: 0,
  shiftY: 0,
}
const off = { rotationDegrees: 0, shearDegrees: 0, perspective: 0, stretch: 0, shift: 0, elastic: 0 }

/** An eighth of the squared step (4 px) times the curvature of a field of 3 px between knots 8 px apart, in the worst case. */
const LATTICE_ERROR_PX = 0.3

function dots(width: number, height: number, ...at: readonly (readonly [x: number, y: number])[]): Raster {
  const pixels = new Uint8Array(width * height)
  for (const [x, y] of at) pixels[y * width + x] = 255
  return { pixels, width, height, channels: 1 }
}

function noise(width: number, height: number, channels: 1 | 3): Raster {
  const random = new Random(5)
  const pixels = new Uint8Array(width * height * channels).map(() => random.int(256))
  return { pixels, width, height, channels }
}

const apply = (image: Raster, geometry: Partial<Geometry>) =>
  warp(image, pointMap({ ...still, ...geometry }, image.width, image.height))

const lit = ({ pixels, width }: Raster) =>
  [...pixels].flatMap((value, at) => (value > 127 ? [[at % width, Math.floor(at / width)]] : []))

describe('warp', () => {
  it('turns clockwise about the middle', () => {
    // The middle is (10, 10): a dot 7 to its right comes to lie 7 below, one 4 above comes to lie 4 to the right.
    expect(lit(apply(dots(21, 21, [17, 10], [10, 6]), { rotationDegrees: 90 }))).toEqual([
      [14, 10],
      [10, 17],
    ])
    expect(lit(apply(dots(21, 21, [17, 10]), { rotationDegrees: 180 }))).toEqual([[3, 10]])
  })

  it('shifts to the right and downwards, leans to the right, stretches about the middle', () => {
    expect(lit(apply(dots(21, 21, [5, 6]), { shiftX: 3, shiftY: 2 }))).toEqual([[8, 8]])
    // 45 degrees: a dot 4 above the middle moves 4 to the right, one below to the left.
    expect(lit(apply(dots(21, 21, [10, 6], [10, 13]), { shearDegrees: 45 }))).toEqual([
      [14, 6],
      [7, 13],
    ])
    // Twice as wide: a dot 2 to the right of the middle is 4 to its right, and half lit on both sides.
    expect(lit(apply(dots(21, 21, [12, 3]), { stretch: 1 }))).toEqual([
      [13, 3],
      [14, 3],
      [15, 3],
    ])
  })

  it('makes the right side smaller when it lies farther', () => {
    const source = new Float64Array(2)
    const map = pointMap({ ...still, perspectiveX: 0.2 }, 20, 10)
    map(9.5 + 10, 4.5, source)
    expect(source[0]).toBeCloseTo(9.5 + 10 / 0.8, 10)
    map(9.5 - 10, 4.5 + 3, source)
    expect(source[0]).toBeCloseTo(9.5 - 10 / 1.2, 10)
    expect(source[1]).toBeCloseTo(4.5 + 3 / 1.2, 10)
  })

  it.each([1, 3] as const)('agrees with a matrix and the bilinear formula written out, %i channels', (channels) => {
    const image = noise(23, 14, channels)
    const geometry = { rotationDegrees: 17, shearDegrees: -11, stretch: 0.3, shiftX: 1.25, shiftY: -2.5 }
    const { pixels } = apply(image, geometry)
    // Forwards: stretch, shear, rotation, shift, as one matrix about the middle; a pixel's source is its inverse.
    const [angle, slant] = [(17 * Math.PI) / 180, Math.tan((-11 * Math.PI) / 180)]
    const [c, s] = [Math.cos(angle), Math.sin(angle)]
    const [a, b, d, e] = [c * 1.3, -c * slant - s, s * 1.3, -s * slant + c]
    const det = a * e - b * d
    const value = (x: number, y: number, k: number) => {
      const column = Math.max(0, Math.min(22, x))
      const row = Math.max(0, Math.min(13, y))
      return image.pixels[(row * 23 + column) * channels + k] ?? NaN
    }
    for (let y = 0; y < 14; y++) {
      for (let x = 0; x < 23; x++) {
        const [u, v] = [x - 11 - 1.25, y - 6.5 + 2.5]
        const sx = 11 + (e * u - b * v) / det
        const sy = 6.5 + (a * v - d * u) / det
        const [x0, y0] = [Math.floor(sx), Math.floor(sy)]
        for (let k = 0; k < channels; k++) {
          let sum = 0
          for (const [i, j] of [
            [0, 0],
            [1, 0],
            [0, 1],
            [1, 1],
          ] as const)
            // prettier-ignore
            sum += value(x0 + i, y0 + j, k) * (1 - Math.abs(sx - x0 - i)) * (1 - Math.abs(sy - y0 - j))
          // Half a level is rounding.
          expect(Math.abs((pixels[(y * 23 + x) * channels + k] ?? NaN) - sum)).toBeLessThanOrEqual(0.5 + 1e-6)
        }
      }
    }
  })

  it('repeats edge pixels outside', () => {
    const image: Raster = { pixels: Uint8Array.of(10, 20, 30, 40), width: 4, height: 1, channels: 1 }
    expect([...apply(image, { shiftX: 2 }).pixels]).toEqual([10, 10, 10, 20])
    expect([...apply(image, { shiftX: -9, shiftY: 5 }).pixels]).toEqual([40, 40, 40, 40])
  })

  it('copes with a single pixel', () => {
    const image: Raster = { pixels: Uint8Array.of(1, 2, 3), width: 1, height: 1, channels: 3 }
    const geometry = drawGeometry({ ...off, elastic: 1, shift: 1, rotationDegrees: 90 }, 1, 1, new Random(1))
    expect([...apply(image, geometry).pixels]).toEqual([1, 2, 3])
  })
})

describe('the elastic field', () => {
  const [width, height] = [60, 32]
  const displacements = (elastic: number, seed: number) => {
    const map = pointMap(drawGeometry({ ...off, elastic }, width, height, new Random(seed)), width, height)
    const point = new Float64Array(2)
    return Array.from({ length: width * height }, (_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)]
      map(x, y, point)
      return [(point[0] ?? NaN) - x, (point[1] ?? NaN) - y] as const
    })
  }

  it('moves no point farther than its share of the height, and neighbours nearly alike', () => {
    for (const seed of [1, 2, 3]) {
      const field = displacements(0.2, seed)
      const largest = Math.max(...field.flat().map(Math.abs))
      expect(largest).toBeLessThanOrEqual(0.2 * height)
      expect(largest).toBeGreaterThan(0.05 * height)
      field.forEach(([dx], at) => {
        if (at % width > 0) expect(Math.abs(dx - (field[at - 1]?.[0] ?? NaN))).toBeLessThan(1.5)
      })
    }
  })

  it('is followed between the points where the map is computed', () => {
    // On a ramp a pixel's value is its place, so that what the warp makes of it shows the map itself; in the middle, off the edges.
    const ramp: Raster = { pixels: new Uint8Array(60 * 32), width: 60, height: 32, channels: 1 }
    ramp.pixels.forEach((_, at) => (ramp.pixels[at] = 4 * (at % 60)))
    const options = { ...off, rotationDegrees: 8, perspective: 0.1, elastic: 0.1 }
    for (const seed of [1, 2, 3]) {
      const map = pointMap(drawGeometry(options, 60, 32, new Random(seed)), 60, 32)
      const { pixels } = warp(ramp, map)
      const point = new Float64Array(2)
      for (let y = 0; y < 32; y++) {
        for (let x = 12; x < 48; x++) {
          map(x, y, point)
          expect(Math.abs((pixels[y * 60 + x] ?? NaN) / 4 - (point[0] ?? NaN))).toBeLessThan(0.125 + LATTICE_ERROR_PX)
        }
      }
    }
  })

  it('is a constant where all knots are alike, since the weights of a B-spline sum to 1', () => {
    const knots = new Float64Array(9 * 7)
    const elastic = { columns: 9, rows: 7, spacing: 8, dx: knots.fill(2), dy: knots.map(() => -3) }
    const point = new Float64Array(2)
    for (const [x, y] of [
      [0, 0],
      [13.7, 22.1],
      [39, 31],
      [-5, 90],
    ] as const) {
      // prettier-ignore
      pointMap({ ...still, elastic }, 40, 32)(x, y, point)
      expect(point[0]).toBeCloseTo(x + 2, 10)
      expect(point[1]).toBeCloseTo(y - 3, 10)
    }
  })
})

describe('drawGeometry', () => {
  it('turns and stretches wide lines less, so that their ends stay inside', () => {
    const options = { ...off, rotationDegrees: 5, stretch: 0.1, perspective: 0.1, shift: 0.05 }
    for (let seed = 0; seed < 50; seed++) {
      const map = pointMap(drawGeometry(options, 1600, 32, new Random(seed)), 1600, 32)
      const point = new Float64Array(2)
      for (const x of [0, 1599]) {
        map(x, 15.5, point)
        expect(Math.abs((point[1] ?? NaN) - 15.5)).toBeLessThan(0.35 * 32)
        expect(Math.abs((point[0] ?? NaN) - x)).toBeLessThan(0.7 * 32)
      }
    }
  })

  it('draws within the strengths', () => {
    const options = { rotationDegrees: 5, shearDegrees: 10, perspective: 0.1, stretch: 0.2, shift: 0.1, elastic: 0 }
    for (let seed = 0; seed < 100; seed++) {
      const drawn = drawGeometry(options, 40, 20, new Random(seed))
      expect(Math.abs(drawn.rotationDegrees)).toBeLessThanOrEqual(5)
      expect(Math.abs(drawn.shearDegrees)).toBeLessThanOrEqual(10)
      expect(Math.abs(drawn.stretch)).toBeLessThanOrEqual(0.2)
      expect(Math.abs(drawn.shiftX)).toBeLessThanOrEqual(4)
      expect(Math.abs(drawn.shiftY)).toBeLessThanOrEqual(2)
    }
  })
})
