import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDeflate, crc32, deflateSync, gzipSync } from 'node:zlib'
import { UserError } from '@weft/core/errors'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeImage, readImage } from './decode.js'

const GREY = { colour: 'grey', maxMegapixels: 100 } as const
const RGB = { colour: 'rgb', maxMegapixels: 100 } as const

const chunk = (type: string, data: Uint8Array) => {
  const out = Buffer.alloc(12 + data.length)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, 'latin1')
  out.set(data, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return out
}
interface Png {
  width: number
  height: number
  bits: number
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA */
  type: number
  compressed: Uint8Array
  before?: Uint8Array[]
}
function png({ width, height, bits, type, compressed, before = [] }: Png): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([bits, type], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...before,
    chunk('IDAT', compressed),
    chunk('IEND', new Uint8Array()),
  ])
}
/** Rows of one filter byte and `row` each. */
const rows = (height: number, row: number[]) =>
  deflateSync(Uint8Array.from(Array.from({ length: height }, () => [0, ...row]).flat()))

/** An uncompressed grey TIFF. `format`: 1 unsigned, 2 signed, 3 floats. */
function tiff(width: number, height: number, bits: number, format: number, data: ArrayBuffer): Buffer {
  const at = 8 + 2 + 10 * 12 + 4
  const head = Buffer.alloc(at)
  head.write('II*\0\x08', 0, 'latin1')
  head.writeUInt16LE(10, 8)
  const entries = [
    [256, width],
    [257, height],
    [258, bits],
    [259, 1],
    [262, 1],
    [273, at],
    [277, 1],
    [278, height],
    [279, data.byteLength],
    [339, format],
  ]
  entries.forEach(([tag = 0, value = 0], i) => {
    head.writeUInt16LE(tag, 10 + 12 * i)
    head.writeUInt16LE(4, 12 + 12 * i)
    head.writeUInt32LE(1, 14 + 12 * i)
    head.writeUInt32LE(value, 18 + 12 * i)
  })
  return Buffer.concat([head, Buffer.from(data)])
}

/** Noise, so that nothing compresses away. */
const scene = () =>
  sharp(Buffer.from(Array.from({ length: 60 * 40 * 3 }, (_, i) => ((i * 2654435761) >>> 13) % 256)), {
    raw: { width: 60, height: 40, channels: 3 },
  })
const svg = (inside: string, before = '') =>
  Buffer.from(
    `${before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="10">${inside}</svg>`,
  )

