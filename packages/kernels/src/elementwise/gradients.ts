/**
 * Gradients that replace TensorFlow.js's: of activations as one kernel each where the running backend has it, instead of three to
 * five ops. A gradient is registered for all backends, so elsewhere each computes what TensorFlow.js's own does.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { runsFused } from '../fused-gradient.js'

interface Activation {
  kernelName: string
  /** Our kernel, of dy and what is saved. */
  gradKernel: string
  saves: 'x' | 'y'
  /** The same in TensorFlow.js's ops; `at` is x or y. */
  reference(dy: tf.Tensor, at: tf.Tensor): tf.Tensor
}

const activations: readonly Activation[] = [
  {
    kernelName: tf.Relu,
    gradKernel: 'ReluGrad',
    saves: 'x',
    reference: (dy, x) => tf.mul(dy, tf.cast(tf.step(x), 'float32')),
  },
  {
    kernelName: tf.Relu6,
    gradKernel: 'Relu6Grad',
    saves: 'x',
    reference: (dy, x) => tf.mul(dy, tf.mul(tf.cast(tf.less(x, 6), 'float32'), tf.step(x))),
  },
  {
    kernelName: tf.Sigmoid,
    gradKernel: 'SigmoidGrad',
    saves: 'y',
    reference: (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y))),
  },
  {
    kernelName: tf.Tanh,
    gradKernel: 'TanhGrad',
    saves: 'y',
    reference: (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y))),
  },
]

export const activationGradients: readonly tf.GradConfig[] = activations.map(
  ({ kernelName, gradKernel, saves, reference }) => ({
    kernelName,
    ...(saves === 'x' ? { inputsToSave: ['x'] } : { outputsToSave: [true] }),
    gradFunc: (dy, [at]) => {
      if (Array.isArray(dy) || !at) throw new Error(`${kernelName} gradient: expected one dy and one saved tensor`)
      const inputs: tf.NamedTensorMap = { dy, [saves]: at }
      return {
        x: () => (runsFused(gradKernel) ? tf.engine().runKernel<tf.Tensor>(gradKernel, inputs) : reference(dy, at)),
      }
    },
  }),
)
