/**
 * Fonts for drawing text: the built-in ones from @fontsource packages, or a folder of fonts. fontkit reads and shapes them (ligatures,
 * kerning, marks, and right-to-left scripts within one font file) into outlines, letter by letter. A face is one or more files, since
 * the packages divide a font by alphabet; a file is opened when a character needs it. Mixed directions in one line (the bidirectional
 * algorithm) are not supported.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join } from 'node:path'
import { create, type Font, type GlyphRun, type PathCommand } from 'fontkit'
import { expected, reasonOf, UserError } from '@weft/core/errors'
import { symbolsOf } from '@weft/core/data'

/** An outline and its origin: x from the origin of the letter, y upwards from the baseline. */
export interface Outline {
  readonly commands: readonly PathCommand[]
  readonly x: number
  readonly y: number
  /** From units of the outline to fractions of the height of the text. */
  readonly scale: number
}

/** A unit that moves together: a base with its marks, or a ligature. Lengths are fractions of the height of the text. */
export interface Letter {
  readonly outlines: readonly Outline[]
  readonly advance: number
}

/** A text in one face, from left to right. */
export interface ShapedText {
  readonly letters: readonly Letter[]
  /** From the baseline to the top, as a fraction of the height of the text; the rest is below. */
  readonly ascent: number
}

const DOING = 'drawing text'
const FAMILIES = ['pt-sans', 'pt-serif', 'courier-prime', 'caveat'] as const
const EXTENSIONS = ['.ttf', '.otf', '.woff', '.woff2']
/** Characters that affect shaping but need no glyph: joiners, variation selectors. */
const NO_GLYPH = /^\p{Default_Ignorable_Code_Point}$/u

/** The font that draws a character, and the equivalent spelling to use. */
interface Source {
  readonly font: Font
  readonly spelling: string
}

/** A typeface in one weight and style. */
export class Face {
  readonly name: string
  readonly family: string
  readonly #files: readonly string[]
  readonly #fonts: Font[] = []
  readonly #sources = new Map<string, Source | undefined>()

  constructor(name: string, family: string, files: readonly string[]) {
    this.name = name
    this.family = family
    this.#files = files
  }

  /** Whether the face can draw every character of `symbols`. */
  covers(symbols: Iterable<string>): boolean {
    for (const symbol of symbols) if (this.#sourceOf(symbol) === undefined) return false
    return true
  }

  /** Lays out `text`, which the face must cover. */
  shape(text: string): ShapedText {
    const letters: Letter[] = []
    let ascent = 0
    for (const { font, spelling } of this.#runs(text)) {
      const scale = 1 / (font.ascent - font.descent)
      ascent = Math.max(ascent, font.ascent * scale)
      letters.push(...lettersOf(font.layout(spelling), scale))
    }
    return { letters, ascent }
  }

  /** Parts of the text that are each drawn by one file. */
  #runs(text: string): Source[] {
    const runs: Source[] = []
    for (const symbol of symbolsOf(text)) {
      const last = runs.at(-1)
      const source = symbol === ' ' && last !== undefined ? { font: last.font, spelling: ' ' } : this.#sourceOf(symbol)
      if (source === undefined)
        throw expected({ doing: DOING, want: `a character of the font ${this.name}`, of: 'the text', got: symbol })
      if (last?.font === source.font) runs[runs.length - 1] = { ...last, spelling: last.spelling + source.spelling }
      else runs.push(source)
    }
    return runs
  }

  #sourceOf(symbol: string): Source | undefined {
    if (!this.#sources.has(symbol)) this.#sources.set(symbol, this.#find(symbol))
    return this.#sources.get(symbol)
  }

  #find(symbol: string): Source | undefined {
    for (let i = 0; i < this.#files.length; i++) {
      const font = this.#open(i)
      for (const spelling of [symbol.normalize('NFC'), symbol, symbol.normalize('NFD')]) {
        const has = (char: string) => NO_GLYPH.test(char) || font.hasGlyphForCodePoint(char.codePointAt(0) ?? 0)
        if ([...spelling].every(has)) return { font, spelling }
      }
    }
    return undefined
  }

  #open(index: number): Font {
    const font = this.#fonts[index] ?? openFont(this.#files[index] ?? '')
    this.#fonts[index] = font
    return font
  }
}

function openFont(path: string): Font {
  try {
    const file = create(readFileSync(path))
    const font = 'fonts' in file ? file.fonts[0] : file
    if (font !== undefined && font.ascent > font.descent) return font
  } catch (error) {
    throw new UserError(`opening the font ${path}: ${reasonOf(error)}`)
  }
  throw expected({
    doing: `opening the font ${path}`,
    want: 'a font with an ascent above its descent',
    of: 'the file',
    got: 'another kind of file',
  })
}

/** Groups glyphs that do not advance (marks) with their letter: the one before or, from right to left, the one after. */
function lettersOf(run: GlyphRun, scale: number): Letter[] {
  const letters: { outlines: Outline[]; advance: number }[] = []
  let waiting: Outline[] = []
  run.glyphs.forEach((glyph, i) => {
    const { xAdvance = 0, xOffset = 0, yOffset = 0 } = run.positions[i] ?? {}
    const advance = xAdvance * scale
    const outline = { commands: glyph.path.commands, x: xOffset * scale, y: yOffset * scale, scale }
    const last = letters.at(-1)
    if (advance !== 0 || (last === undefined && run.direction !== 'rtl')) {
      letters.push({ outlines: [...waiting, outline], advance })
      waiting = []
    } else if (run.direction === 'rtl') waiting.push(outline)
    // The pen is at the end of the letter, where the offset of the mark starts.
    else last?.outlines.push({ ...outline, x: outline.x + last.advance })
  })
  if (waiting.length > 0) letters.push({ outlines: waiting, advance: 0 })
  return letters
}

/**
 * The faces to draw with, in a fixed order.
 *
 * @param folder Folder of fonts, with one face per file (default: the built-in fonts).
 * @throws UserError when the folder cannot be read or has no fonts, or a font cannot be opened.
 */
export function loadFaces(folder?: string): Face[] {
  if (folder === undefined) return FAMILIES.flatMap(packagedFaces)
  const files = listFiles(folder).filter((name) => EXTENSIONS.includes(extname(name).toLowerCase()))
  if (files.length === 0)
    throw expected({
      doing: 'loading fonts',
      want: `files ending in ${EXTENSIONS.join(', ')}`,
      of: folder,
      got: 'none',
    })
  const faces = files.map((name) => new Face(basename(name, extname(name)), '', [join(folder, name)]))
  for (const face of faces) face.covers([' ']) // opens the file, so that a broken one fails now
  return faces
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    throw new UserError(`loading fonts: ${folder}: ${reasonOf(error)}`)
  }
}

/** The faces of a @fontsource package: files are named family-alphabet-weight-style.woff2. */
function packagedFaces(family: string): Face[] {
  const require = createRequire(import.meta.url)
  const folder = join(dirname(require.resolve(`@fontsource/${family}/package.json`)), 'files')
  const faces = new Map<string, string[]>()
  for (const name of listFiles(folder)) {
    const [, alphabet, look] = /^(.+)-(\d+-[a-z]+)\.woff2$/u.exec(name) ?? []
    if (alphabet === undefined || look === undefined) continue
    const files = faces.get(look) ?? []
    // Latin first: most texts need nothing else.
    if (alphabet === `${family}-latin`) files.unshift(join(folder, name))
    else files.push(join(folder, name))
    faces.set(look, files)
  }
  return [...faces].map(([look, files]) => new Face(`${family}-${look}`, family, files))
}
