import { describe, expect, it } from 'vitest'
import { encodeWav, isPlainPcm, pcmToMono, readWavHeader, readWavSamples } from './wav.js'

/** A WAV file of the given chunks, `[id, bytes]`. */
export function riff(chunks: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('RIFF\0\0\0\0WAVE', 'latin1')]
  for (const [id, body] of chunks) {
    const head = Buffer.alloc(8)
    head.write(id, 'latin1')
    head.writeUInt32LE(body.length, 4)
    parts.push(head, body, new Uint8Array(body.length % 2))
  }
  const bytes = Buffer.concat(parts)
  bytes.writeUInt32LE(bytes.length - 8, 4)
  return bytes
}

/** A fmt chunk. */
export function format(tag: number, channels: number, rate: number, bits: number): Uint8Array {
  const body = Buffer.alloc(16)
  body.writeUInt16LE(tag, 0)
  body.writeUInt16LE(channels, 2)
  body.writeUInt32LE(rate, 4)
  body.writeUInt32LE((rate * channels * bits) / 8, 8)
  body.writeUInt16LE((channels * bits) / 8, 12)
  body.writeUInt16LE(bits, 14)
  return body
}

describe('WAV', () => {
  it('reads back what it wrote, to half a step of 16 bits', () => {
    const samples = Float32Array.from({ length: 100 }, (_, i) => 0.9 * Math.sin(i / 5))
    const bytes = encodeWav(samples, 22050)
    const header = readWavHeader(bytes, 'x.wav')
    expect(header).toMatchObject({ sampleRateHz: 22050, channels: 1, bitsPerSample: 16, format: 1, dataBytes: 200 })
    readWavSamples(bytes, header).forEach((value, i) => expect(value).toBeCloseTo(samples[i] ?? NaN, 4))
  })

  it.each([
    ['u8', [0, 128, 255], [-1, 0, 127 / 128]],
    ['s16', [0, 0x80, 0xff, 0x7f], [-1, 32767 / 32768]],
    ['s24', [0, 0, 0x80, 0xff, 0xff, 0xff, 0, 0, 0x40], [-1, -1 / 0x800000, 0.5]],
    ['s32', [0, 0, 0, 0x80, 0, 0, 0, 0x40], [-1, 0.5]],
    ['f32', [0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf], [1, -0.5]],
  ])('reads %s', (encoding, bytes, wanted) => {
    expect([...pcmToMono(Uint8Array.from(bytes), encoding, 1, wanted.length)]).toEqual(wanted.map(Math.fround))
  })

  it('takes the mean of five channels', () => {
    const samples = Int16Array.from([0, 8192, 16384, 24576, -32768, 100, 100, 100, 100, 100])
    const mono = pcmToMono(new Uint8Array(samples.buffer), 's16', 5, 2)
    expect([...mono]).toEqual([16384 / 5 / 32768, 100 / 32768].map(Math.fround))
  })

  it('passes over chunks it does not know, odd ones with their padding', () => {
    const bytes = riff([
      ['LIST', new Uint8Array(7)],
      ['fmt ', format(3, 2, 48000, 32)],
      ['fact', new Uint8Array(4)],
      ['data', new Uint8Array(16)],
    ])
    const header = readWavHeader(bytes, 'x.wav')
    expect(header).toMatchObject({ format: 3, channels: 2, dataBytes: 16 })
    expect(isPlainPcm(header)).toBe(true)
    expect(readWavSamples(bytes, header)).toHaveLength(2)
  })

  it('leaves compressed samples to the decoder', () => {
    const bytes = riff([
      ['fmt ', format(6, 1, 8000, 8)],
      ['data', new Uint8Array(8)],
    ])
    expect(isPlainPcm(readWavHeader(bytes, 'x.wav'))).toBe(false)
  })

  it.each([
    [riff([['data', new Uint8Array(4)]]), /decoding x\.wav: expected a fmt chunk before the samples/],
    [
      riff([['fmt ', format(1, 1, 8000, 16)]]),
      /decoding x\.wav: expected samples, received a file of 36 bytes that ends/,
    ],
    [
      riff([
        ['fmt ', format(1, 0, 8000, 16)],
        ['data', new Uint8Array(4)],
      ]),
      /at least 1 channel and 1 Hz, received 0 channels at 8000 Hz/,
    ],
  ])('refuses a header that cannot be (%#)', (bytes, message) => {
    expect(() => readWavHeader(bytes, 'x.wav')).toThrow(message)
  })
})
