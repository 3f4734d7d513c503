/**
 * One training step: forward, backward, one optimizer call. Between them comes what the options ask for: class and sample weights,
 * label smoothing, penalties, accumulation over several batches, clipping, decoupled weight decay, the moving average of the weights.
 * It knows nothing of epochs; `fit.ts` has the loop around it. Everything that a later step depends on goes into a checkpoint through
 * `capture` and comes back through `restore`.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import type { Batch } from '../data/batches.js'
import { expected, UserError } from '../errors.js'
import { beginStep } from '../runtime/random.js'
import { makeLoss, type LossFunction, type LossName, type LossOptions } from './losses.js'
import { makeOptimizer, type Optimizer, type OptimizerName, type OptimizerOptions } from './optimizers.js'
import type { Schedule } from './schedules.js'
import {
  allLayers,
  allWeights,
  copyValues,
  decays,
  MovingAverage,
  setValues,
  variableOf,
  type Values,
} from './weights.js'

/** Default weight decay of AdamW, as in PyTorch. */
const ADAMW_WEIGHT_DECAY = 0.01

/** Options of a training step. */
export interface StepOptions extends LossOptions {
  /** A loss by name, or a function (targets, outputs, weights?) → scalar. */
  loss: LossName | LossFunction
  /** By name, or with its numbers. Default: `adam`. */
  optimizer?: OptimizerName | OptimizerOptions
  /** Before the schedule. Default: 0.001. */
  learningRate?: number
  /** Seeds dropout and whatever else is random within a step. Default: 1. */
  seed?: number
  /** Gradients whose norm, over all weights together, is above this are scaled down to it. */
  clipNorm?: number
  /** Each element of each gradient is clipped to [-clipValue, clipValue], after `clipNorm`. */
  clipValue?: number
  /** Batches whose gradients are averaged into one update, as if they were one batch. Default: 1. */
  accumulate?: number
  /** Decay of the weights' moving average, which evaluation and the final model then use. Off by default. */
  emaDecay?: number
  /** Adds `l1 · Σ|w|` over all kernels to the loss. Default: 0. */
  l1?: number
  /** Adds `l2 · Σw²` over all kernels to the loss. Default: 0. */
  l2?: number
  /** Decoupled: each update takes `learningRate · weightDecay · w` from each kernel. Default: 0; 0.01 with adamW. */
  weightDecay?: number
}

/** What a step needs to know about a set of weights, gathered once for each set. */
interface Plan {
  weights: tfl.LayerVariable[]
  variables: tf.Variable[]
  /** Decoupled decay of each variable; undefined when all are 0. */
  weightDecay: number[] | undefined
  /** Variables that L1 and L2 apply to. */
  penalised: tf.Variable[]
  /** Weights with a constraint, which is applied after each update. */
  constrained: tfl.LayerVariable[]
}

/** The gradient of each variable of a plan; undefined when the loss does not depend on the variable. */
type Gradients = (tf.Tensor | undefined)[]

/** Gradients that wait for more batches before they are applied. */
interface WaitingGradients {
  plan: Plan
  sums: Gradients
  items: number
  batches: number
}

/** Figures that a checkpoint holds besides arrays. */
export interface StepState {
  batches: number
  updates: number
  learningRateFactor: number
}

export class TrainStep {
  readonly model: tfl.LayersModel
  readonly optimizer: Optimizer
  readonly seed: number
  readonly accumulate: number
  readonly average: MovingAverage | undefined
  /** Number of updates so far → factor of the learning rate; `fit` sets it, since it depends on the run's length. */
  schedule: Schedule = () => 1
  /** Another factor of the learning rate, which ReduceLearningRateOnPlateau lowers. */
  learningRateFactor = 1
  /** Batches seen so far. */
  batches = 0

  readonly #options: StepOptions
  readonly #learningRate: number
  readonly #loss: LossFunction
  readonly #layerPenalties: (() => tf.Scalar)[]
  /** Of all trainable weights. */
  #plan: Plan | undefined
  /** Of the trainable weights that the loss depends on, when these are fewer. */
  #connectedPlan: Plan | undefined
  #waiting: WaitingGradients | undefined

  constructor(model: tfl.LayersModel, options: StepOptions) {
    checkOptions(options)
    if (model.outputs.length !== 1)
      throw expected({
        doing: 'setting up the training',
        want: 'a model with one output',
        of: 'model',
        got: `one with ${model.outputs.length}`,
      })
    this.model = model
    this.#options = options
    this.optimizer = makeOptimizer(options.optimizer ?? 'adam')
    this.seed = options.seed ?? 1
    this.accumulate = options.accumulate ?? 1
    this.#learningRate = options.learningRate ?? 1e-3
    this.average = options.emaDecay === undefined ? undefined : new MovingAverage(options.emaDecay)
    this.#loss = makeLoss(options.loss, options)
    this.#layerPenalties = [...new Set(allLayers(model).flatMap((layer) => layer.losses))]
  }

