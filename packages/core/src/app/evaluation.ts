/**
 * The frame of every application's evaluation: which items are judged, how their list is read, what comes back. Running the model is the
 * application's.
 */
import type { LabelledFile } from '../data/read-items.js'
import { expected } from '../errors.js'
import type { RuntimeReport } from '../runtime/device.js'
import type { SkippedFile } from './inputs.js'
import type { JudgingOptions, LabelledFilesOptions, SplitOptions } from './options.js'
import { divide, type DrawOptions } from './parts.js'

/** What may be watched while a model is judged. */
export interface EvaluateHooks {
  /** Files that were prepared. */
  readonly onFiles?: (done: number, total: number) => void
  readonly onProgress?: (done: number, total: number) => void
  /** The command line, for the report. */
  readonly command?: string
}

/** What every application's evaluation gives, whatever it judges. */
export interface Evaluation<Judged, Model> {
  readonly judgement: Judged
  readonly model: Model
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  readonly runtime: RuntimeReport
  readonly seconds: number
  /** Where the report is, when one was asked for. */
  readonly report: string | undefined
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
  const judged = part === undefined ? items : divide(items, trained, drawing)[part]
  if (judged.length === 0)
    throw expected({
      doing: 'judging the model',
      want: 'at least 1 item',
      of: `the ${part ?? 'whole'} part of ${data}`,
      got: 0,
    })
  return judged
}

/** How labelled files are read: as told, and else as when the model was trained. */
export function readingAsTrained(told: LabelledFilesOptions, trained: LabelledFilesOptions): LabelledFilesOptions {
  const pick = <K extends keyof LabelledFilesOptions>(key: K): LabelledFilesOptions[K] => told[key] ?? trained[key]
  return {
    pattern: pick('pattern'),
    root: pick('root'),
    fileColumn: pick('fileColumn'),
    labelColumn: pick('labelColumn'),
    group: pick('group'),
  }
}
