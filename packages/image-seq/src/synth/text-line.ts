/**
 * Draws a line of text as ink: letters are jittered and the whole line is distorted while they are still outlines, so that no pixel is
 * resampled and the size of the image follows from the ink; then librsvg draws them through sharp. The result is the coverage of each
 * pixel; backgrounds.ts adds colours and the background.
 */
import sharp from 'sharp'
import { expected } from '@weft/core/errors'
import { type Random } from '@weft/core/runtime'
import type { Face, Letter } from './fonts.js'
import type { SynthStyle } from './synth-styles.js'
import { drawGeometry, pointMap, type PointMap } from '../augment/warp.js'

/** Coverage of each pixel by ink, 0 to 255. */
export interface InkCover {
  readonly width: number
  readonly height: number
  /** [H, W, 3]: coverage by the text, by strike-through lines, and an unused channel. */
  readonly cover: Uint8Array
  /** Approximate row of the baseline. */
  readonly baseline: number
}

/** Empty pixels around the ink, for blur and growing strokes, with a text of 32 px. */
const GUARD_PX = 3

/** Limit of librsvg. */
const LARGEST_WIDTH_PX = 32_767

/**
 * Draws `text`.
 *
 * @param heightPx From the top of the ascenders to the bottom of the descenders.
 * @throws UserError when the font has no outlines for it (as bitmap fonts), or the image would be wider than 32,767 px.
 */
export async function drawLine(
  face: Face,
  text: string,
  heightPx: number,
  style: Omit<SynthStyle, 'families'>,
  random: Random,
): Promise<InkCover> {
  const { letters, ascent } = face.shape(text)
  const placed = placeLetters(letters, style, random)
  const bend = bendOf(placed.width * heightPx, heightPx, style, random)
  const ink = new PathWriter(bend, heightPx, ascent)
  for (const { letter, turn } of placed.letters) ink.addLetter(letter, turn)
  if (!(ink.right > ink.left))
    throw expected({ doing: 'drawing text', want: `outlines in the font ${face.name}`, of: 'the text', got: text })
  const margin = ([low, high]: readonly [number, number]) =>
    random.uniform(low, high) * heightPx + Math.ceil((GUARD_PX * Math.max(heightPx, 32)) / 32)
  // Anything from the height of the ink to that of all ascenders and descenders.
  const loose = random.next()
  const left = ink.left - margin(style.marginX)
  const top = ink.top - loose * Math.max(0, ink.top) - margin(style.marginY)
  const width = Math.ceil(ink.right + margin(style.marginX) - left)
  const height = Math.ceil(ink.bottom + loose * Math.max(0, heightPx - ink.bottom) + margin(style.marginY) - top)
  if (width > LARGEST_WIDTH_PX) {
    const hint = `Its text is ${text.length} characters long: use shorter texts, or a smaller --height.`
    throw expected({
      doing: 'drawing text',
      want: `at most ${LARGEST_WIDTH_PX} px`,
      of: 'the width of an image',
      got: width,
      hint,
    })
  }
  const lines = strikeLines(ink, heightPx, style.strikes, random)
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%"/>`,
    `<g transform="translate(${-left} ${-top})"><path fill="#f00" d="${ink.data()}"/>${lines}</g></svg>`,
  ]
  const cover = await sharp(Buffer.from(svg.join('')))
    .removeAlpha()
    .raw()
    .toBuffer()
  return { width, height, cover, baseline: ascent * heightPx - top }
}

/** Maps a point of a letter to its place in the line, in fractions of the height of the text, y downwards from the baseline. */
type Turn = (x: number, y: number, out: Float64Array) => void

