/**
 * The predictions of a saved model for image files: texts or classes. Worker threads decode images a few batches ahead of the network, so
 * that any number of files takes the memory of a few batches.
 */
import { basename, dirname, extname, join } from 'node:path'
import { expected } from '@weft/core/errors'
import { mapOrdered, WorkerPool } from '@weft/core/data'
import { writeFileAtomic } from '@weft/core/files'
import {
  isFolder,
  labelsOfRow,
  namedFiles,
  onRuntime,
  skippedFile,
  type Hooks,
  type Predictions,
  type SkippedFile,
} from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import type { ImageTaskMessage, PreparedItem } from './features/image-worker.js'
import { framesIn } from './data/items.js'
import { ImageModel } from './model.js'
import { predictOptions, type PredictOptions } from './options.js'
import type { ImageOptions } from './options/image.js'
import { type Places, readerOf, type TextReader, type TextReading } from './reading/reader.js'
import { IMAGE_EXTENSIONS } from './image/decode.js'
import type { ImageSource } from './image/image-source.js'

/** The answer of a classifier: the most probable label, and the probability of every label. */
export interface ClassAnswer {
  readonly label: string
  readonly probabilities: Readonly<Record<string, number>>
}

/** The answer for a file or a folder of frames: a text or a label. */
export type Prediction = {
  readonly file: string
  /** Pictures that explain the answer, with `explain`. */
  readonly pictures?: readonly string[]
  readonly warnings: readonly string[]
} & (TextReading | ClassAnswer)

export interface ImagePredictions extends Predictions<Prediction> {
  /** Time from the first file to the last answer, without loading the model. */
  readonly seconds: number
}

/** Up to this many files are decoded in this thread, since starting others takes longer. */
const FEW_FILES = 16
/** Batches to decode ahead. */
const BATCHES_AHEAD = 3

export interface PredictHooks extends Hooks {
  readonly onPrediction?: (prediction: Prediction) => void
}

/**
 * Predicts texts or classes of files and of all images in folders.
 *
 * @param paths Files and folders, which are searched recursively. For a model of sequences, each folder of images is a sequence.
 * @throws UserError when there are none or, with `strict` or for a single file, when one cannot be used.
 */
export async function predict(
  paths: readonly string[],
  given: GivenOptions<typeof predictOptions>,
  hooks: PredictHooks = {},
): Promise<ImagePredictions> {
  const options = resolveOptions(predictOptions, given)
  return onRuntime({ ...options, purpose: 'predict' }, hooks, async (runtime) => {
    const model = await ImageModel.load(options.model)
    const sources = model.spec.frames ? sequencesIn(paths) : imagesIn(paths)
    const started = performance.now()
    const answers = await answerAll(model, sources, options, hooks)
    return { ...answers, runtime, seconds: (performance.now() - started) / 1000 }
  })
}

async function answerAll(
  model: ImageModel,
  sources: readonly ImageSource[],
  options: PredictOptions,
  { onPrediction }: PredictHooks,
): Promise<Pick<ImagePredictions, 'predictions' | 'skipped'>> {
  const answerer = new Answerer(model, options)
  const few = sources.length <= FEW_FILES
  const pool = new WorkerPool<ImageTaskMessage, PreparedItem, ImageOptions>({
    module: new URL('./features/image-worker.js', import.meta.url),
    data: model.imageOptions,
    describe: ({ source }) => nameOf(source),
    ...(few ? { size: 0 } : options.workers !== undefined && { size: options.workers }),
  })
  const predictions: Prediction[] = []
  const skipped: SkippedFile[] = []
  const single = options.strict || sources.length === 1
  let batch: { file: string; image: PreparedItem }[] = []
  const answer = async () => {
    for (const prediction of await answerer.answer(batch)) {
      predictions.push(prediction)
      onPrediction?.(prediction)
    }
    batch = []
  }
  try {
    const results = mapOrdered(
      sources,
      async (source) => {
        try {
          return { source, image: await pool.run({ source }) }
        } catch (error) {
          return { source, error }
        }
      },
      { items: options.batchSize * BATCHES_AHEAD },
    )
    for await (const { source, image, error } of results) {
      if (image === undefined) {
        if (single) throw error
        skipped.push(skippedFile(nameOf(source), error))
      } else batch.push({ file: nameOf(source), image })
      if (batch.length === options.batchSize) await answer()
    }
    if (batch.length > 0) await answer()
  } finally {
    await pool.close()
  }
  return { predictions, skipped }
}

