/**
 * IDX, the file format of MNIST: a magic number with the type and the number of dimensions, each dimension as a big-endian 32-bit
 * number, then the values. Only unsigned bytes (type 0x08) are supported, plain or compressed with gzip; a file is read whole and must
 * contain exactly the values that its header states.
 *
 * @see LeCun, Cortes, Burges: The MNIST database of handwritten digits, "File formats".
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expected, reasonOf, UserError } from '@weft/core/worker'

const UNSIGNED_BYTE = 0x08
/** A file that unpacks to more than this is probably made to fill memory. */
const MAX_BYTES = 2 ** 31 - 1

/** Grey images of one size. */
export interface IdxImages {
  /** [N, H, W], 0 to 255. */
  readonly pixels: Uint8Array
  readonly count: number
  readonly height: number
  readonly width: number
}

/**
 * Reads a file of grey images, [N, H, W].
 *
 * @throws UserError for a file that is missing, not IDX, truncated, too long, or of other dimensions.
 */
export function readIdxImages(path: string): IdxImages {
  const { shape, values } = readIdx(path)
  const [count = 0, height = 0, width = 0] = shape
  if (shape.length !== 3 || values.length === 0)
    throw expected({
      doing: `reading ${path}`,
      want: 'images, height, width',
      of: 'the dimensions',
      got: shape.join(' x '),
    })
  return { pixels: values, count, height, width }
}

/** Reads a file of labels, [N]; errors as `readIdxImages`. */
export function readIdxLabels(path: string): Uint8Array {
  const { shape, values } = readIdx(path)
  if (shape.length !== 1)
    throw expected({
      doing: `reading ${path}`,
      want: 'a single one (labels)',
      of: 'the dimensions',
      got: shape.join(' x '),
    })
  return values
}

function readIdx(path: string): { shape: readonly number[]; values: Uint8Array } {
  const doing = `reading ${path}`
  const bytes = readBytes(path)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dimensions = bytes[3] ?? 0
  const start = 4 + 4 * dimensions
  if (bytes.length < 4 || view.getUint16(0) !== 0) {
    const first = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    throw expected({
      doing,
      want: '00 00, the type and the number of dimensions',
      of: 'the first 4 bytes of an IDX file',
      got: first,
    })
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    const type = `0x${(bytes[2] ?? 0).toString(16).padStart(2, '0')}`
    throw expected({ doing, want: '0x08 (unsigned bytes)', of: 'the type of the values', got: type })
  }
  if (dimensions === 0) throw expected({ doing, want: 'at least 1', of: 'the number of dimensions', got: 0 })
  if (bytes.length < start)
    throw expected({ doing, want: `${start} bytes (${dimensions} dimensions)`, of: 'the header', got: bytes.length })
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const size = shape.reduce((product, length) => product * length, 1)
  // Not a Buffer, whose slice() does not copy.
  const values = new Uint8Array(bytes.buffer, bytes.byteOffset + start, bytes.length - start)
  if (values.length !== size) {
    const hint =
      values.length < size
        ? 'The file is truncated; download it again.'
        : 'The file has extra bytes after its last value.'
    throw expected({ doing, want: `${size} bytes`, of: `the values of ${shape.join(' x ')}`, got: values.length, hint })
  }
  return { shape, values }
}

function readBytes(path: string): Uint8Array {
  try {
    const bytes = readFileSync(path)
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes
  } catch (error) {
    throw new UserError(`reading ${path}: ${reasonOf(error)}`)
  }
}