function placeLetters(letters: readonly Letter[], { letters: jitter }: Pick<SynthStyle, 'letters'>, random: Random) {
  let pen = 0
  const placed = letters.map((letter) => {
    const angle = (random.uniform(-jitter.rotationDegrees, jitter.rotationDegrees) * Math.PI) / 180
    const size = 1 + random.uniform(-jitter.scale, jitter.scale)
    const offset = random.uniform(-jitter.offset, jitter.offset)
    const cos = size * Math.cos(angle)
    const sin = size * Math.sin(angle)
    const halfWidth = letter.advance / 2
    const middle = pen + halfWidth
    const turn: Turn = (x, y, out) => {
      const dx = x - halfWidth
      const dy = y - LETTER_MIDDLE
      out[0] = middle + cos * dx + sin * dy
      out[1] = -LETTER_MIDDLE + offset + sin * dx - cos * dy
    }
    pen += letter.advance + random.uniform(...jitter.spacing)
    return { letter, turn }
  })
  return { letters: placed, width: pen }
}

/** Height above the baseline of the centre of rotation of letters. */
const LETTER_MIDDLE = 0.28

function bendOf(width: number, height: number, { geometry }: Pick<SynthStyle, 'geometry'>, random: Random): PointMap {
  const columns = Math.max(1, width)
  return pointMap(drawGeometry(geometry, columns, height, random), columns, height)
}

const OPERATORS = { moveTo: 'M', lineTo: 'L', quadraticCurveTo: 'Q', bezierCurveTo: 'C', closePath: 'Z' } as const

/** Collects outlines as data of an SVG path, y downwards from the top of the ascenders, and their bounding box. */
class PathWriter {
  left = Infinity
  right = -Infinity
  top = Infinity
  bottom = -Infinity
  readonly #parts: (string | number)[] = []
  readonly #point = new Float64Array(2)
  readonly #bend: PointMap
  readonly #heightPx: number
  readonly #ascent: number

  constructor(bend: PointMap, heightPx: number, ascent: number) {
    this.#bend = bend
    this.#heightPx = heightPx
    this.#ascent = ascent
  }

  addLetter({ outlines }: Letter, turn: Turn): void {
    for (const { commands, x, y, scale } of outlines) {
      for (const { command, args } of commands) {
        this.#parts.push(OPERATORS[command])
        for (let i = 0; i + 1 < args.length; i += 2) {
          turn(x + scale * (args[i] ?? 0), y + scale * (args[i + 1] ?? 0), this.#point)
          this.#addPoint()
        }
      }
    }
  }

  #addPoint(): void {
    const point = this.#point
    this.#bend((point[0] ?? 0) * this.#heightPx, ((point[1] ?? 0) + this.#ascent) * this.#heightPx, point)
    const [x = 0, y = 0] = point
    this.left = Math.min(this.left, x)
    this.right = Math.max(this.right, x)
    this.top = Math.min(this.top, y)
    this.bottom = Math.max(this.bottom, y)
    this.#parts.push(Math.round(x * 100) / 100, Math.round(y * 100) / 100)
  }

  data(): string {
    return this.#parts.join(' ')
  }
}

/** Lines and arcs across the bounding box of the ink, as SVG. */
function strikeLines(
  box: Pick<PathWriter, 'left' | 'right' | 'top' | 'bottom'>,
  heightPx: number,
  [least, most]: readonly [number, number],
  random: Random,
): string {
  const count = least + random.int(most - least + 1)
  const width = box.right - box.left
  const height = box.bottom - box.top
  const point = (from: number, to: number) => {
    const x = box.left + random.uniform(from, to) * width
    return `${x.toFixed(1)} ${(box.top + random.uniform(-0.05, 1.05) * height).toFixed(1)}`
  }
  let lines = ''
  for (let i = 0; i < count; i++) {
    const thickness = (random.uniform(0.02, 0.065) * heightPx).toFixed(2)
    const start = point(-0.15, 0.3)
    const bend = random.next() < 0.5 ? `Q ${point(0.3, 0.7)}` : `L ${point(0.2, 0.8)} L`
    lines += `<path fill="none" stroke="#0f0" stroke-width="${thickness}" d="M ${start} ${bend} ${point(0.7, 1.15)}"/>`
  }
  return lines
}
