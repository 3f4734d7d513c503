/**
 * Determines what a file is from its first bytes, and whether it is truncated from its last, for decoding and for error messages. File
 * names do not count, since they may be wrong.
 */
import { Buffer } from 'node:buffer'

/** Supported kinds. */
export type ImageKind = 'PNG' | 'JPEG' | 'GIF' | 'WebP' | 'TIFF' | 'AVIF' | 'SVG'

/** Unsupported kinds, for error messages. */
const OTHERS: readonly (readonly [signature: RegExp, name: string])[] = [
  [/^%PDF/, 'a PDF document'],
  [/^BM/, 'a BMP image'],
  [/^\x1f\x8b/, 'gzip-compressed data'],
  [/^PK/, 'a ZIP archive'],
  [/^8BPS/, 'a Photoshop document'],
  [/^(?:\xff\x0a|\0\0\0\x0cJXL )/, 'a JPEG XL image'],
  [/^(?:\0\0\0\x0cjP|\xffO\xffQ)/, 'a JPEG 2000 image'],
  [/^P[1-7]\s/, 'a Netpbm image'],
]

/** Bytes of a file to search for `<svg`. */
const SVG_SEARCH_BYTES = 4096

/** The kind of image, or in words what else the file seems to be. */
export function kindOf(bytes: Uint8Array): { readonly kind: ImageKind } | { readonly other: string } {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SVG_SEARCH_BYTES)).toString('latin1')
  if (start.startsWith('\x89PNG')) return { kind: 'PNG' }
  if (start.startsWith('\xff\xd8\xff')) return { kind: 'JPEG' }
  if (start.startsWith('GIF8')) return { kind: 'GIF' }
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return { kind: 'WebP' }
  if (/^(?:II[*+]\0|MM\0[*+])/.test(start)) return { kind: 'TIFF' }
  if (start.slice(4, 8) === 'ftyp')
    return /^(?:avi[fs]|mif1)/.test(start.slice(8)) ? { kind: 'AVIF' } : { other: 'HEIC or a video' }
  const other = OTHERS.find(([signature]) => signature.test(start))
  if (other !== undefined) return { other: other[1] }
  if (/<svg[\s>:]/i.test(start)) return { kind: 'SVG' }
  const text = !/[\0-\x08\x0e-\x1f]/.test(start)
  return { other: text ? 'text' : 'something else' }
}

/** Whether the bytes end before the image does, as far as this is visible without decoding. */
export function endsEarly(bytes: Uint8Array, kind: ImageKind): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  switch (kind) {
    case 'PNG':
      return file.lastIndexOf('IEND', undefined, 'latin1') < 0
    case 'JPEG':
      return file.lastIndexOf('\xff\xd9', undefined, 'latin1') < 0
    case 'GIF':
      return file.at(-1) !== 0x3b
    case 'WebP':
      return file.length < 12 || file.readUInt32LE(4) + 8 > file.length
    case 'TIFF':
      return directoryEndsEarly(new DataView(bytes.buffer, bytes.byteOffset, bytes.length))
    case 'AVIF':
    case 'SVG':
      return false
  }
}

/** Bytes of a value of each TIFF type, from type 1. */
const TIFF_TYPE_BYTES = [1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]

/** Whether the first directory of a TIFF, or a value that it points to, is beyond the end; BigTIFF is not checked. */
function directoryEndsEarly(file: DataView): boolean {
  if (file.byteLength < 8) return true
  const little = file.getUint8(0) === 0x49
  if (file.getUint16(2, little) !== 42) return false
  const start = file.getUint32(4, little)
  if (start + 2 > file.byteLength) return true
  const end = start + 2 + 12 * file.getUint16(start, little)
  if (end > file.byteLength) return true
  for (let at = start + 2; at < end; at += 12) {
    const size = (TIFF_TYPE_BYTES[file.getUint16(at + 2, little) - 1] ?? 0) * file.getUint32(at + 4, little)
    if (size > 4 && file.getUint32(at + 8, little) + size > file.byteLength) return true
  }
  return false
}
