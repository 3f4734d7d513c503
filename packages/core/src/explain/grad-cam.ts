/**
 * Grad-CAM: where in an image the last convolution found evidence for an answer. The map is the sum of its channels, each weighted by the
 * mean gradient of the score of the answer with respect to it, with negative values set to 0. It is as coarse as the output of that
 * convolution, and 0 everywhere if all evidence is against the answer. Selvaraju et al. 2017, arXiv:1610.02391, section 3.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
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
/** Layers that may follow a convolution and keep each value in its place. */
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
function unwrap(layer: tfl.layers.Layer): tfl.layers.Layer {
  return layer.getClassName() === 'TimeDistributed' && 'layer' in layer ? (layer.layer as tfl.layers.Layer) : layer
}

/** The last convolution, also within a model used as a layer, with the layers of the same model. */
function lastConvolution(
  layers: readonly tfl.layers.Layer[],
): { layer: tfl.layers.Layer; siblings: Set<tfl.layers.Layer> } | undefined {
  for (const layer of [...layers].reverse()) {
    const inner = unwrap(layer)
    if (CONVOLUTIONS.has(inner.getClassName())) return { layer, siblings: new Set(layers) }
    const convolution = inner instanceof tfl.LayersModel ? lastConvolution(inner.layers) : undefined
    if (convolution !== undefined) return convolution
  }
  return undefined
}

/**
 * The layer that Grad-CAM explains: the last one, before any pooling, of the chain of the last convolution and the normalisation and
 * activation after it.
 *
 * @throws UserError when the model has no convolution over two axes.
 */
export function lastConvolutionLayer(model: tfl.LayersModel): tfl.layers.Layer {
  const convolution = lastConvolution(model.layers)
  if (convolution === undefined) {
    const names = model.layers.map((layer) => layer.name).join(', ')
    throw expected({
      doing,
      want: 'a network with a convolution',
      of: 'the model',
      got: names,
      hint: 'Use occlusion, which works for any network.',
    })
  }
  const { siblings } = convolution
  let at = convolution.layer
  for (;;) {
    const next = at.outboundNodes.map((node) => node.outboundLayer).filter((layer) => siblings.has(layer))
    const [only] = next
    if (only === undefined || next.length > 1 || !IN_PLACE.has(unwrap(only).getClassName())) return at
    at = only
  }
}

/**
 * Which axis of the model input each axis of the output of a layer comes from, according to the Permute layers on the way; undefined if
 * there are none. Follows the first input of layers with several, and within TimeDistributed the inner model.
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
        want: 'Permute layers with the same number of axes',
        of: layer.name,
        got: `${axes?.length} and ${dims.length}`,
      })
    return dims.map((from) => axes[from - 1] ?? from)
  }, first)
}

/** The map with its axes in the order of the image: [h, w] or [t, h, w]. */
function asInImage(map: tf.Tensor, layer: tfl.layers.Layer, framesInBatch: boolean): tf.Tensor {
  const order = axisOrder(layer)
  if (order === undefined) return map
  if (order.at(-1) !== order.length)
    throw expected({
      doing,
      want: 'channels as the last axis',
      of: `Permute before ${layer.name}`,
      got: `[${order.join(', ')}]`,
    })
  const spatial = order.slice(0, -1)
  const axes = framesInBatch ? [0, ...spatial] : spatial.slice(-map.rank)
  const permutation = axes.map((_, at) => at).sort((a, b) => (axes[a] ?? 0) - (axes[b] ?? 0))
  return tf.transpose(map, permutation)
}

export interface GradCamOptions {
  /** The layer to explain, whose output is a map of channels (default: `lastConvolutionLayer`). */
  readonly layer?: tfl.layers.Layer
}

/**
 * Where in `x` the network found evidence for the score.
 *
 * Shapes: `x` [1, H, W, C] → 1 x h x w, or [1, T, H, W, C] → t x h x w; h and w are those of the layer, with the axes in the order of `x`
 * even if the network transposes the image. `overlayPng` lays it over the image.
 * @throws UserError when the model has no convolution, or `x` has more than one item.
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
        want: 'an output [B, h, w, C] or [B, t, h, w, C]',
        of: layer.name,
        got: `[${shape.join(', ')}]`,
      })
    const allButChannels = shape.slice(0, -1).map((_, axis) => axis)
    const weights = tf.mean(gradient, allButChannels)
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
