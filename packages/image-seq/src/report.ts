/**
 * What the reports of training and evaluation show of how well a model sees or reads: figures, plots, and right and wrong images with
 * what the answers came from. The frame of a report, drawing and layout are core's.
 */
import { calibration } from '@weft/core/metrics'
import { labelOf } from '@weft/core/data'
import { answersOf, likeliest } from '@weft/core/app'
import { classifierFigures, classifierSections, pickExamples, type ReportContent } from '@weft/core/app/report'
import { formatPercent, plural } from '@weft/core/cli'
import { encodePng, reliabilityPlot, toDataUri } from '@weft/core/report'
import { readingSection } from './report/reading-section.js'
import type { Example, Figure, KeyFigure, Section } from '@weft/core/report'
import { explainClass, explainText, hasConvolution } from './report/explain.js'
import { frameOf } from './features.js'
import type { ImageStore } from './features/image-store.js'
import type { PreparedItem } from './features/image-worker.js'
import type { ClassifyingJudgement, Judgement, ReadingJudgement } from './judge.js'
import { FORMAT, type ImageModel } from './model.js'
import { TextReader } from './reading/reader.js'

/** Readings that are shown column by column. */
const SHOWN_COLUMNS = 6
/** Labels or symbols that a title names. */
const NAMED_LABELS = 24

/** What is shown of a model and the images of the store. */
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
    return `${plural(names.length, 'label')}: ${names.slice(0, NAMED_LABELS).join(', ')}${names.length > NAMED_LABELS ? ', …' : ''}`
  }
  const { symbols } = meaning.alphabet
  const shown = symbols.slice(0, 3 * NAMED_LABELS).map((symbol) => (symbol === ' ' ? '␣' : symbol))
  return `texts of ${plural(symbols.length, 'symbol')}: ${shown.join(' ')}${symbols.length > shown.length ? ' …' : ''}`
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
    { label: 'Character errors', value: formatPercent(figures.cer, 2), note: 'edits over symbols (CER)' },
  ]
}

async function classificationSections(
  judgement: ClassifyingJudgement,
  model: ImageModel,
  store: ImageStore,
): Promise<Section[]> {
  const { labels } = model
  const examples: Example[] = []
  for (const { item, probabilities, predicted, right } of pickExamples(answersOf(judgement, labels, false))) {
    const label = predicted.join()
    const { gradCam, occlusion } = await explainClass(model, await store.get(item), labels.indexOf(label))
    examples.push({
      truth: labelOf(item),
      predicted: label,
      right,
      image: toDataUri(gradCam ?? occlusion),
      caption: item.id,
      probabilities: likeliest(probabilities, labels),
    })
  }
  const text = hasConvolution(model)
    ? 'The colours are Grad-CAM: where the last convolution found what speaks for the answer.'
    : 'The colours are occlusion: how much the score of the answer falls when a place is covered.'
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
      caption: `${item.id}, ${formatPercent(confidence)} sure`,
    })
    if (columns.length < SHOWN_COLUMNS) {
      const verdict = right ? `${text}, right.` : `${labelOf(item)}, taken for ${text || 'nothing'}.`
      columns.push({ svg: await explainText(reader, image), caption: `${verdict} ${item.id}`, wide: true })
    }
  }
  return [
    readingSection(texts),
    confidenceSection(answers),
    { title: 'Examples', examples },
    {
      title: 'Columns',
      text: 'What was read in each column of an image: the shades are probabilities, the signs below what was read, with how sure it is; the bars below the image are the columns that each came from.',
      figures: columns,
    },
  ]
}

/** Whether a text that is said to be right with 90 % is so nine times of ten. */
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
        caption: 'Reliability. Dots on the diagonal: texts are as often right as they are said to be.',
      },
    ],
  }
}

function pictureOf(image: PreparedItem): Promise<Uint8Array> {
  const { pixels, width, height } = frameOf(image)
  return encodePng(pixels, width, height)
}
