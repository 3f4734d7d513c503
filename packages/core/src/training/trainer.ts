/**
 * Trains, evaluates and predicts with one model. What a single step does is in `train-step.ts`, the loop over epochs in `fit.ts`, how
 * a model is evaluated in `evaluate.ts`; this file joins them. One Trainer makes one run.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import type { Batch, BatchSource } from '../data/batches.js'
import { evaluateModel, infer, type Evaluation, type Metrics } from './evaluate.js'
import { Fit, type FitOptions, type FitResult } from './fit.js'
import { makeLoss, type LossFunction } from './losses.js'
import type { ScheduleName, ScheduleOptions } from './schedules.js'
import { TrainStep, type StepOptions } from './train-step.js'

/** Options of a Trainer. */
export interface TrainerOptions extends StepOptions {
  /** Course of the learning rate, by name or with its numbers (`step` needs them). Default `constant`. */
  schedule?: Exclude<ScheduleName, 'step'> | ScheduleOptions
  /** Computes figures from targets and outputs; each becomes `val_<name>`. */
  metrics?: Metrics
}

/** Trains one model. */
export class Trainer {
  readonly model: tfl.LayersModel
  readonly #step: TrainStep
  readonly #options: TrainerOptions
  readonly #plainLoss: LossFunction
  #state: 'new' | 'running' | 'done' = 'new'

  /** @throws UserError when an option is out of its range. */
  constructor(model: tfl.LayersModel, options: TrainerOptions) {
    this.model = model
    this.#options = options
    this.#step = new TrainStep(model, options)
    this.#plainLoss = makeLoss(options.loss)
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
   * Trains on one batch, which stays the caller's to dispose. Outside `fit` the learning rate is constant.
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

  /** Plain loss, metrics, targets and outputs over a source, with the moving average of the weights when that is on. */
  async evaluate(source: BatchSource, options: { collect?: boolean } = {}): Promise<Evaluation> {
    const { metrics } = this.#options
    const evaluation = await this.#withEvaluationWeights(() =>
      evaluateModel(this.model, source, { loss: this.#plainLoss, metrics, ...options }),
    )
    if (!evaluation) throw new Error('evaluating: aborted without a signal')
    return evaluation
  }

  /** Frees the tensors of optimizer and average; the model stays. */
  dispose(): void {
    this.#step.dispose()
  }

  /**
   * Trains for `epochs`, once in the life of a Trainer. The model ends with the weights to be used: the moving average when that is
   * on, and then what callbacks make of them (EarlyStopping restores the best).
   *
   * @throws UserError when the loss is not finite, a checkpoint is of another run, or a file cannot be written.
   */
  async fit(train: BatchSource, options: FitOptions): Promise<FitResult> {
    if (this.#state !== 'new') throw new Error('training: a Trainer makes one run; make a new one for another')
    this.#state = 'running'
    return new Fit(this.#step, train, options, {
      schedule: this.#options.schedule ?? 'constant',
      withEvaluationWeights: (action) => this.#withEvaluationWeights(action),
      evaluate: (source, signal, onBatch) => {
        const { metrics } = this.#options
        const collect = metrics !== undefined
        return evaluateModel(this.model, source, { loss: this.#plainLoss, metrics, collect, signal, onBatch })
      },
      finish: () => {
        this.#step.average?.swap()
        this.#state = 'done'
      },
    }).run()
  }

  async #withEvaluationWeights<T>(action: () => Promise<T>): Promise<T> {
    const average = this.#state === 'done' ? undefined : this.#step.average
    average?.swap()
    try {
      return await action()
    } finally {
      average?.swap()
    }
  }
}
