/**
 * The reports of training and evaluation: which figures, plots and examples show how well a model hears, right and wrong sounds with
 * their spectrograms and a player. Drawing and layout are core's.
 */
import { expected } from '@weft/core'
import type { EpochLog } from '@weft/core'
import { formatDuration, formatNumber, formatPercent, plural } from '@weft/core/cli'
import {
  classesSection,
  classScoresPlot,
  heatMapPng,
  metricsSection,
  probabilitiesSection,
  toDataUri,
  trainingSection,
  writeReport,
} from '@weft/core/report'
import type { Example, KeyFigure, Report, Section } from '@weft/core/report'
import { readSound } from './decode.js'
import { accuracyOf, type Evaluation, type Judgement } from './evaluate.js'
import type { FeatureStore } from './feature-store.js'
import type { SoundModel } from './model.js'
import type { TrainResult } from './train.js'
import { encodeWav } from './wav.js'

/** Examples shown of wrong and of right answers, and the longest sound that can be played. */
const WRONG_EXAMPLES = 9
const RIGHT_EXAMPLES = 6
const LONGEST_AUDIO_SECONDS = 10

export interface RunDescription {
  readonly history: readonly EpochLog[]
  readonly options: object
  readonly command: string | undefined
}

/** Writes the report of a training run. */
export async function writeRunReport(
  path: string,
  run: TrainResult,
  model: SoundModel,
  { history, options, command }: RunDescription,
  store: FeatureStore,
): Promise<void> {
  const judged = run.test ?? run.validation
  const part = run.test ? 'test' : 'validation'
  const summary: KeyFigure[] = [
    ...(judged ? judgementFigures(judged, part) : []),
    { label: 'Sounds', value: String(run.items.train + run.items.validation + run.items.test), note: partsNote(run) },
    {
      label: 'Training',
      value: formatDuration(run.seconds),
      note: `${plural(run.epochs, 'epoch')}, ${plural(run.parameters, 'weight')}`,
    },
  ]
  const report: Report = {
    kicker: 'Weft audio-events',
    title: 'Training report',
    subtitle: `${plural(run.labels.length, 'label')}: ${run.labels.slice(0, 12).join(', ')}${run.labels.length > 12 ? ', …' : ''}`,
    summary,
    sections: [
      trainingSection(history, { ...(run.bestEpoch !== undefined && { bestEpoch: run.bestEpoch }) }),
      ...(judged ? await judgementSections(judged, model, store) : []),
      ...leftOut(run),
    ],
    footer: {
      ...(command !== undefined && { command }),
      device: `${run.runtime.device}, ${plural(run.runtime.threads, 'thread')}`,
      duration: formatDuration(run.seconds),
      finished: new Date(),
      versions: run.runtime.versions,
      options,
    },
  }
  writeReport(path, report)
}

export interface EvaluationDescription extends Omit<Evaluation, 'report'> {
  readonly options: object
  readonly command: string | undefined
}

/** Writes the report of an evaluation. */
export async function writeEvaluationReport(
  path: string,
  evaluation: EvaluationDescription,
  store: FeatureStore,
): Promise<void> {
  const { judgement, model, runtime, seconds, options, command } = evaluation
  writeReport(path, {
    kicker: 'Weft audio-events',
    title: 'Evaluation report',
    subtitle: `${plural(judgement.items.length, 'sound')}, ${plural(model.labels.size, 'label')}`,
    summary: judgementFigures(judgement, 'these sounds'),
    sections: [...(await judgementSections(judgement, model, store)), ...leftOut(evaluation)],
    footer: {
      ...(command !== undefined && { command }),
      device: `${runtime.device}, ${plural(runtime.threads, 'thread')}`,
      duration: formatDuration(seconds),
      finished: new Date(),
      versions: runtime.versions,
      options,
    },
  })
}

function judgementFigures({ figures, items }: Judgement, part: string): KeyFigure[] {
  return [
    { label: 'Accuracy', value: formatPercent(accuracyOf(figures)), note: `${part}, ${plural(items.length, 'sound')}` },
    { label: 'Macro F1', value: formatNumber(figures.macro.f1, 3), note: 'every label counts the same' },
  ]
}

