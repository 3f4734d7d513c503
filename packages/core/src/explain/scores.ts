/**
 * Which part of the output of a network to explain: the score of a class, of symbols where they were read, or of a whole text. Class
 * scores are those before the last softmax or sigmoid (a probability of 1 has no gradient left); they are recovered from the
 * probabilities if the model ends in one.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { ctcLoss } from '@weft/kernels'
import { expected } from '../errors.js'
import type { Score } from './layer-gradient.js'

/** The smallest probability that is distinguished from 0, near the smallest positive float32. */
const LEAST = 1e-37
/** Layers that do not change class scores. */
const TRANSPARENT = new Set(['BlankPadding', 'Dropout', 'Masking', 'Reshape'])

/** What the (first) output of the model is: probabilities of exclusive classes, of independent classes, or neither. */
function outputKind(model: tfl.LayersModel): 'softmax' | 'sigmoid' | 'linear' {
  let symbolic = model.outputs[0]
  while (symbolic !== undefined && TRANSPARENT.has(symbolic.sourceLayer.getClassName())) symbolic = symbolic.inputs[0]
  if (symbolic === undefined) return 'linear'
  const { sourceLayer } = symbolic
  const layer = 'layer' in sourceLayer ? (sourceLayer.layer as tfl.layers.Layer) : sourceLayer
  if (layer.getClassName() === 'Softmax') return 'softmax'
  const { activation } = layer.getConfig()
  return activation === 'softmax' || activation === 'sigmoid' ? activation : 'linear'
}

/**
 * Recovers the scores before the last softmax or sigmoid. Softmax hides a constant that all classes share: the scores have a mean of
 * 0 over the classes.
 */
export function preActivation(model: tfl.LayersModel): (output: tf.Tensor) => tf.Tensor {
  const kind = outputKind(model)
  if (kind === 'linear') return (output) => output
  const log = (p: tf.Tensor) => tf.log(tf.maximum(p, LEAST))
  if (kind === 'sigmoid') return (p: tf.Tensor) => tf.sub(log(p), log(tf.sub(1, p)))
  return (p) => {
    const logs = log(p)
    return tf.sub(logs, tf.mean(logs, -1, true))
  }
}

export function checkClass(classes: number, label: number): void {
  if (!Number.isInteger(label) || label < 0 || label >= classes)
    throw expected({
      doing: 'explaining a prediction',
      want: `an integer from 0 to ${classes - 1}`,
      of: 'the class',
      got: label,
    })
}

/** The score of a class, for a model with output [B, V]. */
export function classScore(model: tfl.LayersModel, label: number): Score {
  const before = preActivation(model)
  return (output) => {
    const [batch = 0, classes = 0] = output.shape
    if (output.rank !== 2)
      throw expected({
        doing: 'explaining a class',
        want: '[B, V]',
        of: 'the output',
        got: `[${output.shape.join(', ')}]`,
        hint: 'Use spansScore.',
      })
    checkClass(classes, label)
    return tf.reshape(tf.slice(before(output), [0, label], [batch, 1]), [batch])
  }
}

/** Steps of a sequence, both ends included, and the class to explain there. */
export interface ScoreSpan {
  readonly label: number
  readonly firstStep: number
  readonly lastStep: number
}

/**
 * The sum of the scores of classes over their steps, for a model with output [B, T, V]: of one symbol that was read, or of all of
 * them.
 */
export function spansScore(model: tfl.LayersModel, spans: readonly ScoreSpan[]): Score {
  const before = preActivation(model)
  return (output) => {
    const [batch = 0, steps = 0, classes = 0] = output.shape
    if (output.rank !== 3)
      throw expected({
        doing: 'explaining steps',
        want: '[B, T, V]',
        of: 'the output',
        got: `[${output.shape.join(', ')}]`,
        hint: 'Use classScore.',
      })
    if (spans.length === 0) throw expected({ doing: 'explaining steps', want: 'at least 1', of: 'spans', got: 'none' })
    const scores = before(output)
    const sums = spans.map(({ label, firstStep, lastStep }) => {
      checkClass(classes, label)
      if (!(firstStep >= 0 && lastStep < steps && firstStep <= lastStep))
        throw expected({
          doing: 'explaining steps',
          want: `steps from 0 to ${steps - 1}`,
          of: 'a span',
          got: `${firstStep} to ${lastStep}`,
        })
      return tf.sum(tf.slice(scores, [0, firstStep, label], [batch, lastStep - firstStep + 1, 1]), [1, 2])
    })
    return tf.addN(sums)
  }
}

/** log p(text) for a CTC reader with logits [B, T, V], summed over all paths that spell the text. */
export function textScore(labels: readonly number[], options: { readonly blank?: number } = {}): Score {
  return (output) => {
    const batch = output.shape[0] ?? 0
    const rows = tf.tensor2d(Array.from({ length: batch }, () => labels).flat(), [batch, labels.length], 'int32')
    return tf.neg(ctcLoss(output, rows, options))
  }
}
