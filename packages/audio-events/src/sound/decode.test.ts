import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@weft/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import golden from '../golden/sound-files.json' with { type: 'json' }
import { decodeSound, readSound, sampleRateOf } from './decode.js'
import { encodeWav } from './wav.js'

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'))

/** A WAV file of 64 frames. */
function wav(
  tag: number,
  bits: number,
  channels: number,
  rate: number,
  write: (view: DataView, at: number, value: number) => void,
) {
  const data = new Uint8Array((64 * channels * bits) / 8)
  const view = new DataView(data.buffer)
  for (let i = 0; i < 64 * channels; i++) write(view, (i * bits) / 8, Math.sin(Math.floor(i / channels) / 4))
  const head = encodeWav(new Float32Array(), rate)
  const out = Uint8Array.from([...head, ...data])
  const whole = new DataView(out.buffer)
  whole.setUint32(4, out.length - 8, true)
  whole.setUint16(20, tag, true)
  whole.setUint16(22, channels, true)
  whole.setUint16(34, bits, true)
  whole.setUint32(40, data.length, true)
  return out
}

const s16 = (view: DataView, at: number, value: number) => view.setInt16(at, Math.round(32767 * value), true)
const s24 = (view: DataView, at: number, value: number) => {
  const sample = Math.round(0x7fffff * value)
  view.setUint16(at, sample & 0xffff, true)
  view.setInt8(at + 2, sample >> 16)
}

describe('decodeSound', () => {
  it.each([
    ['8 bits', wav(1, 8, 1, 16000, (view, at, value) => view.setUint8(at, Math.round(128 + 127 * value))), 0.012],
    ['16 bits', wav(1, 16, 1, 16000, s16), 1e-4],
    ['24 bits', wav(1, 24, 1, 16000, s24), 1e-6],
    ['32 bit floats', wav(3, 32, 1, 16000, (view, at, value) => view.setFloat32(at, value, true)), 1e-7],
    ['64 bit floats', wav(3, 64, 1, 16000, (view, at, value) => view.setFloat64(at, value, true)), 1e-7],
    ['5 channels', wav(1, 16, 5, 16000, s16), 1e-4],
  ])('reads WAV with %s', async (_, file, tolerance) => {
    const { samples, warnings } = await decodeSound(file, 'x.wav', 16000)
    expect(samples).toHaveLength(64)
    expect(warnings).toEqual([])
    samples.forEach((sample, i) => expect(Math.abs(sample - Math.sin(i / 4))).toBeLessThan(tolerance))
  })

  it('brings 192 kHz down', async () => {
    const fast = Float32Array.from({ length: 19200 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 1000 * i) / 192000))
    const { samples } = await decodeSound(encodeWav(fast, 192000), 'x.wav', 16000)
    expect(samples).toHaveLength(1600)
    expect(Math.max(...samples.subarray(200, 1400))).toBeCloseTo(0.5, 2)
  })

  it.each([
    ['mp3', golden.mp3],
    ['flac', golden.flac],
    ['ogg', golden.ogg],
    ['ulaw', golden.ulaw],
  ])('reads %s at its own rate', async (kind, base64) => {
    if (kind !== 'ulaw') expect(sampleRateOf(bytes(base64))).toBe(8000)
    const { samples } = await decodeSound(bytes(base64), `tone.${kind}`, 8000)
    expect(samples.length).toBeGreaterThanOrEqual(2000)
    const middle = samples.subarray(1300, 1900) // 33 periods, past the delay of the MP3 encoder
    const rms = Math.sqrt(middle.reduce((sum, value) => sum + value * value, 0) / middle.length)
    expect(rms).toBeCloseTo(0.5 * Math.SQRT1_2, 1)
    let crossings = 0
    middle.forEach((value, i) => (crossings += value >= 0 !== (middle[i - 1] ?? value) >= 0 ? 1 : 0))
    expect(crossings).toBeCloseTo(66, -0.5)
  })

  it('says how much of a truncated WAV is there', async () => {
    const whole = encodeWav(new Float32Array(1000).fill(0.25), 8000)
    const { samples, warnings } = await decodeSound(whole.subarray(0, 44 + 501), 'x.wav', 8000)
    expect(samples).toHaveLength(250)
    expect(warnings).toEqual(['cut off: 25 % of the samples that its header promises are there'])
  })

  const nan = encodeWav(new Float32Array(4), 8000)
  const withNan = wav(3, 32, 1, 8000, (view, at) => view.setFloat32(at, at === 32 ? NaN : 0, true))

  it.each([
    ['an empty file', new Uint8Array(), /decoding x\.wav: expected a sound, received an empty file/],
    ['text', Buffer.from('hello\n'.repeat(50)), /expected WAV, MP3, FLAC or OGG Vorbis, received text/],
    ['other bytes', Uint8Array.from({ length: 900 }, (_, i) => (i * 7) % 200), /received something else/],
    ['Opus', bytes(golden.opus), /received Opus/],
    ['a WAV without samples', nan.subarray(0, 44), /cut off|expected at least 1 sample, received 0/],
    ['zero samples', encodeWav(new Float32Array(), 8000), /expected at least 1 sample, received 0/],
    ['a header cut off', nan.subarray(0, 30), /a file of 30 bytes that ends before them/],
    ['NaN', withNan, /expected finite samples, received NaN at 0\.001 s/],
    ['an absurd rate', wav(1, 16, 1, 9, s16), /a sample rate of 1000 to 768000 Hz, received 9/],
    ['damaged FLAC', bytes(golden.flac).subarray(0, 60), /decoding x\.wav: /],
  ])('refuses %s', async (_, file, message) => {
    await expect(decodeSound(file, 'x.wav', 8000)).rejects.toThrow(message)
    await expect(decodeSound(file, 'x.wav', 8000)).rejects.toBeInstanceOf(UserError)
  })

  it.each([
    ['x.wav', 'Its name says sound, its content does not.'],
    ['x.OGG', 'Its name says sound, its content does not.'],
    ['notes.txt', undefined],
  ])('says of text named %s what its name promises', async (name, hint) => {
    await expect(decodeSound(Buffer.from('a letter'), name, 8000)).rejects.toMatchObject({ hint })
  })
})

describe('readSound', () => {
  let folder = ''
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'weft-decode-'))))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('reads a file and names one that is not there', async () => {
    const path = join(folder, 'x.wav')
    writeFileSync(path, encodeWav(Float32Array.of(0.5, -0.5), 8000))
    expect((await readSound(path, 8000)).samples).toEqual(Float32Array.of(0.5, -0.5))
    await expect(readSound(join(folder, 'y.wav'), 8000)).rejects.toThrow(
      /reading .*y\.wav: there is no such file or folder$/,
    )
    await expect(readSound(folder, 8000)).rejects.toThrow(/: it is a folder; a file was expected$/)
  })
})
