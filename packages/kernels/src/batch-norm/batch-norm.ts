/**
 * Batch normalisation over all axes but the last: `batchNormTraining` with the batch's own mean and variance, two passes over memory
 * each way, and TensorFlow.js's `FusedBatchNorm` for given ones.
 *
 * `y = φ(γ (x - mean) / √(variance + ε) + β)`, the variance divided by the number of values, as Keras does, not by one less.
 *
 * @see Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1 and the gradients of section 3.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, hasKernel } from '../executor.js'
import { overrideKernel } from '../kernel.js'
import { ShapeError } from '../shape-error.js'

export interface BatchNormOptions {
  /** φ, in the same pass; linear by default. */
  activation?: 'linear' | 'relu'
}

export interface BatchNormResult {
  /** The shape of x. */
  output: tf.Tensor
  /** [C]; for the moving average, not differentiated on `native`. */
  mean: tf.Tensor
  /** [C], likewise. */
  variance: tf.Tensor
}

const KERNEL_NAME = 'BatchNormTraining'

const trainingEntry = entry(
  'batch_norm_training',
  ['x', 'gamma', 'beta', 'output', 'mean', 'variance'],
  ['rows', 'channels', 'epsilon', 'rectify'],
)
const gradientEntry = entry(
  'batch_norm_gradient',
  ['x', 'dy', 'gamma', 'beta', 'mean', 'variance', 'dx', 'dgamma', 'dbeta'],
  ['rows', 'channels', 'epsilon', 'rectify'],
)
const inferenceEntry = entry(
  'batch_norm_inference',
  ['x', 'gamma', 'beta', 'mean', 'variance', 'output'],
  ['rows', 'channels', 'epsilon'],
)

/**
 * Normalises by the mean and variance of this batch; differentiable in `x`, `gamma` and `beta`.
 *
 * Shapes: `x` [B, …, C], `gamma` and `beta` [C], null for ones and zeros → output [B, …, C], mean and variance [C].
 * @throws ShapeError naming the argument that does not fit.
 */
export function batchNormTraining(
  x: tf.Tensor,
  gamma: tf.Tensor | null,
  beta: tf.Tensor | null,
  epsilon: number,
  { activation = 'linear' }: BatchNormOptions = {},
): BatchNormResult {
  const channels = x.shape.at(-1)
  if (channels === undefined) throw new ShapeError('batchNormTraining: expected shape [B, …, C] for x, received []')
  for (const [name, tensor] of Object.entries({ gamma, beta }))
    if (tensor && (tensor.shape.length !== 1 || tensor.shape[0] !== channels))
      throw new ShapeError(
        `batchNormTraining: expected shape [${channels}] for ${name}, received [${tensor.shape.join(', ')}]`,
      )
  return tf.tidy(() => {
    const input = tf.cast(x, 'float32')
    const scale = gamma ?? tf.ones([channels])
    const shift = beta ?? tf.zeros([channels])
    const attrs: Attrs = { epsilon, rectify: activation === 'relu' }
    if (!hasKernel(KERNEL_NAME) || x.size === 0) return { ...batchNormReference(input, scale, shift, attrs) }
    const results: tf.Tensor[] = tf
      .engine()
      .runKernel(KERNEL_NAME, { x: input, gamma: scale, beta: shift }, { ...attrs })
    const [output, mean, variance] = results
    if (!output || !mean || !variance) throw new Error('batchNormTraining: the kernel returned too few outputs')
    return { output, mean, variance }
  })
}

type Attrs = { epsilon: number; rectify: boolean }

/** The same of TensorFlow.js's ops. */
function batchNormReference(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, attrs: Attrs): BatchNormResult {
  const { mean, variance } = tf.moments(tf.reshape(x, [sizesOf(x).rows, gamma.size]), 0)
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, attrs.epsilon)))
  const output = tf.add(tf.mul(tf.sub(x, mean), scale), beta)
  return { output: attrs.rectify ? tf.relu(output) : output, mean, variance }
}

function sizesOf(x: tf.TensorInfo) {
  const channels = x.shape.at(-1) ?? 0
  return { rows: channels === 0 ? 0 : tf.util.sizeFromShape(x.shape) / channels, channels }
}

