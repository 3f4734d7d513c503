/**
 * Optimizers behind one interface: an update of all variables in one call, and slots (moments, velocities) that a checkpoint can
 * read and set. Adam and AdamW are one fused kernel call; SGD and RMSprop are TensorFlow.js ops. The formulas are PyTorch's, which
 * differ from Keras's only in where epsilon stands. What makes the gradients (clipping by norm, accumulation) is the Trainer's.
 */
import * as tf from '@tensorflow/tfjs-core'
import { adamUpdate } from '@weft/kernels'
import { expected } from '../errors.js'

/** An optimizer by name, with its numbers. */
export type OptimizerOptions =
  /** Kingma and Ba 2014, arXiv:1412.6980. Defaults: beta1 0.9, beta2 0.999, epsilon 1e-7. */
  | { type: 'adam'; beta1?: number; beta2?: number; epsilon?: number }
  /** Adam whose `weightDecay` is 0.01 unless the Trainer's is set. Loshchilov and Hutter 2017, arXiv:1711.05101. */
  | { type: 'adamW'; beta1?: number; beta2?: number; epsilon?: number }
  /** Defaults: momentum 0, nesterov false. */
  | { type: 'sgd'; momentum?: number; nesterov?: boolean }
  /** Defaults: rho 0.9, momentum 0, epsilon 1e-7. */
  | { type: 'rmsprop'; rho?: number; momentum?: number; epsilon?: number }

export type OptimizerName = OptimizerOptions['type']

/** What one update needs beside variables and gradients. */
export interface UpdateOptions {
  learningRate: number
  /** The gradients are multiplied by this first. */
  scale: number
  /** Then each element is clipped to [-clipValue, clipValue]. */
  clipValue?: number
  /** Decoupled weight decay of each variable: `w -= learningRate · decay · w`. */
  weightDecay?: readonly number[]
}

/** Updates variables in place and keeps what it remembers about each. */
export interface Optimizer {
  readonly name: OptimizerName
  /** Updates made so far; part of a checkpoint. */
  updates: number
  apply(variables: tf.Variable[], gradients: tf.Tensor[], options: UpdateOptions): void
  /** The remembered tensors of a variable, in a fixed order; empty before its first update. */
  slots(variable: tf.Variable): tf.Variable[]
  /** Creates the slots of a variable (zeros), for a checkpoint to be read into. */
  createSlots(variable: tf.Variable): tf.Variable[]
  dispose(): void
}

/** @throws UserError when the name or a number is none. */
export function makeOptimizer(options: OptimizerName | OptimizerOptions): Optimizer {
  const chosen: OptimizerOptions = typeof options === 'string' ? { type: options } : options
  switch (chosen.type) {
    case 'adam':
    case 'adamW': {
      const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = chosen
      checkRate('beta1', beta1)
      checkRate('beta2', beta2)
      return new Adam(chosen.type, beta1, beta2, epsilon)
    }
    case 'sgd': {
      const { momentum = 0, nesterov = false } = chosen
      checkRate('momentum', momentum)
      return new Sgd(momentum, nesterov)
    }
    case 'rmsprop': {
      const { rho = 0.9, momentum = 0, epsilon = 1e-7 } = chosen
      checkRate('rho', rho)
      checkRate('momentum', momentum)
      return new RmsProp(rho, momentum, epsilon)
    }
    default:
      throw expected('setting up the optimizer', 'adam, adamW, sgd or rmsprop', 'optimizer', JSON.stringify(options))
  }
}

function checkRate(name: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw expected('setting up the optimizer', 'a number in [0, 1)', name, value)
}

/** The slots of all variables that were ever updated. */
abstract class SlotKeeper {
  updates = 0
  readonly #slots = new Map<tf.Variable, tf.Variable[]>()
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  slots(variable: tf.Variable): tf.Variable[] {
    return this.#slots.get(variable) ?? []
  }

