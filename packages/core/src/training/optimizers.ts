/**
 * Optimizers behind one interface: an update of all variables in one call, and slots (moments, velocities) that a checkpoint can
 * read and set. Each update is one fused kernel call, clipping by norm included. The formulas are those of PyTorch, which differ from
 * Keras's only in the place of epsilon. Computing and accumulating gradients is up to `train-step.ts`.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { adamUpdate, rmspropUpdate, sgdUpdate } from '@weft/kernels'
import { expected } from '../errors.js'

/** An optimizer's name and hyperparameters. */
export type OptimizerOptions =
  /** Kingma and Ba 2014, arXiv:1412.6980. Defaults: beta1 0.9, beta2 0.999, epsilon 1e-7. */
  | { type: 'adam'; beta1?: number; beta2?: number; epsilon?: number }
  /** Adam with a default `weightDecay` of 0.01 in the Trainer. Loshchilov and Hutter 2017, arXiv:1711.05101. */
  | { type: 'adamW'; beta1?: number; beta2?: number; epsilon?: number }
  /** Defaults: momentum 0, nesterov false. */
  | { type: 'sgd'; momentum?: number; nesterov?: boolean }
  /** Defaults: rho 0.9, momentum 0, epsilon 1e-7. */
  | { type: 'rmsprop'; rho?: number; momentum?: number; epsilon?: number }

export type OptimizerName = OptimizerOptions['type']

/** What one update needs besides variables and gradients. */
export interface UpdateOptions {
  learningRate: number
  /** Factor of the gradients, applied before clipping. */
  scale: number
  /** Gradients whose norm, over all variables together, is above this are then scaled down to it. */
  clipNorm?: number
  /** Then each element is clipped to [-clipValue, clipValue]. */
  clipValue?: number
  /** Decoupled weight decay of each variable: `w -= learningRate · decay · w`. */
  weightDecay?: readonly number[]
}

/** Updates variables in place and keeps the slots of each. */
export interface Optimizer {
  readonly name: OptimizerName
  /** Updates so far; saved in checkpoints. */
  updates: number
  /** @returns false when `clipNorm` is set and the norm is not finite; nothing was updated then. */
  apply(variables: tf.Variable[], gradients: tf.Tensor[], options: UpdateOptions): boolean
  /** The slots of a variable, in a fixed order; empty before its first update. */
  slots(variable: tf.Variable): tf.Variable[]
  /** The slots of a variable; creates them, as zeros, when there are none. */
  createSlots(variable: tf.Variable): tf.Variable[]
  dispose(): void
}

/** @throws UserError when the name is unknown or a number is out of its range. */
export function makeOptimizer(options: OptimizerName | OptimizerOptions): Optimizer {
  const config: OptimizerOptions = typeof options === 'string' ? { type: options } : options
  switch (config.type) {
    case 'adam':
    case 'adamW': {
      const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = config
      checkRate('beta1', beta1)
      checkRate('beta2', beta2)
      return new Adam(config.type, beta1, beta2, epsilon)
    }
    case 'sgd': {
      const { momentum = 0, nesterov = false } = config
      checkRate('momentum', momentum)
      return new Sgd(momentum, nesterov)
    }
    case 'rmsprop': {
      const { rho = 0.9, momentum = 0, epsilon = 1e-7 } = config
      checkRate('rho', rho)
      checkRate('momentum', momentum)
      return new RmsProp(rho, momentum, epsilon)
    }
    default:
      throw expected({
        doing: 'setting up the optimizer',
        want: 'adam, adamW, sgd or rmsprop',
        of: 'optimizer',
        got: JSON.stringify(options),
      })
  }
}

function checkRate(name: string, value: number): void {
  if (!(value >= 0 && value < 1))
    throw expected({ doing: 'setting up the optimizer', want: 'a number in [0, 1)', of: name, got: value })
}

/** The options under the names that the kernels use. */
const kernelOptions = ({ scale, ...options }: UpdateOptions) => ({ ...options, gradientScale: scale })

