/**
 * A model's weights as the training loop sees them: their variables in an order that freezing does not change, copies of their
 * values, which of them decay, and the moving average (EMA) of the trained ones. Files are written in `checkpoint.ts`.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { UserError } from '../errors.js'

/** A copy of one weight's values. */
export type Values = Float32Array | Int32Array

/** The variable behind a layer's weight. */
export function variableOf(weight: tfl.LayerVariable): tf.Variable {
  const value = weight.read()
  if (!(value instanceof tf.Variable)) throw new TypeError(`${weight.originalName} is no variable`)
  return value
}

/** All weights of a model, layer by layer; the order does not depend on which layers are frozen. */
export function allWeights(model: tfl.LayersModel): tfl.LayerVariable[] {
  return [...new Set(model.layers.flatMap((layer) => layer.weights))]
}

/** Whether weight decay and L1/L2 apply to a weight: to kernels and embeddings, not to biases and the scales of normalisation. */
export function decays(weight: tfl.LayerVariable): boolean {
  return weight.shape.length >= 2 && !/(bias|gamma|beta|moving_mean|moving_variance)$/.test(weight.originalName)
}

/** Copies a tensor's values; later updates of a variable do not change them. */
export function copyValues(tensor: tf.Tensor): Values {
  const values = tensor.dataSync()
  return values instanceof Int32Array ? values.slice() : Float32Array.from(values)
}

/** Sets a variable; the values are copied. */
export function setValues(variable: tf.Variable, values: Values): void {
  tf.tidy(() => variable.assign(tf.tensor(values.slice(), variable.shape, variable.dtype)))
}

/** Copies of all of a model's weights, in the order of `allWeights`. */
export function snapshot(model: tfl.LayersModel): Values[] {
  return allWeights(model).map((weight) => copyValues(variableOf(weight)))
}

/** Sets all of a model's weights to the values that `snapshot` returned. */
export function restoreSnapshot(model: tfl.LayersModel, values: readonly Values[]): void {
  allWeights(model).forEach((weight, i) => {
    const saved = values[i]
    if (saved) setValues(variableOf(weight), saved)
  })
}

/** Every layer of a model, or of an object with `layers`, including those inside others (wrappers, cells, nested models), each once. */
export function allLayers(model: Pick<tfl.LayersModel, 'layers'>): tfl.layers.Layer[] {
  const layers = new Set<tfl.layers.Layer>()
  const visit = (layer: tfl.layers.Layer) => {
    if (layers.has(layer)) return
    layers.add(layer)
    for (const key of ['layer', 'forwardLayer', 'backwardLayer', 'cell', 'cells', 'layers']) {
      const value: unknown = Reflect.get(layer, key)
      for (const inner of Array.isArray(value) ? value : [value]) if (isLayer(inner)) visit(inner)
    }
  }
  model.layers.forEach(visit)
  return [...layers]
}

function isLayer(value: unknown): value is tfl.layers.Layer {
  return (
    typeof value === 'object' && value !== null && 'call' in value && 'getClassName' in value && 'trainable' in value
  )
}

/**
 * Exponential moving average of weights: `average = d · average + (1 - d) · weight` after each update, where
 * `d = min(decay, (1 + updates) / (10 + updates))`, so that early averages forget the initial weights.
 */
export class MovingAverage {
  readonly #decay: number
  readonly #averages = new Map<tf.Variable, tf.Variable>()
  #swapped = false

  constructor(decay: number) {
    if (!(decay > 0 && decay < 1))
      throw new UserError(`setting up the training: expected a number in (0, 1) for emaDecay, received ${decay}`)
    this.#decay = decay
  }

  /** The average of a variable; starts as its present value. */
  of(variable: tf.Variable): tf.Variable {
    const existing = this.#averages.get(variable)
    if (existing) return existing
    const average = tf.tidy(() => tf.variable(tf.add(variable, 0), false))
    this.#averages.set(variable, average)
    return average
  }

  has(variable: tf.Variable): boolean {
    return this.#averages.has(variable)
  }

  /** Starts the averages of variables that have none yet. */
  begin(variables: readonly tf.Variable[]): void {
    for (const variable of variables) this.of(variable)
  }

  /** @param updates Updates made before this one. */
  update(variables: readonly tf.Variable[], updates: number): void {
    const decay = Math.min(this.#decay, (1 + updates) / (10 + updates))
    for (const variable of variables) {
      const average = this.of(variable)
      tf.tidy(() => average.assign(tf.add(tf.mul(average, decay), tf.mul(variable, 1 - decay))))
    }
  }

  /** Whether the model's weights are the averages now. */
  get swapped(): boolean {
    return this.#swapped
  }

  /** Exchanges the weights and their averages; a second call undoes it. */
  swap(): void {
    this.#swapped = !this.#swapped
    for (const [variable, average] of this.#averages) {
      tf.tidy(() => {
        const weight = tf.clone(variable)
        variable.assign(average)
        average.assign(weight)
      })
    }
  }

  dispose(): void {
    for (const average of this.#averages.values()) average.dispose()
    this.#averages.clear()
  }
}
