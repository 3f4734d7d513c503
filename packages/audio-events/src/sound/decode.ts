/**
 * From a file's bytes to one channel of samples at the rate asked for. Plain WAV is read by wav.ts; MP3, FLAC, OGG Vorbis and
 * compressed WAV by node-web-audio-api, loaded when first needed, in a context at the file's own rate, because that decoder would
 * otherwise resample by linear interpolation. Files that are no sound are refused; defects of a usable file become warnings.
 */
import { extname } from 'node:path'
import type * as WebAudio from 'node-web-audio-api'
import { readBytes, UserError } from '@weft/core/worker'
import { resample } from './resample.js'
import { isPlainPcm, isWav, readWavHeader, readWavSamples } from './wav.js'

/** Extensions of the files that folders are searched for. */
export const SOUND_EXTENSIONS = ['.wav', '.mp3', '.flac', '.ogg', '.oga'] as const

export interface Sound {
  /** Mean of all channels, full scale ±1. */
  readonly samples: Float32Array
  readonly sampleRateHz: number
  /** Defects of the file, in words. */
  readonly warnings: readonly string[]
}

/** Sample rates taken for real. */
const RATE_HZ = { min: 1000, max: 768_000 }

/**
 * Reads a sound file.
 *
 * @param sampleRateHz The rate to resample to.
 * @throws UserError that names the file, when it cannot be read, is no sound, or holds no usable samples.
 */
export async function readSound(path: string, sampleRateHz: number): Promise<Sound> {
  return decodeSound(await readBytes(path), path, sampleRateHz)
}

/** As `readSound`, from the file's bytes; `name` is what errors call it. */
export async function decodeSound(bytes: Uint8Array, name: string, sampleRateHz: number): Promise<Sound> {
  const sound = await decodeAtOwnRate(bytes, name)
  if (sound.samples.length === 0) throw new UserError(`decoding ${name}: expected at least 1 sample, received 0`)
  const at = sound.samples.findIndex((sample) => !Number.isFinite(sample))
  if (at >= 0) {
    throw new UserError(
      `decoding ${name}: expected finite samples, received ${sound.samples[at]} at ${(at / sound.sampleRateHz).toFixed(3)} s`,
      'The program that wrote the file divided by zero or overflowed; write it again or leave it out.',
    )
  }
  const samples = resample(sound.samples, sound.sampleRateHz, sampleRateHz)
  if (samples.length === 0) {
    throw new UserError(`decoding ${name}: expected at least 1 sample at ${sampleRateHz} Hz, received 0`)
  }
  return { samples, sampleRateHz, warnings: sound.warnings }
}

async function decodeAtOwnRate(bytes: Uint8Array, name: string): Promise<Sound> {
  if (bytes.length === 0) throw new UserError(`decoding ${name}: expected a sound, received an empty file`)
  const warnings: string[] = []
  if (isWav(bytes)) {
    const header = readWavHeader(bytes, name)
    checkRate(header.sampleRateHz, name)
    const missing = header.dataBytes - (bytes.length - header.dataAt)
    if (missing > 0) {
      const share = ((bytes.length - header.dataAt) / header.dataBytes) * 100
      warnings.push(`cut off: ${share.toFixed(share < 1 ? 2 : 0)} % of the samples that its header promises are there`)
    }
    if (isPlainPcm(header)) {
      return { samples: readWavSamples(bytes, header), sampleRateHz: header.sampleRateHz, warnings }
    }
    return { ...(await decodeWithWebAudio(bytes, name, header.sampleRateHz)), warnings }
  }
  const rate = sampleRateOf(bytes)
  if (rate === undefined) throw notASound(bytes, name)
  checkRate(rate, name)
  return { ...(await decodeWithWebAudio(bytes, name, rate)), warnings }
}

function checkRate(sampleRateHz: number, name: string): void {
  if (sampleRateHz >= RATE_HZ.min && sampleRateHz <= RATE_HZ.max) return
  throw new UserError(
    `decoding ${name}: expected a sample rate of ${RATE_HZ.min} to ${RATE_HZ.max} Hz, received ${sampleRateHz}`,
  )
}

const nameSaysSound = (name: string) => (SOUND_EXTENSIONS as readonly string[]).includes(extname(name).toLowerCase())

