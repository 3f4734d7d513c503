/**
 * A model that hears: the network together with everything that predicting needs (labels, how sounds become its input, the training
 * part's mean and deviation, how the data was read and divided). It is saved as a TensorFlow.js model with a weft.json beside it. The
 * network is built in network.ts and trained in train.ts.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { labelsOfRow, loadSavedModel, type ModelFormat, pickOptions } from '@weft/core/app'
import { resolveOptions, type OptionsOf } from '@weft/core/cli'
import { Labels, Normaliser } from '@weft/core/data'
import { expected, UserError } from '@weft/core/errors'
import { saveModel } from '@weft/core/models'
import { seedOption, splitOptions } from '@weft/core/options'
import { cutOrPad, type Window } from './features/augment.js'
import { Finisher } from './features/finish.js'
import { Spectrogram, type Frames } from './features.js'
import { buildNetwork } from './network.js'
import { modelOptions } from './options/network.js'
import { featureOptions, readingOptions } from './options/sound.js'

/** Whose saved models these are. */
export const FORMAT: ModelFormat = { app: 'audio-events', version: 1 }

/** What a saved model remembers of the options that it was trained with. */
const rememberedOptions = {
  ...featureOptions,
  ...modelOptions,
  ...readingOptions,
  ...splitOptions,
  ...seedOption,
} as const
export type RememberedOptions = OptionsOf<typeof rememberedOptions>

/** What a model is besides its weights: labels, window, scaling and the options it was trained with. */
export interface SoundSpec {
  readonly labels: Labels
  /** Several labels at once, each with its own probability, or exactly one. */
  readonly multiLabel: boolean
  /** Frames of a window. */
  readonly frames: number
  readonly normaliser: Normaliser
  readonly options: RememberedOptions
}

export class SoundModel {
  readonly network: tfl.LayersModel
  readonly spec: SoundSpec
  readonly spectrogram: Spectrogram
  readonly #finisher: Finisher

  constructor(network: tfl.LayersModel, spec: SoundSpec) {
    this.network = network
    this.spec = spec
    this.spectrogram = new Spectrogram(spec.options)
    this.#finisher = new Finisher(spec.options, this.spectrogram.width, spec.normaliser)
  }

  /** A model with new weights. */
  static create(spec: SoundSpec): SoundModel {
    const { options, labels, multiLabel, frames } = spec
    const { width } = new Spectrogram(options)
    const shape = new Finisher(options, width).shape(frames)
    return new SoundModel(buildNetwork(options, shape, labels.size, multiLabel), spec)
  }

  get labels(): Labels {
    return this.spec.labels
  }

  get sampleRateHz(): number {
    return this.spec.options.sampleRateHz
  }

  /** What the network hears at once. */
  get window(): Window {
    const { frames, options } = this.spec
    return { frames, melBands: options.melBands, floorDb: options.floorDb }
  }

  get windowSeconds(): number {
    return this.spectrogram.samplesIn(this.spec.frames) / this.sampleRateHz
  }

  /** The options that another model must share to take over this one's weights: how it hears and how it is built. */
  get shared(): OptionsOf<typeof featureOptions & typeof modelOptions> {
    return pickOptions(this.spec.options, { ...featureOptions, ...modelOptions })
  }

  /** Shape [T, D, C] of the network's input. */
  get inputShape(): [number, number, number] {
    return this.#finisher.shape(this.spec.frames)
  }

  /** The network's input [T, D, C], flat, made of frames of any number. */
  input(sound: Frames): Float32Array {
    return this.#finisher.apply(sound.frames === this.spec.frames ? sound : cutOrPad(sound, this.window))
  }

  /**
   * Probabilities of the labels for each window.
   *
   * @param windows Spectrograms of the model's own number of frames, or of any other, which are then cut or padded.
   * @returns [windows, labels], flat.
   */
  predict(windows: readonly Frames[]): Float32Array {
    const shape = this.inputShape
    const size = shape[0] * shape[1] * shape[2]
    const x = new Float32Array(windows.length * size)
    windows.forEach((window, i) => x.set(this.input(window), i * size))
    return tf.tidy(() => {
      const y = this.network.predictOnBatch(tf.tensor4d(x, [windows.length, ...shape]))
      if (!(y instanceof tf.Tensor)) throw new TypeError('the network gave no single tensor')
      return Float32Array.from(y.dataSync())
    })
  }

  /** The labels that probabilities [labels] amount to: the likeliest, or with several labels all of at least one half. */
  labelsOf(probabilities: Float32Array): string[] {
    return labelsOfRow(probabilities, this.labels, this.spec.multiLabel)
  }

  async save(dir: string): Promise<void> {
    const { labels, multiLabel, frames, normaliser, options } = this.spec
    await saveModel(this.network, dir, {
      ...FORMAT,
      labels: labels.toJSON(),
      multiLabel,
      frames,
      normaliser: normaliser.toJSON(),
      options,
    })
  }

  /**
   * Loads the model of a run's folder, or of the model's own.
   *
   * @throws UserError when it is no model, or one of another application.
   */
  static async load(path: string): Promise<SoundModel> {
    const { dir, network, extras } = await loadSavedModel(path, FORMAT)
    const { frames, multiLabel, options } = extras
    if (
      typeof frames !== 'number' ||
      typeof multiLabel !== 'boolean' ||
      typeof options !== 'object' ||
      options === null
    ) {
      throw new UserError(
        `loading ${dir}: expected frames, multiLabel and options in weft.json, received a file without one of them`,
      )
    }
    const spec: SoundSpec = {
      labels: Labels.fromJson(extras.labels),
      multiLabel,
      frames,
      normaliser: Normaliser.fromJson(extras.normaliser),
      options: resolveOptions(rememberedOptions, options, undefined, { doing: `loading ${dir}` }),
    }
    const loaded = new SoundModel(network, spec)
    const outputs = network.outputs[0]?.shape.at(-1)
    if (outputs !== spec.labels.size) {
      throw expected({
        doing: `loading ${dir}`,
        want: `${outputs} labels, one for each output of the network`,
        of: 'labels in weft.json',
        got: spec.labels.size,
      })
    }
    return loaded
  }
}

/** The options of a run that its model must remember. */
export function remembered(options: RememberedOptions): RememberedOptions {
  return pickOptions(options, rememberedOptions)
}
