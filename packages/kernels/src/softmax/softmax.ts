/**
 * Softmax and log-softmax over the last axis, and the cross-entropy of logits, each with its gradient in one pass a row.
 * `logSoftmax` and `softmaxCrossEntropy` are ops of ours: TensorFlow.js composes them of six to ten others.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, hasKernel } from '../executor.js'
import { runsFused } from '../fused-gradient.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { sameShape, sizeOf } from '../shape.js'
import { ShapeError } from '../shape-error.js'

const CROSS_ENTROPY = 'SoftmaxCrossEntropy'
const GRAD = 'SoftmaxGrad'

/** Bounds logarithms in the reference, where 0 times minus infinity would be NaN. */
const LOWEST = -1e30

const columnsOf = (x: tf.TensorInfo) => x.shape.at(-1) ?? 1

function rowwise(kernelName: string, op: 'softmax' | 'log_softmax') {
  const own = entry(op, ['x', 'out'], ['cols'])
  return overrideKernel<tf.SoftmaxInputs, object>({
    kernelName,
    entries: [own],
    run({ inputs: { logits }, executor }) {
      if (logits?.dtype !== 'float32') return undefined
      const out = executor.take(sizeOf(logits.shape))
      executor.run(own, { x: executor.floats(logits), out, cols: columnsOf(logits) })
      return executor.tensor(out, logits.shape)
    },
  })
}

const gradEntry = entry('softmax_grad', ['dy', 'y', 'out'], ['cols', 'log'])

const softmaxGrad = overrideKernel<tf.NamedTensorInfoMap, { log: boolean }>({
  kernelName: GRAD,
  entries: [gradEntry],
  run({ inputs: { dy, y }, attrs: { log }, executor }) {
    if (!dy || !y) return undefined
    const out = executor.take(sizeOf(y.shape))
    executor.run(gradEntry, { dy: executor.floats(dy), y: executor.floats(y), out, cols: columnsOf(y), log })
    return executor.tensor(out, y.shape)
  },
})

const entropyEntry = entry('cross_entropy', ['labels', 'logits', 'out'], ['cols'])
const entropyGradEntry = entry('cross_entropy_grad', ['dy', 'labels', 'logits', 'out'], ['cols'])

const crossEntropy = overrideKernel<tf.NamedTensorInfoMap, object>({
  kernelName: CROSS_ENTROPY,
  entries: [entropyEntry],
  run({ inputs: { labels, logits }, executor }) {
    if (!labels || !logits) return undefined
    const rows = logits.shape.slice(0, -1)
    const out = executor.take(sizeOf(rows))
    executor.write(out, (values) => values.fill(0))
    executor.run(entropyEntry, {
      labels: executor.floats(labels),
      logits: executor.floats(logits),
      out,
      cols: columnsOf(logits),
    })
    return executor.tensor(out, rows)
  },
})

const crossEntropyGrad = overrideKernel<tf.NamedTensorInfoMap, object>({
  kernelName: `${CROSS_ENTROPY}Grad`,
  entries: [entropyGradEntry],
  run({ inputs: { dy, labels, logits }, executor }) {
    if (!dy || !labels || !logits) return undefined
    const out = executor.take(sizeOf(logits.shape))
    executor.run(entropyGradEntry, {
      dy: executor.floats(dy),
      labels: executor.floats(labels),
      logits: executor.floats(logits),
      out,
      cols: columnsOf(logits),
    })
    return executor.tensor(out, logits.shape)
  },
})

export const softmaxKernels: readonly Kernel[] = [
  rowwise(tf.Softmax, 'softmax'),
  rowwise(tf.LogSoftmax, 'log_softmax'),
  softmaxGrad,
  crossEntropy,
  crossEntropyGrad,
]

/**
 * `log(softmax(x))` over the last axis, without overflow.
 *
 * Shapes: `x` [..., K] → the same.
 */