  createSlots(variable: tf.Variable): tf.Variable[] {
    const existing = this.#slots.get(variable)
    if (existing) return existing
    const made = Array.from({ length: this.#count }, () => tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)))
    this.#slots.set(variable, made)
    return made
  }

  dispose(): void {
    for (const slots of this.#slots.values()) tf.dispose(slots)
    this.#slots.clear()
  }
}

class Adam extends SlotKeeper implements Optimizer {
  readonly name: 'adam' | 'adamW'
  readonly #numbers: { beta1: number; beta2: number; epsilon: number }
  // The moments of the variables of the last call, which are nearly always those of the next.
  #variables: tf.Variable[] = []
  #m: tf.Variable[] = []
  #v: tf.Variable[] = []

  constructor(name: 'adam' | 'adamW', beta1: number, beta2: number, epsilon: number) {
    super(2)
    this.name = name
    this.#numbers = { beta1, beta2, epsilon }
  }

  apply(variables: tf.Variable[], gradients: tf.Tensor[], options: UpdateOptions): void {
    if (variables !== this.#variables) this.#gather(variables)
    this.updates++
    adamUpdate(variables, gradients, this.#m, this.#v, {
      ...this.#numbers,
      learningRate: options.learningRate,
      step: this.updates,
      gradientScale: options.scale,
      ...(options.clipValue === undefined ? {} : { gradientClipValue: options.clipValue }),
      ...(options.weightDecay === undefined ? {} : { weightDecay: options.weightDecay }),
    })
  }

  #gather(variables: tf.Variable[]): void {
    this.#variables = variables
    this.#m = []
    this.#v = []
    for (const variable of variables) {
      const [m, v] = this.createSlots(variable)
      if (m && v) {
        this.#m.push(m)
        this.#v.push(v)
      }
    }
  }
}

/** An optimizer made of ops: one variable at a time. */
abstract class OpOptimizer extends SlotKeeper {
  apply(variables: tf.Variable[], gradients: tf.Tensor[], options: UpdateOptions): void {
    this.updates++
    const { learningRate, scale, clipValue, weightDecay } = options
    variables.forEach((variable, i) => {
      const raw = gradients[i]
      if (!raw) return
      const slots = this.createSlots(variable)
      tf.tidy(() => {
        const scaled = scale === 1 ? raw : tf.mul(raw, scale)
        const gradient = clipValue === undefined ? scaled : tf.clipByValue(scaled, -clipValue, clipValue)
        const decay = weightDecay?.[i] ?? 0
        const decayed = decay === 0 ? variable : tf.mul(variable, 1 - learningRate * decay)
        variable.assign(tf.sub(decayed, tf.mul(this.direction(gradient, slots), learningRate)))
      })
    })
  }

  /** The step for one gradient, before the learning rate; updates the slots. */
  protected abstract direction(gradient: tf.Tensor, slots: tf.Variable[]): tf.Tensor
}

class Sgd extends OpOptimizer implements Optimizer {
  readonly name = 'sgd'
  readonly #momentum: number
  readonly #nesterov: boolean

  constructor(momentum: number, nesterov: boolean) {
    super(momentum === 0 ? 0 : 1)
    this.#momentum = momentum
    this.#nesterov = nesterov
  }

  protected direction(gradient: tf.Tensor, [velocity]: tf.Variable[]): tf.Tensor {
    if (!velocity) return gradient
    velocity.assign(tf.add(tf.mul(velocity, this.#momentum), gradient))
    return this.#nesterov ? tf.add(gradient, tf.mul(velocity, this.#momentum)) : velocity
  }
}

class RmsProp extends OpOptimizer implements Optimizer {
  readonly name = 'rmsprop'
  readonly #rho: number
  readonly #momentum: number
  readonly #epsilon: number

  constructor(rho: number, momentum: number, epsilon: number) {
    super(momentum === 0 ? 1 : 2)
    this.#rho = rho
    this.#momentum = momentum
    this.#epsilon = epsilon
  }

  protected direction(gradient: tf.Tensor, [average, velocity]: tf.Variable[]): tf.Tensor {
    if (!average) return gradient
    average.assign(tf.add(tf.mul(average, this.#rho), tf.mul(tf.square(gradient), 1 - this.#rho)))
    const normalised = tf.div(gradient, tf.add(tf.sqrt(average), this.#epsilon))
    if (!velocity) return normalised
    velocity.assign(tf.add(tf.mul(velocity, this.#momentum), normalised))
    return velocity
  }
}
