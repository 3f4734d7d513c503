/**
 * Plain WAV files: 8, 16, 24 and 32 bit integers, 32 and 64 bit floats, any number of channels, in RIFF, RIFX's little-endian sister
 * RF64 and WAVE_FORMAT_EXTENSIBLE. Compressed WAV (A-law, ADPCM…) is left to the decoder of decode.ts, as are all other formats.
 * Reading these here shows truncation, which the general decoder hides, and needs no system sound library.
 */
import { UserError } from '@weft/core/worker'

/** What a WAV header says. */
export interface WavHeader {
  readonly sampleRateHz: number
  readonly channels: number
  readonly bitsPerSample: number
  /** 1 integers, 3 floats; others are compressed. */
  readonly format: number
  /** Position and length of the samples, in bytes; the length is what the header promises, which a truncated file does not hold. */
  readonly dataAt: number
  readonly dataBytes: number
}

const INTEGERS = 1
const FLOATS = 3
const EXTENSIBLE = 0xfffe
/** What a program that streams writes into a length it does not know yet. */
const UNKNOWN_LENGTH = 0xffffffff

export function isWav(bytes: Uint8Array): boolean {
  const magic = ascii(bytes, 0, 4)
  return (magic === 'RIFF' || magic === 'RF64') && ascii(bytes, 8, 4) === 'WAVE'
}

/** @throws UserError when the file ends before its samples begin, or its header contradicts itself. */
export function readWavHeader(bytes: Uint8Array, name: string): WavHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let format: Pick<WavHeader, 'sampleRateHz' | 'channels' | 'bitsPerSample' | 'format'> | undefined
  let longDataBytes: number | undefined
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = ascii(bytes, at, 4)
    const size = view.getUint32(at + 4, true)
    const body = at + 8
    if (id === 'ds64' && body + 16 <= bytes.length) longDataBytes = Number(view.getBigUint64(body + 8, true))
    if (id === 'fmt ' && body + 16 <= bytes.length) {
      const tag = view.getUint16(body, true)
      const extended = tag === EXTENSIBLE && size >= 26 && body + 26 <= bytes.length
      format = {
        format: extended ? view.getUint16(body + 24, true) : tag,
        channels: view.getUint16(body + 2, true),
        sampleRateHz: view.getUint32(body + 4, true),
        bitsPerSample: view.getUint16(body + 14, true),
      }
    }
    if (id === 'data') {
      if (format === undefined)
        throw new UserError(`decoding ${name}: expected a fmt chunk before the samples, received none`)
      if (format.channels === 0 || format.sampleRateHz === 0) {
        throw new UserError(
          `decoding ${name}: expected at least 1 channel and 1 Hz, received ${format.channels} channels at ${format.sampleRateHz} Hz`,
        )
      }
      const dataBytes = size === UNKNOWN_LENGTH ? (longDataBytes ?? bytes.length - body) : size
      return { ...format, dataAt: body, dataBytes }
    }
    at = body + size + (size % 2)
  }
  throw new UserError(
    `decoding ${name}: expected samples, received a file of ${bytes.length} bytes that ends before them`,
    'The file is cut off or damaged; copy it again.',
  )
}

/** Whether `readWavSamples` can read these samples. */
export function isPlainPcm({ format, bitsPerSample }: WavHeader): boolean {
  if (format === FLOATS) return bitsPerSample === 32 || bitsPerSample === 64
  return format === INTEGERS && [8, 16, 24, 32].includes(bitsPerSample)
}

/** The mean of all channels in [-1, 1], [frames]; only whole frames that the file holds. */
export function readWavSamples(bytes: Uint8Array, header: WavHeader): Float32Array {
  const { channels, bitsPerSample, format } = header
  const frameBytes = (bitsPerSample / 8) * channels
  const present = Math.max(0, Math.min(header.dataBytes, bytes.length - header.dataAt))
  const data = bytes.subarray(header.dataAt, header.dataAt + present)
  return pcmToMono(
    data,
    `${format === FLOATS ? 'f' : bitsPerSample === 8 ? 'u' : 's'}${bitsPerSample}`,
    channels,
    Math.floor(present / frameBytes),
  )
}

/**
 * Interleaved little-endian samples as the mean of their channels.
 *
 * @param encoding `u8`, `s16`, `s24`, `s32`, `f32` or `f64`.
 * @param frames Samples per channel to read.
 */
export function pcmToMono(bytes: Uint8Array, encoding: string, channels: number, frames: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = Number(encoding.slice(1)) / 8
  const read = sampleReader(view, encoding)
  const mono = new Float32Array(frames)
  for (let frame = 0, at = 0; frame < frames; frame++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++, at += width) sum += read(at)
    mono[frame] = sum / channels
  }
  return mono
}

function sampleReader(view: DataView, encoding: string): (at: number) => number {
  switch (encoding) {
    case 'u8':
      return (at) => (view.getUint8(at) - 128) / 0x80
    case 's16':
      return (at) => view.getInt16(at, true) / 0x8000
    case 's24':
      return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 0x10000) / 0x800000
    case 's32':
      return (at) => view.getInt32(at, true) / 0x80000000
    case 'f32':
      return (at) => view.getFloat32(at, true)
    default:
      return (at) => view.getFloat64(at, true)
  }
}

/** A mono 16 bit WAV file of `samples` in [-1, 1]. */
export function encodeWav(samples: Float32Array, sampleRateHz: number): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * samples.length)
  const view = new DataView(bytes.buffer)
  const text = (at: number, letters: string): void => {
    for (let i = 0; i < letters.length; i++) view.setUint8(at + i, letters.charCodeAt(i))
  }
  text(0, 'RIFF')
  view.setUint32(4, bytes.length - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, INTEGERS, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRateHz, true)
  view.setUint32(28, 2 * sampleRateHz, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, 2 * samples.length, true)
  for (const [i, sample] of samples.entries()) {
    view.setInt16(44 + 2 * i, Math.max(-0x8000, Math.min(0x7fff, Math.round(sample * 0x8000))), true)
  }
  return bytes
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
