/**
 * A model that sees: the network together with everything that predicting needs (labels or alphabet, how images become its input, the
 * training part's mean and deviation, a reader's language model and words, how the data was read and divided). It is saved as a
 * TensorFlow.js model with a weft.json beside it. What a text is in its output is reader.ts's, training it train.ts's.
 */
import * as tf from '@tensorflow/tfjs-core'
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

/** Whose saved models these are. */
export const FORMAT: ModelFormat = { app: 'image-seq', version: 1 }

/** What a saved model remembers of the options that it was trained with. */
const rememberedOptions = {
  ...imageOptions,
  ...modelOptions,
  ...readingOptions,
  ...splitOptions,
  ...seedOption,
} as const
export type RememberedOptions = OptionsOf<typeof rememberedOptions>

/** What another model must share with one whose weights it takes over: how images are prepared and the network is built. */
const sharedOptions = { ...imageOptions, ...modelOptions } as const

/** What a model's outputs mean: classes, or symbols of texts. */
export type Meaning =
  | { readonly task: 'classify'; readonly labels: Labels }
  | {
      readonly task: 'read'
      readonly alphabet: Alphabet
      /** Of the training texts. */
      readonly languageModel: NgramModel
      /** Of the training texts, each once, sorted. */
      readonly words: readonly string[]
    }

/** What makes a model see as it was trained to. */
export interface ImageSpec {
  readonly meaning: Meaning
  /** Whether an item is a sequence of images. */
  readonly frames: boolean
  readonly height: number
  /** Null: any width. */
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

  /** The options that another model must share to take over this one's weights. */
  get shared(): OptionsOf<typeof sharedOptions> {
    return pickOptions(this.spec.options, sharedOptions)
  }

  /** How images are prepared for this model. */
  get imageOptions(): OptionsOf<typeof imageOptions> {
    return pickOptions(this.spec.options, imageOptions)
  }

  /**
   * What the network says of images, as the caller's tensor: probabilities [B, labels] or, of a reader, logits [B, T, symbols].
   */
  run(images: readonly PreparedItem[]): tf.Tensor {
    return tf.tidy(() => {
      const output = this.network.predictOnBatch(this.input.batch(images))
      if (!(output instanceof tf.Tensor)) throw new TypeError('the network gave no single tensor')
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
   * Loads the model of a run's folder, or of the model's own.
   *
   * @throws UserError when it is no model, or one of another application.
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
        `loading ${dir}: expected frames, height, width, channels and options in weft.json, received a file without one of them`,
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
    const remembered = resolveOptions(rememberedOptions, options, undefined, { doing: `loading ${dir}` })
    return new ImageModel(network, { meaning, frames, height, width, channels, normaliser, options: remembered })
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

/** The options of a run that its model must remember. */
export function remembered(options: RememberedOptions): RememberedOptions {
  return pickOptions(options, rememberedOptions)
}