function partsNote({ items }: TrainResult): string {
  return `${items.train} train, ${items.validation} validate, ${items.test} test`
}

async function judgementSections(judgement: Judgement, model: SoundModel, store: FeatureStore): Promise<Section[]> {
  const { truth, probabilities, figures } = judgement
  const labels = model.labels.names
  const examples: Section = { title: 'Examples', examples: await pickExamples(judgement, model, store) }
  if ('confusion' in figures) {
    const results = { labels, truth, probabilities }
    return [classesSection(results), probabilitiesSection(results), examples]
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
    examples,
  ]
}

/** The wrong answers that the model was surest of, and right ones spread over the labels. */
async function pickExamples(judgement: Judgement, model: SoundModel, store: FeatureStore): Promise<Example[]> {
  const { items, probabilities } = judgement
  const { names } = model.labels
  const judged = items.map((item, at) => {
    const row = probabilities.subarray(at * names.length, (at + 1) * names.length)
    const predicted = model.labelsOf(row)
    return {
      item,
      row,
      predicted,
      right: predicted.join('\n') === [...item.labels].sort(byPlace(names)).join('\n'),
      sure: Math.max(...row),
    }
  })
  const wrong = judged
    .filter((one) => !one.right)
    .sort((a, b) => b.sure - a.sure)
    .slice(0, WRONG_EXAMPLES)
  const seen = new Set<string>()
  const right = judged.filter(({ item, right: isRight }) => {
    const label = item.labels.join('|')
    return isRight && !seen.has(label) && seen.add(label)
  })
  const chosen = [...wrong, ...right.slice(0, RIGHT_EXAMPLES)]
  return Promise.all(
    chosen.map(async ({ item, row, predicted, right: isRight }) => {
      const spectrogram = await store.get(item)
      const { melBands } = model.hearing.options
      const png = await heatMapPng(
        bandsOf(spectrogram.values, spectrogram.width, melBands),
        spectrogram.frames,
        melBands,
        { scale: 2 },
      )
      const { samples, sampleRateHz } = await readSound(item.path, model.sampleRateHz)
      const longest = LONGEST_AUDIO_SECONDS * sampleRateHz
      const wav = encodeWav(samples.subarray(0, longest), sampleRateHz)
      const ranked = names
        .map((label, c) => ({ label, probability: row[c] ?? 0 }))
        .sort((a, b) => b.probability - a.probability)
      return {
        truth: item.labels.join(', '),
        predicted: predicted.join(', ') || 'nothing',
        right: isRight,
        image: toDataUri(png),
        audio: `data:audio/wav;base64,${Buffer.from(wav).toString('base64')}`,
        caption: item.id,
        probabilities: ranked.slice(0, 3),
      }
    }),
  )
}

function byPlace(names: readonly string[]): (a: string, b: string) => number {
  return (a, b) => names.indexOf(a) - names.indexOf(b)
}

/** The mel bands of frames that may hold descriptors too. */
export function bandsOf(values: Float32Array, width: number, melBands: number): Float32Array {
  if (width < melBands) throw expected('taking mel bands', `at least ${melBands} values a frame`, 'width', width)
  if (width === melBands) return values
  const frames = values.length / width
  const bands = new Float32Array(frames * melBands)
  for (let t = 0; t < frames; t++) bands.set(values.subarray(t * width, t * width + melBands), t * melBands)
  return bands
}

/** Files that were not used or are odd, when there are any. */
function leftOut({ skipped, warnings }: Pick<TrainResult, 'skipped' | 'warnings'>): Section[] {
  if (skipped.length === 0 && warnings.length === 0) return []
  const rows = [...skipped.map(({ path, reason }) => [path, reason]), ...warnings.map((warning) => ['', warning])]
  return [
    {
      title: 'Files left out or odd',
      text: `${plural(skipped.length, 'file')} left out, ${plural(warnings.length, 'file')} used although odd.`,
      tables: [{ columns: [{ header: 'file' }, { header: 'what' }], rows: rows.slice(0, 50) }],
    },
  ]
}
