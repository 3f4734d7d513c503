/**
 * Losses of forecasts: targets may be missing, and outputs may be quantiles or a distribution's parameters instead of a point. A
 * missing target, NaN, counts nothing, neither in the loss nor in its gradient: all of them are means over the targets that are there.
 * They are functions for a Trainer's `loss`; names would not do, since most have parameters.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { expected } from '@weft/core/errors'
import { type ElementLoss, elementLosses, type LossFunction, weightedLoss } from '@weft/core/training'

const MASKABLE = ['meanSquaredError', 'meanAbsoluteError', 'huber'] as const
export type MaskedLossName = (typeof MASKABLE)[number]

const DOING = 'setting up the loss'

/** One of the losses of values, over the targets that are there. Targets and outputs [B, …] of one shape. */
export function maskedLoss(name: MaskedLossName): LossFunction {
  if (!MASKABLE.includes(name))
    throw expected({ doing: DOING, want: `one of ${MASKABLE.join(', ')}`, of: 'the loss', got: name })
  return lossOfParameters(1, 1, elementLosses[name])
}

/**
 * The pinball loss, `q e` for an error `e = y - p` above 0 and `(q - 1) e` below, whose smallest expectation is at the quantile q.
 *
 * Shapes: targets [B, …, C], outputs [B, …, C · Q], the quantile's index fastest.
 * @param quantiles Q shares in (0, 1), rising.
 * @throws UserError for others.
 * @see Koenker and Bassett 1978, Econometrica 46(1), equation 2.2.
 */
export function quantileLoss(quantiles: readonly number[]): LossFunction {
  const rising = quantiles.every((q, i) => q > (quantiles[i - 1] ?? 0) && q < 1)
  if (quantiles.length === 0 || !rising)
    throw expected({ doing: DOING, want: 'ascending shares in (0, 1)', of: 'quantiles', got: quantiles })
  const lean = () => tf.tensor1d(quantiles.map((q) => q - 0.5))
  return lossOfParameters(quantiles.length, quantiles.length, {
    kind: 'values',
    value: (y, p) => {
      const error = tf.sub(y, p)
      return tf.add(tf.mul(0.5, tf.abs(error)), tf.mul(lean(), error))
    },
    slope: (y, p, factor) => {
      const side = tf.sign(tf.sub(p, y))
      return tf.mul(factor, tf.sub(tf.mul(0.5, side), tf.mul(lean(), tf.abs(side))))
    },
  })
}

/** Least and largest logarithm of a deviation; beyond them a density of rounding errors, or of outliers, would rule the loss. */
const LOG_DEVIATION = { least: -6, most: 6 } as const

/**
 * Negative logarithm of a normal density, `½ log 2π + s + ½ (y - m)² exp(-2s)`, with the mean m and the logarithm of the deviation s,
 * which counts within [-6, 6]; beyond, its gradient is only what leads back.
 *
 * Shapes: targets [B, …, C], outputs [B, …, 2C], m and s of each target side by side.
 */
export function gaussianLoss(): LossFunction {
  return lossOfParameters(2, 1, {
    kind: 'values',
    value: (y, p) => {
      const { bounded, scaled } = standardised(y, p)
      return tf.add(tf.add(bounded, 0.5 * Math.log(2 * Math.PI)), tf.mul(0.5, tf.square(scaled)))
    },
    slope: (y, p, factor) => {
      const { logDeviation, bounded, scaled, precision } = standardised(y, p)
      const byDeviation = tf.sub(1, tf.square(scaled))
      // 0 within the bounds; beyond them the slope that would lead further is left out.
      const beyond = tf.sign(tf.sub(logDeviation, bounded))
      const leadingBack = tf.mul(beyond, tf.relu(tf.mul(beyond, byDeviation)))
      const inside = tf.mul(tf.sub(1, tf.abs(beyond)), byDeviation)
      const byMean = tf.neg(tf.mul(scaled, precision))
      return tf.mul(tf.concat([byMean, tf.add(inside, leadingBack)], -1), factor)
    },
  })
}

/** The deviation of a forecast of `gaussianLoss`, in the units of the targets it was trained on. */
export function gaussianDeviation(logDeviation: number): number {
  return Math.exp(Math.min(LOG_DEVIATION.most, Math.max(LOG_DEVIATION.least, logDeviation)))
}

/**
 * Puts the quantiles of each target in rising order, in place: those of a network may cross, and sorting them never raises the
 * pinball loss.
 *
 * @param values [..., C · Q], as `quantileLoss` takes them.
 * @param count Q.
 * @see Chernozhukov et al. 2010, arXiv:0704.3649, section 2.
 */
export function sortQuantiles<T extends Float32Array | Float64Array>(values: T, count: number): T {
  if (!Number.isInteger(count) || count < 1 || values.length % count !== 0)
    throw expected({
      doing: 'sorting quantiles',
      want: `a divisor of the ${values.length} values`,
      of: 'count',
      got: count,
    })
  for (let i = 0; i < values.length; i += count) values.subarray(i, i + count).sort()
  return values
}

/** Shapes: y [..., C, 1], p [..., C, 2] → each [..., C, 1]. */
function standardised(y: tf.Tensor, p: tf.Tensor) {
  const [mean, logDeviation] = tf.split(p, 2, -1)
  if (!mean || !logDeviation) throw new TypeError('splitting gave too few tensors')
  const bounded = tf.clipByValue(logDeviation, LOG_DEVIATION.least, LOG_DEVIATION.most)
  const precision = tf.exp(tf.neg(bounded))
  return { logDeviation, bounded, precision, scaled: tf.mul(tf.sub(y, mean), precision) }
}

/**
 * The mean of a loss over the targets that are there; its elements see targets [B, …, C, 1] and outputs [B, …, C, P].
 *
 * @param parameters Outputs P for each target.
 * @param terms How many values each target has in the loss.
 */
function lossOfParameters(parameters: number, terms: number, loss: ElementLoss): LossFunction {
  return (yTrue, yPred, sampleWeights) => {
    const shape = [...yTrue.shape.slice(0, -1), (yTrue.shape.at(-1) ?? 1) * parameters]
    if (!tf.util.arraysEqual(shape, yPred.shape))
      throw expected({
        doing: 'computing the loss',
        want: `[${shape}] for targets [${yTrue.shape}]`,
        of: 'the outputs',
        got: `[${yPred.shape}]`,
      })
    const truth = tf.reshape(tf.cast(yTrue, 'float32'), [...yTrue.shape, 1])
    const there = tf.equal(truth, truth) // NaN alone is not itself
    const counted = tf.cast(there, 'float32')
    const share = tf.div(yPred.size / terms, tf.maximum(tf.sum(counted), 1))
    const weights = sampleWeights && tf.reshape(sampleWeights, [-1, ...Array<number>(yTrue.rank).fill(1)])
    return weightedLoss(
      loss,
      tf.where(there, truth, tf.zerosLike(truth)),
      tf.reshape(yPred, [...yTrue.shape, parameters]),
      tf.mul(counted, weights ? tf.mul(weights, share) : share),
    )
  }
}
