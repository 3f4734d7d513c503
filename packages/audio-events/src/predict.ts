/**
 * What a saved model says of sound files: one label with probabilities for each, or the events of long recordings. A sound longer
 * than the model's window is judged window by window and the probabilities averaged.
 */
import { slidingWindows } from '@weft/core/data'
import { namedFiles, onRuntime, skippedFile } from '@weft/core/app'
import type { Hooks, Predictions, SkippedFile } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { readSound, SOUND_EXTENSIONS } from './sound/decode.js'
import type { DetectedEvent } from './events/event-detector.js'
import type { Frames } from './features.js'
import { SoundModel } from './model.js'
import { predictOptions, type EventOptions } from './options.js'
import { trimSilence } from './sound/signal.js'
import { SoundStream } from './events/sound-stream.js'

/** The answer for one file. */
export interface Prediction {
  readonly file: string
  readonly seconds: number
  /** The likeliest label, or those that apply when a sound can have several. */
  readonly labels: readonly string[]
  /** Of every label. */
  readonly probabilities: Readonly<Record<string, number>>
  /** When events were asked for. */
  readonly events?: readonly DetectedEvent[]
  readonly warnings: readonly string[]
}

/** A sound up to this much longer than the window is cut to it; a longer one is judged in several. */
const ONE_WINDOW = 1.25
/** Samples handed to a stream at a time. */
const CHUNK_SECONDS = 10

export interface PredictHooks extends Hooks {
  readonly onPrediction?: (prediction: Prediction) => void
}

/**
 * Judges files and all sounds in folders.
 *
 * @param paths Files and folders; folders are searched through.
 * @throws UserError when there is none, or, with `strict` or for a single file, one that cannot be used.
 */
export async function predict(
  paths: readonly string[],
  given: GivenOptions<typeof predictOptions>,
  hooks: PredictHooks = {},
): Promise<Predictions<Prediction>> {
  const options = resolveOptions(predictOptions, given)
  const files = namedFiles(paths, SOUND_EXTENSIONS, 'sound')
  return onRuntime({ ...options, purpose: 'predict' }, hooks, async (runtime) => {
    const model = await SoundModel.load(options.model)
    const predictions: Prediction[] = []
    const skipped: SkippedFile[] = []
    for (const file of files) {
      try {
        const prediction = await predictFile(model, file, options.events ? options : undefined)
        predictions.push(prediction)
        hooks.onPrediction?.(prediction)
      } catch (error) {
        if (options.strict || files.length === 1) throw error
        skipped.push(skippedFile(file, error))
      }
    }
    return { predictions, skipped, runtime }
  })
}

/** Judges one file; with `events`, finds its events too. */
export async function predictFile(model: SoundModel, file: string, events?: EventOptions): Promise<Prediction> {
  const { samples, sampleRateHz, warnings } = await readSound(file, model.sampleRateHz)
  const row = predictSamples(model, samples)
  return {
    file,
    seconds: samples.length / sampleRateHz,
    labels: model.labelsOf(row),
    probabilities: Object.fromEntries(model.labels.names.map((label, c) => [label, row[c] ?? 0])),
    ...(events && { events: detectEvents(model, samples, events) }),
    warnings,
  }
}

/** Probabilities [labels] for samples at the model's rate. */
export function predictSamples(model: SoundModel, samples: Float32Array): Float32Array {
  const sound = model.spectrogram.compute(trimSilence(samples, model.sampleRateHz, model.spec.options.trimDb))
  const window = model.spec.frames
  if (sound.frames <= ONE_WINDOW * window) return model.predict([sound])
  const spans = slidingWindows(sound.frames, { window, hop: Math.ceil(window / 2), end: 'shift' })
  const mean = new Float32Array(model.labels.size)
  for (const { start } of spans) {
    const row = model.predict([cut(sound, start, window)])
    row.forEach((p, c) => (mean[c] = (mean[c] ?? 0) + p / spans.length))
  }
  return mean
}

/** The events in samples at the model's rate. */
export function detectEvents(model: SoundModel, samples: Float32Array, options: EventOptions): DetectedEvent[] {
  const stream = new SoundStream(model, options)
  const chunk = CHUNK_SECONDS * model.sampleRateHz
  const detections = []
  for (let at = 0; at < samples.length; at += chunk) detections.push(...stream.push(samples.subarray(at, at + chunk)))
  detections.push(...stream.end())
  const length = samples.length / model.sampleRateHz
  const events = detections.flatMap((detection) => {
    if (detection.kind !== 'event') return []
    const { label, probability } = detection
    const startSeconds = Math.min(detection.startSeconds, length)
    return [{ label, probability, startSeconds, endSeconds: Math.min(detection.endSeconds, length) }]
  })
  return (model.spec.multiLabel ? events : oneAtATime(events)).sort((a, b) => a.startSeconds - b.startSeconds)
}

/** Two events that overlap by this share of the shorter are one sound. */
const SAME_SOUND_SHARE = 0.5

/**
 * For a model of one label a moment: of events that are one sound the surest stays, over all of that sound. Its first windows hold
 * only a part of a sound and may name another label, which a stream has to tell and a whole recording need not.
 */
export function oneAtATime(events: readonly DetectedEvent[]): DetectedEvent[] {
  const kept: DetectedEvent[] = []
  for (const event of [...events].sort((a, b) => b.probability - a.probability)) {
    const at = kept.findIndex((other) => {
      const shared = Math.min(event.endSeconds, other.endSeconds) - Math.max(event.startSeconds, other.startSeconds)
      const shorter = Math.min(event.endSeconds - event.startSeconds, other.endSeconds - other.startSeconds)
      return shared > SAME_SOUND_SHARE * shorter
    })
    const same = kept[at]
    if (same === undefined) kept.push(event)
    else {
      kept[at] = {
        ...same,
        startSeconds: Math.min(same.startSeconds, event.startSeconds),
        endSeconds: Math.max(same.endSeconds, event.endSeconds),
      }
    }
  }
  return kept
}

function cut({ values, width }: Frames, start: number, frames: number): Frames {
  return { values: values.subarray(start * width, (start + frames) * width), frames, width }
}