describe('decodeImage', () => {
  const base = { width: 4, height: 4 }
  const palette = [
    chunk('PLTE', Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255)),
    chunk('tRNS', Uint8Array.of(255, 255, 0)),
  ]
  it.each([
    ['8-bit grey', png({ ...base, bits: 8, type: 0, compressed: rows(4, [0, 100, 128, 255]) }), [0, 100, 128, 255]],
    ['1-bit grey', png({ ...base, bits: 1, type: 0, compressed: rows(4, [0b01010000]) }), [0, 255, 0, 255]],
    ['16-bit grey', png({ ...base, bits: 16, type: 0, compressed: rows(4, [0, 0, 0x80, 0, 0xff, 0xff, 0x12, 0x34]) }), [0, 128, 255, 18]], // prettier-ignore
    ['grey and alpha', png({ ...base, bits: 8, type: 4, compressed: rows(4, [0, 255, 100, 255, 0, 128, 0, 0]) }), [0, 100, 127, 255]], // prettier-ignore
    ['16-bit TIFF', tiff(4, 4, 16, 1, Uint16Array.from({ length: 16 }, (_, i) => [0, 0x8000, 0xffff, 0x1234][i % 4] ?? 0).buffer), [0, 128, 255, 18]], // prettier-ignore
    ['float TIFF', tiff(4, 4, 32, 3, Float32Array.from({ length: 16 }, (_, i) => [0, 0.5, 1, 0.25][i % 4] ?? 0).buffer), [0, 128, 255, 64]], // prettier-ignore
  ])('reads %s', async (_, file, wanted) => {
    const { image, warnings } = await decodeImage(file, 'x', GREY)
    expect([...image.pixels]).toEqual([...wanted, ...wanted, ...wanted, ...wanted])
    expect(image).toMatchObject({ width: 4, height: 4, channels: 1 })
    expect(warnings).toEqual([])
  })

  it.each([
    ['16-bit RGB', png({ ...base, bits: 16, type: 2, compressed: rows(4, Array.from({ length: 4 }, () => [0xff, 0xff, 0x80, 0, 0, 0]).flat()) }), [255, 128, 0]], // prettier-ignore
    ['16-bit RGBA', png({ ...base, bits: 16, type: 6, compressed: rows(4, Array.from({ length: 4 }, () => [0, 0, 0, 0, 0xff, 0xff, 0x80, 0]).flat()) }), [127, 127, 255]], // prettier-ignore
    ['a palette', png({ ...base, bits: 8, type: 3, compressed: rows(4, [0, 1, 2, 0]), before: palette }), [255, 0, 0, 0, 255, 0, 255, 255, 255]], // prettier-ignore
  ])('reads %s', async (_, file, start) => {
    const { image } = await decodeImage(file, 'x', RGB)
    expect([...image.pixels.subarray(0, start.length)]).toEqual(start)
    expect(image.channels).toBe(3)
  })

  it('reads the same from each lossless format, interlaced or not', async () => {
    const wanted = new Uint8Array(await scene().raw().toBuffer())
    const files = [
      await scene().png().toBuffer(),
      await scene().png({ progressive: true }).toBuffer(),
      await scene().webp({ lossless: true }).toBuffer(),
      await scene().tiff({ compression: 'lzw' }).toBuffer(),
    ]
    for (const file of files) expect((await decodeImage(file, 'x', RGB)).image.pixels).toEqual(wanted)
  })

  it.each(['jpeg', 'avif', 'gif', 'webp'] as const)('reads %s within what it loses', async (format) => {
    const flat = sharp({ create: { width: 16, height: 12, channels: 3, background: { r: 200, g: 40, b: 90 } } })
    const { image } = await decodeImage(await flat.toFormat(format, { quality: 95 }).toBuffer(), 'x', RGB)
    const [r = 0, g = 0, b = 0] = image.pixels
    expect(Math.abs(r - 200) + Math.abs(g - 40) + Math.abs(b - 90)).toBeLessThan(12)
  })

  it('gives CMYK the colours that it had', async () => {
    const patches = sharp(Buffer.from([250, 250, 250, 190, 80, 70, 90, 110, 160, 10, 10, 10]), {
      raw: { width: 2, height: 2, channels: 3 },
    })
    const file = await patches
      .resize(32, 32, { kernel: 'nearest' })
      .toColourspace('cmyk')
      .jpeg({ quality: 95 })
      .toBuffer()
    expect((await sharp(file).metadata()).space).toBe('cmyk')
    const { image } = await decodeImage(file, 'x.jpg', RGB)
    const at = (x: number, y: number) => [...image.pixels.subarray((y * 32 + x) * 3, (y * 32 + x) * 3 + 3)]
    for (const [x, y, wanted] of [
      [8, 8, [250, 250, 250]],
      [24, 8, [190, 80, 70]],
      [8, 24, [90, 110, 160]],
    ] as const)
      at(x, y).forEach((value, c) => expect(Math.abs(value - (wanted[c] ?? 0))).toBeLessThan(20)) // there and back through the profile
    expect(Math.max(...at(24, 24))).toBeLessThan(60)
  })

  it.each([
    [1, [10, 20, 30, 40]],
    [3, [40, 30, 20, 10]],
    [6, [30, 10, 40, 20]],
    [8, [20, 40, 10, 30]],
  ])('turns what EXIF orientation %d says', async (orientation, corners) => {
    const quarters = sharp(Buffer.from([10, 20, 30, 40]), { raw: { width: 2, height: 2, channels: 1 } })
    const file = await quarters
      .resize(32, 16, { kernel: 'nearest', fit: 'fill' })
      .withMetadata({ orientation })
      .png()
      .toBuffer()
    const { image, originalWidth } = await decodeImage(file, 'x.png', GREY)
    const { pixels, width, height } = image
    expect(width).toBe(orientation > 4 ? 16 : 32)
    expect(originalWidth).toBe(width)
    expect([pixels[0], pixels[width - 1], pixels[(height - 1) * width], pixels.at(-1)]).toEqual(corners)
  })

  it.each(['gif', 'webp'] as const)('takes the first frame of an animated %s and says so', async (format) => {
    const frames = Buffer.from(Array.from({ length: 16 * 48 * 3 }, (_, i) => 40 + 80 * Math.floor(i / (16 * 16 * 3))))
    const file = await sharp(frames, { raw: { width: 16, height: 48, channels: 3, pageHeight: 16 } })
      .toFormat(format, { delay: [90, 90, 90], lossless: true })
      .toBuffer()
    const { image, warnings } = await decodeImage(file, 'x', GREY)
    expect([image.width, image.height, image.pixels[0]]).toEqual([16, 16, 40])
    expect(warnings).toEqual(['it holds 3 frames; only the first is used'])
  })

  it('lays transparency over white, over black only where white would hide everything', async () => {
    const stroke = (value: number) =>
      png({ ...base, bits: 8, type: 4, compressed: rows(4, [value, 255, value, 0, value, 128, value, 0]) })
    expect([...(await decodeImage(stroke(0), 'x', GREY)).image.pixels.subarray(0, 4)]).toEqual([0, 255, 127, 255])
    expect([...(await decodeImage(stroke(255), 'x', GREY)).image.pixels.subarray(0, 4)]).toEqual([255, 0, 128, 0])
  })

  it('says how it took floats beyond 0 to 1 and signed integers', async () => {
    const floats = Float32Array.from({ length: 16 }, (_, i) => [-2, 0, 2, 0][i % 4] ?? 0)
    const { image, warnings } = await decodeImage(tiff(4, 4, 32, 3, floats.buffer), 'x', GREY)
    expect([...image.pixels.subarray(0, 3)]).toEqual([0, 128, 255])
    expect(warnings).toEqual(['its values are -2 to 2, not 0 to 1; this range was scaled from black to white'])
    const signed = Int16Array.from({ length: 16 }, (_, i) => [0, 0x4000, 0x7fff, 0][i % 4] ?? 0)
    const other = await decodeImage(tiff(4, 4, 16, 2, signed.buffer), 'x', GREY)
    expect([...other.image.pixels.subarray(0, 3)]).toEqual([0, 128, 255])
  })

  it('draws an SVG that is complete in itself', async () => {
    const drawing = svg(
      `<!-- url(http://a.b/c) --><defs><linearGradient id="g"><stop stop-color="red"/></linearGradient></defs>
       <a xlink:href="https://example.org/"><rect width="10" height="10" fill="url(#g)"/></a><use href="#x"/>`,
      '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
    )
    const { image } = await decodeImage(drawing, 'x.svg', RGB)
    expect([image.width, image.height]).toEqual([20, 10])
    expect([...image.pixels.subarray(0, 3), ...image.pixels.subarray(57, 60)]).toEqual([255, 0, 0, 255, 255, 255])
  })

  it.each([
    ['<image href="photo.png" width="9"/>', 'href=\\"photo.png\\"'],
    ["<image xlink:href='http://a.b/c.png'/>", "xlink:href='http://a.b/c.png'"],
    ['<image title="a>b" href="file:///etc/hosts"/>', 'href=\\"file:///etc/hosts\\"'],
    ['<use href="other.svg#part"/>', 'href=\\"other.svg#part\\"'],
    ['<rect fill="url(other.svg#g)"/>', 'url(other.svg#g)'],
    ['<rect style="fill: url( &quot;http://a.b/#g&quot; )"/>', 'url( &quot;http://a.b/#g&quot; )'],
    ['<style>@import "a.css";</style>', '@import \\"a.css\\"'],
  ])('refuses an SVG with %s', async (inside, reference) => {
    await expect(decodeImage(svg(inside), 'x.svg', GREY)).rejects.toThrow(
      `decoding x.svg: expected a self-contained drawing, received one that refers to "${reference}"`,
    )
  })

  it.each([
    ['an entity', '<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/hosts">]>', '<!ENTITY e SYSTEM'],
    ['a style sheet', '<?xml-stylesheet href="a.css"?>', '<?xml-stylesheet'],
  ])('refuses an SVG with %s', async (_, before, reference) => {
    await expect(decodeImage(svg('', before), 'x.svg', GREY)).rejects.toThrow(`one that refers to "${reference}`)
  })

  const wholePng = () => scene().png().toBuffer()
  const flipped = async () => {
    const file = await wholePng()
    return Buffer.from(file.map((byte, i) => (i >= file.length / 2 && i < file.length / 2 + 4 ? byte ^ 0x55 : byte)))
  }
  it.each([
    ['an empty file', () => Buffer.alloc(0), 'expected an image, received an empty file', undefined],
    ['text', () => Buffer.from('hello\n'), 'expected PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG, received text', 'Its name says image, its content does not.'], // prettier-ignore
    ['a PDF', () => Buffer.from('%PDF-1.7\n'), 'received a PDF document', 'Its name says image, its content does not.'],
    ['compressed SVG', () => gzipSync(svg('')), 'received gzip-compressed data', undefined],
    ['other bytes', () => Buffer.from([0, 1, 2, 3]), 'received something else', undefined],
    ['a signature alone', () => Buffer.from('\x89PNG', 'latin1'), 'expected a complete PNG image, received one that ends too early, after 4 bytes', undefined], // prettier-ignore
    [
      'damaged PNG',
      flipped,
      'expected a complete PNG image, received one that is damaged or of an unsupported kind: ',
      undefined,
    ],
    ['broken SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><rect'), 'expected a complete SVG image, received one that is damaged', undefined], // prettier-ignore
    ['1 x 1', () => scene().resize(1, 1).png().toBuffer(), 'expected an image of at least 4 x 4 pixels, received 1 x 1', undefined], // prettier-ignore
    ['a line', () => scene().resize(50, 3, { fit: 'fill' }).png().toBuffer(), 'received 50 x 3', undefined],
    ['NaN', () => tiff(4, 4, 32, 3, new Float32Array(16).fill(NaN).buffer), 'a value that is NaN', undefined],
    ['a vast SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="40000" height="40000"/>'), 'expected at most 100 megapixels, received 40000 x 40000 (1600.0 megapixels)', undefined], // prettier-ignore
  ])('refuses %s', async (_, make, message, hint) => {
    const error: unknown = await decodeImage(await make(), 'dir/x.PNG', GREY).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UserError)
    if (!(error instanceof UserError)) return
    expect(error.message).toContain(message)
    expect(error.message).toMatch(/^decoding dir\/x\.PNG: /)
    if (hint !== undefined) expect(error.hint).toBe(hint)
  })

  it('gives no hint about a name that does not say image', async () => {
    await expect(decodeImage(Buffer.from('hello'), 'x.txt', GREY)).rejects.toMatchObject({ hint: undefined })
  })

  it.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)('refuses %s cut off anywhere', async (format) => {
    const file = await scene().toFormat(format).toBuffer()
    for (const share of [0.2, 0.5, 0.9]) {
      const cut = file.subarray(0, Math.ceil(share * file.length))
      await expect(decodeImage(cut, 'x', GREY)).rejects.toThrow(
        new RegExp(`expected a complete \\w+ image, received one that ends too early, after ${cut.length} bytes`),
      )
    }
  })

  it('takes a JPEG with stray bytes, and says so', async () => {
    const file = await scene().jpeg({ quality: 90 }).toBuffer()
    const at = 4 + file.readUInt16BE(4) // behind the first segment
    const stray = Buffer.concat([file.subarray(0, at), new Uint8Array(3), file.subarray(at)])
    const { image, warnings } = await decodeImage(stray, 'x.jpg', RGB)
    expect(image.pixels).toEqual((await decodeImage(file, 'x.jpg', RGB)).image.pixels)
    expect(warnings).toEqual([expect.stringMatching(/^slightly damaged: .*3 extraneous bytes before marker/)])
  })

  it('tells a TIFF cut off behind its directory', async () => {
    const file = tiff(40, 40, 8, 1, new ArrayBuffer(1600))
    await expect(decodeImage(file.subarray(0, 900), 'x.tif', GREY)).rejects.toThrow('ends too early, after 900 bytes')
  })
})

