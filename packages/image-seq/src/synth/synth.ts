/**
 * The generator of text-line images, for demonstrations and for training before there is data: texts, fonts, grounds and distortions
 * drawn by a seed. Image n is a function of the options and n alone. Real captchas, scans and handwriting differ from these: a reader
 * trained here is where training on real images begins. Rendering lines to train readers goes back to Jaderberg et al. 2014,
 * arXiv:1406.2227, whose order of steps (font, strike lines, projection, ground, noise) is followed.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describeSymbol, mapOrdered, symbolsOf } from '@weft/core/data'
import { expected, reasonOf, UserError } from '@weft/core/errors'
import { Random } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import { toCsv } from '@weft/core/app'
import { resolveOptions, type GivenOptions } from '@weft/core/cli'
import { encodePng } from '@weft/core/report'
import { loadPhotos, paint } from './backgrounds.js'
import { loadFaces, type Face } from './fonts.js'
import { synthOptions, type SynthOptions } from '../options/synth.js'
import { applyEffects, drawEffects, type EffectOptions } from '../augment/pixel-effects.js'
import type { Raster } from '../image/raster.js'
import { SYNTH_STYLES, type SynthStyle } from './synth-styles.js'
import { drawLine } from './text-line.js'
import { pick, textSource } from './texts.js'

export interface TextLine {
  readonly text: string
  readonly image: Raster
}

/** Makes lines one by one, such as for training without files. */
export interface LineGenerator {
  /** Every character that a text may hold, the space left out. */
  readonly symbols: ReadonlySet<string>
  /** Line number `index`, always the same. */
  readonly line: (index: number) => Promise<TextLine>
}

export type GeneratorOptions = Omit<SynthOptions, 'out' | 'count'>

const DOING = 'making text lines'
const STYLES: readonly SynthStyle[] = Object.values(SYNTH_STYLES)

/**
 * Reads texts, fonts and backgrounds.
 *
 * @throws UserError for files that cannot be used, and for a character that no font has.
 */
export async function openGenerator(options: GeneratorOptions): Promise<LineGenerator> {
  const { symbols, draw } = textSource(options)
  const faces = loadFaces(options.fonts)
  for (const symbol of symbols) {
    if (!faces.some((face) => face.covers([symbol]))) {
      const hint = options.fonts === undefined ? 'name a folder of fonts that have it (--fonts)' : undefined
      throw expected({
        doing: DOING,
        want: 'characters that a font has',
        of: 'the texts',
        got: describeSymbol(symbol),
        hint,
      })
    }
  }
  const { backgrounds, colour, seed } = options
  const photos = backgrounds === undefined ? [] : await loadPhotos(backgrounds, colour, seed)
  const line = async (index: number) => {
    const random = new Random(seed, 'line', index)
    const style = options.style === 'mixed' ? pick(random, STYLES) : SYNTH_STYLES[options.style]
    const text = draw(random)
    const face = chooseFace(faces, style, text, random)
    const ink = await drawLine(face, text, options.height, style, random)
    const photo = photos.length > 0 ? pick(random, photos) : undefined
    const look = { colour, lightInk: random.next() < style.lightInk, textHeight: options.height }
    const painted = paint(ink, pick(random, style.backgrounds), photo, look, random)
    return { text, image: applyEffects(painted, drawEffects(forHeight(style.effects, options.height), random)) }
  }
  return { symbols, line }
}

/** A face of the style that has all characters of the text; failing that, any other. */
function chooseFace(faces: readonly Face[], style: SynthStyle, text: string, random: Random): Face {
  const symbols = symbolsOf(text).filter((symbol) => symbol !== ' ')
  const able = faces.filter((face) => face.covers(symbols))
  if (able.length === 0) {
    const lacking = symbols.find((symbol) => !faces.every((face) => face.covers([symbol]))) ?? text
    const hint = `not every font has ${describeSymbol(lacking)}, and those that have it lack another`
    throw expected({ doing: DOING, want: 'one font with all characters', of: 'the text', got: text, hint })
  }
  const fitting = able.filter((face) => face.family === '' || style.families.includes(face.family))
  return pick(random, fitting.length > 0 ? fitting : able)
}

/** Styles state effects for a text of 32 px. */
function forHeight(effects: EffectOptions, height: number): EffectOptions {
  const scale = height / 32
  return { ...effects, blurPx: effects.blurPx * scale, inkThicknessPx: effects.inkThicknessPx * scale }
}

export interface SynthHooks {
  /** Stops after the images under way; what is there by then is a complete folder. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (done: number, total: number) => void
}

export interface SynthResult {
  readonly out: string
  /** How many images were made. */
  readonly images: number
  /** Path of labels.csv. */
  readonly labels: string
  /** Different characters in the texts, the space left out. */
  readonly symbols: number
  /** True when it was aborted. */
  readonly stopped: boolean
  readonly seconds: number
}

/**
 * Writes `out`/images/00001.png … and, last, `out`/labels.csv with the columns file and label.
 *
 * @throws UserError when the folder holds anything, or as `openGenerator` does.
 */
export async function synthesise(
  given: GivenOptions<typeof synthOptions>,
  { signal, onProgress }: SynthHooks = {},
): Promise<SynthResult> {
  const begin = performance.now()
  const options = resolveOptions(synthOptions, given)
  const { out, count } = options
  const generator = await openGenerator(options)
  makeFolder(out)
  const digits = Math.max(5, String(count).length)
  const make = async (index: number) => {
    const { text, image } = await generator.line(index)
    const name = `images/${String(index + 1).padStart(digits, '0')}.png`
    return { name, text, png: await encodePng(image.pixels, image.width, image.height) }
  }
  const rows = [['file', 'label']]
  const work = mapOrdered(Array(count).keys(), make, { items: 2 * availableParallelism() })
  for await (const { name, text, png } of work) {
    writeFileAtomic(join(out, name), png)
    rows.push([name, text])
    onProgress?.(rows.length - 1, count)
    if (signal?.aborted === true) break
  }
  const labels = join(out, 'labels.csv')
  writeFileAtomic(labels, toCsv(rows))
  const images = rows.length - 1
  const seconds = (performance.now() - begin) / 1000
  return { out, images, labels, symbols: generator.symbols.size, stopped: images < count, seconds }
}

function makeFolder(out: string): void {
  let held: string[] = []
  try {
    if (existsSync(out)) held = readdirSync(out)
    else mkdirSync(out, { recursive: true })
  } catch (error) {
    throw new UserError(`${DOING}: ${out}: ${reasonOf(error)}`)
  }
  if (held.length > 0) {
    const holds = `${out}, which holds ${held.slice(0, 3).join(', ')}`
    throw new UserError(`${DOING}: expected a new or empty folder for out, received ${holds}`, 'name another folder')
  }
}
