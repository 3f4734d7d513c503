/**
 * The parts that all applications' reports have: what was trained on, where the numbers come from, which files were skipped, how well a
 * classifier does. Drawing and layout are in report/, pictures of examples in the application.
 */
import { formatCount, formatDuration, formatNumber, formatPercent, plural } from '../cli/format.js'
import type { LabelledFile } from '../data/read-items.js'
import { classScoresPlot } from '../report/class-plots.js'
import { type Footer, type KeyFigure, type Section, writeReport } from '../report/report.js'
import { classesSection, metricsSection, probabilitiesSection, trainingSection } from '../report/sections.js'
import type { RuntimeReport } from '../runtime/device.js'
import type { EpochLog } from '../training/callbacks.js'
import type { Evaluation, RunResult, RunSummary } from './results.js'
import type { SkippedFile } from './inputs.js'
import { accuracyOf, type Judgement as Classification } from './judgement.js'

/** Examples shown of wrong and of right answers. */
const WRONG_EXAMPLES = 9
const RIGHT_EXAMPLES = 6
/** Skipped files that are listed. */
const LISTED_FILES = 50

/** What an application's report shows of a judgement. */
export interface ReportContent<Judgement> {
  /** The package, such as `audio-events`. */
  readonly app: string
  /** What an item is, such as `sound`. */
  readonly noun: string
  /** What kind of model it is. */
  readonly subtitle: string
  /** @param part What was judged, in words. */
  figures(judgement: Judgement, part: string): KeyFigure[]
  /** The result in a few sentences; a report with one shows results before how the training went. */
  verdict?(judgement: Judgement): string[]
  sections(judgement: Judgement): Promise<Section[]>
}

/** Where a report's numbers come from. */
export interface ReportSource {
  readonly options: object
  readonly command: string | undefined
}

/** Writes the report of a training run. */
export async function writeRunReport<Judgement>(
  path: string,
  run: RunResult<Judgement>,
  content: ReportContent<Judgement>,
  { epochs, ...source }: ReportSource & { readonly epochs: readonly EpochLog[] },
): Promise<void> {
  const judgement = run.test ?? run.validation
  const part = run.test === undefined ? 'validation' : 'test'
  const training = trainingSection(epochs, { ...(run.bestEpoch !== undefined && { bestEpoch: run.bestEpoch }) })
  const results = judgement ? await content.sections(judgement) : []
  writeReport(path, {
    kicker: `Weft ${content.app}`,
    title: 'Training report',
    subtitle: content.subtitle,
    ...(judgement && content.verdict && { verdict: content.verdict(judgement) }),
    summary: [...(judgement ? content.figures(judgement, part) : []), ...runFigures(run, content.noun)],
    sections: [...(content.verdict ? [...results, training] : [training, ...results]), ...skippedSections(run)],
    footer: reportFooter(run, source),
  })
}

/** Writes the report of an evaluation. */
export async function writeEvaluationReport<Judgement extends { readonly items: { readonly length: number } }>(
  path: string,
  evaluation: Omit<Evaluation<Judgement, object>, 'model' | 'report'>,
  content: ReportContent<Judgement>,
  source: ReportSource,
): Promise<void> {
  const { judgement } = evaluation
  writeReport(path, {
    kicker: `Weft ${content.app}`,
    title: 'Evaluation report',
    subtitle: `${plural(judgement.items.length, content.noun)}, ${content.subtitle}`,
    ...(content.verdict && { verdict: content.verdict(judgement) }),
    summary: content.figures(judgement, `these ${content.noun}s`),
    sections: [...(await content.sections(judgement)), ...skippedSections(evaluation)],
    footer: reportFooter(evaluation, source),
  })
}

/** The footer of a report: how its numbers came to be. */
export function reportFooter(
  { runtime, seconds }: { readonly runtime: RuntimeReport; readonly seconds: number },
  { options, command }: ReportSource,
): Footer {
  return {
    ...(command !== undefined && { command }),
    device: `${runtime.device}, ${plural(runtime.threads, 'thread')}`,
    duration: formatDuration(seconds),
    finished: new Date(),
    versions: runtime.versions,
    options,
  }
}

/** Items and parts, time and size of a training run. */
function runFigures(run: RunSummary, noun: string): KeyFigure[] {
  const { train, validation, test } = run.items
  return [
    {
      label: `${noun.charAt(0).toUpperCase()}${noun.slice(1)}s`,
      value: formatCount(train + validation + test),
      note: `${formatCount(train)} train, ${formatCount(validation)} validate, ${formatCount(test)} test`,
    },
    {
      label: 'Training',
      value: formatDuration(run.seconds),
      note: `${plural(run.epochs, 'epoch')}, ${plural(run.parameters, 'weight')}`,
    },
  ]
}

export function classifierFigures({ figures, items }: Classification, part: string, noun: string): KeyFigure[] {
  return [
    { label: 'Accuracy', value: formatPercent(accuracyOf(figures)), note: `${part}, ${plural(items.length, noun)}` },
    { label: 'Macro F1', value: formatNumber(figures.macro.f1, 3), note: 'every label counts the same' },
  ]
}

/** How well each label is recognised, and whether the probabilities mean what they say. */
export function classifierSections(
  { truth, probabilities, figures }: Classification,
  labels: readonly string[],
): Section[] {
  if ('confusion' in figures) {
    const results = { labels, truth, probabilities }
    return [classesSection(results), probabilitiesSection(results)]
  }
  const { macro, micro, meanAveragePrecision, subsetAccuracy } = figures
  return [
    {
      title: 'Labels',
      figures: [
        {
          svg: classScoresPlot(figures.byLabel, labels),
          caption: 'Scores by label. Each label is a question of its own.',
        },
      ],
    },
    metricsSection({
      'macro F1': macro.f1,
      'micro F1': micro.f1,
      'mean average precision': meanAveragePrecision ?? Number.NaN,
      'all labels right': subsetAccuracy ?? Number.NaN,
    }),
  ]
}

/** An answer of which an example may be content. */
export interface Answer<Item extends LabelledFile> {
  readonly item: Item
  readonly right: boolean
  /** The probability that the model gave it. */
  readonly confidence: number
}

/** The wrong answers that the model was surest of, and right ones spread over the labels. */
export function pickExamples<Item extends LabelledFile, A extends Answer<Item>>(answers: readonly A[]): A[] {
  const wrong = answers.filter((one) => !one.right).sort((a, b) => b.confidence - a.confidence)
  const shown = new Set<string>()
  const right = answers.filter(({ item, right: isRight }) => {
    const label = item.labels.join('|')
    return isRight && !shown.has(label) && shown.add(label)
  })
  return [...wrong.slice(0, WRONG_EXAMPLES), ...right.slice(0, RIGHT_EXAMPLES)]
}

/** Files that were skipped or used with warnings, when there are any. */
function skippedSections({
  skipped,
  warnings,
}: {
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
}): Section[] {
  if (skipped.length === 0 && warnings.length === 0) return []
  const rows = [...skipped.map(({ path, reason }) => [path, reason]), ...warnings.map((warning) => ['', warning])]
  return [
    {
      title: 'Skipped files and warnings',
      text: `${plural(skipped.length, 'file')} skipped, ${plural(warnings.length, 'file')} used with warnings.`,
      tables: [{ columns: [{ header: 'file' }, { header: 'what' }], rows: rows.slice(0, LISTED_FILES) }],
    },
  ]
}
