/**
 * Sound that comes bit by bit: frames are computed once, windows slide over them, the network judges each, event-detector.ts makes events.
 * Memory holds one window and what was just pushed, however long the stream. A recording's events are found the same way.
 */
import { EventDetector, type Detection, type WindowVerdict } from './event-detector.js'
import type { Frames } from '../features.js'
import type { SoundModel } from '../model.js'
import type { EventOptions } from '../options.js'
import { levelDb } from '../sound/signal.js'

/** Audible is what is at most this far below the loudest frame of its window. */
const AUDIBLE_RANGE_DB = 25
/** Pauses up to this do not end a stretch. */
const PAUSE_SECONDS = 0.3
/** Windows that the network judges at once, when many are due. */
const MOST_WINDOWS = 32

export class SoundStream {
  readonly #model: SoundModel
  readonly #detector: EventDetector
  readonly #silenceDb: number
  /** Frames between windows. */
  readonly #step: number
  /** Samples that are not yet in a frame, after the one before them. */
  #samples = new Float32Array(1)
  /** The newest frames: at least one window, the oldest first. */
  readonly #rows: Float32Array
  readonly #levels: Float32Array
  /** Frames of the stream so far; windows that reach back before its beginning find silence there. */
  #frames = 0
  #nextWindow: number
  #heard = 0
  #ended = false

  /** @param options.stepSeconds Rounded to whole frames. */
  constructor(model: SoundModel, options: EventOptions) {
    this.#model = model
    this.#detector = new EventDetector(model.labels.names, options)
    this.#silenceDb = options.silenceDb
    const { spectrogram, spec } = model
    this.#step = Math.max(1, Math.round((options.stepSeconds * model.sampleRateHz) / spectrogram.hopSize))
    this.#nextWindow = this.#step
    this.#rows = new Float32Array(2 * spec.frames * spectrogram.width)
    this.#levels = new Float32Array(2 * spec.frames)
    for (let t = 0; t < 2 * spec.frames; t++) this.#write(t, silence(model), -Infinity)
  }

  /** Seconds of sound that were pushed. */
  get heardSeconds(): number {
    return this.#heard / this.#model.sampleRateHz
  }

  /** Takes samples at the model's rate; returns detections in order of time. */
  push(samples: Float32Array): Detection[] {
    if (this.#ended) throw new Error('streaming: expected no samples after the end')
    this.#heard += samples.length
    const { windowSize, hopSize, width } = this.#model.spectrogram
    const joined = new Float32Array(this.#samples.length + samples.length)
    joined.set(this.#samples)
    joined.set(samples, this.#samples.length)
    const row = new Float32Array(width)
    const windows: WindowVerdictInput[] = []
    const detections: Detection[] = []
    let at = 1
    for (; at + windowSize <= joined.length; at += hopSize) {
      this.#model.spectrogram.frameInto(joined, at, joined[at - 1] ?? 0, row)
      this.#append(row, levelDb(joined.subarray(at, at + windowSize)), windows)
      if (windows.length >= MOST_WINDOWS) detections.push(...this.#judge(windows))
    }
    this.#samples = joined.slice(at - 1)
    detections.push(...this.#judge(windows))
    return detections
  }

  /** The end of the sound: windows that reach past it find silence there. */
  end(): Detection[] {
    if (this.#ended) return []
    this.#ended = true
    const windows: WindowVerdictInput[] = []
    const detections: Detection[] = []
    const row = silence(this.#model)
    for (let t = 0; t < this.#model.spec.frames; t++) {
      this.#append(row, -Infinity, windows)
      if (windows.length >= MOST_WINDOWS) detections.push(...this.#judge(windows))
    }
    detections.push(...this.#judge(windows), ...this.#detector.flush())
    return detections
  }

  #append(row: Float32Array, level: number, windows: WindowVerdictInput[]): void {
    this.#write(this.#frames, row, level)
    this.#frames++
    if (this.#frames < this.#nextWindow) return
    this.#nextWindow += this.#step
    windows.push(this.#window())
  }

  /** Each row is written twice, half the ring apart, so that a window is always one piece. */
  #write(frame: number, row: Float32Array, level: number): void {
    const { frames } = this.#model.spec
    const place = frame % frames
    const { width } = this.#model.spectrogram
    for (const at of [place, place + frames]) {
      this.#rows.set(row, at * width)
      this.#levels[at] = level
    }
  }

  /** The newest frames, copied. */
  #window(): WindowVerdictInput {
    const { frames } = this.#model.spec
    const { width, hopSize } = this.#model.spectrogram
    const first = this.#frames % frames
    const secondsPerFrame = hopSize / this.#model.sampleRateHz
    const startFrame = this.#frames - frames
    const values = this.#rows.slice(first * width, (first + frames) * width)
    const levels = this.#levels.subarray(first, first + frames)
    return {
      frames: { values, frames, width },
      startSeconds: startFrame * secondsPerFrame,
      endSeconds: this.#frames * secondsPerFrame,
      audible: audibleStretches(levels, startFrame, secondsPerFrame, this.#silenceDb),
    }
  }

  #judge(windows: WindowVerdictInput[]): Detection[] {
    if (windows.length === 0) return []
    const labels = this.#model.labels.size
    const heard = windows.filter((window) => window.audible.length > 0)
    const probabilities =
      heard.length === 0 ? new Float32Array() : this.#model.predict(heard.map((window) => window.frames))
    const detections: Detection[] = []
    let at = 0
    for (const { startSeconds, endSeconds, audible } of windows.splice(0)) {
      const own = audible.length === 0 ? new Float32Array(labels) : probabilities.subarray(at * labels, ++at * labels)
      const verdict: WindowVerdict = { startSeconds, endSeconds, probabilities: own, audible }
      detections.push(...this.#detector.push(verdict))
    }
    return detections
  }
}

interface WindowVerdictInput extends Omit<WindowVerdict, 'probabilities'> {
  readonly frames: Frames
}

/** A frame of silence. */
function silence({ spectrogram }: SoundModel): Float32Array {
  return new Float32Array(spectrogram.width).fill(spectrogram.floorDb, 0, spectrogram.melBands)
}

/**
 * Stretches of frames that are not silent and not far quieter than the window's loudest.
 *
 * @param levels In dB, of each frame.
 */
function audibleStretches(
  levels: Float32Array,
  startFrame: number,
  secondsPerFrame: number,
  silenceDb: number,
): { startSeconds: number; endSeconds: number }[] {
  const loudest = levels.reduce((a, b) => Math.max(a, b), -Infinity)
  const least = Math.max(silenceDb, loudest - AUDIBLE_RANGE_DB)
  const pause = PAUSE_SECONDS / secondsPerFrame
  const stretches: { first: number; last: number }[] = []
  levels.forEach((level, t) => {
    if (level < least) return
    const current = stretches.at(-1)
    if (current !== undefined && t - current.last <= pause) current.last = t
    else stretches.push({ first: t, last: t })
  })
  return stretches.map(({ first, last }) => ({
    startSeconds: Math.max(0, (startFrame + first) * secondsPerFrame),
    endSeconds: (startFrame + last + 1) * secondsPerFrame,
  }))
}
