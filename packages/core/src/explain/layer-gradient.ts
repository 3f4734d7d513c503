/**
 * A look inside a model while it runs: what a layer gives, and the gradient of a score with respect to it. The model itself runs,
 * whatever its graph, with its own masks; only the layer's `call` is lent for the length of one call to add an offset to what it gives. At an
 * offset of zero the gradient with respect to the offset is that with respect to the activation. TensorFlow.js's own means do not serve:
 * `model.execute` takes no inner tensors, and a model made from an inner tensor loses the masks before it.
 */
import * as tf from '@tensorflow/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'
import { maskOf } from '../layers/masks.js'
import { type CallOptions, single, type Tensors } from '../layers/stock.js'

/**
 * What is to be explained, as a number an item: of a class (`classScore`), of what was read (`spansScore`, `textScore`), or any other.
 *
 * Shapes: the model's (first) output [B, …] → [B].
 */
export type Score = (output: tf.Tensor) => tf.Tensor

/** Runs `run` while `layer` gives `change(…)` of what it would for what it is given. */
function whileChanged<Result>(
  layer: tfl.layers.Layer,
  change: (output: tf.Tensor, inputs: Tensors, options: CallOptions) => tf.Tensor,
  run: () => Result,
): Result {
  const doing = `looking into layer ${layer.name}`
  const call = layer.call.bind(layer)
  let calls = 0
  // An own property hides the class's method until it is deleted.
  layer.call = (inputs: Tensors, options) => {
    calls++
    if (calls > 1)
      throw expected({ doing, want: 'a layer that runs once', of: 'the layer', got: 'one that the model uses again' })
    return change(single(call(inputs, options)), inputs, options)
  }
  try {
    const result = run()
    if (calls === 0)
      throw expected({ doing, want: 'a layer of the model', of: 'the layer', got: 'one that it does not run' })
    return result
  } finally {
    Reflect.deleteProperty(layer, 'call')
  }
}

const outputOf = (model: tfl.LayersModel, x: tf.Tensor): tf.Tensor => {
  const output = model.apply(x, { training: false })
  const first = Array.isArray(output) ? output[0] : output
  if (!(first instanceof tf.Tensor))
    throw expected({ doing: 'running a model', want: 'a tensor', of: 'the output', got: typeof first })
  return first
}

/** What `layer` gives for `x` when the model predicts. A layer within TimeDistributed has the steps in its batch. */
export function layerActivation(model: tfl.LayersModel, x: tf.Tensor, layer: tfl.layers.Layer): tf.Tensor {
  return tf.tidy(() => {
    const seen: tf.Tensor[] = []
    whileChanged(
      layer,
      (output) => {
        // Kept beyond the model's own scope.
        seen.push(tf.keep(tf.clone(output)))
        return output
      },
      () => outputOf(model, x),
    )
    const activation = tf.concat(seen)
    tf.dispose(seen)
    return activation
  })
}

/** What a layer was given: its input [B, T, …] and, where steps are padding, the mask [B, T]. */
export interface LayerInput {
  readonly input: tf.Tensor
  readonly mask: tf.Tensor | null
}

/**
 * What `layer` is given in `run`, which runs its model once, beside what that gives. The tensors are the caller's to dispose of.
 *
 * @throws UserError when the model runs the layer more than once, or never.
 */
export function whileWatched<Result>(layer: tfl.layers.Layer, run: () => Result): LayerInput & { result: Result } {
  const seen: LayerInput[] = []
  try {
    const result = whileChanged(
      layer,
      (output, inputs, options) => {
        // Kept beyond the model's own scope.
        const input = tf.keep(tf.clone(single(inputs)))
        const mask = maskOf(layer.name, input, options.mask)
        seen.push({ input, mask: mask && tf.keep(tf.clone(mask)) })
        return output
      },
      run,
    )
    const [only] = seen
    if (only === undefined) throw new Error(`looking into layer ${layer.name}: it did not run`)
    return { ...only, result }
  } catch (error) {
    for (const { input, mask } of seen) tf.dispose(mask ? [input, mask] : input)
    throw error
  }
}

/** The model's (first) output when `offset` is added to what `layer` gives; differentiable in `offset`. */
export function runWithOffset(
  model: tfl.LayersModel,
  x: tf.Tensor,
  layer: tfl.layers.Layer,
  offset: tf.Tensor,
): tf.Tensor {
  return tf.tidy(() =>
    whileChanged(
      layer,
      (output) => tf.add(output, offset),
      () => outputOf(model, x),
    ),
  )
}

/** What a layer gives, and how the score of all items together changes with it; both of the same shape. */
export interface LayerGradient {
  activation: tf.Tensor
  gradient: tf.Tensor
}

/**
 * The activation of `layer` for `x`, and the gradient of the score's sum over the items with respect to it. The model runs twice.
 *
 * @throws UserError when the model runs the layer more than once, or never.
 */
export function layerGradient(
  model: tfl.LayersModel,
  x: tf.Tensor,
  layer: tfl.layers.Layer,
  score: Score,
): LayerGradient {
  const activation = layerActivation(model, x, layer)
  const gradient = tf.tidy(() => {
    const total = (offset: tf.Tensor) => tf.sum(score(runWithOffset(model, x, layer, offset)))
    return tf.grad(total)(tf.zerosLike(activation))
  })
  return { activation, gradient }
}
