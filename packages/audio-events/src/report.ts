/**
 * What the reports of training and evaluation show of how well a model hears: figures, plots, and right and wrong sounds with their
 * spectrograms and a player. The frame of a report, drawing and layout are core's.
 */
import { expected } from '@weft/core/errors'
import { answersOf, likeliest, type Judgement } from '@weft/core/app'
import { classifierFigures, classifierSections, pickExamples, type ReportContent } from '@weft/core/app/report'
import { plural } from '@weft/core/cli'
import { heatMapPng, toDataUri } from '@weft/core/report'
import type { Example } from '@weft/core/report'
import { readSound } from './sound/decode.js'
import type { FeatureStore } from './features/feature-store.js'
import { FORMAT, type SoundModel } from './model.js'
import { encodeWav } from './sound/wav.js'

/** The longest sound that can be played. */
const LONGEST_AUDIO_SECONDS = 10
/** Labels that a title names. */
const NAMED_LABELS = 12

/** The report of a model and the sounds of the store. */
export function soundReport(model: SoundModel, store: FeatureStore): ReportContent<Judgement> {
  const { names } = model.labels
  return {
    app: FORMAT.app,
    noun: 'sound',
    subtitle: `${plural(names.length, 'label')}: ${names.slice(0, NAMED_LABELS).join(', ')}${names.length > NAMED_LABELS ? ', …' : ''}`,
    figures: (judgement, part) => classifierFigures(judgement, part, 'sound'),
    sections: async (judgement) => [
      ...classifierSections(judgement, names),
      { title: 'Examples', examples: await drawExamples(judgement, model, store) },
    ],
  }
}

function drawExamples(judgement: Judgement, model: SoundModel, store: FeatureStore): Promise<Example[]> {
  const { labels, multiLabel } = model.spec
  const { melBands } = model.spec.options
  return Promise.all(
    pickExamples(answersOf(judgement, labels, multiLabel)).map(async ({ item, probabilities, predicted, right }) => {
      const { values, width, frames } = await store.get(item)
      const png = await heatMapPng(bandsOf(values, width, melBands), frames, melBands, { scale: 2 })
      const { samples, sampleRateHz } = await readSound(item.path, model.sampleRateHz)
      const wav = encodeWav(samples.subarray(0, LONGEST_AUDIO_SECONDS * sampleRateHz), sampleRateHz)
      return {
        truth: item.labels.join(', '),
        predicted: predicted.join(', ') || 'nothing',
        right,
        image: toDataUri(png),
        audio: `data:audio/wav;base64,${Buffer.from(wav).toString('base64')}`,
        caption: item.id,
        probabilities: likeliest(probabilities, labels),
      }
    }),
  )
}

/** The mel bands of frames that may hold descriptors too. */
export function bandsOf(values: Float32Array, width: number, melBands: number): Float32Array {
  if (width < melBands)
    throw expected({ doing: 'taking mel bands', want: `at least ${melBands} values a frame`, of: 'width', got: width })
  if (width === melBands) return values
  const frames = values.length / width
  const bands = new Float32Array(frames * melBands)
  for (let t = 0; t < frames; t++) bands.set(values.subarray(t * width, t * width + melBands), t * melBands)
  return bands
}
