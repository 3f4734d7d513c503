/**
 * How good a model is on labelled sounds: all that `data` holds, or one part of the split that the model was trained with. The
 * figures are core's; here the sounds are found, run through the model and matched with their labels.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  expected,
  setupRuntime,
  summariseClassification,
  summariseMultilabel,
  UserError,
  writeFileAtomic,
} from '@weft/core'
import type { ClassificationSummary, LabelledFile, MultilabelSummary, RuntimeReport } from '@weft/core'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { readSounds, splitSounds } from './data.js'
import { FeatureStore, type SkippedFile } from './feature-store.js'
import { SoundModel, spectrogramOptions } from './model.js'
import { evaluateOptions, type EvaluateOptions, type ReadingOptions } from './options.js'
import { writeEvaluationReport } from './report.js'

/** What a model said of labelled sounds. */
export interface Judgement {
  readonly items: readonly LabelledFile[]
  /** Single label: class of each item [N]. Several: 0 or 1, [N, labels]. */
  readonly truth: Float32Array
  /** [N, labels] */
  readonly probabilities: Float32Array
  readonly figures: ClassificationSummary | MultilabelSummary
}

/** Share of sounds whose labels are exactly right. */
export function accuracyOf(figures: Judgement['figures']): number {
  return ('accuracy' in figures ? figures.accuracy : figures.subsetAccuracy) ?? Number.NaN
}

/** Runs the model over sounds whose frames the store has. */
export async function judgeSounds(
  model: SoundModel,
  items: readonly LabelledFile[],
  store: FeatureStore,
  batchSize: number,
  onProgress?: (done: number, total: number) => void,
): Promise<Judgement> {
  const { labels, hearing } = model
  const truth = new Float32Array(hearing.multiLabel ? items.length * labels.size : items.length)
  const probabilities = new Float32Array(items.length * labels.size)
  items.forEach((item, at) => {
    for (const label of item.labels) {
      if (!labels.has(label)) throw unknownLabel(label, item, model)
      const c = labels.indexOf(label)
      if (hearing.multiLabel) truth[at * labels.size + c] = 1
      else truth[at] = c
    }
  })
  for (let at = 0; at < items.length; at += batchSize) {
    const batch = await Promise.all(items.slice(at, at + batchSize).map((item) => store.get(item)))
    probabilities.set(model.predict(batch), at * labels.size)
    onProgress?.(Math.min(at + batchSize, items.length), items.length)
  }
  const summarise = hearing.multiLabel ? summariseMultilabel : summariseClassification
  return { items, truth, probabilities, figures: summarise(truth, probabilities, labels.names) }
}

function unknownLabel(label: string, item: LabelledFile, model: SoundModel): UserError {
  const { names } = model.labels
  const some = names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')
  return expected(
    'judging the model',
    `one of the model's labels (${some})`,
    item.id,
    label,
    'The data is labelled for another model. To teach a model new labels: train --init MODEL.',
  )
}

export interface EvaluateHooks {
  readonly onFeatures?: (done: number, total: number) => void
  readonly onProgress?: (done: number, total: number) => void
  readonly command?: string
}

export interface Evaluation {
  readonly judgement: Judgement
  readonly model: SoundModel
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  readonly runtime: RuntimeReport
  readonly seconds: number
  /** Where the report is, when one was asked for. */
  readonly report: string | undefined
}

/**
 * Judges a saved model.
 *
 * @throws UserError when a label is none of the model's, or no sound can be used.
 */
export async function evaluate(
  given: GivenOptions<typeof evaluateOptions>,
  hooks: EvaluateHooks = {},
): Promise<Evaluation> {
  const started = performance.now()
  const options = resolveOptions(evaluateOptions, given)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads, purpose: 'predict' })
  const model = await SoundModel.load(options.model)
  const { multiLabel, options: trained } = model.hearing
  const found = readSounds(options.data, readingAsTrained(options, trained))
  if (options.strict && found.skipped[0]) {
    const { path, reason } = found.skipped[0]
    throw new UserError(
      `reading ${options.data}: ${path}: ${reason}`,
      'Without --strict such files are left out and counted.',
    )
  }
  const items =
    options.part === undefined
      ? found.items
      : splitSounds(found.items, trained, trained.seed, multiLabel)[options.part].flatMap((at) => found.items[at] ?? [])
  if (items.length === 0) {
    throw expected('judging the model', 'at least 1 sound', `the ${options.part ?? 'whole'} part of ${options.data}`, 0)
  }
  const store = await FeatureStore.prepare(items, {
    settings: { spectrogram: spectrogramOptions(trained), trimDb: trained.trimDb },
    cache: options.cache,
    workers: options.workers,
    strict: options.strict,
    onProgress: hooks.onFeatures,
  })
  try {
    const judgement = await judgeSounds(model, store.items, store, options.batchSize, hooks.onProgress)
    const evaluation = {
      judgement,
      model,
      skipped: [...found.skipped, ...store.skipped],
      warnings: store.warnings,
      runtime,
      seconds: (performance.now() - started) / 1000,
    }
    let report: string | undefined
    if (options.out !== undefined) {
      if (!existsSync(options.out)) mkdirSync(options.out, { recursive: true })
      report = join(options.out, 'report.html')
      writeFileAtomic(join(options.out, 'predictions.csv'), predictionsCsv(judgement, model))
      await writeEvaluationReport(report, { ...evaluation, options, command: hooks.command }, store)
    }
    return { ...evaluation, report }
  } finally {
    await store.close()
  }
}

/** How the data is read: as told, and else as when the model was trained, when that fits what `data` is. */
function readingAsTrained(options: EvaluateOptions, trained: ReadingOptions): ReadingOptions {
  const pick = <K extends keyof ReadingOptions>(key: K): ReadingOptions[K] => options[key] ?? trained[key]
  return {
    dataset: pick('dataset'),
    pattern: pick('pattern'),
    root: pick('root'),
    fileColumn: pick('fileColumn'),
    labelColumn: pick('labelColumn'),
    labelSeparator: pick('labelSeparator'),
    group: pick('group'),
    fold: pick('fold'),
  }
}

/** A line for each sound: its labels, what was predicted, all probabilities. */
export function predictionsCsv({ items, probabilities }: Judgement, model: SoundModel): string {
  const { names } = model.labels
  const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const rows = items.map((item, at) => {
    const row = probabilities.subarray(at * names.length, (at + 1) * names.length)
    const predicted = model.labelsOf(row).join('|')
    return [item.id, item.labels.join('|'), predicted, ...Array.from(row, (p) => p.toFixed(6))].map(cell).join(',')
  })
  return `${[['file', 'truth', 'predicted', ...names].map(cell).join(','), ...rows].join('\n')}\n`
}
