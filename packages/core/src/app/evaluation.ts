/**
 * Evaluating a saved model, the same for every application: load, open the data, judge, write predictions.csv and report.html. How data is
 * read and the model run is the application's.
 */
import { join } from 'node:path'
import type { LabelledFile } from '../data/read-items.js'
import { expected } from '../errors.js'
import { writeFileAtomic } from '../files.js'
import type { RuntimeReport } from '../runtime/device.js'
import type { Hooks } from './hooks.js'
import type { SkippedFile } from './inputs.js'
import type { DeviceOptions, JudgingOptions, LabelledFilesOptions, SplitOptions } from './options.js'
import { divide, type DrawOptions } from './parts.js'
import type { ReportContent } from './report.js'
import { onRuntime } from './runner.js'

/** What every application's evaluation gives, whatever it judges. */
export interface Evaluation<Judgement, Model> {
  readonly judgement: Judgement
  readonly model: Model
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  readonly runtime: RuntimeReport
  readonly seconds: number
  /** Where the report is, when one was asked for. */
  readonly report: string | undefined
}

/** Data that is ready to be judged. */
export interface EvaluationData<Judgement> {
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  judge(): Promise<Judgement>
  /** The table predictions.csv, where there is one. */
  predictions?(judgement: Judgement): string
  /** Loads what draws the report, which nothing else needs. */
  report(): Promise<ReportContent<Judgement>>
  close?(): Promise<void>
}

/** How one application evaluates. */
export interface EvaluationRecipe<Options, Model, Judgement> {
  load(path: string): Promise<Model>
  /** Reads the data as the model needs it. */
  open(model: Model, options: Options, hooks: Hooks): Promise<EvaluationData<Judgement>>
}

/** Judges the model of `options.model`; with `options.out`, writes what came of it there. */
export async function evaluateModel<
  Options extends JudgingOptions & DeviceOptions & { readonly model: string },
  Model,
  Judgement extends { readonly items: { readonly length: number } },
>(
  { load, open }: EvaluationRecipe<Options, Model, Judgement>,
  options: Options,
  hooks: Hooks,
): Promise<Evaluation<Judgement, Model>> {
  const started = performance.now()
  return onRuntime({ ...options, purpose: 'predict' }, hooks, async (runtime, inner) => {
    const model = await load(options.model)
    const data = await open(model, options, inner)
    try {
      const judgement = await data.judge()
      const { skipped, warnings } = data
      const seconds = (performance.now() - started) / 1000
      const evaluation = { judgement, model, skipped, warnings, runtime, seconds }
      if (options.out === undefined) return { ...evaluation, report: undefined }
      const report = join(options.out, 'report.html')
      if (data.predictions) writeFileAtomic(join(options.out, 'predictions.csv'), data.predictions(judgement))
      const { writeEvaluationReport } = await import('./report.js')
      await writeEvaluationReport(report, evaluation, await data.report(), { options, command: hooks.command })
      return { ...evaluation, report }
    } finally {
      await data.close?.()
    }
  })
}

/**
 * The items to judge: all, or those of one part of the split that the model was trained with.
 *
 * @param trained How that split was made.
 * @throws UserError when there is none.
 */
export function itemsToJudge<Item extends LabelledFile>(
  items: readonly Item[],
  { part, data }: Pick<JudgingOptions, 'part'> & { readonly data: string },
  trained: SplitOptions,
  drawing: DrawOptions,
): readonly Item[] {
  const chosen = part === undefined ? items : divide(items, trained, drawing)[part]
  if (chosen.length === 0)
    throw expected({
      doing: 'judging the model',
      want: 'at least 1 item',
      of: `the ${part ?? 'whole'} part of ${data}`,
      got: 0,
    })
  return chosen
}

/** How labelled files are read: as the options say, by default as when the model was trained. */
export function readingAsTrained(options: LabelledFilesOptions, trained: LabelledFilesOptions): LabelledFilesOptions {
  const pick = <K extends keyof LabelledFilesOptions>(key: K): LabelledFilesOptions[K] => options[key] ?? trained[key]
  return {
    pattern: pick('pattern'),
    root: pick('root'),
    fileColumn: pick('fileColumn'),
    labelColumn: pick('labelColumn'),
    group: pick('group'),
  }
}
