/**
 * Variations of a sound for training, made on its log-mel frames, where they cost little: speed, pitch, level, place in the window,
 * background noise (added in power, as sounds add), and SpecAugment's masks (Park et al. 2019, arXiv:1904.08779). A function of the
 * frames, the options and a seed. Mixup, which blends batches, is in core. `cutOrPad` brings frames to one length without
 * variation, for validation and prediction.
 */
import { Random } from '@weft/core/runtime'
import type { Frames } from '../features.js'
import type { AugmentOptions } from '../options/sound.js'

/** What the network hears at once. */
export interface Window {
  readonly frames: number
  /** How many of a frame's values are mel bands in dB; the others (descriptors) only move in time. */
  readonly melBands: number
  /** Level of silence, which fills the window where the sound ends. */
  readonly floorDb: number
}

/** dB from the lowest to the highest level of noise. */
const NOISE_RANGE_DB = 30
/** Steepest fall or rise of the noise from the first to the last band. */
const NOISE_TILT_DB = 20

/**
 * A variation of `sound` as long as the window.
 *
 * @param options.hopMs Milliseconds of a frame, by which those of the options become frames.
 * @param background A recording to take noise from; without it noise is synthetic.
 */
export function augment(
  sound: Frames,
  window: Window,
  options: AugmentOptions & { readonly hopMs: number },
  seed: number,
  background?: Frames,
): Frames {
  const random = new Random(seed, 'augment')
  const speed = 1 + random.uniform(-options.speedChange, options.speedChange)
  const shift = random.uniform(-options.pitchShiftBands, options.pitchShiftBands)
  const gain = random.uniform(-options.gainDb, options.gainDb)
  const turn = random.next()
  const timeShift = Math.round(options.timeShiftMs / options.hopMs)
  const move = Math.round(random.uniform(-timeShift, timeShift))
  let varied = options.speedChange > 0 ? changeSpeed(sound, speed) : sound
  if (options.roll) varied = roll(varied, Math.floor(turn * varied.frames))
  varied = cutOrPad(varied, window, move)
  changeBands(varied, window, shift, gain)
  if (random.next() < options.noiseChance) addNoise(varied, window, options.noiseSnrDb, random, background)
  mask(varied, window, options, random)
  return varied
}

/**
 * The frames as a window: longer ones are cut, shorter ones stand in silence, both about the middle.
 *
 * @param move Frames by which the sound is moved later, as far as nothing more is lost.
 * @returns Never the array that was passed.
 */
export function cutOrPad(sound: Frames, { frames, melBands, floorDb }: Window, move = 0): Frames {
  const { width } = sound
  const values = new Float32Array(frames * width)
  const slack = frames - sound.frames
  const offset = Math.max(Math.min(0, slack), Math.min(Math.max(0, slack), Math.floor(slack / 2) + move))
  const from = Math.max(0, -offset)
  const kept = Math.min(sound.frames - from, frames)
  for (let t = 0; t < frames; t++) values.fill(floorDb, t * width, t * width + melBands)
  values.set(sound.values.subarray(from * width, (from + kept) * width), Math.max(0, offset) * width)
  return { values, frames, width }
}

/** Frames read at `speed` times the pace, between two by their weighted mean. */
function changeSpeed({ values, frames, width }: Frames, speed: number): Frames {
  const count = Math.max(1, Math.round(frames / speed))
  const out = new Float32Array(count * width)
  const step = count > 1 ? (frames - 1) / (count - 1) : 0
  for (let t = 0; t < count; t++) {
    const low = Math.floor(t * step)
    const part = t * step - low
    const a = low * width
    const b = Math.min(frames - 1, low + 1) * width
    for (let c = 0; c < width; c++) out[t * width + c] = (1 - part) * (values[a + c] ?? 0) + part * (values[b + c] ?? 0)
  }
  return { values: out, frames: count, width }
}

function roll({ values, frames, width }: Frames, by: number): Frames {
  const out = new Float32Array(values.length)
  out.set(values.subarray(0, (frames - by) * width), by * width)
  out.set(values.subarray((frames - by) * width))
  return { values: out, frames, width }
}