function notASound(bytes: Uint8Array, name: string): UserError {
  const start = Buffer.from(bytes.subarray(0, 512)).toString('latin1')
  const what = start.includes('OpusHead') ? 'Opus' : /^[\t\n\r\x20-\x7e]+$/.test(start) ? 'text' : 'something else'
  return new UserError(
    `decoding ${name}: expected WAV, MP3, FLAC or OGG Vorbis, received ${what}`,
    what === 'text'
      ? nameSaysSound(name)
        ? 'Its name says sound, its content does not.'
        : undefined
      : `Convert it, for example: ffmpeg -i ${name} sound.wav`,
  )
}

/** The web audio implementation, a native module that needs the system's sound library even where nothing is played. */
export async function loadWebAudio(doing: string): Promise<typeof WebAudio> {
  try {
    return await import('node-web-audio-api')
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new UserError(
      `${doing}: expected node-web-audio-api to load, received ${reason}`,
      'On Debian and Ubuntu: apt-get install libasound2. Plain WAV files are read without it.',
    )
  }
}

async function decodeWithWebAudio(
  bytes: Uint8Array,
  name: string,
  sampleRateHz: number,
): Promise<Omit<Sound, 'warnings'>> {
  const { OfflineAudioContext } = await loadWebAudio(`decoding ${name}`)
  try {
    const context = new OfflineAudioContext(1, 1, sampleRateHz)
    const buffer = await context.decodeAudioData(Uint8Array.from(bytes).buffer)
    const samples = new Float32Array(buffer.length)
    const channel = new Float32Array(buffer.length)
    for (let c = 0; c < buffer.numberOfChannels; c++) {
      buffer.copyFromChannel(channel, c)
      for (let i = 0; i < samples.length; i++)
        samples[i] = (samples[i] ?? 0) + (channel[i] ?? 0) / buffer.numberOfChannels
    }
    return { samples, sampleRateHz: buffer.sampleRate }
  } catch (error) {
    if (error instanceof UserError) throw error
    const reason = (error instanceof Error ? error.message : String(error)).replace(/^Failed to execute [^:]*: /, '')
    throw new UserError(`decoding ${name}: ${reason}`, 'The file is damaged or of a kind that is not supported.')
  }
}

/** The file's own sample rate from its header; undefined when it is not FLAC, OGG Vorbis or MP3. */
export function sampleRateOf(file: Uint8Array): number | undefined {
  const bytes = file.subarray(id3Length(file))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = (at: number, length: number): string => String.fromCharCode(...bytes.subarray(at, at + length))
  if (text(0, 4) === 'fLaC' && bytes.length >= 22) return view.getUint32(18) >>> 12
  if (text(0, 4) === 'OggS' && bytes.length >= 58) {
    const packet = 27 + (bytes[26] ?? 0)
    return text(packet, 7) === '\x01vorbis' && packet + 16 <= bytes.length
      ? view.getUint32(packet + 12, true)
      : undefined
  }
  return mp3SampleRate(bytes)
}

/** Bytes of the ID3v2 tag that precedes the sound. */
function id3Length(bytes: Uint8Array): number {
  if (String.fromCharCode(...bytes.subarray(0, 3)) !== 'ID3' || bytes.length < 10) return 0
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10)
  return 10 + ((a << 21) | (b << 14) | (c << 7) | d)
}

const MPEG1_RATES_HZ = [44100, 48000, 32000]

/** The rate in the first MPEG audio frame header within the first 64 KiB. */
function mp3SampleRate(bytes: Uint8Array): number | undefined {
  for (let at = 0; at + 4 <= Math.min(bytes.length, 0x10000); at++) {
    const [sync = 0, version = 0, rates = 0] = bytes.subarray(at, at + 3)
    if (sync !== 0xff || (version & 0xe0) !== 0xe0) continue
    const mpeg = (version >> 3) & 3 // 0 is MPEG 2.5, 1 reserved, 2 MPEG 2, 3 MPEG 1
    const layer = (version >> 1) & 3
    const rate = MPEG1_RATES_HZ[(rates >> 2) & 3]
    if (mpeg === 1 || layer === 0 || rates >> 4 === 15 || rate === undefined) continue
    return mpeg === 3 ? rate : mpeg === 2 ? rate / 2 : rate / 4
  }
  return undefined
}
