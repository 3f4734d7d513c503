/**
 * The demonstration: makes its own sounds, trains a small network on them, judges it by sounds that it has not heard, finds events
 * in a recording made of some of those, and says where everything is. Needs neither data nor network; where the native device is
 * missing it makes fewer sounds and a smaller network.
 */
import { join } from 'node:path'
import { isFast, Random, type RuntimeReport } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import { accuracyOf, demoFolder, demoSummary, onRuntime, type DemoSummary, type Hooks } from '@weft/core/app'
import {
  resolveOptions,
  type GivenOptions,
  formatDuration,
  formatPercent,
  formatTimestamp,
  plural,
} from '@weft/core/cli'
import { DEMO_LABELS, DEMO_RATE_HZ, DEMO_SECONDS, demoSound } from './demo/demo-sounds.js'
import { demoOptions, type DemoOptions, type GivenTrainOptions } from './options.js'
import { predict, type Prediction } from './predict.js'
import { train } from './train.js'
import { encodeWav } from './sound/wav.js'

export interface DemoResult extends DemoSummary {
  /** Of sounds that the model has not heard. */
  readonly accuracy: number
  readonly seconds: number
  readonly recording: Prediction | undefined
  /** The summary, as printed. */
  readonly lines: readonly string[]
}

/** How much is made and trained. */
interface Size {
  readonly soundsPerClass: number
  readonly train: GivenTrainOptions
}

const FULL: Size = {
  soundsPerClass: 140,
  train: { epochs: 24, filters: [16, 32, 48], poolTime: [2, 2, 1], poolFrequency: [2, 2, 3], lstmUnits: 48 },
}
/** For TensorFlow.js's own processor backend, a hundred times slower. */
const REDUCED: Size = {
  soundsPerClass: 40,
  train: {
    windowMs: 64,
    hopMs: 32,
    melBands: 24,
    epochs: 20,
    filters: [8, 12],
    poolTime: [2, 2],
    poolFrequency: [3, 4],
    lstmUnits: 12,
    learningRate: 0.01,
  },
}

/** Sounds of each class that only test, as a share. */
const UNSEEN_SHARE = 0.25
/** Sounds in the recording. */
const RECORDED = 6

/** How the demonstration's sounds are heard. */
const HEARING: GivenTrainOptions = {
  pattern: '{label}_{take}',
  testShare: 0,
  validationShare: 0.1,
  sampleRateHz: DEMO_RATE_HZ,
  durationSeconds: DEMO_SECONDS,
  windowMs: 32,
  hopMs: 16,
  melBands: 48,
  minHz: 80,
  // Turning a sound in time would make another of it.
  roll: false,
  mixup: 0,
  // The sounds vary by themselves; what tells a pair apart must not be hidden.
  timeShiftMs: 300,
  speedChange: 0,
  timeMasks: 0,
  frequencyMasks: 0,
  noiseChance: 0.2,
  noiseSnrDb: 15,
  convDropout: 0,
}

export async function runDemo(given: GivenOptions<typeof demoOptions>, hooks: Hooks): Promise<DemoResult> {
  const options = resolveOptions(demoOptions, given)
  return onRuntime(options, hooks, (runtime, inner) => demonstrate(options, runtime, inner))
}

async function demonstrate(options: DemoOptions, { device }: RuntimeReport, hooks: Hooks): Promise<DemoResult> {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const out = demoFolder(options.out, 'demo')
  const size = isFast(device) ? FULL : REDUCED
  const takes = options.soundsPerClass ?? size.soundsPerClass
  const unseen = Math.max(1, Math.round(takes * UNSEEN_SHARE))
  const sounds = join(out, 'sounds')
  const why = size === REDUCED ? `: fewer, and a smaller network, as there is only the ${device} device` : ''
  hooks.note?.(
    `Making ${plural(takes * DEMO_LABELS.length, 'sound')} of ${plural(DEMO_LABELS.length, 'kind')} in ${sounds}${why}.`,
  )
  await makeSounds(sounds, takes, options.seed, hooks)
  const run = join(out, 'run')
  const result = await train({ ...trainingOf(options, size, unseen), data: sounds, out: run }, hooks)
  const summary = demoSummary(result)
  if (result.test === undefined) {
    const lines = ['Stopped before the model was trained.']
    return { ...summary, accuracy: Number.NaN, seconds: seconds(), recording: undefined, lines }
  }
  const file = join(out, 'recording.wav')
  const truth = await makeRecording(file, unseen, options.seed)
  const { predictions } = await predict([file], { model: run, events: true }, hooks)
  const [recording] = predictions
  const accuracy = accuracyOf(result.test.figures)
  const lines = [
    `Accuracy on ${plural(result.items.test, 'sound')} that it had not heard: ${formatPercent(accuracy)}`,
    `In a recording of ${plural(truth.length, 'such sound')} (${truth.join(', ')}) it hears:`,
    ...(recording?.events ?? []).map(
      ({ startSeconds, endSeconds, label, probability }) =>
        `  ${formatTimestamp(startSeconds)} - ${formatTimestamp(endSeconds)}  ${label} (${formatPercent(probability, 0)})`,
    ),
    `Time    ${formatDuration(seconds())} on ${device}`,
    `Report  ${summary.report}`,
    `Model   ${summary.model}`,
    `Try     npx weft-audio predict --model ${run} ${join(sounds, `${DEMO_LABELS[0]}_0.wav`)}`,
  ]
  return { ...summary, accuracy, seconds: seconds(), recording, lines }
}

/** Writes `takes` sounds of each kind. */
async function makeSounds(folder: string, takes: number, seed: number, { signal }: Hooks): Promise<void> {
  for (const label of DEMO_LABELS) {
    for (let take = 0; take < takes; take++) {
      signal?.throwIfAborted()
      writeFileAtomic(join(folder, `${label}_${take}.wav`), encodeWav(await demoSound(label, take, seed), DEMO_RATE_HZ))
    }
  }
}

/** The options of the training, of which the first `unseen` takes only test. */
function trainingOf({ epochs, seed, device, threads }: DemoOptions, size: Size, unseen: number): GivenTrainOptions {
  return {
    ...HEARING,
    ...size.train,
    ...(epochs !== undefined && { epochs }),
    testWhere: `take=0-${unseen - 1}`,
    seed,
    device,
    threads,
    cache: 'none',
  }
}

/** Writes unheard sounds one after another, with pauses; gives their labels in order. */
async function makeRecording(file: string, unseen: number, seed: number): Promise<string[]> {
  const random = new Random(seed, 'recording')
  const labels = random.shuffle([...DEMO_LABELS]).slice(0, RECORDED)
  const pause = new Float32Array(Math.round(0.8 * DEMO_RATE_HZ))
  const parts: Float32Array[] = [pause]
  for (const label of labels) parts.push(await demoSound(label, random.int(unseen), seed), pause)
  const joined = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  writeFileAtomic(file, encodeWav(joined, DEMO_RATE_HZ))
  return labels
}