/** Keeps the slots of all variables that were ever updated. */
abstract class SlotKeeper {
  updates = 0
  readonly #slots = new Map<tf.Variable, tf.Variable[]>()
  readonly #count: number
  // The variables of the last call, nearly always those of the next, and for each slot the list of their tensors.
  #variables: tf.Variable[] = []
  #slotLists: tf.Variable[][] = []

  constructor(count: number) {
    this.#count = count
  }

  slots(variable: tf.Variable): tf.Variable[] {
    return this.#slots.get(variable) ?? []
  }

  createSlots(variable: tf.Variable): tf.Variable[] {
    const existing = this.#slots.get(variable)
    if (existing) return existing
    const slots = Array.from({ length: this.#count }, () => tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)))
    this.#slots.set(variable, slots)
    return slots
  }

  apply(variables: tf.Variable[], gradients: tf.Tensor[], options: UpdateOptions): boolean {
    if (variables !== this.#variables) {
      const slots = variables.map((variable) => this.createSlots(variable))
      this.#slotLists = Array.from({ length: this.#count }, (_, i) => slots.flatMap((of) => of[i] ?? []))
      this.#variables = variables
    }
    const norm = this.update(variables, gradients, this.#slotLists, options)
    const updated = norm === undefined || Number.isFinite(norm)
    if (updated) this.updates++
    return updated
  }

  dispose(): void {
    for (const slots of this.#slots.values()) tf.dispose(slots)
    this.#slots.clear()
    this.#variables = []
    this.#slotLists = []
  }

  /**
   * Calls the kernel.
   *
   * @param slots For each slot, the tensors of all variables.
   * @returns The norm of the gradients when `clipNorm` is set.
   */
  protected abstract update(
    variables: tf.Variable[],
    gradients: tf.Tensor[],
    slots: tf.Variable[][],
    options: UpdateOptions,
  ): number | undefined
}

class Adam extends SlotKeeper implements Optimizer {
  readonly name: 'adam' | 'adamW'
  readonly #numbers: { beta1: number; beta2: number; epsilon: number }

  constructor(name: 'adam' | 'adamW', beta1: number, beta2: number, epsilon: number) {
    super(2)
    this.name = name
    this.#numbers = { beta1, beta2, epsilon }
  }

  protected update(
    variables: tf.Variable[],
    gradients: tf.Tensor[],
    [m = [], v = []]: tf.Variable[][],
    options: UpdateOptions,
  ) {
    const step = this.updates + 1
    return adamUpdate(variables, gradients, m, v, { ...kernelOptions(options), ...this.#numbers, step })
  }
}

class Sgd extends SlotKeeper implements Optimizer {
  readonly name = 'sgd'
  readonly #numbers: { momentum: number; nesterov: boolean }

  constructor(momentum: number, nesterov: boolean) {
    super(momentum === 0 ? 0 : 1)
    this.#numbers = { momentum, nesterov }
  }

  protected update(
    variables: tf.Variable[],
    gradients: tf.Tensor[],
    [velocities = []]: tf.Variable[][],
    options: UpdateOptions,
  ) {
    return sgdUpdate(variables, gradients, velocities, { ...kernelOptions(options), ...this.#numbers })
  }
}

class RmsProp extends SlotKeeper implements Optimizer {
  readonly name = 'rmsprop'
  readonly #numbers: { rho: number; momentum: number; epsilon: number }

  constructor(rho: number, momentum: number, epsilon: number) {
    super(momentum === 0 ? 1 : 2)
    this.#numbers = { rho, momentum, epsilon }
  }

  protected update(
    variables: tf.Variable[],
    gradients: tf.Tensor[],
    [averages = [], velocities = []]: tf.Variable[][],
    options: UpdateOptions,
  ) {
    return rmspropUpdate(variables, gradients, averages, velocities, { ...kernelOptions(options), ...this.#numbers })
  }
}