  /** Updates of the weights so far. */
  get updates(): number {
    return this.optimizer.updates
  }

  /** The learning rate of the next update. */
  get learningRate(): number {
    return this.#learningRate * this.schedule(this.updates) * this.learningRateFactor
  }

  /** The learning rate of the last update. */
  get lastLearningRate(): number {
    return this.#learningRate * this.schedule(Math.max(0, this.updates - 1)) * this.learningRateFactor
  }

  /** Whether gradients of earlier batches wait for their update. */
  get pending(): boolean {
    return this.#waiting !== undefined
  }

  /**
   * Trains on one batch, which the caller disposes.
   *
   * @returns The batch's loss, penalties included. When it is not finite, nothing was updated; NaN also when the loss is finite but
   * the norm of the gradients, which `clipNorm` needs, is not.
   */
  run(batch: Batch): number {
    const plan = this.#currentPlan()
    beginStep(this.seed, this.batches)
    this.batches++
    return tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => this.#totalLoss(batch, plan), plan.variables)
      const loss = value.dataSync()[0] ?? Number.NaN
      if (!Number.isFinite(loss)) return loss
      const gradients = plan.variables.map((variable) => grads[variable.name])
      const updated =
        this.accumulate === 1
          ? this.#update(plan, gradients, 1)
          : this.#accumulate(plan, gradients, batch.y.shape[0] ?? 1)
      return updated ? loss : Number.NaN
    })
  }

  /**
   * Applies the gradients that wait for more batches, if there are any: an epoch may end with fewer batches than `accumulate`.
   *
   * @returns false when their norm is not finite, and nothing was updated.
   */
  flush(): boolean {
    const waiting = this.#waiting
    if (!waiting) return true
    this.#waiting = undefined
    const updated = tf.tidy(() => this.#update(waiting.plan, waiting.sums, 1 / waiting.items))
    tf.dispose(waiting.sums)
    return updated
  }

  /** Runs `action` while the model has the weights that are evaluated: the moving average, when that is on. */
  async withEvaluationWeights<T>(action: () => Promise<T>): Promise<T> {
    const { average } = this
    if (!average || average.swapped) return action()
    average.swap()
    try {
      return await action()
    } finally {
      average.swap()
    }
  }

  /** Leaves the model with the weights that are evaluated. */
  keepEvaluationWeights(): void {
    if (this.average && !this.average.swapped) this.average.swap()
  }

  /** Frees the optimizer's and the average's tensors; the model stays. */
  dispose(): void {
    if (this.#waiting) tf.dispose(this.#waiting.sums)
    this.#waiting = undefined
    this.optimizer.dispose()
    this.average?.dispose()
  }

  /** Puts weights, slots and averages into `arrays`. Only between updates. */
  capture(arrays: Map<string, Values>): StepState {
    if (this.pending) throw new Error('capturing the training state: gradients are waiting for their update')
    allWeights(this.model).forEach((weight, i) => {
      const variable = variableOf(weight)
      arrays.set(`weights/${i}`, copyValues(variable))
      this.optimizer.slots(variable).forEach((slot, j) => arrays.set(`slots/${i}/${j}`, copyValues(slot)))
      if (this.average?.has(variable)) arrays.set(`average/${i}`, copyValues(this.average.of(variable)))
    })
    return { batches: this.batches, updates: this.updates, learningRateFactor: this.learningRateFactor }
  }

  /** Returns to the state at `capture`. The model must have the same weight shapes, which the caller checks. */
  restore(state: StepState, arrays: ReadonlyMap<string, Values>): void {
    allWeights(this.model).forEach((weight, i) => {
      const variable = variableOf(weight)
      const set = (name: string, target: () => tf.Variable | undefined) => {
        const values = arrays.get(name)
        const destination = values && target()
        if (values && destination) setValues(destination, values)
      }
      set(`weights/${i}`, () => variable)
      for (const j of [0, 1]) set(`slots/${i}/${j}`, () => this.optimizer.createSlots(variable)[j])
      set(`average/${i}`, () => this.average?.of(variable))
    })
    this.batches = state.batches
    this.optimizer.updates = state.updates
    this.learningRateFactor = state.learningRateFactor
  }

  /** For the weights that are trainable now: layers may have been frozen or thawed since the last step. */
  #currentPlan(): Plan {
    const weights = this.model.trainableWeights
    if (isPlanOf(weights, this.#plan)) return this.#plan
    this.flush()
    this.#plan = this.#makePlan(weights)
    return this.#plan
  }

  #makePlan(weights: tfl.LayerVariable[]): Plan {
    if (weights.length === 0)
      throw new UserError(
        'training: expected at least one trainable weight in the model, received none',
        'thaw a layer',
      )
    const { weightDecay = this.optimizer.name === 'adamW' ? ADAMW_WEIGHT_DECAY : 0, l1, l2 } = this.#options
    const decayed = weights.map((weight) => (decays(weight) ? weightDecay : 0))
    return {
      weights,
      variables: weights.map(variableOf),
      weightDecay: weightDecay === 0 ? undefined : decayed,
      penalised: l1 || l2 ? weights.filter(decays).map(variableOf) : [],
      constrained: weights.filter((weight) => weight.constraint != null),
    }
  }

  #totalLoss(batch: Batch, plan: Plan): tf.Scalar {
    const predicted = this.model.apply(batch.x, { training: true })
    if (!(predicted instanceof tf.Tensor)) throw new TypeError('the model gave no single tensor')
    let loss = this.#loss(batch.y, predicted, batch.sampleWeights)
    for (const penaltyOf of this.#layerPenalties) loss = tf.add(loss, penaltyOf())
    const { l1 = 0, l2 = 0 } = this.#options
    for (const variable of plan.penalised) loss = tf.add(loss, penalty(variable, l1, l2))
    return loss
  }

  /**
   * Adds a batch's gradients to those that wait, and applies them all when they are enough.
   *
   * @returns false when their norm is not finite, and nothing was updated.
   */
  #accumulate(plan: Plan, gradients: Gradients, items: number): boolean {
    const before = this.#waiting
    const sums = gradients.map((gradient, i) => {
      const sum = addGradients(before?.sums[i], gradient && tf.mul(gradient, items))
      return sum && tf.keep(sum)
    })
    if (before) tf.dispose(before.sums)
    const batches = (before?.batches ?? 0) + 1
    this.#waiting = { plan, sums, items: (before?.items ?? 0) + items, batches }
    return batches < this.accumulate || this.flush()
  }

  /** @returns false when the norm of the gradients is not finite, and nothing was updated. */
  #update(plan: Plan, gradients: Gradients, scale: number): boolean {
    const present = gradients.filter((gradient) => gradient !== undefined)
    const { variables, weightDecay, constrained } = this.#planOfPresent(plan, gradients, present.length)
    const { clipNorm, clipValue } = this.#options
    const { learningRate, updates } = this
    this.average?.begin(variables)
    const how = { learningRate, scale, clipNorm, clipValue, weightDecay }
    if (!this.optimizer.apply(variables, present, how)) return false
    for (const weight of constrained) variableOf(weight).assign(weight.constraint.apply(weight.read()))
    this.average?.update(variables, updates)
    return true
  }

  /** The plan of the weights that have a gradient: a weight that the loss does not depend on stays as it is, without decay. */
  #planOfPresent(plan: Plan, gradients: Gradients, count: number): Plan {
    if (count === gradients.length) return plan
    const weights = plan.weights.filter((_, i) => gradients[i] !== undefined)
    if (!isPlanOf(weights, this.#connectedPlan)) this.#connectedPlan = this.#makePlan(weights)
    return this.#connectedPlan
  }
}