/** Moves the mel bands up by `shift` bands and adds `gain` dB, in place; what is silent stays so. */
function changeBands(
  { values, frames, width }: Frames,
  { melBands, floorDb }: Window,
  shift: number,
  gain: number,
): void {
  if (shift === 0 && gain === 0) return
  const row = new Float32Array(melBands)
  for (let t = 0; t < frames; t++) {
    const start = t * width
    row.set(values.subarray(start, start + melBands))
    for (let band = 0; band < melBands; band++) {
      const from = Math.max(0, Math.min(melBands - 1, band - shift))
      const low = Math.floor(from)
      const part = from - low
      const value = (1 - part) * (row[low] ?? 0) + part * (row[Math.min(melBands - 1, low + 1)] ?? 0)
      values[start + band] = value <= floorDb ? floorDb : Math.max(floorDb, value + gain)
    }
  }
}

/** Adds noise at a random level below the sound's mean power, in place. */
function addNoise(
  { values, frames, width }: Frames,
  { melBands }: Window,
  leastSnrDb: number,
  random: Random,
  background: Frames | undefined,
): void {
  const power = meanPower(values, frames, width, melBands)
  const snrDb = random.uniform(leastSnrDb, leastSnrDb + NOISE_RANGE_DB)
  const tilt = random.uniform(-NOISE_TILT_DB, NOISE_TILT_DB)
  const begin = background === undefined ? 0 : random.int(background.frames)
  const level =
    background === undefined ? 1 : meanPower(background.values, background.frames, background.width, melBands)
  const scale = (power * 10 ** (-snrDb / 10)) / Math.max(level, Number.MIN_VALUE)
  const slope = Float64Array.from(
    { length: melBands },
    (_, band) => scale * 10 ** ((tilt * (band / melBands - 0.5)) / 10),
  )
  for (let t = 0; t < frames; t++) {
    const other = background === undefined ? 0 : ((begin + t) % background.frames) * background.width
    for (let band = 0; band < melBands; band++) {
      const at = t * width + band
      // The power of noise in a band fluctuates like a sum of two exponential draws.
      const noise =
        background === undefined
          ? (-(slope[band] ?? 0) / 2) * Math.log((1 - random.next()) * (1 - random.next()))
          : scale * 10 ** ((background.values[other + band] ?? 0) / 10)
      values[at] = 10 * Math.log10(10 ** ((values[at] ?? 0) / 10) + noise)
    }
  }
}

/** Mean over all cells of the power that the dB values stand for. */
function meanPower(values: Float32Array, frames: number, width: number, melBands: number): number {
  let sum = 0
  for (let t = 0; t < frames; t++) {
    for (let band = 0; band < melBands; band++) sum += 10 ** ((values[t * width + band] ?? 0) / 10)
  }
  return sum / (frames * melBands)
}

/** Overwrites stretches of time and of bands with the mean value, in place. */
function mask(
  { values, frames, width }: Frames,
  { melBands }: Window,
  options: AugmentOptions & { readonly hopMs: number },
  random: Random,
): void {
  const { timeMasks, frequencyMasks, frequencyMaskBands } = options
  const timeMaskFrames = Math.round(options.timeMaskMs / options.hopMs)
  if (timeMasks === 0 && frequencyMasks === 0) return
  let sum = 0
  for (let t = 0; t < frames; t++) for (let band = 0; band < melBands; band++) sum += values[t * width + band] ?? 0
  const mean = sum / (frames * melBands)
  for (let n = 0; n < timeMasks; n++) {
    const length = random.int(Math.min(timeMaskFrames, frames) + 1)
    const begin = random.int(frames - length + 1)
    for (let t = begin; t < begin + length; t++) values.fill(mean, t * width, t * width + melBands)
  }
  for (let n = 0; n < frequencyMasks; n++) {
    const length = random.int(Math.min(frequencyMaskBands, melBands) + 1)
    const begin = random.int(melBands - length + 1)
    for (let t = 0; t < frames; t++) values.fill(mean, t * width + begin, t * width + begin + length)
  }
}
