import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { composeDigits } from './compose-digits.js'
import type { Raster } from './raster.js'
import { Sources, type ImageSource } from './image-source.js'
import { writeIdxPair } from '../testing/idx-fixture.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-source-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function rasterOf(sources: Sources, source: ImageSource): Promise<Raster> {
  const [image] = await sources.load(source)
  if (image?.kind !== 'raster') throw new Error('no raster')
  return image.raster
}

describe('Sources', () => {
  it('gives the bytes of a file, and of frames in their order', async () => {
    const paths = ['a', 'b'].map((name) => join(folder, name))
    for (const path of paths) writeFileSync(path, path)
    const sources = new Sources()
    const frames = await sources.load({ kind: 'frames', paths })
    expect(frames.map(({ name }) => name)).toEqual(paths)
    expect(await sources.load({ kind: 'file', path: join(folder, 'a') })).toEqual(frames.slice(0, 1))
    const [first] = frames
    expect(first?.kind === 'bytes' && Buffer.from(first.bytes).toString()).toBe(paths[0])
  })

  it('gives images of an IDX file, which it reads once', async () => {
    writeIdxPair(folder, 't10k', 12)
    const path = join(folder, 't10k-images-idx3-ubyte.gz')
    const sources = new Sources()
    const image = await rasterOf(sources, { kind: 'idx', path, index: 11 })
    expect(image).toMatchObject({ width: 28, height: 28, channels: 1 })
    // Image 11 of the fixture is a bar of 5 x 20 from (6, 4) on.
    expect([...image.pixels.subarray(4 * 28, 5 * 28)].flatMap((value, x) => (value === 255 ? [x] : []))).toEqual([
      6, 7, 8, 9, 10,
    ])
    expect(image.pixels.filter((value) => value === 255)).toHaveLength(100)
    // What a caller does to its image, such as moving it to another thread, does not change the file's.
    structuredClone(image, { transfer: [image.pixels.buffer] })
    rmSync(path)
    expect((await rasterOf(sources, { kind: 'idx', path, index: 0 })).pixels).toHaveLength(784)
    await expect(new Sources().load({ kind: 'idx', path, index: 0 })).rejects.toThrow(/there is no such file/)
    for (const index of [12, -1, 0.5])
      await expect(sources.load({ kind: 'idx', path, index })).rejects.toThrow(
        'expected an image from 0 to 11 for index',
      )
  })

  it('draws strings of digits', async () => {
    writeIdxPair(folder, 'train', 10)
    const path = join(folder, 'train-images-idx3-ubyte.gz')
    const sources = new Sources()
    const digits = await Promise.all([3, 0, 3].map((index) => rasterOf(sources, { kind: 'idx', path, index })))
    const drawn = await rasterOf(sources, { kind: 'digits', path, indices: [3, 0, 3], seed: 5 })
    expect(drawn).toEqual(composeDigits(digits, 5))
  })

  it('names a file that is not there', async () => {
    const path = join(folder, 'none.png')
    await expect(new Sources().load({ kind: 'file', path })).rejects.toThrow(
      /reading .*none\.png: .*there is no such file/,
    )
  })
})
