/** Small images that tests write to disk: texts of three simple symbols, and classes that differ in the direction of a bar. */
import { join } from 'node:path'
import { Random } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import { encodePng } from '@weft/core/report'
import type { GivenTrainOptions } from '../options.js'

const HEIGHT = 12
const SIGN_WIDTH = 8

/** Whether a pixel of a sign is ink: l an upright bar, o a box, v a slope. */
const SIGNS: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  l: (x) => x === 3 || x === 4,
  o: (x, y) => x >= 1 && x <= 6 && y >= 3 && y <= 9 && (x < 3 || x > 4 || y < 5 || y > 7),
  v: (x, y) => Math.abs(x - y / 1.7) < 1.1,
}

/** A text in black on white with some noise, PNG. */
export function fixtureText(text: string, take: number): Promise<Uint8Array> {
  const random = new Random(1, 'fixture', text, take)
  const width = SIGN_WIDTH * text.length + 4
  const pixels = Uint8Array.from({ length: HEIGHT * width }, (_, i) => {
    const [x, y] = [(i % width) - 2, Math.floor(i / width)]
    const sign = SIGNS[text[Math.floor(x / SIGN_WIDTH)] ?? '']
    const ink = x >= 0 && (sign?.(x % SIGN_WIDTH, y) ?? false)
    return (ink ? 30 : 225) + random.int(25)
  })
  return encodePng(pixels, width, HEIGHT)
}

/** Writes labels.csv and images/ with random texts of 1 to 3 signs. */
export async function writeFixtureTexts(folder: string, count: number): Promise<void> {
  const random = new Random(7, 'texts')
  const lines = ['file,label']
  for (let take = 0; take < count; take++) {
    const text = Array.from({ length: 1 + random.int(3) }, () => 'lov'[random.int(3)] ?? '').join('')
    writeFileAtomic(join(folder, 'images', `${take}.png`), await fixtureText(text, take))
    lines.push(`${take}.png,${text}`)
  }
  writeFileAtomic(join(folder, 'labels.csv'), `${lines.join('\n')}\n`)
}

/** A square image with an upright or a lying bar somewhere, PNG. */
export function fixtureBar(label: 'lying' | 'upright', take: number): Promise<Uint8Array> {
  const random = new Random(3, 'bar', label, take)
  const at = 2 + random.int(7)
  const pixels = Uint8Array.from({ length: 12 * 12 }, (_, i) => {
    const along = label === 'upright' ? i % 12 : Math.floor(i / 12)
    return (along === at || along === at + 1 ? 220 : 20) + random.int(20)
  })
  return encodePng(pixels, 12, 12)
}

/** Writes `lying/` and `upright/` with `takes` images each. */
export async function writeFixtureBars(folder: string, takes: number): Promise<void> {
  for (const label of ['lying', 'upright'] as const)
    for (let take = 0; take < takes; take++)
      writeFileAtomic(join(folder, label, `${take}.png`), await fixtureBar(label, take))
}

/** Networks so small that the plain backend of TensorFlow.js trains them in seconds. */
const SMALL = {
  height: 12,
  augment: false,
  filters: [4, 8],
  poolWidth: [2, 1],
  poolHeight: [2, 2],
  denseUnits: 0,
  lstmUnits: [8],
  headDropout: 0,
  batchSize: 8,
  learningRate: 0.02,
  warmupEpochs: 0,
  device: 'cpu',
  workers: 0,
} satisfies GivenTrainOptions

export const FIXTURE_READER = {
  ...SMALL,
  validationShare: 0.15,
  testShare: 0.15,
  epochs: 12,
} satisfies GivenTrainOptions

export const FIXTURE_CLASSIFIER = {
  ...SMALL,
  validationShare: 0.2,
  testShare: 0.2,
  epochs: 6,
} satisfies GivenTrainOptions