export function logSoftmax(x: tf.Tensor): tf.Tensor {
  if (x.dtype !== 'float32' || !hasKernel(tf.LogSoftmax)) return tf.logSoftmax(x)
  return tf.engine().runKernel(tf.LogSoftmax, { logits: x }, { axis: -1 })
}

/**
 * The cross-entropy of each row, `-Σ labels · log softmax(logits)`. A label of 0 adds nothing, whatever its logit.
 *
 * Shapes: `labels` [..., K], which may be soft, and `logits` [..., K] → [...].
 * @throws ShapeError when they differ in shape or have no axis.
 */
export function softmaxCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  if (logits.shape.length === 0)
    throw new ShapeError('softmaxCrossEntropy: expected shape [..., K] for logits, received []')
  if (!sameShape(labels.shape, logits.shape))
    throw new ShapeError(
      `softmaxCrossEntropy: expected shape [${logits.shape.join(', ')}] for labels, received [${labels.shape.join(', ')}]`,
    )
  return tf.tidy(() => {
    const inputs = { labels: tf.cast(labels, 'float32'), logits: tf.cast(logits, 'float32') }
    if (hasKernel(CROSS_ENTROPY)) return tf.engine().runKernel<tf.Tensor>(CROSS_ENTROPY, inputs)
    return tf.neg(tf.sum(tf.mul(inputs.labels, tf.maximum(tf.logSoftmax(inputs.logits), LOWEST)), -1))
  })
}

/**
 * The gradient of `softmaxCrossEntropy` by the logits, `dy · (softmax(logits) · Σ labels - labels)`.
 *
 * Shapes: `dy` [...], `labels` and `logits` [..., K] → [..., K].
 */
export function softmaxCrossEntropyGradient(dy: tf.Tensor, labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  if (runsFused(GRAD)) return tf.engine().runKernel(`${CROSS_ENTROPY}Grad`, { dy, labels, logits })
  const total = tf.mul(tf.softmax(logits), tf.sum(labels, -1, true))
  return tf.mul(tf.sub(total, labels), tf.expandDims(dy, -1))
}

function single(dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor | undefined): [tf.Tensor, tf.Tensor] {
  if (Array.isArray(dy) || !saved) throw new Error('softmax gradient: expected one dy and one saved tensor')
  return [dy, saved]
}

/** These replace TensorFlow.js's for all backends, so where the kernel is missing they compute what those do. */
export const softmaxGradients: readonly tf.GradConfig[] = [
  {
    kernelName: tf.Softmax,
    outputsToSave: [true],
    gradFunc: (gradient, saved) => {
      const [dy, y] = single(gradient, saved[0])
      const reference = () => {
        const product = tf.mul(dy, y)
        return tf.sub(product, tf.mul(tf.sum(product, -1, true), y))
      }
      return {
        logits: () =>
          runsFused(GRAD) ? tf.engine().runKernel<tf.Tensor>(GRAD, { dy, y }, { log: false }) : reference(),
      }
    },
  },
  {
    kernelName: tf.LogSoftmax,
    outputsToSave: [true],
    gradFunc: (gradient, saved) => {
      const [dy, y] = single(gradient, saved[0])
      const reference = () => tf.sub(dy, tf.mul(tf.sum(dy, -1, true), tf.exp(y)))
      return {
        logits: () =>
          runsFused(GRAD) ? tf.engine().runKernel<tf.Tensor>(GRAD, { dy, y }, { log: true }) : reference(),
      }
    },
  },
  {
    kernelName: CROSS_ENTROPY,
    inputsToSave: ['labels', 'logits'],
    gradFunc: (gradient, saved) => {
      const [dy, labels] = single(gradient, saved[0])
      const logits = saved[1]
      if (!logits) throw new Error('softmaxCrossEntropy gradient: expected saved logits')
      return {
        logits: () => softmaxCrossEntropyGradient(dy, labels, logits),
        labels: () => tf.neg(tf.mul(tf.expandDims(dy, -1), logSoftmax(logits))),
      }
    },
  },
]
