/**
 * What of a network's output is explained: the score of a class, of symbols where they were read, or of a whole text. Class scores are
 * those before the last softmax or sigmoid (a probability that has reached 1 has no gradient left); they are won back from the
 * probabilities when the model ends in one.
 */
import * as tf from '@tensorflow/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { ctcLoss } from '@weft/kernels'
import { expected } from '../errors.js'
import type { Score } from './layer-gradient.js'

/** Smallest probability that is told from 0: near the least positive float32. */
const LEAST = 1e-37
/** Layers that leave a class score what it is. */
const TRANSPARENT = new Set(['BlankPadding', 'Dropout', 'Masking', 'Reshape'])

/** What the model's (first) output is: probabilities of classes that exclude one another, of each by itself, or neither. */
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
 * The scores before the last softmax or sigmoid. Softmax gives them up to a number that all classes share: they come back with a
 * mean of 0 over the classes.
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
      want: `an integer in [0, ${classes})`,
      of: 'the class',
      got: label,
    })
}

/** The score of a class, of a model that gives [B, V]. */
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

/** Steps of a sequence and the class that is looked at there; both ends belong to it. */
export interface ScoreSpan {
  readonly label: number
  readonly firstStep: number
  readonly lastStep: number
}

/**
 * The sum of the classes' scores over their steps, of a model that gives [B, T, V]: of one symbol that was read, or of all. A single
 * step is a span that begins and ends there.
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
    if (spans.length === 0)
      throw expected({ doing: 'explaining steps', want: 'at least one', of: 'spans', got: 'none' })
    const scores = before(output)
    const sums = spans.map(({ label, firstStep, lastStep }) => {
      checkClass(classes, label)
      if (!(firstStep >= 0 && lastStep < steps && firstStep <= lastStep))
        throw expected({
          doing: 'explaining steps',
          want: `steps of ${steps}`,
          of: 'a span',
          got: `${firstStep} to ${lastStep}`,
        })
      return tf.sum(tf.slice(scores, [0, firstStep, label], [batch, lastStep - firstStep + 1, 1]), [1, 2])
    })
    return tf.addN(sums)
  }
}

/** log p(text) of a CTC reader that gives logits [B, T, V]: the sum over all paths that spell the text. */
export function textScore(labels: readonly number[], options: { readonly blank?: number } = {}): Score {
  return (output) => {
    const batch = output.shape[0] ?? 0
    const rows = tf.tensor2d(Array.from({ length: batch }, () => labels).flat(), [batch, labels.length], 'int32')
    return tf.neg(ctcLoss(output, rows, options))
  }
}
