/**
 * A model that hears: the network together with everything that predicting needs (labels, how sounds become its input, the training
 * part's mean and deviation, how the data was read and divided). It is saved as a TensorFlow.js model with a weft.json beside it.
 * Building the network from options is here too; training it is train.ts's.
 */
import * as tf from '@tensorflow/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { buildCrnn, saveModel } from '@weft/core/models'
import { expected, UserError } from '@weft/core/errors'
import { Labels, Normaliser } from '@weft/core/data'
import { labelsOfRow, loadSavedModel, type ModelFormat, pickOptions, seedOption, splitOptions } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { OptionsOf } from '@weft/core/cli'
import { fit } from './augment.js'
import { Spectrogram, type Frames, type SpectrogramOptions } from './features.js'
import { Finisher, type FinishOptions } from './finish.js'
import { featureOptions, modelOptions, readingOptions, type FeatureOptions } from './options.js'

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

/** What makes a model hear as it was trained to. */
export interface Hearing {
  readonly labels: Labels
  /** Several labels at once, each with its own probability, or exactly one. */
  readonly multiLabel: boolean
  /** Frames of a window. */
  readonly frames: number
  readonly normaliser: Normaliser
  readonly options: RememberedOptions
}

export function spectrogramOptions(options: FeatureOptions): SpectrogramOptions {
  const { sampleRateHz, windowMs, hopMs, fftSize, melBands, minHz, maxHz, preEmphasis, floorDb, descriptors } = options
  return {
    sampleRateHz,
    windowMs,
    hopMs,
    fftSize,
    melBands,
    minHz,
    maxHz,
    preEmphasis,
    floorDb,
    descriptors: descriptors as SpectrogramOptions['descriptors'],
  }
}

export function finishOptions({ features, melBands, coefficients, deltas, clipMean }: FeatureOptions): FinishOptions {
  return { features, melBands, coefficients, deltas, clipMean }
}

export class SoundModel {
  readonly network: tfl.LayersModel
  readonly hearing: Hearing
  readonly spectrogram: Spectrogram
  readonly #finisher: Finisher

  constructor(network: tfl.LayersModel, hearing: Hearing) {
    this.network = network
    this.hearing = hearing
    this.spectrogram = new Spectrogram(spectrogramOptions(hearing.options))
    this.#finisher = new Finisher(finishOptions(hearing.options), this.spectrogram.width, hearing.normaliser)
  }

  /** A model with new weights. */
  static create(hearing: Hearing): SoundModel {
    const { options, labels, multiLabel, frames } = hearing
    const { width } = new Spectrogram(spectrogramOptions(options))
    const shape = new Finisher(finishOptions(options), width).shape(frames)
    return new SoundModel(buildNetwork(options, shape, labels.size, multiLabel), hearing)
  }

  get labels(): Labels {
    return this.hearing.labels
  }

  get sampleRateHz(): number {
    return this.hearing.options.sampleRateHz
  }

  /** Length of a window. */
  get windowSeconds(): number {
    return this.spectrogram.samplesIn(this.hearing.frames) / this.sampleRateHz
  }

  /** The options that another model must share to take over this one's weights: how it hears and how it is built. */
  get shared(): OptionsOf<typeof featureOptions & typeof modelOptions> {
    return pickOptions(this.hearing.options, { ...featureOptions, ...modelOptions })
  }

  /** Shape [T, D, C] of the network's input. */
  get inputShape(): [number, number, number] {
    return this.#finisher.shape(this.hearing.frames)
  }

  /** The network's input [T, D, C], flat, made of frames of any number. */
  input(sound: Frames): Float32Array {
    const { frames, options } = this.hearing
    return this.#finisher.apply(sound.frames === frames ? sound : fit(sound, frames, options.melBands, options.floorDb))
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
    return labelsOfRow(probabilities, this.labels, this.hearing.multiLabel)
  }

  async save(dir: string): Promise<void> {
    const { labels, multiLabel, frames, normaliser, options } = this.hearing
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
    const hearing: Hearing = {
      labels: Labels.fromJson(extras.labels),
      multiLabel,
      frames,
      normaliser: Normaliser.fromJson(extras.normaliser),
      options: resolveOptions(rememberedOptions, options, undefined, { doing: `loading ${dir}` }),
    }
    const loaded = new SoundModel(network, hearing)
    const outputs = network.outputs[0]?.shape.at(-1)
    if (outputs !== hearing.labels.size) {
      throw expected({
        doing: `loading ${dir}`,
        want: `${outputs} labels, one for each output of the network`,
        of: 'labels in weft.json',
        got: hearing.labels.size,
      })
    }
    return loaded
  }
}

/** The options of a run that its model must remember. */
export function remembered(options: RememberedOptions): RememberedOptions {
  return pickOptions(options, rememberedOptions)
}

/**
 * The network that the options describe, with new weights.
 *
 * @param inputShape [T, D, C]
 */
function buildNetwork(
  options: OptionsOf<typeof modelOptions> & { readonly seed: number },
  inputShape: [number, number, number],
  labels: number,
  multiLabel: boolean,
): tfl.LayersModel {
  const { filters, poolTime, poolFrequency, kernelSize, convDropout, pooling } = options
  for (const [name, list] of Object.entries({ poolTime, poolFrequency })) {
    if (list.length !== filters.length) {
      throw expected({
        doing: 'building the network',
        want: `${filters.length} numbers, one for each of the filters,`,
        of: name,
        got: list.join(','),
      })
    }
  }
  const [frames, columns] = inputShape
  for (const [name, list, size] of [
    ['poolTime', poolTime, frames],
    ['poolFrequency', poolFrequency, columns],
  ] as const) {
    const pooled = list.reduce((product, pool) => product * pool, 1)
    if (pooled <= size) continue
    throw expected({
      doing: 'building the network',
      want: `pooling by at most ${size} together, as many as there are ${name === 'poolTime' ? 'frames' : 'bands or coefficients'},`,
      of: name,
      got: `${list.join(',')}, which is ${pooled}`,
      hint: 'Pool less, use fewer blocks (--filters), or take more frames or bands.',
    })
  }
  return buildCrnn({
    inputShape,
    convolutions: filters.map((count, block) => ({
      filters: count,
      kernelSize,
      pool: [poolTime[block] ?? 1, poolFrequency[block] ?? 1],
      dropout: convDropout,
    })),
    recurrent: {
      units: options.lstmUnits,
      layers: options.lstmLayers,
      bidirectional: options.bidirectional,
      dropout: options.lstmDropout,
    },
    pooling,
    head: { units: labels, activation: multiLabel ? 'sigmoid' : 'softmax', dropout: options.headDropout },
    seed: options.seed,
    name: 'audio_crnn',
  })
}
