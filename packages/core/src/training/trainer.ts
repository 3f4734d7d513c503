/**
 * Trains, evaluates and predicts with one model: a front for a single step (`train-step.ts`), the loop over epochs (`fit.ts`) and
 * evaluation (`evaluate.ts`). One Trainer makes one run.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import type { Batch, BatchSource } from '../data/batches.js'
import { evaluateModel, infer, type Evaluation, type Measures, type Metrics } from './evaluate.js'
import { trainingLoop, type FitOptions, type FitResult } from './fit.js'
import { makeLoss } from './losses.js'
import type { ScheduleName, ScheduleOptions } from './schedules.js'
import { TrainStep, type StepOptions } from './train-step.js'

/** Options of a Trainer. */
export interface TrainerOptions extends StepOptions {
  /** Course of the learning rate, by name or with its numbers (`step` needs them). Default: `constant`. */
  schedule?: Exclude<ScheduleName, 'step'> | ScheduleOptions
  /** Computes figures from targets and outputs; logs show each as `val_<name>`. */
  metrics?: Metrics
}

/** Trains one model. */
export class Trainer {
  readonly model: tfl.LayersModel
  readonly #step: TrainStep
  readonly #schedule: ScheduleOptions
  readonly #measures: Measures
  #used = false

  /** @throws UserError when an option is out of its range. */
  constructor(model: tfl.LayersModel, options: TrainerOptions) {
    this.model = model
    this.#step = new TrainStep(model, options)
    const { schedule = 'constant' } = options
    this.#schedule = typeof schedule === 'string' ? { type: schedule } : schedule
    this.#measures = { loss: makeLoss(options.loss), metrics: options.metrics }
  }

  /** Updates of the weights so far. */
  get steps(): number {
    return this.#step.updates
  }

  /** The learning rate of the next update. */
  get learningRate(): number {
    return this.#step.learningRate
  }

  /**
   * Trains on one batch, which the caller disposes. Outside `fit` the learning rate is constant.
   *
   * @returns The batch's loss, penalties included. When it is not finite, no weight was changed.
   */
  step(batch: Batch): number {
    return this.#step.run(batch)
  }

  /** The model's output for `x` [B, ...] in inference mode; the caller disposes it. */
  predict(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return infer(this.model, x)
  }

  /** Plain loss, metrics, targets and outputs over a source, with the moving average of the weights when `emaDecay` is set. */
  async evaluate(source: BatchSource, options: { collect?: boolean } = {}): Promise<Evaluation> {
    return this.#step.withEvaluationWeights(() => evaluateModel(this.model, source, { ...this.#measures, ...options }))
  }

  /** Frees the tensors of optimizer and average; the model stays. */
  dispose(): void {
    this.#step.dispose()
  }

  /**
   * Trains for `epochs`, once in the life of a Trainer. The model ends with the weights to be used: the moving average when `emaDecay`
   * is set, or what a callback puts in their place (EarlyStopping restores the best).
   *
   * @throws UserError when the loss is not finite, a checkpoint is of another run, or a file cannot be written.
   */
  async fit(train: BatchSource, options: FitOptions): Promise<FitResult> {
    if (this.#used) throw new Error('training: a Trainer makes one run; make a new one for another')
    this.#used = true
    return trainingLoop({
      step: this.#step,
      train,
      options,
      schedule: this.#schedule,
      measures: this.#measures,
    })
  }
}
