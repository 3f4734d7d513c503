/**
 * Ten kinds of made-up sounds in pairs that share their spectrum and differ in time (up or down, slow or fast, which tone first), or
 * share their rhythm and differ in spectrum. Pitch, length, place, level, timbre and background vary, so that no single frequency
 * or loudness gives a sound away. Rendered by a Web Audio offline context; a function of (seed, label, take).
 */
import { Random } from '@weft/core/runtime'
import type * as WebAudio from 'node-web-audio-api'
import { loadWebAudio } from '../sound/decode.js'

export const DEMO_RATE_HZ = 16_000
export const DEMO_SECONDS = 1.6

/** What a sound is built of. */
interface Stage {
  readonly context: WebAudio.OfflineAudioContext
  /** Where the sound goes. */
  readonly out: WebAudio.GainNode
  readonly random: Random
  /** When it begins, and how long it lasts, in seconds. */
  readonly start: number
  readonly length: number
  /** A pitch from a range that all kinds share. */
  readonly hz: number
}

type Recipe = (stage: Stage) => void

const WAVES = ['sine', 'triangle', 'sawtooth', 'square'] as const

/** The ten kinds. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  'sweep-up': (stage) => sweep(stage, 1, stage.random.uniform(1.8, 3)),
  'sweep-down': (stage) => sweep(stage, stage.random.uniform(1.8, 3), 1),
  'tremolo-slow': (stage) => tremolo(stage, stage.random.uniform(3, 5)),
  'tremolo-fast': (stage) => tremolo(stage, stage.random.uniform(10, 16)),
  'low-high': (stage) => twoTones(stage, 1, stage.random.uniform(1.4, 2)),
  'high-low': (stage) => twoTones(stage, stage.random.uniform(1.4, 2), 1),
  siren: (stage) => vibrato(stage, stage.random.uniform(1.5, 2.5), stage.random.uniform(0.2, 0.4)),
  trill: (stage) => vibrato(stage, stage.random.uniform(8, 13), stage.random.uniform(0.1, 0.2)),
  'knocks-steady': (stage) => knocks(stage, 1),
  'knocks-quickening': (stage) => knocks(stage, stage.random.uniform(0.72, 0.82)),
}

export const DEMO_LABELS: readonly string[] = Object.keys(RECIPES)

/** One sound, [DEMO_SECONDS · DEMO_RATE_HZ], full scale ±1. */
export async function demoSound(label: string, take: number, seed: number): Promise<Float32Array> {
  const recipe = RECIPES[label]
  if (recipe === undefined)
    throw new Error(`making a sound: expected one of ${DEMO_LABELS.join(', ')}, received ${label}`)
  const { OfflineAudioContext } = await loadWebAudio('making the sounds of the demonstration')
  const random = new Random(seed, 'demo', label, take)
  const context = new OfflineAudioContext(1, Math.round(DEMO_SECONDS * DEMO_RATE_HZ), DEMO_RATE_HZ)
  const out = context.createGain()
  const levelDb = random.uniform(-22, -6)
  out.gain.value = 10 ** (levelDb / 20)
  out.connect(context.destination)
  const length = random.uniform(0.8, 1.3)
  const start = random.uniform(0.02, DEMO_SECONDS - length - 0.02)
  recipe({ context, out, random, start, length, hz: 350 * 4 ** random.next() })
  background(context, random, levelDb - random.uniform(6, 26))
  const rendered = await context.startRendering()
  const samples = new Float32Array(rendered.length)
  rendered.copyFromChannel(samples, 0)
  return samples
}

/** An oscillator that sounds from `start` for `length` seconds through an envelope without clicks. */
function voice({ context, out, random, start, length, hz }: Stage): {
  source: WebAudio.OscillatorNode
  level: WebAudio.GainNode
} {
  const source = context.createOscillator()
  source.type = WAVES[random.int(WAVES.length)] ?? 'sine'
  source.frequency.value = hz
  const filter = context.createBiquadFilter()
  filter.type = 'lowpass'
  filter.frequency.value = hz * random.uniform(3, 9)
  const level = context.createGain()
  const fade = Math.min(0.04, length / 4)
  level.gain.setValueAtTime(0, start)
  level.gain.linearRampToValueAtTime(1, start + fade)
  level.gain.setValueAtTime(1, start + length - fade)
  level.gain.linearRampToValueAtTime(0, start + length)
  source.connect(filter).connect(level).connect(out)
  source.start(start)
  source.stop(start + length)
  return { source, level }
}