function isPlanOf(weights: readonly tfl.LayerVariable[], plan: Plan | undefined): plan is Plan {
  return plan?.weights.length === weights.length && weights.every((weight, i) => weight === plan.weights[i])
}

function addGradients(sum: tf.Tensor | undefined, gradient: tf.Tensor | undefined): tf.Tensor | undefined {
  if (sum && gradient) return tf.add(sum, gradient)
  return gradient ?? sum?.clone()
}

/** `l1 · Σ|w| + l2 · Σw²`, with 0 for the slope of |w| at 0. */
function penalty(variable: tf.Variable, l1: number, l2: number): tf.Scalar {
  const run = tf.customGrad((input) => {
    if (!(input instanceof tf.Tensor)) throw new TypeError('customGrad passed no tensor')
    const absolute = tf.mul(l1, tf.sum(tf.abs(input)))
    return {
      value: tf.add(absolute, tf.mul(l2, tf.sum(tf.square(input)))),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.add(tf.mul(l1, tf.sign(variable)), tf.mul(2 * l2, variable))),
    }
  })
  return tf.reshape(run(variable), [])
}

function checkOptions(options: StepOptions): void {
  const check = (name: keyof StepOptions, good: (value: number) => boolean, what: string) => {
    const value = options[name]
    if (value !== undefined && !(typeof value === 'number' && good(value)))
      throw expected({ doing: 'setting up the training', want: what, of: name, got: value })
  }
  for (const name of ['learningRate', 'clipNorm', 'clipValue'] as const)
    check(name, (value) => value > 0 && value < Infinity, 'a number above 0')
  for (const name of ['l1', 'l2', 'weightDecay'] as const)
    check(name, (value) => value >= 0 && value < Infinity, 'a number of at least 0')
  check('accumulate', (value) => Number.isInteger(value) && value >= 1, 'a whole number of at least 1')
  check('seed', (value) => Number.isFinite(value), 'a number')
}
