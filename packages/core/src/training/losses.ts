/**
 * The losses that a Trainer knows by name. Each gives one value an item, [B], so that sample and class weights work with every loss;
 * the Trainer's loss is `mean over items of weight · loss`, the division being by the number of items as in Keras, which makes
 * accumulated batches add up to one big one. The gradients are written out where TensorFlow.js's own are undefined (at 0) or lose
 * digits. CTC is no loss of this table: pass a function.
 */
import * as tf from '@tensorflow/tfjs-core'
import { expected } from '../errors.js'

/** Distance kept between a probability and 0 or 1 before a logarithm; Keras's value. */
const EPSILON = 1e-7

/** Rows of scores → one loss a row: the last axis is consumed or averaged, so [B, ..., C] → [B, ...]. */
type RowLoss = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor

/** Element-wise loss with its derivative by `yPred`, averaged over the last axis. */
function elementwise(
  value: (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor,
  slope: (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor,
): RowLoss {
  return (yTrue, yPred) => {
    const run = tf.customGrad((predicted, save) => {
      const prediction = asTensor(predicted)
      asSave(save)([prediction, yTrue]) // the forward pass ends, and its tensors with it, before the backward pass begins
      return {
        value: value(yTrue, prediction),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, slope(at(saved, 1), at(saved, 0))),
      }
    })
    return tf.mean(run(yPred), -1)
  }
}

/** `-Σ y log p` over the last axis, with the derivative by `yPred` given. */
function crossentropy(
  logProbability: (yPred: tf.Tensor) => tf.Tensor,
  slope: (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor,
): RowLoss {
  return (yTrue, yPred) =>
    tf.customGrad((predicted, save) => {
      const prediction = asTensor(predicted)
      asSave(save)([prediction, yTrue])
      return {
        value: tf.neg(tf.sum(tf.mul(yTrue, logProbability(prediction)), -1)),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
          tf.mul(tf.expandDims(dy, -1), slope(at(saved, 1), at(saved, 0))),
      }
    })(yPred)
}

const clipProbability = (p: tf.Tensor) => tf.clipByValue(p, EPSILON, 1 - EPSILON)

const rowLosses = {
  /** `yPred` are probabilities that sum to 1 over the last axis. */
  categoricalCrossentropy: crossentropy(
    (p) => tf.log(clipProbability(p)),
    (y, p) => tf.neg(tf.div(y, clipProbability(p))),
  ),
  /** `yPred` are logits. */
  softmaxCrossentropy: crossentropy(
    (logits) => tf.logSoftmax(logits),
    (y, logits) => tf.sub(tf.mul(tf.softmax(logits), tf.sum(y, -1, true)), y),
  ),
  /** `yPred` are probabilities, each on its own. */
  binaryCrossentropy: elementwise(
    (y, p) => {
      const q = clipProbability(p)
      return tf.neg(tf.add(tf.mul(y, tf.log(q)), tf.mul(tf.sub(1, y), tf.log(tf.sub(1, q)))))
    },
    (y, p) => {
      const q = clipProbability(p)
      return tf.div(tf.sub(q, y), tf.mul(q, tf.sub(1, q)))
    },
  ),
  /** `yPred` are logits, each on its own. */
  sigmoidCrossentropy: elementwise(
    (y, x) => tf.add(tf.sub(tf.relu(x), tf.mul(x, y)), tf.log1p(tf.exp(tf.neg(tf.abs(x))))),
    (y, x) => tf.sub(tf.sigmoid(x), y),
  ),
  meanSquaredError: elementwise(
    (y, p) => tf.squaredDifference(p, y),
    (y, p) => tf.mul(2, tf.sub(p, y)),
  ),
  meanAbsoluteError: elementwise(
    (y, p) => tf.abs(tf.sub(p, y)),
    (y, p) => tf.sign(tf.sub(p, y)),
  ),
  /** Quadratic up to an error of 1, linear beyond. */
  huber: elementwise(
    (y, p) => {
      const error = tf.abs(tf.sub(p, y))
      const bounded = tf.minimum(error, 1)
      return tf.add(tf.mul(0.5, tf.square(bounded)), tf.sub(error, bounded))
    },
    (y, p) => tf.clipByValue(tf.sub(p, y), -1, 1),
  ),
} satisfies Record<string, RowLoss>

/** Names of the built-in losses. */
export type LossName = keyof typeof rowLosses

/** A loss of one's own: targets [B, ...], the model's outputs and, when there are any, weights [B] → scalar. */
export type LossFunction = (yTrue: tf.Tensor, yPred: tf.Tensor, sampleWeights?: tf.Tensor1D) => tf.Scalar

export const lossNames = Object.keys(rowLosses).filter((name) => isLossName(name))

export function isLossName(name: string): name is LossName {
  return Object.hasOwn(rowLosses, name)
}

const isBinary = (name: LossName) => name === 'binaryCrossentropy' || name === 'sigmoidCrossentropy'
const isCategorical = (name: LossName) => name === 'categoricalCrossentropy' || name === 'softmaxCrossentropy'

/** What changes a loss while training; validation uses the loss plain. */
export interface LossOptions {
  /** Share of each target's mass spread evenly over the classes (or towards 1/2 for binary targets), in [0, 1). */
  labelSmoothing?: number
  /**
   * Weight of each class. Categorical: of the item's class. One binary output: of the negatives and of the positives. Several
   * binary outputs: of each output's own loss.
   */
  classWeights?: readonly number[]
}

/**
 * Binds a loss by name, or one's own function, to the options that training adds.
 *
 * @returns targets [B, ...], outputs [B, ...] and weights [B] → scalar.
 */
export function makeLoss(loss: LossName | LossFunction, options: LossOptions = {}): LossFunction {
  const { labelSmoothing = 0, classWeights } = options
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw expected('setting up the loss', 'a number in [0, 1)', 'labelSmoothing', labelSmoothing)
  if (typeof loss === 'function') {
    if (labelSmoothing || classWeights)
      throw expected('setting up the loss', 'a loss by name', 'loss with labelSmoothing or classWeights', 'a function')
    return loss
  }
  if (!isLossName(loss)) throw expected('setting up the loss', `one of ${lossNames.join(', ')}`, 'loss', loss)
  if ((labelSmoothing || classWeights) && !isBinary(loss) && !isCategorical(loss))
    throw expected('setting up the loss', 'a crossentropy', 'loss with labelSmoothing or classWeights', loss)
  const rows: RowLoss = rowLosses[loss]
  return (yTrue, yPred, sampleWeights) => {
    checkTargets(yTrue, yPred)
    const truth = tf.cast(yTrue, 'float32')
    const smoothed = labelSmoothing ? smooth(truth, labelSmoothing, isBinary(loss)) : truth
    const perRow = classWeights ? weighClasses(rows, loss, classWeights, truth, smoothed, yPred) : rows(smoothed, yPred)
    const perItem = perRow.rank > 1 ? tf.mean(tf.reshape(perRow, [perRow.shape[0] ?? 1, -1]), 1) : perRow
    return tf.mean<tf.Scalar>(sampleWeights ? tf.mul(perItem, sampleWeights) : perItem)
  }
}

function smooth(truth: tf.Tensor, amount: number, binary: boolean): tf.Tensor {
  const classes = binary ? 2 : (truth.shape[truth.rank - 1] ?? 1)
  return tf.add(tf.mul(truth, 1 - amount), amount / classes)
}

/** Losses of rows with the weights of their classes in. The weights come from the targets before smoothing. */
function weighClasses(
  rows: RowLoss,
  loss: LossName,
  classWeights: readonly number[],
  truth: tf.Tensor,
  smoothed: tf.Tensor,
  yPred: tf.Tensor,
): tf.Tensor {
  const width = truth.shape[truth.rank - 1] ?? 1
  const wanted = isBinary(loss) && width === 1 ? 2 : width
  if (classWeights.length !== wanted)
    throw expected('computing the loss', `${wanted} numbers`, 'classWeights', `${classWeights.length} numbers`)
  if (isCategorical(loss))
    return tf.mul(rows(smoothed, yPred), tf.sum(tf.mul(truth, tf.tensor1d([...classWeights])), -1))
  if (width === 1) {
    const [negative = 1, positive = 1] = classWeights
    const weight = tf.add(negative, tf.mul(tf.squeeze(truth, [-1]), positive - negative))
    return tf.mul(rows(smoothed, yPred), weight)
  }
  // One loss an output: each output becomes a row of its own.
  const perOutput = rows(tf.expandDims(smoothed, -1), tf.expandDims(yPred, -1))
  return tf.mean(tf.mul(perOutput, tf.tensor1d([...classWeights])), -1)
}

function checkTargets(yTrue: tf.Tensor, yPred: tf.Tensor): void {
  if (!tf.util.arraysEqual(yTrue.shape, yPred.shape))
    throw expected(
      'computing the loss',
      `the shape of the model's output, [${yPred.shape}],`,
      'the targets',
      `[${yTrue.shape}]`,
    )
}

function asTensor(value: tf.Tensor | tf.GradSaveFunc): tf.Tensor {
  if (!(value instanceof tf.Tensor)) throw new TypeError('customGrad passed no tensor')
  return value
}

function asSave(value: tf.Tensor | tf.GradSaveFunc): tf.GradSaveFunc {
  if (value instanceof tf.Tensor) throw new TypeError('customGrad passed no save function')
  return value
}

function at(saved: tf.Tensor[], index: number): tf.Tensor {
  const tensor = saved[index]
  if (!tensor) throw new TypeError('customGrad saved no tensor')
  return tensor
}
