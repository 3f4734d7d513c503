/**
 * Runs a model over a source and computes the mean loss and, on request, copies targets and outputs to typed arrays. The loss is the
 * plain one (no class weights, label smoothing or penalties), so that it means the same whatever options training uses. Metrics are
 * functions of these targets and outputs; they live in `metrics/`.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import type { Batch, BatchSource } from '../data/batches.js'
import { joinArrays } from '../data/join-arrays.js'
import { UserError } from '../errors.js'
import { throwIfAborted } from './abort.js'
import type { LossFunction } from './losses.js'

/** Targets and outputs of one batch. */
export interface BatchOutputs {
  yTrue: Float32Array
  yPred: Float32Array
  /** [B, ...] */
  trueShape: number[]
  /** [B, ...] */
  predShape: number[]
}

/** Targets and outputs of a whole source, in its order. */
export class Outputs {
  readonly batches: BatchOutputs[] = []

  get items(): number {
    return this.batches.reduce((items, batch) => items + (batch.predShape[0] ?? 0), 0)
  }

  /** All targets, one item after the other. */
  get yTrue(): Float32Array {
    return joinArrays(this.batches.map((batch) => batch.yTrue))
  }

  /** All outputs, one item after the other: rows of `classes` numbers for a classifier. */
  get yPred(): Float32Array {
    return joinArrays(this.batches.map((batch) => batch.yPred))
  }

  /** Size of the outputs' last axis. */
  get classes(): number {
    return this.batches[0]?.predShape.at(-1) ?? 0
  }
}

/** Outputs → figures by name. */
export type Metrics = (outputs: Outputs) => Record<string, number>

/** Result of an evaluation. */
export interface Evaluation {
  loss: number
  items: number
  metrics: Record<string, number>
  /** Empty when `collect` is false. */
  outputs: Outputs
}

/** What an evaluation measures. */
export interface Measures {
  readonly loss: LossFunction
  readonly metrics?: Metrics | undefined
}

export interface EvaluationOptions extends Measures {
  /** Whether to keep targets and outputs, which metrics need. Default: true. */
  collect?: boolean
  /** Ends the evaluation before its next batch. */
  signal?: AbortSignal | undefined
  /** Called after each batch with the number of batches done. */
  onBatch?: (batches: number) => void | Promise<void>
}

/** The model's output for a batch, in inference mode. */
export function infer(model: tfl.LayersModel, x: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return tf.tidy(() => {
    const predicted = model.apply(x, { training: false })
    if (!(predicted instanceof tf.Tensor)) throw new TypeError('the model gave no single tensor')
    return predicted
  })
}

export function disposeBatch(batch: Batch): void {
  tf.dispose([batch.x, batch.y, ...(batch.sampleWeights ? [batch.sampleWeights] : [])])
}

/**
 * Evaluates the model, as it is, on the first epoch of a source.
 *
 * @throws UserError when the source is empty; AbortError when `signal` is aborted.
 */
export async function evaluateModel(
  model: tfl.LayersModel,
  source: BatchSource,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const { loss, metrics, collect = true, signal, onBatch } = options
  const outputs = new Outputs()
  let lossSum = 0
  let items = 0
  let batches = 0
  for await (const batch of source.epoch(0)) {
    try {
      throwIfAborted(signal)
      const count = batch.y.shape[0] ?? 1
      tf.tidy(() => {
        const predicted = infer(model, batch.x)
        lossSum += count * (loss(batch.y, predicted, batch.sampleWeights).dataSync()[0] ?? Number.NaN)
        if (collect) outputs.batches.push(copyOutputs(batch.y, predicted))
      })
      items += count
    } finally {
      disposeBatch(batch)
    }
    await onBatch?.(++batches)
  }
  if (items === 0) throw new UserError('evaluating: expected at least one item in the source, received none')
  return { loss: lossSum / items, items, metrics: metrics?.(outputs) ?? {}, outputs }
}

function copyOutputs(yTrue: tf.Tensor, yPred: tf.Tensor): BatchOutputs {
  return {
    yTrue: Float32Array.from(yTrue.dataSync()),
    yPred: Float32Array.from(yPred.dataSync()),
    trueShape: yTrue.shape,
    predShape: yPred.shape,
  }
}
