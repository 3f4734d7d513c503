import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { readCsvItems } from '@weft/core/data'
import { resolveOptions } from '@weft/core/cli'
import { encodePng } from '@weft/core/report'
import { loadFaces } from './fonts.js'
import { synthOptions } from '../options/synth.js'
import { openGenerator, synthesise, type GeneratorOptions } from './synth.js'
import { SYNTH_STYLES } from './synth-styles.js'
import { drawLine } from './text-line.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-synth-'))
afterAll(() => rmSync(folder, { recursive: true }))

const usual = resolveOptions(synthOptions, { out: folder })
const open = (options: Partial<GeneratorOptions>) => openGenerator({ ...usual, ...options })

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('synthesise', () => {
  it('writes as many images as asked for and a list that the readers of data read', async () => {
    const out = join(folder, 'captchas')
    const seen: string[] = []
    const given = { out, count: 7, style: 'captcha', alphabet: 'abc', length: '2-3', height: 16 } as const
    const result = await synthesise(given, { onProgress: (done, total) => seen.push(`${done}/${total}`) })
    expect({ ...result, seconds: 0 }).toEqual({
      out,
      images: 7,
      labels: join(out, 'labels.csv'),
      symbols: 3,
      stopped: false,
      seconds: 0,
    })
    expect(seen.at(0)).toBe('1/7')
    expect(seen.at(-1)).toBe('7/7')
    const { items, skipped } = readCsvItems(result.labels)
    expect(skipped).toEqual([])
    expect(items.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `images/0000${n}.png`))
    expect(readdirSync(join(out, 'images'))).toHaveLength(7)
    for (const { path, labels } of items) {
      expect(labels[0]).toMatch(/^[abc]{2,3}$/)
      const { width, height, channels } = await sharp(path).metadata()
      expect(channels).toBe(1)
      expect(height).toBeGreaterThanOrEqual(12)
      expect(width).toBeGreaterThan(12)
    }
  })

  it('makes the same files from the same seed', async () => {
    const digest = async (name: string, seed: number) => {
      const out = join(folder, name)
      await synthesise({ out, count: 4, seed, colour: true, height: 16 })
      return ['labels.csv', ...readdirSync(join(out, 'images')).map((image) => join('images', image))].map((path) =>
        readFileSync(join(out, path)).toString('base64'),
      )
    }
    const first = await digest('first', 5)
    expect(await digest('second', 5)).toEqual(first)
    expect(await digest('third', 6)).not.toEqual(first)
  })

  it('writes labels with commas and quotes so that they come back', async () => {
    const words = file('quoted.txt', '1,5\n"so"\n')
    const { labels } = await synthesise({ out: join(folder, 'quoted'), count: 6, words, wordsPerLine: '1', height: 16 })
    const texts = readCsvItems(labels).items.map((item) => item.labels[0])
    expect(new Set(texts)).toEqual(new Set(['1,5', '"so"']))
  })

  it('stops when told, with a complete list of what is there', async () => {
    const stop = new AbortController()
    const out = join(folder, 'stopped')
    const hooks = { signal: stop.signal, onProgress: (done: number) => done === 3 && stop.abort() }
    const result = await synthesise({ out, count: 500, height: 16 }, hooks)
    expect(result).toMatchObject({ images: 3, stopped: true })
    expect(readdirSync(join(out, 'images'))).toHaveLength(3)
    expect(readCsvItems(result.labels).items).toHaveLength(3)
  })

  it('refuses a folder that holds something, and leaves it as it was', async () => {
    const out = join(folder, 'taken')
    mkdirSync(out)
    writeFileSync(join(out, 'labels.csv'), 'mine')
    await expect(synthesise({ out, count: 1 })).rejects.toThrow(
      `making text lines: expected a new or empty folder for out, received ${out}, which holds labels.csv`,
    )
    expect(readdirSync(out)).toEqual(['labels.csv'])
    await expect(synthesise({ out: join(out, 'labels.csv'), count: 1 })).rejects.toThrow(
      'labels.csv: it is a file; a folder was expected',
    )
  })
})

