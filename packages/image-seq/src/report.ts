/**
 * The content of the reports of training and evaluation: metrics, plots, and right and wrong images with explanations of the answers. The
 * frame of a report, drawing and layout are in @weft/core.
 */
import { calibration } from '@weft/core/metrics'
import { labelOf } from '@weft/core/data'
import { answersOf, likeliest } from '@weft/core/app'
import { classifierFigures, classifierSections, pickExamples, type ReportContent } from '@weft/core/app/report'
import { formatPercent, plural } from '@weft/core/cli'
import { encodePng, reliabilityPlot, toDataUri } from '@weft/core/report'
import { readingSection } from './report/reading-section.js'
import type { Example, Figure, KeyFigure, Section } from '@weft/core/report'
import { classPicture, explainText, hasConvolution } from './report/explain.js'
import { frameOf } from './features.js'
import type { ImageStore } from './features/image-store.js'
import type { PreparedItem } from './features/image-worker.js'
import type { ClassifyingJudgement, Judgement, ReadingJudgement } from './judge.js'
import { FORMAT, type ImageModel } from './model.js'
import { TextReader } from './reading/reader.js'

/** Readings to explain column by column. */
const MOST_COLUMN_FIGURES = 6
/** How many labels a subtitle lists; of symbols three times as many. */
const MOST_LABELS = 24

/** The content of the report of a model on the images of the store. */
export function imageReport(model: ImageModel, store: ImageStore): ReportContent<Judgement> {
  return {
    app: FORMAT.app,
    noun: 'image',
    subtitle: subtitle(model),
    figures: judgementFigures,
    sections: (judgement) =>
      judgement.task === 'classify'
        ? classificationSections(judgement, model, store)
        : textSections(judgement, model, store),
  }
}

function subtitle({ spec: { meaning } }: ImageModel): string {
  if (meaning.task === 'classify') {
    const { names } = meaning.labels
    return `${plural(names.length, 'label')}: ${names.slice(0, MOST_LABELS).join(', ')}${names.length > MOST_LABELS ? ', …' : ''}`
  }
  const { symbols } = meaning.alphabet
  const first = symbols.slice(0, 3 * MOST_LABELS).map((symbol) => (symbol === ' ' ? '␣' : symbol))
  return `texts of ${plural(symbols.length, 'symbol')}: ${first.join(' ')}${symbols.length > first.length ? ' …' : ''}`
}

function judgementFigures(judgement: Judgement, part: string): KeyFigure[] {
  if (judgement.task === 'classify') return classifierFigures(judgement, part, 'image')
  const { figures, items } = judgement
  return [
    {
      label: 'Exact match',
      value: formatPercent(figures.exactMatch),
      note: `${part}, ${plural(items.length, 'text')}`,
    },
    { label: 'Character errors', value: formatPercent(figures.cer, 2), note: 'edits per symbol (CER)' },
  ]
}

async function classificationSections(
  judgement: ClassifyingJudgement,
  model: ImageModel,
  store: ImageStore,
): Promise<Section[]> {
  const { labels } = model
  const method = hasConvolution(model) ? 'gradCam' : 'occlusion'
  const examples: Example[] = []
  for (const { item, probabilities, predicted, right } of pickExamples(answersOf(judgement, labels, false))) {
    const label = predicted.join()
    const picture = await classPicture(model, await store.get(item), labels.indexOf(label), method)
    examples.push({
      truth: labelOf(item),
      predicted: label,
      right,
      image: toDataUri(picture),
      caption: item.id,
      probabilities: likeliest(probabilities, labels),
    })
  }
  const text =
    method === 'gradCam'
      ? 'The colours are Grad-CAM: where the last convolution found evidence for the answer.'
      : 'The colours are occlusion: how much the score of the answer drops when a place is covered.'
  return [...classifierSections(judgement, labels.names), { title: 'Examples', text, examples }]
}

async function textSections(judgement: ReadingJudgement, model: ImageModel, store: ImageStore): Promise<Section[]> {
  const { items, readings, figures } = judgement
  const texts = { references: items.map(labelOf), readings: readings.map(({ text }) => text), scores: figures }
  const answers = items.map((item, at) => {
    const { text = '', confidence = 0 } = readings[at] ?? {}
    return { item, text, confidence, right: text === labelOf(item) }
  })
  const reader = TextReader.withDefaults(model)
  const examples: Example[] = []
  const columns: Figure[] = []
  for (const { item, text, confidence, right } of pickExamples(answers)) {
    const image = await store.get(item)
    examples.push({
      truth: labelOf(item),
      predicted: text,
      right,
      image: toDataUri(await pictureOf(image)),
      caption: `${item.id}, confidence ${formatPercent(confidence)}`,
    })
    if (columns.length < MOST_COLUMN_FIGURES) {
      const verdict = right ? `${text}, right.` : `${labelOf(item)}, read as ${text || 'nothing'}.`
      columns.push({ svg: await explainText(reader, image), caption: `${verdict} ${item.id}`, wide: true })
    }
  }
  return [
    readingSection(texts),
    confidenceSection(answers),
    { title: 'Examples', examples },
    {
      title: 'Columns',
      text: 'What was read in each column of an image. Shades are probabilities; below them are the symbols that were read, with their confidence. Bars below the image mark the columns that each symbol came from.',
      figures: columns,
    },
  ]
}

/** Whether texts with a confidence of 90 % are right nine times out of ten. */
function confidenceSection(answers: readonly { right: boolean; confidence: number }[]): Section {
  // As a question with two answers: is the text right?
  const truth = answers.map(({ right }) => (right ? 1 : 0))
  const probabilities = answers.flatMap(({ confidence }) => [1 - confidence, confidence])
  const { bins, expectedError } = calibration(truth, probabilities, 2, 10)
  return {
    title: 'Confidence',
    figures: [
      {
        svg: reliabilityPlot(bins, Number.isNaN(expectedError) ? {} : { expectedError }),
        caption: 'Reliability. On the diagonal, the confidence of texts matches the share of them that is right.',
      },
    ],
  }
}

function pictureOf(image: PreparedItem): Promise<Uint8Array> {
  const { pixels, width, height } = frameOf(image)
  return encodePng(pixels, width, height)
}
