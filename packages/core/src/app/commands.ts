/**
 * What the applications' command lines have in common: training as a person sees it on the terminal, files that were left out, and how
 * a run ends. What is printed of results is the application's.
 */
import type { CommandContext } from '../cli/command.js'
import { plural } from '../cli/format.js'
import { formatTable } from '../cli/table.js'
import { TrainingProgress } from '../cli/training-progress.js'
import { expected } from '../errors.js'
import type { ClassificationSummary, MultilabelSummary } from '../metrics/summary.js'
import type { Evaluation } from './evaluation.js'
import type { SkippedFile } from './inputs.js'
import type { JudgingOptions } from './options.js'
import type { RunResult, RunSummary, TrainHooks } from './run.js'

/** Files left out that are named one by one. */
const NAMED_FILES = 5

/** Training as a person sees it on the terminal; `end` is to be called when it is over, however it ends. */
export function trainHooks(context: CommandContext, noun: string): { hooks: TrainHooks; end: () => void } {
  const shown = new TrainingProgress(context.progress)
  const hooks: TrainHooks = {
    signal: context.signal,
    command: context.commandLine,
    note: (line) => context.note(line),
    onFiles: fileBar(context, noun),
    onProgress: (progress) => shown.batch(progress),
    onEpoch: (log, run) => shown.onEpochEnd(log, run),
  }
  return { hooks, end: () => shown.end() }
}

/** A bar for decoding and preparing, removed when the last file is done. */
export function fileBar({ progress }: CommandContext, noun: string): (done: number, total: number) => void {
  let bar: ReturnType<typeof progress.start> | undefined
  return (done, total) => {
    bar ??= progress.start('files', total, `${noun}s`)
    bar.update(done)
    if (done < total) return
    bar.end()
    bar = undefined
  }
}

/** Says which files were left out, and which are odd. */
export function noteLeftOut(
  { skipped, warnings }: { skipped: readonly SkippedFile[]; warnings: readonly string[] },
  context: CommandContext,
): void {
  noteSome(
    `${plural(skipped.length, 'file')} left out`,
    skipped.map(({ path, reason }) => (reason.includes(path) ? reason : `${path}: ${reason}`)),
    context,
  )
  noteSome(`${plural(warnings.length, 'file')} used although odd`, warnings, context)
}

function noteSome(title: string, lines: readonly string[], context: CommandContext): void {
  if (lines.length === 0) return
  context.warn(`${title}:`)
  for (const line of lines.slice(0, NAMED_FILES)) context.note(`  ${line}`)
  if (lines.length > NAMED_FILES) context.note(`  and ${lines.length - NAMED_FILES} more`)
}

/** What is said of a run that was interrupted. */
export function stoppedText({ epochs }: Pick<RunSummary, 'epochs'>, { commandLine }: CommandContext): string {
  const again = commandLine.includes('--resume') ? commandLine : `${commandLine} --resume`
  return `Stopped after ${plural(epochs, 'epoch')}; nothing is lost. Go on with:\n  ${again}`
}

/** A run as JSON prints it. */
export function runJson<Judged>(
  { validation, test, runtime, ...rest }: RunResult<Judged>,
  judged: (judgement: Judged) => object,
): object {
  return {
    ...rest,
    device: runtime.device,
    ...(validation && { validation: judged(validation) }),
    ...(test && { test: judged(test) }),
  }
}

/** An evaluation as JSON prints it. */
export function evaluationJson<Judged>(
  { judgement, skipped, warnings, runtime, seconds, report }: Evaluation<Judged, unknown>,
  { part }: Pick<JudgingOptions, 'part'>,
  judged: (judgement: Judged) => object,
): object {
  return { ...judged(judgement), part: part ?? 'all', skipped, warnings, device: runtime.device, seconds, report }
}

/** How well each label is recognised, as a table. */
export function labelTable({ byLabel }: ClassificationSummary | MultilabelSummary, noun: string): string {
  const shown = (score: number | string) => (typeof score === 'number' ? score.toFixed(3) : score)
  return formatTable(
    [
      { header: 'label' },
      ...[`${noun}s`, 'precision', 'recall', 'F1'].map((header) => ({ header, align: 'right' as const })),
    ],
    byLabel.map(({ label, support, precision, recall, f1 }) => [
      label,
      support,
      shown(precision),
      shown(recall),
      shown(f1),
    ]),
  )
}

/** What a command is to judge: what `--data` names, then its arguments. */
export function namedInputs(
  { data }: { readonly data?: string | undefined },
  { args }: CommandContext,
  noun: string,
): string[] {
  const named = data === undefined ? [...args] : [data, ...args]
  if (named.length === 0)
    throw expected({
      doing: 'predicting',
      want: `a file or a folder of ${noun}s`,
      of: '--data or an argument',
      got: 'neither',
    })
  return named
}

/** What is odd about files that were judged, a line each. */
export function oddities(
  predictions: readonly { readonly file: string; readonly warnings: readonly string[] }[],
): string[] {
  return predictions.flatMap(({ file, warnings }) => warnings.map((warning) => `${file}: ${warning}`))
}
