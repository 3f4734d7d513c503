/**
 * The demonstration: makes images of short texts, trains a small reader on them, judges it by images that it has not seen, reads one and
 * shows from which columns each sign came. Needs neither data nor network; where the native device is missing it makes fewer images and
 * a smaller network.
 */
import { join } from 'node:path'
import { isFast, setupRuntime } from '@weft/core/runtime'
import { demoFolder, demoSummary, type DemoSummary, type TrainHooks } from '@weft/core/app'
import { formatDuration, formatPercent, plural } from '@weft/core/cli'
import type { DemoOptions, GivenTrainOptions } from './options.js'
import { predict, type Prediction } from './predict.js'
import { synthesise } from './synth/synth.js'
import { train } from './train.js'

export interface DemoResult extends DemoSummary {
  /** Share of texts that are right in every sign, of images that the model has not seen. */
  readonly exactMatch: number
  readonly cer: number
  readonly seconds: number
  readonly prediction: Prediction | undefined
  /** What happened, for people. */
  readonly lines: readonly string[]
}

/** How much is made and trained. */
interface Size {
  readonly images: number
  readonly train: GivenTrainOptions
}

const FULL: Size = { images: 2400, train: { epochs: 14 } }
/** For TensorFlow.js's own processor backend, a hundred times slower. */
const REDUCED: Size = {
  images: 240,
  train: { epochs: 12, height: 20, filters: [8, 16], denseUnits: 24, lstmUnits: [24], learningRate: 0.01 },
}

/** Images that only test, as a share. */
const UNSEEN_SHARE = 0.15

export async function runDemo(options: DemoOptions, hooks: TrainHooks): Promise<DemoResult> {
  const started = performance.now()
  const { seed } = options
  const out = demoFolder(options.out, 'demo-image')
  const runtime = await setupRuntime({ device: options.device, threads: options.threads })
  if (runtime.notice !== undefined) hooks.note?.(runtime.notice)
  const size = isFast(runtime.device) ? FULL : REDUCED
  const count = options.images ?? size.images
  const images = join(out, 'images')
  hooks.note?.(
    `Making ${plural(count, 'image')} of texts in ${images}${size === REDUCED ? `: fewer, and a smaller network, as there is only the ${runtime.device} device` : ''}.`,
  )
  await synthesise(
    { out: images, count, seed, style: 'mixed', alphabet: '0123456789', length: '3-7', height: 32 },
    { signal: hooks.signal, onProgress: hooks.onFiles },
  )
  const run = join(out, 'run')
  const result = await train(
    {
      preset: 'lines',
      ...size.train,
      ...(options.epochs !== undefined && { epochs: options.epochs }),
      testShare: UNSEEN_SHARE,
      validationShare: 0.05,
      data: images,
      out: run,
      seed,
      device: options.device,
      threads: options.threads,
    },
    hooks,
  )
  const summary = demoSummary(result)
  const { test } = result
  if (test?.task !== 'read') {
    const seconds = (performance.now() - started) / 1000
    const figures = { exactMatch: Number.NaN, cer: Number.NaN }
    const lines = ['Stopped before the model was trained.']
    return { ...summary, ...figures, seconds, prediction: undefined, lines }
  }
  const [unseen] = test.items
  const { predictions } = await predict([unseen?.path ?? images], {
    model: run,
    places: 'seen',
    explain: join(out, 'explained'),
    device: options.device,
    threads: options.threads,
  })
  const [prediction] = predictions
  const reading = prediction && 'text' in prediction ? prediction : { text: '', confidence: 0 }
  const { exactMatch, cer } = test.figures
  const seconds = (performance.now() - started) / 1000
  const lines = [
    `Of ${plural(summary.items, 'image')} that it had not seen it reads ${formatPercent(exactMatch)} right in every sign (character errors ${formatPercent(cer, 2)}).`,
    `In ${prediction?.file ?? ''} it reads "${reading.text}" (${formatPercent(reading.confidence)} sure; there stands "${unseen?.labels[0] ?? ''}").`,
    `Time    ${formatDuration(seconds)} on ${runtime.device}`,
    `Report  ${summary.report}`,
    `Columns ${prediction?.pictures?.[0] ?? ''}`,
    `Model   ${summary.model}`,
    `Try     npx weft-image predict --model ${run} ${prediction?.file ?? ''}`,
  ]
  return { ...summary, exactMatch, cer, seconds, prediction, lines }
}
