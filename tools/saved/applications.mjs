// @ts-check
// What each application's set consists of: data made from seeds, the commands that train on it, and those whose answers are recorded.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'

/** Uniform numbers in [0, 1), mulberry32. @param {number} seed */
function uniform(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** @param {string} path @param {string | Uint8Array} content */
function write(path, content) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** @param {string} command */
const words = (command) => command.trim().split(/\s+/)

const SAMPLE_RATE_HZ = 8000
const SOUND_SECONDS = 0.12
const HEADER_BYTES = 44

/** A tone in noise as 16-bit WAV. @param {number} hz @param {number} level @param {number} seed @param {number} [seconds] */
function wav(hz, level, seed, seconds = SOUND_SECONDS) {
  const random = uniform(seed)
  const samples = Int16Array.from(
    { length: Math.round(seconds * SAMPLE_RATE_HZ) },
    (_, i) => 32767 * (level * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE_HZ) + 0.02 * (random() - 0.5)),
  )
  const file = Buffer.alloc(HEADER_BYTES + samples.byteLength)
  file.write('RIFF', 0).toString()
  file.writeUInt32LE(file.length - 8, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20) // integers
  file.writeUInt16LE(1, 22) // channels
  file.writeUInt32LE(SAMPLE_RATE_HZ, 24)
  file.writeUInt32LE(2 * SAMPLE_RATE_HZ, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(samples.byteLength, 40)
  samples.forEach((sample, i) => file.writeInt16LE(sample, HEADER_BYTES + 2 * i))
  return file
}

/** @param {string} folder */
async function writeSounds(folder) {
  const rows = ['file,label']
  for (const [pitch, hz] of /** @type {const} */ ([
    ['low', 400],
    ['high', 1600],
  ])) {
    for (let take = 0; take < 6; take++) {
      const loud = take % 2 === 0
      write(join(folder, 'sounds', `${pitch}_${take}.wav`), wav(hz + 7 * take, loud ? 0.6 : 0.15, hz + take))
      rows.push(`${pitch}_${take}.wav,${pitch}${loud ? ';loud' : ''}`)
    }
  }
  write(join(folder, 'sounds', 'labels.csv'), `${rows.join('\n')}\n`)
  write(join(folder, 'recording.wav'), wav(1610, 0.5, 5, 0.8))
}

const SOUND = words(`
  --sample-rate-hz 8000 --window-ms 32 --hop-ms 20 --mel-bands 12 --filters 4 --pool-time 2 --pool-frequency 3 --lstm-units 3
  --batch-size 3 --learning-rate 0.02 --conv-dropout 0 --head-dropout 0 --threads 1 --workers 0 --cache none`)
const SINGLE = [...words('train --data sounds --pattern {label}_{take} --test-where take=0'), ...SOUND]

/** An image of something that is ink or not, PNG. @param {number} width @param {number} height @param {number} seed @param {(x: number, y: number) => boolean} ink */
function png(width, height, seed, ink) {
  const random = uniform(seed)
  const pixels = Uint8Array.from(
    { length: width * height },
    (_, i) => (ink(i % width, Math.floor(i / width)) ? 30 : 225) + 25 * random(),
  )
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer()
}

const IMAGE_HEIGHT = 12
const SIGN_WIDTH = 8
/** @type {Readonly<Record<string, (x: number, y: number) => boolean>>} */
const SIGNS = {
  l: (x) => x === 3 || x === 4,
  o: (x, y) => x >= 1 && x <= 6 && y >= 3 && y <= 9 && (x < 3 || x > 4 || y < 5 || y > 7),
}

/** @param {string} folder */
async function writeImages(folder) {
  const random = uniform(7)
  const rows = ['file,label']
  for (let take = 0; take < 16; take++) {
    const text = Array.from({ length: 1 + Math.floor(3 * random()) }, () => (random() < 0.5 ? 'l' : 'o')).join('')
    const image = await png(SIGN_WIDTH * text.length + 4, IMAGE_HEIGHT, take, (x, y) => {
      const sign = SIGNS[text[Math.floor((x - 2) / SIGN_WIDTH)] ?? '']
      return x >= 2 && (sign?.((x - 2) % SIGN_WIDTH, y) ?? false)
    })
    write(join(folder, 'texts', 'images', `${take}.png`), image)
    rows.push(`${take}.png,${text}`)
  }
  write(join(folder, 'texts', 'labels.csv'), `${rows.join('\n')}\n`)
  for (const label of ['lying', 'upright']) {
    for (let take = 0; take < 6; take++) {
      const at = 2 + Math.floor(7 * random())
      const bar = (/** @type {number} */ x, /** @type {number} */ y) => (label === 'upright' ? x : y) >> 1 === at >> 1
      write(join(folder, 'bars', label, `${take}.png`), await png(12, 12, 100 + take, bar))
      for (let frame = 0; frame < 3; frame++) {
        const moved = (/** @type {number} */ x, /** @type {number} */ y) =>
          (label === 'upright' ? x : y) >> 1 === ((at + 2 * frame) % 12) >> 1
        write(join(folder, 'clips', label, `${take}`, `${frame}.png`), await png(8, 8, 200 + take, moved))
      }
    }
  }
}

const IMAGE = words(`
  --filters 3,4 --pool-width 2,1 --pool-height 2,2 --dense-units 0 --lstm-units 4 --head-dropout 0 --no-augment --batch-size 4
  --learning-rate 0.02 --warmup-epochs 0 --validation-share 0.2 --test-share 0.2 --threads 1 --workers 0`)
const READER = [...words('train --data texts --height 12'), ...IMAGE]

const HOUR_MS = 3_600_000
/** @param {number} row */
const hour = (row) => new Date(Date.UTC(2024, 0, 1) + row * HOUR_MS).toISOString().slice(0, 16).replace('T', ' ')

/** @param {string} folder */
async function writeTables(folder) {
  const random = uniform(3)
  const rows = 160
  const ahead = 6
  const daily = (/** @type {number} */ row) => Math.sin((2 * Math.PI * row) / 24)
  const table = Array.from({ length: rows }, (_, row) => {
    const price = 5 + 2 * Math.sin(row / 9) + 0.1 * random()
    const load = 20 + 3 * daily(row) - price + 0.2 * random()
    const wind = 8 + 2 * daily(row + 6) + 0.5 * random()
    const measured = row < rows - ahead ? `${load.toFixed(2)},${wind.toFixed(2)}` : ','
    return `${hour(row)},${measured},${price.toFixed(2)}`
  })
  write(join(folder, 'power.csv'), `${['time,load,wind,price', ...table].join('\n')}\n`)

  const stations = /** @type {const} */ ([
    ['a', 1, 1],
    ['b', 1, 2],
    ['c', 2, 1],
  ])
  const grid = stations.flatMap(([name, y, x]) =>
    Array.from(
      { length: 70 },
      (_, row) => `${hour(row)},${name},${y},${x},${(10 * y + x + 3 * daily(row + x) + 0.3 * random()).toFixed(2)}`,
    ),
  )
  write(join(folder, 'stations.csv'), `${['time,station,y,x,pm', ...grid].join('\n')}\n`)

  const jump = Array.from(
    { length: 140 },
    (_, row) => `${hour(row)},${(20 + 3 * daily(row) + random() + (row >= 120 && row < 123 ? 60 : 0)).toFixed(2)}`,
  )
  write(join(folder, 'seen.csv'), `${['time,value', ...jump.slice(0, 100)].join('\n')}\n`)
  write(join(folder, 'later.csv'), `${['time,value', ...jump].join('\n')}\n`)
}

const FORECAST = words(
  '--look-back 24 --horizon 6 --units 4 --dropout 0 --batch-size 32 --learning-rate 0.01 --baselines last,mean --threads 1',
)
const POWER = [
  ...words('train --data power.csv --target load,wind --known price --calendar hourOfDay --intervals quantiles'),
  ...words('--network segment --segment-length 6'),
  ...FORECAST,
]

/** @type {Readonly<Record<string, import('./write-application.mjs').Application>>} */
export const applications = {
  'audio-events': {
    bin: 'packages/audio-events/bin/weft-audio.js',
    writeData: writeSounds,
    runs: {
      'single-label': [...SINGLE, ...words('--epochs 12 --out single-label')],
      'multi-label': [
        ...words('train --data sounds/labels.csv --label-separator ; --pooling attention --deltas 1 --clip-mean'),
        ...SOUND,
        ...words('--epochs 10 --out multi-label'),
      ],
    },
    questions: [
      { args: words('predict --model single-label sounds/low_0.wav sounds/high_3.wav') },
      { args: words('predict --model single-label --events --step-seconds 0.05 recording.wav') },
      { args: words('evaluate --model single-label --data sounds --part test --cache none') },
      { args: words('predict --model multi-label sounds/low_0.wav sounds/high_3.wav') },
      { args: words('evaluate --model multi-label --data sounds/labels.csv --cache none') },
    ],
    stopped: [...SINGLE, ...words('--epochs 12 --patience 0 --out stopped')],
    stopAt: /epoch +2\/12/,
  },
  'image-seq': {
    bin: 'packages/image-seq/bin/weft-image.js',
    writeData: writeImages,
    runs: {
      reader: [...READER, ...words('--epochs 30 --out reader')],
      columns: [
        ...words('train --data bars --preset digits --height 12'),
        ...IMAGE,
        ...words('--epochs 8 --out columns'),
      ],
      rows: [...words('train --data bars --preset rows --height 12'), ...IMAGE, ...words('--epochs 8 --out rows')],
      frames: [...words('train --data clips --frames --height 8'), ...IMAGE, ...words('--epochs 8 --out frames')],
    },
    questions: [
      { args: words('predict --model reader texts/images/0.png texts/images/1.png') },
      { args: words('predict --model reader --decoder beam --language-model-weight 0.3 texts/images/2.png') },
      { args: words('evaluate --model reader --data texts --part test') },
      { args: words('predict --model columns bars/lying/0.png bars/upright/0.png') },
      { args: words('predict --model rows bars/lying/0.png bars/upright/0.png') },
      { args: words('evaluate --model rows --data bars') },
      { args: words('predict --model frames clips/lying/0 clips/upright/0') },
    ],
    stopped: [...READER, ...words('--epochs 12 --patience 0 --out stopped')],
    stopAt: /epoch +2\/12/,
  },
  'timeseries-forecast': {
    bin: 'packages/timeseries-forecast/bin/weft-forecast.js',
    writeData: writeTables,
    runs: {
      power: [...POWER, ...words('--epochs 4 --out power')],
      stations: [
        ...words(
          'train --data stations.csv --network grid --key station --grid-row y --grid-column x --target pm --filters 3',
        ),
        ...FORECAST,
        ...words('--epochs 2 --out stations'),
      ],
      alarms: words('detect --data seen.csv --out alarms --threads 1'),
    },
    questions: [
      { args: words('predict --model power power.csv') },
      { args: words('evaluate --model power --data power.csv --part test') },
      { args: words('predict --model stations stations.csv') },
      { args: words('watch --model alarms'), input: 'later.csv' },
    ],
    stopped: [...POWER, ...words('--epochs 12 --patience 0 --out stopped')],
    stopAt: /epoch +2\/12/,
  },
}
