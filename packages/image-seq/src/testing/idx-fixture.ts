/** Small IDX files for tests: images of 28 x 28 pixels with a bar each, whose width identifies the image. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const SIZE = 28

/** Writes a pair of IDX files into `folder`; image i is a bar i % 10 + 4 pixels wide, its label i % 10. */
export function writeIdxPair(folder: string, start: 'train' | 't10k', count: number): void {
  const images = new Uint8Array(16 + count * SIZE * SIZE)
  images.set(header(count, SIZE, SIZE))
  for (let i = 0; i < count; i++) {
    for (let y = 4; y < 24; y++) {
      const at = 16 + (i * SIZE + y) * SIZE + 6
      images.fill(255, at, at + (i % 10) + 4)
    }
  }
  const labels = Uint8Array.from([...header(count), ...Array.from({ length: count }, (_, i) => i % 10)])
  writeFileSync(join(folder, `${start}-images-idx3-ubyte.gz`), gzipSync(images))
  writeFileSync(join(folder, `${start}-labels-idx1-ubyte`), labels)
}

function header(...shape: number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length)
  bytes.set([0, 0, 8, shape.length])
  const view = new DataView(bytes.buffer)
  shape.forEach((length, i) => view.setUint32(4 + 4 * i, length))
  return bytes
}
