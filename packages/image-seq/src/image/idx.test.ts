import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '@weft/core/errors'
import { readIdxImages, readIdxLabels } from './idx.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-idx-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(...bytes: number[]): string {
  const path = join(folder, 'file')
  writeFileSync(path, Uint8Array.from(bytes))
  return path
}

/** Two images of 2 x 3, byte by byte as the format's description has it. */
const IMAGES = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255]
const LABELS = [0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9]

describe('an IDX file', () => {
  it('holds images and labels, plain or compressed', () => {
    const path = write(...IMAGES)
    const images = readIdxImages(path)
    expect(images).toMatchObject({ count: 2, height: 2, width: 3 })
    expect([...images.pixels]).toEqual([0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255])
    writeFileSync(path, gzipSync(Uint8Array.from(IMAGES)))
    expect(readIdxImages(path)).toEqual(images)
    expect([...readIdxLabels(write(...LABELS))]).toEqual([7, 0, 9])
  })

  it('takes the whole 32 bits of a dimension', () => {
    expect(() => readIdxLabels(write(0, 0, 8, 1, 0x80, 0, 0, 1, 5))).toThrow('expected 2147483649 bytes for the values')
  })

  it.each([
    [[], 'expected 00 00, the type and the number of dimensions for the first 4 bytes of an IDX file, received ""'],
    [[0x89, 0x50, 0x4e, 0x47, 0], 'the first 4 bytes of an IDX file, received "89 50 4e 47"'],
    [[0, 0, 8], 'the first 4 bytes of an IDX file, received "00 00 08"'],
    [[0, 0, 0x0d, 3, ...IMAGES.slice(4)], 'expected 0x08 (unsigned bytes) for the type of the values, received "0x0d"'],
    [[0, 0, 8, 0, 1], 'expected at least 1 for the number of dimensions, received 0'],
    [IMAGES.slice(0, 15), 'expected 16 bytes (3 dimensions) for the header, received 15'],
    [IMAGES.slice(0, -1), 'expected 12 bytes for the values of 2 x 2 x 3, received 11'],
    [[...IMAGES, 0], 'expected 12 bytes for the values of 2 x 2 x 3, received 13'],
    [LABELS, 'expected images, height, width for the dimensions, received "3"'],
    [[0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3], 'the dimensions, received "0 x 2 x 3"'],
    [[0x1f, 0x8b, 8, 0], /file: unexpected end of file/],
    [[...gzipSync(Uint8Array.from(IMAGES)).subarray(0, 30)], /file: unexpected end of file/],
  ])('errors, case %#', (bytes, message) => {
    const path = write(...bytes)
    expect(() => readIdxImages(path)).toThrow(message)
    expect(() => readIdxImages(path)).toThrow(UserError)
    expect(() => readIdxImages(path)).toThrow(path)
  })

  it('says that a file is cut off, is not there, or holds no labels', () => {
    expect(() => readIdxImages(write(...IMAGES.slice(0, -1)))).toThrow(
      expect.objectContaining({ hint: 'The file is truncated; download it again.' }),
    )
    expect(() => readIdxImages(join(folder, 'none'))).toThrow(/reading .*none: there is no such file/)
    expect(() => readIdxLabels(write(...IMAGES))).toThrow('expected a single one (labels) for the dimensions')
  })
})
