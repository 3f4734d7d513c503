/**
 * What the applications' command lines have in common: work as a person sees it on the terminal, files that were skipped, and how a run
 * ends. What is printed of results is the application's.
 */
import type { CommandContext } from '../cli/command.js'
import { plural } from '../cli/format.js'
import { formatTable } from '../cli/table.js'
import { TrainingProgress } from '../cli/training-progress.js'
import { expected } from '../errors.js'
import type { ClassificationSummary, MultilabelSummary } from '../metrics/summary.js'
import type { Evaluation, RunResult, RunSummary } from './results.js'
import type { SkippedFile } from './inputs.js'
import type { JudgingOptions } from './options.js'
import type { Hooks } from './hooks.js'

/** Skipped files that are named one by one. */
const NAMED_FILES = 5

/**
 * Runs `work` as a person sees it on the terminal: bars for files, items and epochs, a line for each epoch, notes and warnings.
 *
 * The signal of Ctrl-C is not among the hooks: work that can be stopped and resumed adds `context.signal`, and Ctrl-C ends the rest at
 * once.
 *
 * @param noun What an item is, such as `sound`.
 */
export async function withProgress<Result>(
  context: CommandContext,
  noun: string,
  work: (hooks: Hooks) => Promise<Result>,
): Promise<Result> {
  const training = new TrainingProgress(context.progress)
  const bar = fileBar(context, noun)
  try {
    return await work({
      command: context.commandLine,
      note: (line) => context.note(line),
      warn: (line) => context.warn(line),
      onFiles: bar,
      onItems: bar,
      onProgress: (progress) => training.batch(progress),
      onEpoch: (log, run) => training.onEpochEnd(log, run),
    })
  } finally {
    training.end()
  }
}

/** A bar for decoding and preparing, removed when the last file is done. */
function fileBar({ progress }: CommandContext, noun: string): (done: number, total: number) => void {
  let bar: ReturnType<typeof progress.start> | undefined
  return (done, total) => {
    bar ??= progress.start('files', total, `${noun}s`)
    bar.update(done)
    if (done < total) return
    bar.end()
    bar = undefined
  }
}

/** Says which files were skipped, and which were used with warnings. */
export function noteSkipped(
  { skipped, warnings }: { skipped: readonly SkippedFile[]; warnings: readonly string[] },
  context: CommandContext,
): void {
  noteSome(
    `${plural(skipped.length, 'file')} skipped`,
    skipped.map(({ path, reason }) => (reason.includes(path) ? reason : `${path}: ${reason}`)),
    context,
  )
  noteSome(`${plural(warnings.length, 'file')} used with warnings`, warnings, context)
}

function noteSome(title: string, lines: readonly string[], context: CommandContext): void {
  if (lines.length === 0) return
  context.warn(`${title}:`)
  for (const line of lines.slice(0, NAMED_FILES)) context.note(`  ${line}`)
  if (lines.length > NAMED_FILES) context.note(`  and ${lines.length - NAMED_FILES} more`)
}

/** How to go on with a run that was interrupted. */
export function stoppedText({ epochs }: Pick<RunSummary, 'epochs'>, { commandLine }: CommandContext): string {
  const again = commandLine.includes('--resume') ? commandLine : `${commandLine} --resume`
  return `Stopped after ${plural(epochs, 'epoch')}; nothing is lost. Go on with:\n  ${again}`
}

/** A run as JSON prints it. */
export function runJson<Judgement>(
  { validation, test, runtime, ...rest }: RunResult<Judgement>,
  toJson: (judgement: Judgement) => object,
): object {
  return {
    ...rest,
    device: runtime.device,
    ...(validation && { validation: toJson(validation) }),
    ...(test && { test: toJson(test) }),
  }
}

/** An evaluation as JSON prints it. */
export function evaluationJson<Judgement>(
  { judgement, skipped, warnings, runtime, seconds, report }: Evaluation<Judgement, unknown>,
  { part }: Partial<Pick<JudgingOptions, 'part'>>,
  toJson: (judgement: Judgement) => object,
): object {
  return { ...toJson(judgement), part: part ?? 'all', skipped, warnings, device: runtime.device, seconds, report }
}

/** How well each label is recognised, as a table. */
export function labelTable({ byLabel }: ClassificationSummary | MultilabelSummary, noun: string): string {
  const cell = (score: number | string) => (typeof score === 'number' ? score.toFixed(3) : score)
  return formatTable(
    [
      { header: 'label' },
      ...[`${noun}s`, 'precision', 'recall', 'F1'].map((header) => ({ header, align: 'right' as const })),
    ],
    byLabel.map(({ label, support, precision, recall, f1 }) => [
      label,
      support,
      cell(precision),
      cell(recall),
      cell(f1),
    ]),
  )
}

/** The inputs of a command: what `--data` names, then its arguments. */
export function namedInputs(
  { data }: { readonly data?: string | undefined },
  { args }: CommandContext,
  noun: string,
): string[] {
  const inputs = data === undefined ? [...args] : [data, ...args]
  if (inputs.length === 0)
    throw expected({
      doing: 'predicting',
      want: `a file or a folder of ${noun}s`,
      of: '--data or an argument',
      got: 'neither',
    })
  return inputs
}

/** The warnings about files that were judged, a line each. */
export function warningsOf(
  predictions: readonly { readonly file: string; readonly warnings: readonly string[] }[],
): string[] {
  return predictions.flatMap(({ file, warnings }) => warnings.map((warning) => `${file}: ${warning}`))
}
