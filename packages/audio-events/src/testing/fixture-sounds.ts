/** Small sounds that tests write to disk: two kinds of tones, told apart by pitch, a third of a second at 8 kHz. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Random } from '@weft/core/runtime'
import type { GivenTrainOptions } from '../options.js'
import { encodeWav } from '../sound/wav.js'

export const FIXTURE_RATE_HZ = 8000

/** A tone in some noise, a function of its pitch and number. */
export function fixtureTone(hz: number, take: number, seconds = 0.3): Float32Array {
  const random = new Random(hz, take)
  const level = random.uniform(0.2, 0.6)
  return Float32Array.from(
    { length: Math.round(seconds * FIXTURE_RATE_HZ) },
    (_, i) => level * Math.sin((2 * Math.PI * hz * i) / FIXTURE_RATE_HZ) + 0.01 * random.normal(),
  )
}

/** Writes `{low,high}_{take}.wav` for `takes` takes of each. */
export function writeFixtureSounds(folder: string, takes: number): void {
  for (const [label, hz] of [
    ['low', 400],
    ['high', 1600],
  ] as const) {
    for (let take = 0; take < takes; take++) {
      const path = join(folder, `${label}_${take}.wav`)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, encodeWav(fixtureTone(hz + 7 * take, take), FIXTURE_RATE_HZ))
    }
  }
}

/** A network so small that TensorFlow.js's own backend trains it in seconds. */
export const FIXTURE_OPTIONS = {
  pattern: '{label}_{take}',
  testWhere: 'take=0-1',
  validationShare: 0.25,
  testShare: 0,
  sampleRateHz: FIXTURE_RATE_HZ,
  windowMs: 32,
  hopMs: 20,
  melBands: 12,
  filters: [4],
  poolTime: [2],
  poolFrequency: [3],
  lstmUnits: 4,
  epochs: 12,
  batchSize: 3,
  learningRate: 0.02,
  convDropout: 0,
  headDropout: 0,
  noiseChance: 0,
  frequencyMasks: 0,
  timeMaskMs: 40,
  device: 'cpu',
  workers: 0,
  cache: 'none',
} satisfies GivenTrainOptions
