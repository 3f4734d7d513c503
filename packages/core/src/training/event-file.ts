/**
 * Encodes scalars for TensorBoard: a TFRecord file of `Event` protocol buffers, each with masked CRC-32C sums. Only the few fields
 * that scalars need are encoded; there is no reader here (the test has its own). Formats: tensorflow's `core/lib/io/record_writer.h`
 * and `core/util/event.proto`; the sum uses Castagnoli's polynomial, RFC 3720 appendix B.4.
 */

/** One event: values of some tags at a step. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  timeSeconds: number
  step: number
  scalars: Record<string, number>
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** CRC-32C (Castagnoli) of `bytes`. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}

/** TFRecord's masked sum: the plain sum of data that itself ends with its sum would be a constant. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** A record: length, its sum, the data, its sum. */
function record(data: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeBigUInt64LE(BigInt(data.length), 0)
  head.writeUInt32LE(maskedCrc(head.subarray(0, 8)), 8)
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(maskedCrc(data), 0)
  return Buffer.concat([head, data, tail])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt(Math.trunc(value))
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

// Wire types of protocol buffers: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes.
const tag = (field: number, wire: number) => Buffer.from([(field << 3) | wire])
const message = (field: number, data: Buffer) => Buffer.concat([tag(field, 2), varint(data.length), data])

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([tag(field, 1), bytes])
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([tag(field, 5), bytes])
}

/** The first record of every event file. */
export function eventFileHeader(timeSeconds: number): Buffer {
  return record(Buffer.concat([double(1, timeSeconds), message(3, Buffer.from('brain.Event:2'))]))
}

/** One event as a record to append to the file. */
export function encodeEvent(event: ScalarEvent): Buffer {
  const values = Object.entries(event.scalars).map(([name, value]) =>
    message(1, Buffer.concat([message(1, Buffer.from(name)), float(2, value)])),
  )
  const step = Buffer.concat([tag(2, 0), varint(event.step)])
  return record(Buffer.concat([double(1, event.timeSeconds), step, message(5, Buffer.concat(values))]))
}
