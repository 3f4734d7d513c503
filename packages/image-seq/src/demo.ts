/**
 * The demonstration: makes images of short texts, trains a small reader on them, evaluates it on images that it has not seen, reads one and
 * shows from which columns each symbol came. It needs neither data nor internet access; without the native device it makes fewer images
 * and a smaller network.
 */
import { join } from 'node:path'
import { isFast, type RuntimeReport } from '@weft/core/runtime'
import { demoFolder, demoSummary, onRuntime, type DemoSummary, type Hooks } from '@weft/core/app'
import { formatDuration, formatPercent, plural, resolveOptions, type GivenOptions } from '@weft/core/cli'
import { demoOptions, type DemoOptions, type GivenTrainOptions } from './options.js'
import { predict, type Prediction } from './predict.js'
import { synthesise } from './synth/synth.js'
import { train } from './train.js'

export interface DemoResult extends DemoSummary {
  /** Share of unseen images read without a mistake. */
  readonly exactMatch: number
  readonly cer: number
  readonly seconds: number
  readonly prediction: Prediction | undefined
  /** The summary, as printed. */
  readonly lines: readonly string[]
}

/** Number of images, and training options. */
interface Size {
  readonly images: number
  readonly train: GivenTrainOptions
}

const FULL: Size = { images: 2400, train: { epochs: 14 } }
/** For the plain JavaScript backend of TensorFlow.js, which is a hundred times slower. */
const REDUCED: Size = {
  images: 240,
  train: { epochs: 12, height: 20, filters: [8, 16], denseUnits: 24, lstmUnits: [24], learningRate: 0.01 },
}

/** Share of the images used for testing only. */
const UNSEEN_SHARE = 0.15

export async function runDemo(given: GivenOptions<typeof demoOptions>, hooks: Hooks): Promise<DemoResult> {
  const options = resolveOptions(demoOptions, given)
  return onRuntime(options, hooks, (runtime, inner) => demonstrate(options, runtime, inner))
}

async function demonstrate(options: DemoOptions, { device }: RuntimeReport, hooks: Hooks): Promise<DemoResult> {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const { seed, epochs, threads } = options
  const out = demoFolder(options.out, 'demo-image')
  const size = isFast(device) ? FULL : REDUCED
  const count = options.images ?? size.images
  const images = join(out, 'images')
  const why = size === REDUCED ? `: fewer, and a smaller network, because only the ${device} device is available` : ''
  hooks.note?.(`Making ${plural(count, 'image')} of texts in ${images}${why}.`)
  await synthesise(
    { out: images, count, seed, style: 'mixed', alphabet: '0123456789', length: '3-7', height: 32 },
    { signal: hooks.signal, onProgress: hooks.onFiles },
  )
  const run = join(out, 'run')
  const training = { preset: 'lines', ...size.train, ...(epochs !== undefined && { epochs }) }
  const parts = { testShare: UNSEEN_SHARE, validationShare: 0.05 }
  const rest = { device: options.device, threads, seed, data: images, out: run }
  const result = await train({ ...training, ...parts, ...rest }, hooks)
  const summary = demoSummary(result)
  const { test } = result
  if (test?.task !== 'read') {
    const figures = { exactMatch: Number.NaN, cer: Number.NaN }
    const lines = ['Stopped before the model was trained.']
    return { ...summary, ...figures, seconds: seconds(), prediction: undefined, lines }
  }
  const [unseen] = test.items
  const explain = join(out, 'explained')
  const { predictions } = await predict([unseen?.path ?? images], { model: run, places: 'seen', explain }, hooks)
  const [prediction] = predictions
  const reading = prediction && 'text' in prediction ? prediction : { text: '', confidence: 0 }
  const { exactMatch, cer } = test.figures
  const lines = [
    `It reads ${formatPercent(exactMatch)} of ${plural(summary.items, 'unseen image')} without a mistake (character errors ${formatPercent(cer, 2)}).`,
    `In ${prediction?.file ?? ''} it reads "${reading.text}" (confidence ${formatPercent(reading.confidence)}); the text is "${unseen?.labels[0] ?? ''}".`,
    `Time    ${formatDuration(seconds())} on ${device}`,
    `Report  ${summary.report}`,
    `Columns ${prediction?.pictures?.[0] ?? ''}`,
    `Model   ${summary.model}`,
    `Try     npx weft-image predict --model ${run} ${prediction?.file ?? ''}`,
  ]
  return { ...summary, exactMatch, cer, seconds: seconds(), prediction, lines }
}
