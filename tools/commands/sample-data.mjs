// @ts-check
// Small data under the names that printed commands use: sounds, images, tables. All are functions of their names, so that every run of a
// command sees the same.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'

/** Writes one file or folder. @typedef {(path: string) => void} Make */

/** @param {string} path @param {string | Uint8Array} content */
function write(path, content) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** Numbers in [0, 1) from a seed: a linear congruential generator. @param {number} seed */
function randomFrom(seed) {
  let state = (seed * 2654435761 + 12345) >>> 0
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}

// Sounds: a tone of its own for each label, in a little noise; 16-bit PCM.

/** @param {number} pitchHz @param {number} seed @param {number} seconds @param {number} rateHz */
export function toneSamples(pitchHz, seed, seconds, rateHz) {
  const random = randomFrom(seed)
  return Int16Array.from({ length: Math.round(seconds * rateHz) }, (_, i) =>
    Math.round(20000 * (0.8 * Math.sin((2 * Math.PI * pitchHz * i) / rateHz) + 0.1 * (random() - 0.5))),
  )
}

/** @type {(pitchHz: number, seed: number, seconds?: number, rateHz?: number) => Make} */
const tone =
  (pitchHz, seed, seconds = 0.5, rateHz = 16000) =>
  (path) => {
    const samples = toneSamples(pitchHz, seed, seconds, rateHz)
    const head = Buffer.alloc(44)
    head.write('RIFF')
    head.writeUInt32LE(36 + samples.byteLength, 4)
    head.write('WAVEfmt ', 8)
    head.writeUInt32LE(16, 16)
    head.writeUInt16LE(1, 20)
    head.writeUInt16LE(1, 22)
    head.writeUInt32LE(rateHz, 24)
    head.writeUInt32LE(rateHz * 2, 28)
    head.writeUInt16LE(2, 32)
    head.writeUInt16LE(16, 34)
    head.write('data', 36)
    head.writeUInt32LE(samples.byteLength, 40)
    write(path, Buffer.concat([head, Buffer.from(samples.buffer)]))
  }

/** @param {number} label */
const pitchOf = (label) => 300 * 1.3 ** label

/** A folder for each label. @type {(...labels: string[]) => Make} */
const sounds =
  (...labels) =>
  (path) =>
    labels.forEach((label, at) => {
      for (let take = 0; take < 8; take++) tone(pitchOf(at), take)(join(path, label, `${take}.wav`))
    })

/** Names as in the Free Spoken Digit Dataset: takes 0 to 4 are for testing. @type {Make} */
const recordings = (path) => {
  for (const digit of [3, 5, 7])
    for (let take = 0; take < 10; take++) tone(pitchOf(digit), take, 0.4, 8000)(join(path, `${digit}_ada_${take}.wav`))
}

/** A table of sounds in five folds, with the files beside it. @param {readonly string[]} labels @param {string} root @returns {string} */
function foldsTable(labels, root) {
  const lines = ['filename,fold,category,freesound_id']
  labels.forEach((label, at) => {
    for (let fold = 1; fold <= 5; fold++) {
      const name = `${label}-${fold}.wav`
      tone(pitchOf(at), fold)(join(root, name))
      lines.push(`${name},${fold},${label},${at * 10 + fold}`)
    }
  })
  return `${lines.join('\n')}\n`
}

const ESC10 = 'chainsaw clock_tick crackling_fire crying_baby dog helicopter rain rooster sea_waves sneezing'.split(' ')

// Images: grey, a pattern of its own for each letter or class.

/** @param {readonly Uint8Array[]} rows @returns {Buffer} PNG */
function png(rows) {
  const [{ length: width } = new Uint8Array(), height] = [rows[0], rows.length]
  /** @param {string} type @param {Uint8Array} data */
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    size.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([size, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head[8] = 8 // bits of a grey value
  const pixels = deflateSync(Buffer.concat(rows.map((row) => Buffer.concat([Buffer.from([0]), row]))))
  const parts = [chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), ...parts])
}

/** A square of 16 x 16 for a sign: four bars that its number sets, and noise. @param {number} sign @param {number} seed */
function square(sign, seed) {
  const random = randomFrom(seed)
  return Array.from({ length: 16 }, (_, y) =>
    Uint8Array.from({ length: 16 }, (_, x) => {
      const ink = (sign >> ((y >> 3) * 2 + (x >> 3))) & 1 && (x + y * (sign % 3)) % 8 < 5
      return (ink ? 40 : 220) + Math.floor(random() * 20)
    }),
  )
}

/** @type {(text: string, seed?: number) => Make} */
const textImage =
  (text, seed = 1) =>
  (path) => {
    const signs = [...text].map((letter, at) => square(letter.charCodeAt(0), seed + at))
    const rows = Array.from({ length: 16 }, (_, y) => Buffer.concat(signs.map((rows) => rows[y] ?? new Uint8Array(16))))
    write(path, png([...rows.map((row) => new Uint8Array(row)), ...rows.map((row) => new Uint8Array(row))]))
  }

const WORDS = ['gate', 'tide', 'date', 'idea', 'tea', 'aged', 'edit', 'diet', 'gait', 'taged']

/** File names hold the texts. @type {(texts: readonly string[], takes: number) => Make} */
const texts = (words, takes) => (path) => {
  for (const [at, word] of words.entries())
    for (let take = 0; take < takes; take++) textImage(word, at * 10 + take)(join(path, `${word}_${take}.png`))
}
const captchas = texts(['2b8a7', '7a2b8', 'b8b2a', '8a7b2', 'a2a7b', '77b28', '2a8b7', 'ab278', 'b7a82', '82b7a'], 2)

