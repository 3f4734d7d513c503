import { describe, expect, it } from 'vitest'
import { crc32c, encodeEvent, eventFileHeader } from './event-file.js'

/** CRC-32C bit by bit, from the polynomial's definition: shares nothing with the table-driven one. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffffn
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n
  }
  return Number(crc ^ 0xffffffffn)
}

const masked = (bytes: Uint8Array) => {
  const crc = slowCrc(bytes)
  return Number((((BigInt(crc) >> 15n) | (BigInt(crc) << 17n)) + 0xa282ead8n) & 0xffffffffn)
}

/** The fields of a protocol buffer: [number, value]. */
function fields(bytes: Buffer): [number, number | Buffer][] {
  const pairs: [number, number | Buffer][] = []
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes.readUInt8(at++)
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    const wire = key & 7
    if (wire === 0) pairs.push([key >> 3, varint()])
    else if (wire === 1) pairs.push([key >> 3, bytes.readDoubleLE((at += 8) - 8)])
    else if (wire === 5) pairs.push([key >> 3, bytes.readFloatLE((at += 4) - 4)])
    else {
      const length = varint()
      pairs.push([key >> 3, bytes.subarray(at, (at += length))])
    }
  }
  return pairs
}

/** The records of a TFRecord file; both sums of each are checked. */
function records(file: Buffer): Buffer[] {
  const payloads: Buffer[] = []
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at))
    expect(file.readUInt32LE(at + 8)).toBe(masked(file.subarray(at, at + 8)))
    const data = file.subarray(at + 12, at + 12 + length)
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(data))
    payloads.push(data)
    at += 16 + length
  }
  return payloads
}

describe('event files', () => {
  it('has the sum of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  })

  it('comes back from an independent reader', () => {
    const scalars = { loss: 0.25, 'accuracy/top 1': -3.5, ümlaut: 1e-3 }
    const long = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`metric number ${i}`, i]))
    const file = Buffer.concat([
      eventFileHeader(1_700_000_000.5),
      encodeEvent({ timeSeconds: 1_700_000_001.25, step: 5_000_000_000, scalars }),
      encodeEvent({ timeSeconds: 3, step: 0, scalars: long }),
    ])
    const [header, first, second] = records(file).map(fields)
    expect(header).toEqual([
      [1, 1_700_000_000.5],
      [3, Buffer.from('brain.Event:2')],
    ])
    const read = (event: [number, number | Buffer][] | undefined) => {
      const summary = event?.find(([number]) => number === 5)?.[1]
      if (!(summary instanceof Buffer)) throw new Error('no summary')
      return fields(summary).map(([, value]) => {
        if (!(value instanceof Buffer)) throw new Error('no value')
        const [tag, simple] = fields(value)
        return [String(tag?.[1]), simple?.[1]]
      })
    }
    expect(first?.slice(0, 2)).toEqual([
      [1, 1_700_000_001.25],
      [2, 5_000_000_000],
    ])
    expect(read(first)).toEqual([
      ['loss', 0.25],
      ['accuracy/top 1', -3.5],
      ['ümlaut', Math.fround(1e-3)],
    ])
    expect(read(second)).toHaveLength(30)
    expect(read(second)[29]).toEqual(['metric number 29', 29])
  })
})