describe('an image of 30,000 x 30,000', () => {
  const size = { width: 30_000, height: 30_000 }
  const message = /expected at most 100 megapixels, received 30000 x 30000 \(900\.0 megapixels\)/

  it('is refused by its header', async () => {
    const file = png({ ...size, bits: 8, type: 0, compressed: rows(1, [0]) })
    await expect(decodeImage(file, 'x.png', GREY)).rejects.toThrow(message)
  })

  it('is refused before it is decoded, so that memory stays flat', async () => {
    const deflate = createDeflate({ level: 1 })
    const pieces: Buffer[] = []
    deflate.on('data', (piece: Buffer) => pieces.push(piece))
    const ended = new Promise((done) => deflate.on('end', done))
    const hundredRows = Buffer.alloc(100 * (1 + size.width / 8)) // one bit a pixel
    for (let i = 0; i < size.height / 100; i++) {
      if (!deflate.write(hundredRows)) await new Promise((done) => deflate.once('drain', done))
    }
    deflate.end()
    await ended
    const file = png({ ...size, bits: 1, type: 0, compressed: Buffer.concat(pieces) })
    const before = process.resourceUsage().maxRSS
    await expect(decodeImage(file, 'x.png', GREY)).rejects.toThrow(message)
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(100) // decoded it takes 900 MB
  })
})

describe('readImage', () => {
  let folder = ''
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'weft-images-'))))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('reads a file', async () => {
    const path = join(folder, 'a.png')
    writeFileSync(path, await scene().png().toBuffer())
    expect((await readImage(path, GREY)).image).toMatchObject({ width: 60, height: 40, channels: 1 })
  })

  it('says in plain words what cannot be read', async () => {
    const missing = join(folder, 'none.png')
    const nothing = `reading ${missing}: there is no such file`
    await expect(readImage(missing, GREY)).rejects.toThrow(nothing)
    await expect(readImage(join(folder, 'a.png', 'b.png'), GREY)).rejects.toThrow('it is a file; a folder was expected')
    await expect(readImage(folder, GREY)).rejects.toThrow('it is a folder; a file was expected')
    const circle = join(folder, 'circle.png')
    symlinkSync(circle, circle)
    await expect(readImage(circle, GREY)).rejects.toBeInstanceOf(UserError)
  })

  it.skipIf(process.getuid?.() === 0)('says when it may not read', async () => {
    const path = join(folder, 'locked.png')
    writeFileSync(path, 'x')
    chmodSync(path, 0)
    await expect(readImage(path, GREY)).rejects.toThrow('the permissions of the file or folder do not allow it')
  })
})