/** IDX files as MNIST has them. @type {Make} */
const mnist = (path) => {
  for (const [part, count] of /** @type {const} */ ([
    ['train', 60],
    ['t10k', 20],
  ])) {
    const [images, labels] = [Buffer.alloc(16 + count * 784), Buffer.alloc(8 + count)]
    ;[0x803, count, 28, 28].forEach((value, at) => images.writeUInt32BE(value, at * 4))
    ;[0x801, count].forEach((value, at) => labels.writeUInt32BE(value, at * 4))
    for (let i = 0; i < count; i++) {
      labels[8 + i] = i % 10
      const digit = square((i % 10) + 3, i)
      digit.forEach((row, y) => row.forEach((grey, x) => (images[16 + i * 784 + (y + 6) * 28 + x + 6] = 255 - grey)))
    }
    write(join(path, `${part}-images-idx3-ubyte`), images)
    write(join(path, `${part}-labels-idx1-ubyte`), labels)
  }
}

// Tables: a season, a trend and noise for each column.

/** @param {number} column @param {number} row @param {number} season @param {() => number} random */
const value = (column, row, season, random) =>
  100 + 10 * column + 0.01 * row + (20 + column) * Math.sin((2 * Math.PI * (row + column)) / season) + 4 * random()

/** @type {(columns: readonly string[], rows: number, options?: { stepHours?: number; season?: number; seed?: number }) => Make} */
const table =
  (columns, rows, { stepHours = 1, season = 24, seed = 1 } = {}) =>
  (path) => {
    const random = randomFrom(seed)
    const lines = Array.from({ length: rows }, (_, row) => {
      const time = new Date(Date.UTC(2022, 0, 3) + row * stepHours * 3_600_000).toISOString().slice(0, 16)
      return [time, ...columns.map((_, column) => value(column, row, season, random).toFixed(3))].join(',')
    })
    write(path, `${[`time,${columns.join(',')}`, ...lines].join('\n')}\n`)
  }

/** A row each month. @type {Make} */
const months = (path) => {
  const random = randomFrom(7)
  const lines = Array.from({ length: 144 }, (_, row) => {
    const month = new Date(Date.UTC(2010, row, 1)).toISOString().slice(0, 10)
    return `${month},${value(1, row, 12, random).toFixed(1)}`
  })
  write(path, `month,passengers\n${lines.join('\n')}\n`)
}

/** Prices of trading days. @type {(seed: number) => Make} */
const prices = (seed) => (path) => {
  const random = randomFrom(seed)
  let close = 100
  const lines = Array.from({ length: 500 }, (_, row) => {
    const date = new Date(Date.UTC(2020, 0, 6) + (Math.floor(row / 5) * 7 + (row % 5)) * 86_400_000)
    const open = close
    close *= 1 + 0.02 * (random() - 0.5)
    const [high, low] = [Math.max(open, close) * 1.005, Math.min(open, close) * 0.995]
    return [date.toISOString().slice(0, 10), ...[open, high, low, close].map((price) => price.toFixed(2)), 1e6].join(
      ',',
    )
  })
  write(path, `Date,Open,High,Low,Close,Volume\n${lines.join('\n')}\n`)
}

/** @type {Record<string, Record<string, Make>>} */
export const SAMPLES = {
  'weft-audio': {
    sounds: sounds('dog', 'rain', 'bell'),
    'other-sounds': sounds('dog', 'rain', 'bell'),
    other: sounds('yes', 'no'),
    recordings,
    esc10: (path) => write(join(path, 'esc10.csv'), foldsTable(ESC10, join(path, 'audio'))),
    'meta.csv': (path) => write(path, foldsTable(ESC10.slice(0, 3), dirname(path)).replace('filename', 'file')),
    'bark.wav': tone(pitchOf(0), 99),
    '7_george_3.wav': tone(pitchOf(7), 99, 0.4, 8000),
    // WAV under the names of other formats: what decides is how a file begins.
    'day.flac': tone(pitchOf(1), 99, 5),
    'day.mp3': tone(pitchOf(1), 99, 5),
  },
  'weft-image': {
    captchas,
    'other-captchas': captchas,
    lines: texts(WORDS, 2),
    scans: texts(['idea', 'tea'], 1),
    mnist,
    'new.png': textImage('2b8a7'),
    'new-captcha.png': textImage('2b8a7'),
    'captcha.png': textImage('2b8a7'),
    'words.txt': (path) => write(path, `${WORDS.join('\n')}\n`),
    'book.txt': (path) => write(path, `${WORDS.join(' ')}\n${WORDS.toReversed().join(' ')}\n`),
  },
  'weft-forecast': {
    'demand.csv': table(['demand'], 1200),
    'loads.csv': table(['north', 'south'], 2600),
    'air.csv': table(['pm2.5', 'wind', 'rain'], 1500),
    'air-passengers.csv': months,
    'AAPL.csv': prices(1),
    prices: (path) => ['A', 'B', 'C'].forEach((name, at) => prices(at + 2)(join(path, `${name}.csv`))),
    'load.csv': table(['load'], 900, { seed: 3 }),
    stations: (path) =>
      ['a', 'b'].forEach((name, at) => table(['level'], 900, { seed: at })(join(path, `${name}.csv`))),
    'labels.json': (path) => {
      const windows = [['2022-01-20 00:00:00', '2022-01-20 12:00:00']]
      write(path, JSON.stringify({ 'stations/a.csv': windows, 'stations/b.csv': windows }))
    },
  },
}