/** Answers for batches of prepared images. */
class Answerer {
  readonly #model: ImageModel
  readonly #reader: TextReader | undefined
  readonly #places: Places
  readonly #pictures: string | undefined
  readonly #names = new Map<string, number>()

  constructor(model: ImageModel, options: PredictOptions) {
    this.#model = model
    this.#reader = readerOf(model, options)
    this.#places = options.places
    this.#pictures = options.explain
  }

  async answer(batch: readonly { file: string; image: PreparedItem }[]): Promise<Prediction[]> {
    const images = batch.map(({ image }) => image)
    const answers = this.#reader ? this.#reader.read(images, this.#places) : this.#classify(images)
    const predictions: Prediction[] = []
    for (const [at, { file, image }] of batch.entries()) {
      const answer = answers[at]
      if (answer === undefined) throw new Error(`predicting ${file}: no answer`)
      const pictures =
        this.#pictures === undefined ? undefined : await this.#explain(file, image, answer, this.#pictures)
      predictions.push({ file, ...answer, warnings: image.warnings, ...(pictures && { pictures }) })
    }
    return predictions
  }

  #classify(images: readonly PreparedItem[]): ClassAnswer[] {
    const { labels } = this.#model
    const rows = this.#model.classify(images)
    return images.map((_, at) => {
      const row = rows.subarray(at * labels.size, (at + 1) * labels.size)
      const [label = ''] = labelsOfRow(row, labels, false)
      return { label, probabilities: Object.fromEntries(labels.names.map((name, c) => [name, row[c] ?? 0])) }
    })
  }

  /** Writes the pictures that explain an answer; returns their paths. */
  async #explain(
    file: string,
    image: PreparedItem,
    answer: TextReading | ClassAnswer,
    folder: string,
  ): Promise<string[]> {
    const stem = join(folder, this.#freeName(basename(file, extname(file))))
    const { explainClass, explainText } = await import('./report/explain.js')
    if (this.#reader) {
      const { svgFile } = await import('@weft/core/report')
      writeFileAtomic(`${stem}.svg`, svgFile(await explainText(this.#reader, image)))
      return [`${stem}.svg`]
    }
    const label = 'label' in answer ? answer.label : ''
    const { gradCam, occlusion } = await explainClass(this.#model, image, this.#model.labels.indexOf(label))
    writeFileAtomic(`${stem}.occlusion.png`, occlusion)
    if (gradCam === undefined) return [`${stem}.occlusion.png`]
    writeFileAtomic(`${stem}.grad-cam.png`, gradCam)
    return [`${stem}.grad-cam.png`, `${stem}.occlusion.png`]
  }

  /** Numbers files of the same name from several folders. */
  #freeName(name: string): string {
    const number = (this.#names.get(name) ?? 0) + 1
    this.#names.set(name, number)
    return number === 1 ? name : `${name}-${number}`
  }
}

function nameOf(source: ImageSource): string {
  return source.kind === 'frames' ? dirname(source.paths[0] ?? '') : source.path
}

function imagesIn(paths: readonly string[]): ImageSource[] {
  return namedFiles(paths, IMAGE_EXTENSIONS, 'image').map((path) => ({ kind: 'file', path }))
}

/** The folders that contain images, at any depth. */
function sequencesIn(paths: readonly string[]): ImageSource[] {
  const file = paths.find((path) => !isFolder(path))
  if (file !== undefined)
    throw expected({
      doing: 'predicting',
      want: 'a folder of images (the frames of a sequence)',
      of: 'FILES',
      got: file,
    })
  return [...new Set(namedFiles(paths, IMAGE_EXTENSIONS, 'image').map((path) => dirname(path)))].map(framesIn)
}
