/**
 * A model: the network together with everything that prediction needs (labels or alphabet, options of preparing images, mean and deviation
 * of the training part, language model and words of a reader, how the data was read and divided). It is saved as a TensorFlow.js model
 * with a weft.json beside it. reading/reader.ts turns its output into texts, train.ts trains it.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { Alphabet, Labels, Normaliser } from '@weft/core/data'
import { expected, UserError } from '@weft/core/errors'
import { saveModel } from '@weft/core/models'
import { seedOption, splitOptions } from '@weft/core/options'
import { loadSavedModel, type ModelFormat, pickOptions } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { OptionsOf } from '@weft/core/cli'
import { NgramModel } from '@weft/kernels'
import { ImageInput } from './features.js'
import type { PreparedItem } from './features/image-worker.js'
import { buildNetwork } from './network.js'
import { readingOptions } from './options/data.js'
import { imageOptions } from './options/image.js'
import { modelOptions } from './options/network.js'

/** The format of saved models. */
export const FORMAT: ModelFormat = { app: 'image-seq', version: 1 }

/** The training options that a saved model contains. */
const rememberedOptions = {
  ...imageOptions,
  ...modelOptions,
  ...readingOptions,
  ...splitOptions,
  ...seedOption,
} as const
export type RememberedOptions = OptionsOf<typeof rememberedOptions>

/** Options that a model shares with the one whose weights it starts from: preparing images and building the network. */
const sharedOptions = { ...imageOptions, ...modelOptions } as const

/** What the outputs of a model mean: classes, or symbols of texts. */
export type Meaning =
  | { readonly task: 'classify'; readonly labels: Labels }
  | {
      readonly task: 'read'
      readonly alphabet: Alphabet
      /** Of the training texts. */
      readonly languageModel: NgramModel
      /** The different words of the training texts, sorted. */
      readonly words: readonly string[]
    }

/** Everything but the network that a model consists of. */
export interface ImageSpec {
  readonly meaning: Meaning
  /** Whether an item is a sequence of images. */
  readonly frames: boolean
  readonly height: number
  /** Null for any width. */
  readonly width: number | null
  readonly channels: 1 | 3
  readonly normaliser: Normaliser
  readonly options: RememberedOptions
}

export class ImageModel {
  readonly network: tfl.LayersModel
  readonly spec: ImageSpec
  readonly input: ImageInput

  constructor(network: tfl.LayersModel, spec: ImageSpec) {
    this.network = network
    this.spec = spec
    this.input = new ImageInput(spec.normaliser, spec.channels, spec.frames)
  }

  /** A model with new weights. */
  static create(spec: ImageSpec): ImageModel {
    const { meaning, options } = spec
    const outputs = outputsOf(meaning)
    return new ImageModel(buildNetwork(options, { ...spec, task: meaning.task, outputs }), spec)
  }

  /** The classes of a classifier. @throws UserError for a reader. */
  get labels(): Labels {
    const { meaning } = this.spec
    if (meaning.task === 'classify') return meaning.labels
    throw new UserError('naming classes: expected a model that classifies, received one that reads texts')
  }

  /** The options that another model must share to start from the weights of this one. */
  get shared(): OptionsOf<typeof sharedOptions> {
    return pickOptions(this.spec.options, sharedOptions)
  }

  /** How images are prepared for this model. */
  get imageOptions(): OptionsOf<typeof imageOptions> {
    return pickOptions(this.spec.options, imageOptions)
  }

  /**
   * The output of the network for images: probabilities [B, labels] or, for a reader, logits [B, T, symbols]. The caller disposes of it.
   */
  run(images: readonly PreparedItem[]): tf.Tensor {
    return tf.tidy(() => {
      const output = this.network.predictOnBatch(this.input.batch(images))
      if (!(output instanceof tf.Tensor)) throw new TypeError('the network does not have a single output')
      return output
    })
  }

  /** Probabilities [images, labels] of a classifier, flat. */
  classify(images: readonly PreparedItem[]): Float32Array {
    const output = this.run(images)
    const probabilities = Float32Array.from(output.dataSync())
    output.dispose()
    return probabilities
  }

  async save(dir: string): Promise<void> {
    const { meaning, frames, height, width, channels, normaliser, options } = this.spec
    await saveModel(this.network, dir, {
      ...FORMAT,
      ...(meaning.task === 'classify'
        ? { task: meaning.task, labels: meaning.labels.toJSON() }
        : {
            task: meaning.task,
            alphabet: meaning.alphabet.toJSON(),
            languageModel: meaning.languageModel.toJSON(),
            words: meaning.words,
          }),
      frames,
      height,
      width,
      channels,
      normaliser: normaliser.toJSON(),
      options,
    })
  }

  /**
   * Loads a model from its folder or that of its run.
   *
   * @throws UserError when it is not a model, or one of another application.
   */
  static async load(path: string): Promise<ImageModel> {
    const { dir, network, extras } = await loadSavedModel(path, FORMAT)
    const { frames, height, width, channels, options } = extras
    const isSize = (size: unknown): size is number => typeof size === 'number' && Number.isInteger(size) && size > 0
    if (
      typeof frames !== 'boolean' ||
      !isSize(height) ||
      !(width === null || isSize(width)) ||
      !(channels === 1 || channels === 3) ||
      typeof options !== 'object' ||
      options === null
    ) {
      throw new UserError(
        `loading ${dir}: expected frames, height, width, channels and options in weft.json, received a file that lacks one of them`,
      )
    }
    const meaning = meaningOf(extras, dir)
    const outputs = network.outputs[0]?.shape.at(-1)
    if (outputs !== outputsOf(meaning))
      throw expected({
        doing: `loading ${dir}`,
        want: `names for ${outputs} outputs of the network`,
        of: 'weft.json',
        got: outputsOf(meaning),
      })
    const normaliser = Normaliser.fromJson(extras['normaliser'])
    const saved = resolveOptions(rememberedOptions, options, undefined, { doing: `loading ${dir}` })
    return new ImageModel(network, { meaning, frames, height, width, channels, normaliser, options: saved })
  }
}

function outputsOf(meaning: Meaning): number {
  return meaning.task === 'classify' ? meaning.labels.size : meaning.alphabet.size
}

function meaningOf(extras: Readonly<Record<string, unknown>>, dir: string): Meaning {
  const { task, words, languageModel } = extras
  if (task === 'classify') return { task, labels: Labels.fromJson(extras['labels']) }
  const isWords = Array.isArray(words) && words.every((word) => typeof word === 'string')
  if (task !== 'read' || !isWords || !isNgramJson(languageModel))
    throw new UserError(
      `loading ${dir}: expected a task with labels, or with alphabet, languageModel and words, in weft.json`,
    )
  const alphabet = Alphabet.fromJson(extras['alphabet'])
  return { task, alphabet, languageModel: NgramModel.fromJSON(languageModel), words }
}

function isNgramJson(json: unknown): json is ReturnType<NgramModel['toJSON']> {
  return typeof json === 'object' && json !== null && 'classes' in json && 'order' in json && 'counts' in json
}

/** The options of a run to save with its model. */
export function optionsToSave(options: RememberedOptions): RememberedOptions {
  return pickOptions(options, rememberedOptions)
}