interface TrainingInputs {
  x: tf.TensorInfo
  gamma: tf.TensorInfo
  beta: tf.TensorInfo
}

const training = overrideKernel<TrainingInputs, Attrs>({
  kernelName: KERNEL_NAME,
  entries: [trainingEntry],
  run({ inputs: { x, gamma, beta }, attrs, executor }) {
    const { rows, channels } = sizesOf(x)
    const [output, mean, variance] = [x.shape, [channels], [channels]].map((shape) => executor.allocate(shape))
    if (!output || !mean || !variance || rows === 0) return undefined
    executor.run(trainingEntry, {
      x: executor.floats(x),
      gamma: executor.floats(gamma),
      beta: executor.floats(beta),
      output: executor.floats(output),
      mean: executor.floats(mean),
      variance: executor.floats(variance),
      rows,
      channels,
      ...attrs,
    })
    return [output, mean, variance]
  },
})

interface GradientInputs extends TrainingInputs {
  dy: tf.TensorInfo
  mean: tf.TensorInfo
  variance: tf.TensorInfo
}

const trainingGradient = overrideKernel<GradientInputs, Attrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  entries: [gradientEntry],
  run({ inputs, attrs, executor }) {
    const { rows, channels } = sizesOf(inputs.x)
    const results = [inputs.x.shape, [channels], [channels]].map((shape) => executor.allocate(shape))
    const [dx, dgamma, dbeta] = results.map((info) => executor.floats(info))
    executor.run(gradientEntry, {
      x: executor.floats(inputs.x),
      dy: executor.floats(inputs.dy),
      gamma: executor.floats(inputs.gamma),
      beta: executor.floats(inputs.beta),
      mean: executor.floats(inputs.mean),
      variance: executor.floats(inputs.variance),
      dx,
      dgamma,
      dbeta,
      rows,
      channels,
      ...attrs,
    })
    return results
  },
})

const gradient: tf.GradConfig = {
  kernelName: KERNEL_NAME,
  inputsToSave: ['x', 'gamma', 'beta'],
  outputsToSave: [false, true, true],
  gradFunc: (given, saved, attrs) => {
    const dy = Array.isArray(given) ? given[0] : given
    const [x, gamma, beta, mean, variance] = saved
    if (!dy || !x || !gamma || !beta || !mean || !variance)
      throw new Error('batchNormTraining gradient: expected its inputs, mean and variance among what was saved')
    // All at once, outside the closures: what a closure makes beside its own result is disposed of after it.
    const results: tf.Tensor[] = tf
      .engine()
      .runKernel(`${KERNEL_NAME}Grad`, { x, dy, gamma, beta, mean, variance }, { ...attrs })
    const result = (i: number) => () => {
      const tensor = results[i]
      if (!tensor) throw new Error('batchNormTraining gradient: the kernel returned too few outputs')
      return tensor
    }
    return { x: result(0), gamma: result(1), beta: result(2) }
  },
}

const inference = overrideKernel<
  Pick<tf.NamedTensorInfoMap, 'x' | 'mean' | 'variance' | 'scale' | 'offset'>,
  { varianceEpsilon: number }
>({
  kernelName: 'FusedBatchNorm',
  entries: [inferenceEntry],
  run({ inputs: { x, mean, variance, scale, offset }, attrs, executor }) {
    if (!x || !mean || !variance) return undefined
    const { rows, channels } = sizesOf(x)
    const perChannel = [mean, variance, scale, offset].every(
      (info) => !info || (info.dtype === 'float32' && tf.util.sizeFromShape(info.shape) === channels),
    )
    if (!perChannel || x.dtype !== 'float32' || rows === 0) return undefined
    const output = executor.allocate(x.shape)
    executor.run(inferenceEntry, {
      x: executor.floats(x),
      gamma: scale && executor.floats(scale),
      beta: offset && executor.floats(offset),
      mean: executor.floats(mean),
      variance: executor.floats(variance),
      output: executor.floats(output),
      rows,
      channels,
      epsilon: attrs.varianceEpsilon,
    })
    return output
  },
})

export const batchNormKernels = [training, trainingGradient, inference]
export const batchNormGradients = [gradient]
