/**
 * Gradients of convolutions: of our `conv2d`, and of TensorFlow.js's `Conv2D`, whose own refuses dilation.
 */
import * as tf from '@tensorflow/tfjs-core'
import { NativeBackend } from '../backend.js'
import { CONV2D } from './conv2d.js'
import { dilatedFilter, pairOf } from './reference.js'
import { type ConvAttrs, convSizesOf } from './shape.js'

function savedOf(dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) {
  const [x, filter, y] = saved
  if (!x || !filter || Array.isArray(dy)) throw new Error('conv2d gradient: expected x and filter among what was saved')
  return { x, filter, y, dy }
}

const run = <T extends tf.Tensor | tf.Tensor[]>(name: string, inputs: tf.NamedTensorMap, attrs: object): T =>
  tf.engine().runKernel<T>(name, inputs, { ...attrs })

const conv2dBiasActivationGradient: tf.GradConfig = {
  kernelName: CONV2D,
  inputsToSave: ['x', 'filter'],
  outputsToSave: [true],
  gradFunc: (given, saved, attrs) => {
    const { x, filter, y, dy } = savedOf(given, saved)
    if (!y) throw new Error('conv2d gradient: expected its output among what was saved')
    // Here, not in the closures: what a closure makes beside its own result is disposed of after it.
    const weights = run<tf.Tensor[]>(`${CONV2D}Grad`, { x, dy, y }, { ...attrs, filterShape: filter.shape })
    const weight = (i: number) => () => {
      const gradient = weights[i]
      if (!gradient) throw new Error('conv2d gradient: the kernel returned too few outputs')
      return gradient
    }
    return {
      x: () => run<tf.Tensor>(`${CONV2D}InputGrad`, { dy, y, filter }, { ...attrs, inputShape: x.shape }),
      filter: weight(0),
      bias: weight(1),
    }
  },
}

function isConvAttrs(attrs: object): attrs is ConvAttrs {
  return 'strides' in attrs && 'pad' in attrs
}

/**
 * Where the running backend has no kernel for a dilated gradient, it is that of the convolution with the filter's taps spread by zeros.
 */
const conv2dGradient: tf.GradConfig = {
  kernelName: 'Conv2D',
  inputsToSave: ['x', 'filter'],
  gradFunc: (given, saved, attrs) => {
    const { x, filter, dy } = savedOf(given, saved)
    if (!isConvAttrs(attrs)) throw new Error('Conv2D gradient: expected the attributes of its forward pass')
    const [rows, cols] = pairOf(attrs.dilations ?? 1)
    const served = tf.backend() instanceof NativeBackend && convSizesOf(x.shape, filter.shape, attrs) !== undefined
    const input = (taps: tf.Tensor, more: object) => () =>
      run<tf.Tensor>('Conv2DBackpropInput', { dy, filter: taps }, { ...attrs, inputShape: x.shape, ...more })
    const weights = (filterShape: number[], more: object) => () =>
      run<tf.Tensor>('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape, ...more })
    if (served || (rows === 1 && cols === 1)) return { x: input(filter, {}), filter: weights(filter.shape, {}) }
    const spread = dilatedFilter(filter, [rows, cols])
    const undilated = { dilations: 1 }
    return {
      x: input(spread, undilated),
      filter: () => tf.stridedSlice(weights(spread.shape, undilated)(), [0, 0, 0, 0], spread.shape, [rows, cols, 1, 1]),
    }
  },
}
export const conv2dGradients = [conv2dBiasActivationGradient, conv2dGradient]
