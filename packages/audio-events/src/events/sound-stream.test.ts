import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, Normaliser } from '@weft/core/data'
import { setupRuntime } from '@weft/core/runtime'
import { resolveOptions } from '@weft/core/cli'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { remembered, SoundModel } from '../model.js'
import { eventOptions, trainOptions } from '../options.js'
import { detectEvents, oneAtATime } from '../predict.js'
import { listen } from './listen.js'
import { SoundStream } from './sound-stream.js'
import { FIXTURE_OPTIONS, FIXTURE_RATE_HZ, fixtureTone } from '../testing/fixture-sounds.js'

const options = resolveOptions(eventOptions, { stepSeconds: 0.1, threshold: 0.4, release: 0.2, smoothing: 1 })
const pause = new Float32Array(FIXTURE_RATE_HZ)
let model: SoundModel
let folder = ''

beforeAll(async () => {
  await setupRuntime({ device: 'cpu' })
  folder = mkdtempSync(join(tmpdir(), 'weft-stream-'))
  // An untrained network: two labels, each near one half.
  model = SoundModel.create({
    labels: new Labels(['high', 'low']),
    multiLabel: false,
    frames: 14,
    normaliser: new Normaliser(new Array(12).fill(-20), new Array(12).fill(20)),
    options: remembered(resolveOptions(trainOptions, { ...FIXTURE_OPTIONS, data: 'x', out: 'x' })),
  })
  await model.save(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

function joined(...parts: Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]))
}

describe('SoundStream', () => {
  it('finds sounds between silence, to a frame or two', () => {
    const events = detectEvents(
      model,
      joined(pause, fixtureTone(400, 1), pause, fixtureTone(1600, 1, 0.5), pause),
      options,
    )
    const likeliest = events.filter(({ probability }) => probability >= 0.5)
    expect(likeliest).toHaveLength(2)
    for (const event of likeliest) {
      const [from, to] = event.startSeconds < 2 ? [1, 1.3] : [2.3, 2.8]
      expect(Math.abs(event.startSeconds - from)).toBeLessThan(0.05)
      expect(Math.abs(event.endSeconds - to)).toBeLessThan(0.05)
    }
  })

  it('says the same however the sound is cut into pieces', () => {
    const sound = joined(pause, fixtureTone(400, 1, 0.7), pause)
    const whole = new SoundStream(model, options)
    const wanted = [...whole.push(sound), ...whole.end()]
    const pieces = new SoundStream(model, options)
    const found = []
    for (let at = 0, size = 1; at < sound.length; at += size, size = ((size * 5) % 1999) + 1)
      found.push(...pieces.push(sound.subarray(at, at + size)))
    found.push(...pieces.end())
    expect(found.map((one) => ({ ...one, probability: 0 }))).toEqual(wanted.map((one) => ({ ...one, probability: 0 })))
    expect(wanted.length).toBeGreaterThan(0)
  })

  it('hears nothing in silence', () => {
    expect(detectEvents(model, joined(pause, pause), options)).toEqual([])
  })
})

describe('oneAtATime', () => {
  const event = (label: string, startSeconds: number, endSeconds: number, probability: number) => ({
    label,
    startSeconds,
    endSeconds,
    probability,
  })

  it('keeps the surest name of one sound, over all of it, and what follows', () => {
    const found = oneAtATime([event('cat', 1, 2.4, 0.8), event('dog', 1.8, 2.6, 0.9), event('cat', 2.5, 4, 0.7)])
    expect(found).toEqual([event('dog', 1, 2.6, 0.9), event('cat', 2.5, 4, 0.7)])
  })
})

describe('listen', () => {
  it('reads samples of any rate, channels and cut of bytes, and counts those that are no numbers', async () => {
    const sound = joined(pause, fixtureTone(400, 1), pause)
    const stereo = new Float32Array(4 * sound.length)
    sound.forEach((value, i) => {
      const sample = i === 5 ? Number.NaN : value
      stereo.set([sample, sample, sample, sample], 4 * i) // every frame twice: 16 kHz
    })
    const bytes = new Uint8Array(stereo.buffer)
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += 4099) yield bytes.subarray(at, at + 4099)
    }
    const given = {
      ...options,
      model: folder,
      device: 'cpu',
      sampleRate: 16000,
      channels: 2,
      encoding: 'f32le',
    } as const
    const kinds: string[] = []
    const result = await listen(chunks(), given, { onDetection: ({ kind }) => kinds.push(kind) })
    expect(result.seconds).toBeCloseTo(2.3, 2)
    expect(result.badSamples).toBe(2)
    expect(result.events).toBe(kinds.filter((kind) => kind === 'event').length)
    expect(result.events).toBeGreaterThan(0)
  })
})