describe('a generator', () => {
  it('makes line n the same whatever was made before', async () => {
    const [one, other] = [await open({}), await open({})]
    const third = await one.line(3)
    await other.line(7)
    expect(await other.line(3)).toEqual(third)
    expect(await other.line(4)).not.toEqual(third)
  })

  it('makes grey or colour of the size that it says', async () => {
    for (const colour of [false, true]) {
      const { image } = await (await open({ colour, style: 'handwriting' })).line(1)
      expect(image.channels).toBe(colour ? 3 : 1)
      expect(image.pixels.length).toBe(image.width * image.height * image.channels)
    }
  })

  it('makes higher text of greater height', async () => {
    const heightOf = async (height: number) => (await (await open({ height, style: 'document' })).line(2)).image.height
    expect((await heightOf(64)) / (await heightOf(32))).toBeCloseTo(2, 0)
  })

  it('draws with another font what those of the style lack', async () => {
    const words = file('dutch.txt', 'Привет') // Courier Prime has no Cyrillic
    const { line } = await open({ words, wordsPerLine: '1', style: 'captcha' })
    for (let n = 0; n < 12; n++) expect((await line(n)).text).toBe('Привет')
  })

  it('names a character that no font has', async () => {
    const words = file('han.txt', 'plain\n漢字')
    await expect(open({ words })).rejects.toThrow(
      'making text lines: expected characters that a font has for the texts, received "\\"漢\\" (U+6F22)"',
    )
  })

  it('cuts grounds from images, whatever their size', async () => {
    const backgrounds = join(folder, 'photos')
    mkdirSync(backgrounds)
    const pixels = Uint8Array.from({ length: 9 * 5 * 3 }, (_, at) => (at * 37) % 256)
    writeFileSync(join(backgrounds, 'small.png'), await encodePng(pixels, 9, 5))
    const plain = await open({ style: 'document', colour: true })
    const onPhotos = await open({ style: 'document', colour: true, backgrounds })
    const [a, b] = [await plain.line(0), await onPhotos.line(0)]
    expect(b.text).toBe(a.text)
    expect([b.image.width, b.image.height]).toEqual([a.image.width, a.image.height])
    expect(b.image.pixels).not.toEqual(a.image.pixels)
    writeFileSync(join(backgrounds, 'broken.jpg'), 'not an image')
    await expect(open({ backgrounds })).rejects.toThrow(/loading backgrounds: .*broken\.jpg: /)
    const none = join(folder, 'no-photos')
    mkdirSync(none)
    await expect(open({ backgrounds: none })).rejects.toThrow('loading backgrounds: expected images')
  })
})

describe('drawLine', () => {
  const faces = loadFaces()

  it('never cuts ink: two rows and columns at each side stay empty, in every style', async () => {
    let n = 0
    for (const [name, style] of Object.entries(SYNTH_STYLES)) {
      for (const height of [8, 32, 90]) {
        for (const text of ['.', 'jÅfy', 'The quick brown fox jumps over it']) {
          const face = faces[(n * 5) % faces.length]
          if (face === undefined) throw new Error('no fonts')
          const { width, height: rows, cover } = await drawLine(face, text, height, style, new Random(2, n++))
          expect(cover.length).toBe(width * rows * 3)
          let ink = 0
          let border = 0
          for (let at = 0; at < width * rows; at++) {
            const [x, y] = [at % width, Math.floor(at / width)]
            ink = Math.max(ink, cover[at * 3] ?? 0)
            if (Math.min(x, y, width - 1 - x, rows - 1 - y) < 2) border = Math.max(border, cover[at * 3] ?? 0)
          }
          expect(border, `${name} ${height} ${text}`).toBe(0)
          expect(ink).toBeGreaterThan(height > 8 ? 150 : 30)
        }
      }
    }
  })

  it('draws text of the height asked for', async () => {
    const face = faces.find(({ name }) => name === 'pt-sans-400-normal')
    if (face === undefined) throw new Error('no PT Sans')
    const still = { rotationDegrees: 0, shearDegrees: 0, perspective: 0, stretch: 0, shift: 0, elastic: 0 }
    const style = { ...SYNTH_STYLES.document, geometry: still }
    const { cover, width } = await drawLine(face, 'H', 129.4, style, new Random(1))
    const rows = new Set<number>()
    cover.forEach((value, at) => at % 3 === 0 && value > 127 && rows.add(Math.floor(at / 3 / width)))
    // The capital is 700 of 1294 units high.
    expect(Math.abs(rows.size - 70)).toBeLessThanOrEqual(1)
  })

  it('refuses a text too wide to draw', async () => {
    const [face] = faces
    if (face === undefined) throw new Error('no fonts')
    await expect(drawLine(face, 'm'.repeat(999), 512, SYNTH_STYLES.document, new Random(1))).rejects.toThrow(
      /^drawing text: expected at most 32767 px for the width of an image, received \d{6}$/,
    )
  })

  it('names a text without ink', async () => {
    const [face] = faces
    if (face === undefined) throw new Error('no fonts')
    await expect(drawLine(face, '\u200B', 32, SYNTH_STYLES.document, new Random(1))).rejects.toThrow(
      `drawing text: expected outlines in the font ${face.name} for the text, received`,
    )
  })
})

describe('options', () => {
  it('have the styles that there are', () => {
    expect(synthOptions.style.choices).toEqual([...Object.keys(SYNTH_STYLES), 'mixed'])
  })
})