function sweep(stage: Stage, from: number, to: number): void {
  const { source } = voice(stage)
  source.frequency.setValueAtTime(stage.hz * from, stage.start)
  source.frequency.exponentialRampToValueAtTime(stage.hz * to, stage.start + stage.length)
}

/** A tone whose level swings `rateHz` times a second. */
function tremolo(stage: Stage, rateHz: number): void {
  const { context, out, start, length, random } = stage
  const swing = context.createGain()
  const depth = random.uniform(0.35, 0.5)
  swing.gain.value = 1 - depth
  const wave = context.createOscillator()
  wave.frequency.value = rateHz
  const amount = context.createGain()
  amount.gain.value = depth
  wave.connect(amount).connect(swing.gain)
  swing.connect(out)
  wave.start(start)
  wave.stop(start + length)
  voice({ ...stage, out: swing })
}

function twoTones(stage: Stage, first: number, second: number): void {
  const gap = stage.random.uniform(0, 0.1)
  const length = (stage.length - gap) / 2
  const same = stage.random.int(2 ** 31)
  // Both tones have the same timbre.
  voice({ ...stage, random: new Random(same), length, hz: stage.hz * first })
  voice({ ...stage, random: new Random(same), length, start: stage.start + length + gap, hz: stage.hz * second })
}

/** A tone whose pitch swings by the share `depth`, `rateHz` times a second. */
function vibrato(stage: Stage, rateHz: number, depth: number): void {
  const { context, start, length, hz } = stage
  const { source } = voice(stage)
  const wave = context.createOscillator()
  wave.frequency.value = rateHz
  const amount = context.createGain()
  amount.gain.value = hz * depth
  wave.connect(amount).connect(source.frequency)
  wave.start(start)
  wave.stop(start + length)
}

/** Short bursts of coloured noise, each gap `ratio` times the one before. */
function knocks({ context, out, random, start, length, hz }: Stage, ratio: number): void {
  const count = 5 + random.int(3)
  let sum = 0
  for (let i = 0; i < count; i++) sum += ratio ** i
  let at = start
  const colour = random.uniform(1, 3)
  for (let i = 0; i < count; i++) {
    const gap = (length / sum) * ratio ** i
    const source = context.createBufferSource()
    source.buffer = noiseBuffer(context, random, 0.06)
    const filter = context.createBiquadFilter()
    filter.type = 'bandpass'
    filter.frequency.value = hz * colour
    filter.Q.value = 1.5
    const level = context.createGain()
    level.gain.setValueAtTime(3, at)
    level.gain.exponentialRampToValueAtTime(0.01, at + 0.05)
    source.connect(filter).connect(level).connect(out)
    source.start(at)
    at += gap
  }
}

/** Noise of a random colour, and now and then a hum, over the whole sound. */
function background(context: WebAudio.OfflineAudioContext, random: Random, levelDb: number): void {
  const amplitude = 10 ** (levelDb / 20)
  const source = context.createBufferSource()
  source.buffer = noiseBuffer(context, random, DEMO_SECONDS)
  const filter = context.createBiquadFilter()
  filter.type = random.next() < 0.5 ? 'lowpass' : 'highshelf'
  filter.frequency.value = random.uniform(500, 4000)
  filter.gain.value = random.uniform(-20, 0)
  const level = context.createGain()
  level.gain.value = amplitude
  source.connect(filter).connect(level).connect(context.destination)
  source.start(0)
  if (random.next() > 0.3) return
  const hum = context.createOscillator()
  hum.frequency.value = random.uniform(80, 240)
  const humLevel = context.createGain()
  humLevel.gain.value = amplitude * random.uniform(0.5, 2)
  hum.connect(humLevel).connect(context.destination)
  hum.start(0)
}

function noiseBuffer(context: WebAudio.OfflineAudioContext, random: Random, seconds: number): WebAudio.AudioBuffer {
  const samples = Float32Array.from({ length: Math.round(seconds * DEMO_RATE_HZ) }, () => random.uniform(-1, 1))
  const buffer = context.createBuffer(1, samples.length, DEMO_RATE_HZ)
  buffer.copyToChannel(samples, 0)
  return buffer
}
