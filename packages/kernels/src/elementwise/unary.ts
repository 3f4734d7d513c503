/**
 * Functions of one element in C++, for float32: activations, powers, logarithms, clipping. Anything else runs on the kernel that it
 * displaces.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../shape.js'

type Parameters = readonly [p: number, q: number]
const NO_PARAMETERS: Parameters = [0, 0]

function unary<A extends object>(kernelName: string, op: string, parametersOf?: (attrs: A) => Parameters) {
  const own = entry(`unary_${op}`, ['x', 'out'], ['p', 'q'])
  return overrideKernel<tf.UnaryInputs, A>({
    kernelName,
    entries: [own],
    run({ inputs: { x }, attrs, executor }) {
      if (x?.dtype !== 'float32') return undefined
      const [p, q] = parametersOf ? parametersOf(attrs) : NO_PARAMETERS
      const out = executor.take(sizeOf(x.shape))
      executor.run(own, { x: executor.floats(x), out, p, q })
      return executor.tensor(out, x.shape)
    },
  })
}

export const unaryKernels: readonly Kernel[] = [
  unary(tf.Relu, 'relu'),
  unary(tf.Relu6, 'relu6'),
  unary(tf.Sigmoid, 'sigmoid'),
  unary(tf.Tanh, 'tanh'),
  unary(tf.Exp, 'exp'),
  unary(tf.Log, 'log'),
  unary(tf.Log1p, 'log1p'),
  unary(tf.Sqrt, 'sqrt'),
  unary(tf.Rsqrt, 'rsqrt'),
  unary(tf.Square, 'square'),
  unary(tf.Neg, 'neg'),
  unary(tf.Abs, 'abs'),
  unary(tf.Reciprocal, 'reciprocal'),
  unary<tf.ClipByValueAttrs>(tf.ClipByValue, 'clip', ({ clipValueMin, clipValueMax }) => [clipValueMin, clipValueMax]),
  unary<tf.StepAttrs>(tf.Step, 'step', ({ alpha }) => [alpha, 0]),
  unary(tf.Elu, 'elu'),
  unary(tf.Sign, 'sign'),
  unary(tf.Softplus, 'softplus'),
  unary<tf.LeakyReluAttrs>(tf.LeakyRelu, 'leaky_relu', ({ alpha }) => [alpha, 0]),
]
