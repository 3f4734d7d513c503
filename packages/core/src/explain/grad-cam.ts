/**
 * Grad-CAM: where in an image the last convolution found what speaks for an answer. Its channels are added up, each weighted by the mean
 * gradient of the answer's score with respect to it, and what is below 0 is left out. The map is as coarse as that convolution's
 * output; when everything speaks against the answer it is 0 everywhere. Selvaraju et al. 2017, arXiv:1610.02391, section 3.
 */
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'
import type { ExplanationMap } from './explanation-map.js'
import { layerGradient, type Score } from './layer-gradient.js'

const CONVOLUTIONS = new Set([
  'Conv2D',
  'Conv2DTranspose',
  'Conv3D',
  'ConvLSTM2D',
  'DepthwiseConv2D',
  'SeparableConv2D',
])
/** What may follow a convolution and leaves each value in its place. */
const IN_PLACE = new Set([
  'Activation',
  'Add',
  'BatchNormalization',
  'Dropout',
  'ELU',
  'GaussianDropout',
  'GaussianNoise',
  'LayerNormalization',
  'LeakyReLU',
  'PReLU',
  'ReLU',
  'SpatialDropout2D',
])

const doing = 'making a Grad-CAM map'

/** The layer that TimeDistributed applies to every step; any other layer itself. */
function unwrapped(layer: tfl.layers.Layer): tfl.layers.Layer {
  return layer.getClassName() === 'TimeDistributed' && 'layer' in layer ? (layer.layer as tfl.layers.Layer) : layer
}

/** The last convolution, also within a model that is a layer; with the layers beside it. */
function lastConvolution(
  layers: readonly tfl.layers.Layer[],
): { at: tfl.layers.Layer; beside: Set<tfl.layers.Layer> } | undefined {
  for (const layer of [...layers].reverse()) {
    const inner = unwrapped(layer)
    if (CONVOLUTIONS.has(inner.getClassName())) return { at: layer, beside: new Set(layers) }
    const found = inner instanceof tfl.LayersModel ? lastConvolution(inner.layers) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * The layer whose output Grad-CAM looks at: the last convolution with the normalisation and activation that follow it, before any
 * pooling.
 *
 * @throws UserError when the model has no convolution over two axes.
 */
export function lastConvolutionLayer(model: tfl.LayersModel): tfl.layers.Layer {
  const found = lastConvolution(model.layers)
  if (found === undefined) {
    const names = model.layers.map((layer) => layer.name).join(', ')
    throw expected({
      doing,
      want: 'a network with a convolution',
      of: 'the model',
      got: names,
      hint: 'Use occlusion, which suits any network.',
    })
  }
  let { at } = found
  for (;;) {
    const next = at.outboundNodes.map((node) => node.outboundLayer).filter((layer) => found.beside.has(layer))
    const [only] = next
    if (only === undefined || next.length > 1 || !IN_PLACE.has(unwrapped(only).getClassName())) return at
    at = only
  }
}

/**
 * Which axis of its input each axis of a layer's output comes from, as the Permute layers on the way say; none means in order. The first
 * input of a layer with several counts; within TimeDistributed, the model that it holds.
 */
function axisOrder(layer: tfl.layers.Layer): readonly number[] | undefined {
  const permutations: number[][] = []
  let symbolic: tfl.SymbolicTensor | undefined = layer.inboundNodes[0]?.outputTensors[0]
  while (symbolic !== undefined) {
    const { sourceLayer } = symbolic
    if (sourceLayer.getClassName() === 'Permute') permutations.unshift(sourceLayer.getConfig()['dims'] as number[])
    symbolic = symbolic.inputs[0]
  }
  const [first, ...others] = permutations
  return others.reduce((axes: readonly number[] | undefined, dims) => {
    if (axes === undefined || dims.length !== axes.length)
      throw expected({
        doing,
        want: 'Permute layers of as many axes each',
        of: layer.name,
        got: `${axes?.length} and ${dims.length}`,
      })
    return dims.map((from) => axes[from - 1] ?? from)
  }, first)
}

/** The map's axes in the order that they have in the image. Shapes: [h, w] or [t, h, w], in any order → in this. */
function asInImage(map: tf.Tensor, layer: tfl.layers.Layer, framesInBatch: boolean): tf.Tensor {
  const order = axisOrder(layer)
  if (order === undefined) return map
  if (order.at(-1) !== order.length)
    throw expected({
      doing,
      want: 'the channels to stay the last axis',
      of: `Permute before ${layer.name}`,
      got: `[${order.join(', ')}]`,
    })
  const spatial = order.slice(0, -1)
  const axes = framesInBatch ? [0, ...spatial] : spatial.slice(-map.rank)
  const places = axes.map((_, at) => at).sort((a, b) => (axes[a] ?? 0) - (axes[b] ?? 0))
  return tf.transpose(map, places)
}

export interface GradCamOptions {
  /** The layer to look at, one that gives a map of channels. Default: `lastConvolutionLayer`. */
  readonly layer?: tfl.layers.Layer
}

/**
 * Where in `x` the network found what speaks for the score.
 *
 * Shapes: `x` [1, H, W, C] → 1 x h x w, or [1, T, H, W, C] → t x h x w; h and w are those of the layer, the axes in the order that `x` has
 * them, even where the network turns the image. `resizeMap` and `overlay` lay it over the image.
 * @throws UserError when the model has no convolution, or more than one item is given.
 */
export async function gradCam(
  model: tfl.LayersModel,
  x: tf.Tensor,
  score: Score,
  options: GradCamOptions = {},
): Promise<ExplanationMap> {
  if (x.shape[0] !== 1) throw expected({ doing, want: 'one item', of: 'x', got: `[${x.shape.join(', ')}]` })
  const layer = options.layer ?? lastConvolutionLayer(model)
  const map = tf.tidy(() => {
    const { activation, gradient } = layerGradient(model, x, layer, score)
    const { rank, shape } = activation
    if (rank !== 4 && rank !== 5)
      throw expected({
        doing,
        want: 'a layer that gives [B, h, w, C] or [B, t, h, w, C]',
        of: layer.name,
        got: `[${shape.join(', ')}]`,
      })
    const places = shape.slice(0, -1).map((_, axis) => axis)
    const weights = tf.mean(gradient, places)
    const sum = tf.relu(tf.sum(tf.mul(activation, weights), -1))
    // Within TimeDistributed the frames are the batch.
    const framesInBatch = shape[0] !== 1 || !model.layers.includes(layer)
    return asInImage(framesInBatch ? sum : tf.squeeze(sum, [0]), layer, framesInBatch)
  })
  const [height = 0, width = 0] = map.shape.slice(-2)
  const values = new Float32Array(await map.data())
  map.dispose()
  return { values, frames: values.length / (height * width), height, width }
}
