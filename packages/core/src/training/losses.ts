/**
 * The losses that a Trainer takes by name. A loss is `mean over items of weight · loss`, divided by the number of items as in Keras,
 * so that accumulated batches add up to one big one. The gradients are written out, because those of TensorFlow.js are wrong at 0
 * (absolute error) or lose digits. CTC is not in this table: pass `ctcCrossentropy()`.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from '@weft/kernels'
import { expected } from '../errors.js'

/** Probabilities stay this far from 0 and 1 before a logarithm, as in Keras. */
const EPSILON = 1e-7

/** The terms of a loss and their derivative by `yPred`. Targets and outputs are [B, ..., C]. */
export interface ElementLoss {
  /** `categorical`: the last axis is one choice, and its elements are added up; `binary`, `values`: the elements are averaged. */
  kind: 'categorical' | 'binary' | 'values'
  /** [B, ..., C], or [B, ..., 1] when it is summed over the last axis already. */
  value(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor
  /** `factor` times the derivative [B, ..., C]; `factor` broadcasts to that, for a categorical loss from [..., 1]. */
  slope(yTrue: tf.Tensor, yPred: tf.Tensor, factor: tf.Tensor): tf.Tensor
}

/** Multiplies a slope by the factor. */
const times = (slope: (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor): ElementLoss['slope'] => {
  return (yTrue, yPred, factor) => tf.mul(slope(yTrue, yPred), factor)
}

const clipProbability = (p: tf.Tensor) => tf.clipByValue(p, EPSILON, 1 - EPSILON)

export const elementLosses = {
  /** `-Σ y log p`; `yPred` are probabilities that sum to 1 over the last axis. */
  categoricalCrossentropy: {
    kind: 'categorical',
    value: (y, p) => tf.neg(tf.mul(y, tf.log(clipProbability(p)))),
    slope: times((y, p) => tf.neg(tf.div(y, clipProbability(p)))),
  },
  /** `-Σ y log softmax(x)`; `yPred` are logits. One pass each way, since a language model has a row of logits for each step. */
  softmaxCrossentropy: {
    kind: 'categorical',
    value: (y, logits) => tf.expandDims(softmaxCrossEntropy(y, logits), -1),
    slope: (y, logits, factor) => {
      const rows = logits.shape.slice(0, -1)
      return softmaxCrossEntropyGradient(tf.broadcastTo(tf.squeeze(factor, [-1]), rows), y, logits)
    },
  },
  /** `-y log p - (1 - y) log(1 - p)`; `yPred` are independent probabilities. */
  binaryCrossentropy: {
    kind: 'binary',
    value: (y, p) => {
      const q = clipProbability(p)
      return tf.neg(tf.add(tf.mul(y, tf.log(q)), tf.mul(tf.sub(1, y), tf.log(tf.sub(1, q)))))
    },
    slope: times((y, p) => {
      const q = clipProbability(p)
      return tf.div(tf.sub(q, y), tf.mul(q, tf.sub(1, q)))
    }),
  },
  /** The same of `sigmoid(x)`; `yPred` are independent logits. */
  sigmoidCrossentropy: {
    kind: 'binary',
    value: (y, x) => tf.add(tf.sub(tf.relu(x), tf.mul(x, y)), tf.log1p(tf.exp(tf.neg(tf.abs(x))))),
    slope: times((y, x) => tf.sub(tf.sigmoid(x), y)),
  },
  meanSquaredError: {
    kind: 'values',
    value: (y, p) => tf.squaredDifference(p, y),
    slope: times((y, p) => tf.mul(2, tf.sub(p, y))),
  },
  meanAbsoluteError: {
    kind: 'values',
    value: (y, p) => tf.abs(tf.sub(p, y)),
    slope: times((y, p) => tf.sign(tf.sub(p, y))),
  },
  /** Quadratic up to an error of 1, linear beyond. */
  huber: {
    kind: 'values',
    value: (y, p) => {
      const error = tf.abs(tf.sub(p, y))
      const bounded = tf.minimum(error, 1)
      return tf.add(tf.mul(0.5, tf.square(bounded)), tf.sub(error, bounded))
    },
    slope: times((y, p) => tf.clipByValue(tf.sub(p, y), -1, 1)),
  },
} satisfies Record<string, ElementLoss>

/** Names of the built-in losses. */
export type LossName = keyof typeof elementLosses

/** A custom loss: targets [B, ...], the model's outputs and, when there are any, weights [B] → scalar. */
export type LossFunction = (yTrue: tf.Tensor, yPred: tf.Tensor, sampleWeights?: tf.Tensor1D) => tf.Scalar

export const lossNames = Object.keys(elementLosses).filter((name) => isLossName(name))

export function isLossName(name: string): name is LossName {
  return Object.hasOwn(elementLosses, name)
}

/** Changes of a loss during training; validation uses the plain loss. */
export interface LossOptions {
  /** Share of each target's mass spread evenly over the classes (or towards 1/2 for binary targets), in [0, 1). */
  labelSmoothing?: number
  /**
   * Weight of each class. Categorical: by the item's class. One binary output: of the negatives and of the positives. Several binary
   * outputs: of the loss of each output.
   */
  classWeights?: readonly number[]
}

/**
 * Makes a loss function of a name or of a custom function, with the options of training.
 *
 * @returns targets [B, ...], outputs [B, ...] and weights [B] → scalar.
 */
export function makeLoss(loss: LossName | LossFunction, options: LossOptions = {}): LossFunction {
  const { labelSmoothing = 0, classWeights } = options
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw expected({
      doing: 'setting up the loss',
      want: 'a number in [0, 1)',
      of: 'labelSmoothing',
      got: labelSmoothing,
    })
  if (typeof loss === 'function') {
    if (labelSmoothing || classWeights)
      throw expected({
        doing: 'setting up the loss',
        want: 'a loss by name',
        of: 'loss with labelSmoothing or classWeights',
        got: 'a function',
      })
    return loss
  }
  if (!isLossName(loss))
    throw expected({ doing: 'setting up the loss', want: `one of ${lossNames.join(', ')}`, of: 'loss', got: loss })
  const elementLoss: ElementLoss = elementLosses[loss]
  if ((labelSmoothing || classWeights) && elementLoss.kind === 'values')
    throw expected({
      doing: 'setting up the loss',
      want: 'a crossentropy',
      of: 'loss with labelSmoothing or classWeights',
      got: loss,
    })
  return (yTrue, yPred, sampleWeights) => {
    checkTargets(yTrue, yPred)
    const truth = yTrue.dtype === 'float32' ? yTrue : tf.cast(yTrue, 'float32')
    const smoothed = labelSmoothing ? smooth(truth, labelSmoothing, elementLoss.kind) : truth
    let weights = classWeights && weightClasses(truth, classWeights, elementLoss.kind)
    if (sampleWeights) {
      const column = tf.reshape(sampleWeights, [-1, ...Array<number>(yPred.rank - 1).fill(1)])
      weights = weights ? tf.mul(weights, column) : column
    }
    return weightedLoss(elementLoss, smoothed, yPred, weights)
  }
}

/**
 * `Σ weights · value / n`, n being the number of rows of a categorical loss, else of elements. One operation for the tape, because a
 * chain of small ones costs as much time as a layer.
 *
 * @param weights Broadcast to `yPred`.
 */
export function weightedLoss(
  loss: ElementLoss,
  yTrue: tf.Tensor,
  yPred: tf.Tensor,
  weights: tf.Tensor | undefined,
): tf.Scalar {
  const width = loss.kind === 'categorical' ? (yPred.shape.at(-1) ?? 1) : 1
  const share = width / Math.max(1, yPred.size)
  const run = tf.customGrad((predicted, save) => {
    if (!(predicted instanceof tf.Tensor) || save instanceof tf.Tensor)
      throw new TypeError('customGrad passed other arguments')
    // The forward pass ends, and its tensors with it, before the backward pass begins: what that needs is saved.
    save(weights ? [predicted, yTrue, weights] : [predicted, yTrue])
    const values = loss.value(yTrue, predicted)
    return {
      value: tf.mul(tf.sum(weights ? tf.mul(values, weights) : values), share),
      gradFunc: (dy: tf.Tensor, [prediction, truth, factors]: tf.Tensor[]) => {
        if (!prediction || !truth) throw new TypeError('customGrad saved no tensors')
        const scale = tf.reshape(tf.mul(dy, share), Array<number>(prediction.rank).fill(1))
        return loss.slope(truth, prediction, factors ? tf.mul(factors, scale) : scale)
      },
    }
  })
  return tf.reshape(run(yPred), [])
}

function smooth(truth: tf.Tensor, amount: number, kind: ElementLoss['kind']): tf.Tensor {
  const classes = kind === 'binary' ? 2 : (truth.shape.at(-1) ?? 1)
  return tf.add(tf.mul(truth, 1 - amount), amount / classes)
}

/** The weight of each element of a loss by its class; `truth` are the targets before smoothing. */
function weightClasses(truth: tf.Tensor, classWeights: readonly number[], kind: ElementLoss['kind']): tf.Tensor {
  const width = truth.shape.at(-1) ?? 1
  const classes = kind === 'binary' && width === 1 ? 2 : width
  if (classWeights.length !== classes)
    throw expected({
      doing: 'computing the loss',
      want: `${classes} numbers`,
      of: 'classWeights',
      got: `${classWeights.length} numbers`,
    })
  if (kind === 'categorical') return tf.sum(tf.mul(truth, tf.tensor1d([...classWeights])), -1, true)
  if (width > 1) return tf.tensor1d([...classWeights])
  const [negative = 1, positive = 1] = classWeights
  return tf.add(negative, tf.mul(truth, positive - negative))
}

function checkTargets(yTrue: tf.Tensor, yPred: tf.Tensor): void {
  if (!tf.util.arraysEqual(yTrue.shape, yPred.shape))
    throw expected({
      doing: 'computing the loss',
      want: `the shape of the model's output, [${yPred.shape}],`,
      of: 'the targets',
      got: `[${yTrue.shape}]`,
    })
}
