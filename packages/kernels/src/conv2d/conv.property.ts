/**
 * Random convolutions and pooling over time, images and volumes: outputs and gradients must be those of the reference.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { conv3d } from '../conv3d/conv3d.js'
import { depthwiseConv2d } from '../depthwise/depthwise.js'
import type { Tolerance } from '../testing/close.js'
import type { Draw, Property } from '../testing/property.js'
import { conv1d } from './conv2d.js'

/** Sums of up to a few hundred products, in another order. */
const TOLERANCE: Tolerance = { absolute: 1e-4, relative: 1e-4 }

const activations = ['linear', 'relu', 'sigmoid', 'tanh', 'relu6'] as const
const triple = (draw: () => number): [number, number, number] => [draw(), draw(), draw()]

/** Output of `f`, and its gradients for a random one of the output where it has elements. */
function withGradients(f: (...at: tf.Tensor[]) => tf.Tensor, at: tf.Tensor[], random: Draw): tf.Tensor[] {
  const y = f(...at)
  return y.size === 0 ? [y] : [y, ...tf.grads(f)(at, random.tensor(y.shape))]
}

/** What all kinds of convolution draw: sizes of the axes are at least the filter's span, so that there is an output. */
function windows(random: Draw) {
  const kernel = random.int(1, 3)
  const dilation = random.int(1, 2)
  return {
    kernel,
    dilation,
    size: () => (kernel - 1) * dilation + random.int(1, 6),
    stride: random.int(1, 3),
    pad: random.pick(['same', 'valid'] as const),
    activation: random.pick(activations),
    batch: random.chance(0.05) ? 0 : random.int(1, 2),
    channels: random.pick([1, 2, 3, 5, 8]),
    filters: random.pick([1, 3, 8, 15, 17, 33]),
  }
}

type ConvFunction = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor | null) => tf.Tensor

function convolution(
  name: string,
  axes: number,
  make: (w: ReturnType<typeof windows>) => ConvFunction,
  filterShape = (w: ReturnType<typeof windows>): [number, number] => [w.channels, w.filters],
): Property {
  return {
    name,
    draw(random) {
      const w = windows(random)
      const [channels, filters] = filterShape(w)
      const x = random.tensor([w.batch, ...Array.from({ length: axes }, w.size), channels])
      const filter = random.tensor([...Array.from({ length: axes }, () => w.kernel), channels, filters])
      const f = make(w)
      const bias = random.chance(0.7)
        ? random.tensor([name === 'depthwiseConv2d' ? channels * filters : filters])
        : undefined
      return {
        label: `${name} [${x.shape}] * [${filter.shape}] ${JSON.stringify(w)}`,
        run: () =>
          withGradients(
            (...[image, taps, b]) => f(image ?? x, taps ?? filter, b ?? null),
            [x, filter, ...(bias ? [bias] : [])],
            random,
          ),
        tolerance: TOLERANCE,
      }
    },
  }
}

function pooling(name: string, kind: 'max' | 'avg'): Property {
  return {
    name,
    draw(random) {
      const window = random.int(1, 3)
      const stride = random.int(1, 3)
      // TensorFlow.js's cpu divides the gradient of a mean by the whole window where part of it is padding.
      const pad = kind === 'avg' ? 'valid' : random.pick(['same', 'valid'] as const)
      const size = () => window + random.int(0, 5)
      const x = random.tensor([random.int(1, 2), size(), size(), size(), random.pick([1, 3, 8, 17])])
      const pool = kind === 'max' ? tf.maxPool3d : tf.avgPool3d
      const f = (...[at = x]: tf.Tensor[]): tf.Tensor => pool(at as tf.Tensor5D, window, stride, pad)
      return {
        label: `${name} [${x.shape}] by ${window} each ${stride}, ${pad}`,
        run: () => withGradients(f, [x], random),
        tolerance: TOLERANCE,
      }
    },
  }
}

export const properties: readonly Property[] = [
  convolution(
    'conv1d',
    1,
    ({ stride, pad, dilation, activation }) =>
      (x, filter, bias) =>
        conv1d(x, filter, bias, { stride, pad: pad === 'same' ? 'causal' : pad, dilation, activation }),
  ),
  convolution(
    'conv3d',
    3,
    ({ stride, pad, dilation, activation }) =>
      (x, filter, bias) =>
        conv3d(x, filter, bias, { strides: triple(() => stride), pad, dilations: triple(() => dilation), activation }),
  ),
  convolution(
    'depthwiseConv2d',
    2,
    ({ stride, pad, dilation, activation }) =>
      (x, filter, bias) =>
        depthwiseConv2d(x, filter, bias, { strides: stride, pad, dilations: dilation, activation }),
    ({ channels, filters }) => [filters, Math.min(channels, 3)],
  ),
  pooling('maxPool3d', 'max'),
  pooling('avgPool3d', 'avg'),
]
