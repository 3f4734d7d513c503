/**
 * A look inside a model while it runs: the output of a layer, and the gradient of a score with respect to it. The model itself runs,
 * whatever its graph, with its own masks; only the `call` of the layer is replaced, for one run, to add an offset to its output. At an
 * offset of zero the gradient with respect to the offset is that with respect to the activation. TensorFlow.js offers no other way:
 * `model.execute` accepts no inner tensors, and a model made from an inner tensor loses the masks before it.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'
import { maskOf } from '../layers/masks.js'
import { type CallOptions, single, type Tensors } from '../layers/stock.js'

/**
 * What to explain, as one number per item: the score of a class (`classScore`), of a reading (`spansScore`, `textScore`), or any other.
 *
 * Shapes: the (first) output of the model [B, …] → [B].
 */
export type Score = (output: tf.Tensor) => tf.Tensor

/** Calls `run` while `layer` returns `change(…)` in place of its output. */
function whileChanged<Result>(
  layer: tfl.layers.Layer,
  change: (output: tf.Tensor, inputs: Tensors, options: CallOptions) => tf.Tensor,
  run: () => Result,
): Result {
  const doing = `looking into layer ${layer.name}`
  const call = layer.call.bind(layer)
  let calls = 0
  // An own property hides the method of the class until it is deleted.
  layer.call = (inputs: Tensors, options) => {
    calls++
    if (calls > 1)
      throw expected({ doing, want: 'a single run', of: 'the layer', got: 'a model that uses it more than once' })
    return change(single(call(inputs, options)), inputs, options)
  }
  try {
    const result = run()
    if (calls === 0)
      throw expected({ doing, want: 'a single run', of: 'the layer', got: 'a model that does not run it' })
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

/** The output of `layer` for `x` when the model predicts. For a layer within TimeDistributed, steps are part of the batch. */
export function layerActivation(model: tfl.LayersModel, x: tf.Tensor, layer: tfl.layers.Layer): tf.Tensor {
  return tf.tidy(() => {
    const outputs: tf.Tensor[] = []
    whileChanged(
      layer,
      (output) => {
        // Kept, as the scope of the model would dispose of it.
        outputs.push(tf.keep(tf.clone(output)))
        return output
      },
      () => outputOf(model, x),
    )
    const activation = tf.concat(outputs)
    tf.dispose(outputs)
    return activation
  })
}

/** The input of a layer [B, T, …], and its mask [B, T] where steps are padding. */
export interface LayerInput {
  readonly input: tf.Tensor
  readonly mask: tf.Tensor | null
}

/**
 * Calls `run`, which runs the model of `layer` once, and returns its result with the input of the layer. The caller disposes of the
 * tensors.
 *
 * @throws UserError when the model runs the layer more than once, or never.
 */
export function captureInput<Result>(layer: tfl.layers.Layer, run: () => Result): LayerInput & { result: Result } {
  const captures: LayerInput[] = []
  try {
    const result = whileChanged(
      layer,
      (output, inputs, options) => {
        // Kept, as the scope of the model would dispose of it.
        const input = tf.keep(tf.clone(single(inputs)))
        const mask = maskOf(layer.name, input, options.mask)
        captures.push({ input, mask: mask && tf.keep(tf.clone(mask)) })
        return output
      },
      run,
    )
    const [only] = captures
    if (only === undefined) throw new Error(`looking into layer ${layer.name}: it did not run`)
    return { ...only, result }
  } catch (error) {
    for (const { input, mask } of captures) tf.dispose(mask ? [input, mask] : input)
    throw error
  }
}

/** The (first) output of the model when `offset` is added to the output of `layer`; differentiable in `offset`. */
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

/** The output of a layer, and the gradient of the summed score with respect to it; both of the same shape. */
export interface LayerGradient {
  activation: tf.Tensor
  gradient: tf.Tensor
}

/**
 * The activation of `layer` for `x`, and the gradient of the score, summed over the items, with respect to it. The model runs twice.
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
