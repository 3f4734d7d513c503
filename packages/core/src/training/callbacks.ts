/**
 * Callbacks, which watch and steer a run: the interface, and those that decide something (early stopping, best model, learning rate on
 * a plateau). Those that write logs are in `loggers.ts`. No callback is needed against a NaN loss: the Trainer ends such a run itself.
 *
 * While `onValidation` and `onEpochEnd` run, the model holds the weights that were evaluated: the moving average when EMA is on.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'
import { restoreSnapshot, snapshot, type Values } from './weights.js'

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * Figures of an epoch, flat as in metrics.jsonl: `loss`, and with a validation source `val_loss` and each metric as `val_<name>`.
 */
export interface EpochLog {
  /** From 1. */
  epoch: number
  /** Updates of the weights since the beginning of the run. */
  steps: number
  /** Duration of the epoch, validation included. */
  seconds: number
  /** When the epoch ended, in seconds since 1970. */
  time: number
  /** At the last update of the epoch. */
  learningRate: number
  /** Mean training loss of the epoch's items, penalties included. */
  loss: number
  [metric: string]: number
}

/** Figures of a validation within an epoch; fields as in `EpochLog`. */
export interface ValidationLog {
  epoch: number
  steps: number
  time: number
  [metric: string]: number
}

/** All figures of a run so far, including those from before a resume. */
export interface History {
  epochs: EpochLog[]
  validations: ValidationLog[]
}

/** What a callback sees of a run and can change. */
export interface Run {
  readonly model: tfl.LayersModel
  readonly history: History
  /** Multiplies the learning rate of the schedule; saved in checkpoints. */
  learningRateFactor: number
  /** Ends the run after this epoch. */
  stop(reason: string): void
}

/** What a callback remembers, in the form that a checkpoint stores. */
export interface CallbackState {
  values: Json
  arrays?: Values[]
}

/**
 * All methods are optional. Whatever a callback bases decisions on must be in `state`; otherwise a resumed run differs from an
 * uninterrupted one.
 */
export interface Callback {
  readonly name: string
  /** Called before the first batch; `run.history` is not empty when the run was resumed. */
  onTrainBegin?(run: Run): void | Promise<void>
  onValidation?(log: ValidationLog, run: Run): void | Promise<void>
  onEpochEnd?(log: EpochLog, run: Run): void | Promise<void>
  /** Called after the last epoch, not after an abort (which may be resumed). The model has the final weights. */
  onTrainEnd?(run: Run): void | Promise<void>
  state?(): CallbackState
  restore?(state: CallbackState): void
}

/** Which figure a callback watches. */
export interface MonitorOptions {
  /** A key of `EpochLog`. Default: `val_loss`. */
  monitor?: string
  /** Default: `max` for accuracies, AUC, F1, precision, recall and BLEU, otherwise `min`. */
  mode?: 'min' | 'max'
  /** A change smaller than this is no improvement. Default: 0. */
  minDelta?: number
}

/** The best value so far of a watched figure. */
export class Monitor {
  readonly metric: string
  readonly #sign: 1 | -1
  readonly #minDelta: number
  best: number | undefined

  constructor(options: MonitorOptions = {}) {
    this.metric = options.monitor ?? 'val_loss'
    const mode = options.mode ?? (/acc|auc|f1|precision|recall|bleu/i.test(this.metric) ? 'max' : 'min')
    this.#sign = mode === 'max' ? 1 : -1
    this.#minDelta = options.minDelta ?? 0
  }

  /**
   * Whether the epoch's value is better than all before it; if so, it becomes the best. NaN never is.
   *
   * @throws UserError when the log has no such figure.
   */
  improved(log: EpochLog): boolean {
    const value = log[this.metric]
    if (value === undefined) {
      const hint = this.metric.startsWith('val_') ? 'figures that begin with val_ need a validation source' : undefined
      throw expected({
        doing: 'watching the training',
        want: `one of ${Object.keys(log).join(', ')}`,
        of: 'monitor',
        got: this.metric,
        hint,
      })
    }
    const better = this.best === undefined ? !Number.isNaN(value) : this.#sign * (value - this.best) > this.#minDelta
    if (better) this.best = value
    return better
  }

  restore(best: Json | undefined): void {
    this.best = typeof best === 'number' ? best : undefined
  }
}

function field(state: CallbackState, key: string): Json | undefined {
  const { values } = state
  return values !== null && typeof values === 'object' && !Array.isArray(values) ? values[key] : undefined
}

function count(state: CallbackState, key: string): number {
  const value = field(state, key)
  return typeof value === 'number' ? value : 0
}

/** Ends the run when a figure has not improved for `patience` epochs, and restores the weights of the best epoch. */
export class EarlyStopping implements Callback {
  readonly name = 'earlyStopping'
  readonly #monitor: Monitor
  readonly #patience: number
  readonly #restoreBestWeights: boolean
  #waited = 0
  #bestEpoch = 0
  #best: Values[] = []

  /**
   * @param options.patience Epochs without improvement before the run ends. Default: 10.
   * @param options.restoreBestWeights Whether the model ends with its best weights, also after the last epoch. Default: true.
   */
  constructor(options: MonitorOptions & { patience?: number; restoreBestWeights?: boolean } = {}) {
    this.#monitor = new Monitor(options)
    this.#patience = options.patience ?? 10
    this.#restoreBestWeights = options.restoreBestWeights ?? true
  }

  /** The epoch (from 1) whose figure was best; 0 before the first. */
  get bestEpoch(): number {
    return this.#bestEpoch
  }

  /** The best value of the watched figure. */
  get best(): number | undefined {
    return this.#monitor.best
  }

  onEpochEnd(log: EpochLog, run: Run): void {
    if (this.#monitor.improved(log)) {
      this.#waited = 0
      this.#bestEpoch = log.epoch
      if (this.#restoreBestWeights) this.#best = snapshot(run.model)
    } else if (++this.#waited >= this.#patience) {
      run.stop(
        `${this.#monitor.metric} has not improved for ${this.#patience} epochs; its best was in epoch ${this.#bestEpoch}`,
      )
    }
  }

  onTrainEnd(run: Run): void {
    if (this.#best.length > 0) restoreSnapshot(run.model, this.#best)
  }

  state(): CallbackState {
    const values = { best: this.#monitor.best ?? null, waited: this.#waited, bestEpoch: this.#bestEpoch }
    return { values, arrays: this.#best }
  }

  restore(state: CallbackState): void {
    this.#monitor.restore(field(state, 'best'))
    this.#waited = count(state, 'waited')
    this.#bestEpoch = count(state, 'bestEpoch')
    this.#best = state.arrays ?? []
  }
}

/** Saves the model each time a figure improves. */
export class ModelCheckpoint implements Callback {
  readonly name = 'modelCheckpoint'
  readonly #monitor: Monitor
  readonly #save: (model: tfl.LayersModel, log: EpochLog) => void | Promise<void>

  /** @param options.save Writes the model, which has the evaluated weights at that moment. */
  constructor(options: MonitorOptions & { save: (model: tfl.LayersModel, log: EpochLog) => void | Promise<void> }) {
    this.#monitor = new Monitor(options)
    this.#save = options.save
  }

  async onEpochEnd(log: EpochLog, run: Run): Promise<void> {
    if (this.#monitor.improved(log)) await this.#save(run.model, log)
  }

  state(): CallbackState {
    return { values: { best: this.#monitor.best ?? null } }
  }

  restore(state: CallbackState): void {
    this.#monitor.restore(field(state, 'best'))
  }
}

/** Multiplies the learning rate by `factor` when a figure has not improved for `patience` epochs. */
export class ReduceLearningRateOnPlateau implements Callback {
  readonly name = 'reduceLearningRateOnPlateau'
  readonly #monitor: Monitor
  readonly #factor: number
  readonly #patience: number
  readonly #cooldown: number
  readonly #minFactor: number
  #waited = 0
  #cooling = 0

  /**
   * @param options.factor In (0, 1). Default: 0.1, as in Keras.
   * @param options.patience Epochs without improvement before a reduction. Default: 5.
   * @param options.cooldown Epochs after a reduction that do not count. Default: 0.
   * @param options.minFactor Lower bound of all reductions together, as a share of the learning rate. Default: 0.
   */
  constructor(
    options: MonitorOptions & { factor?: number; patience?: number; cooldown?: number; minFactor?: number } = {},
  ) {
    this.#monitor = new Monitor(options)
    this.#factor = options.factor ?? 0.1
    this.#patience = options.patience ?? 5
    this.#cooldown = options.cooldown ?? 0
    this.#minFactor = options.minFactor ?? 0
    if (!(this.#factor > 0 && this.#factor < 1))
      throw expected({ doing: 'setting up the training', want: 'a number in (0, 1)', of: 'factor', got: this.#factor })
  }

  onEpochEnd(log: EpochLog, run: Run): void {
    const cooling = this.#cooling > 0
    if (cooling) this.#cooling--
    if (this.#monitor.improved(log)) this.#waited = 0
    else if (!cooling && ++this.#waited >= this.#patience) {
      run.learningRateFactor = Math.max(run.learningRateFactor * this.#factor, this.#minFactor)
      this.#cooling = this.#cooldown
      this.#waited = 0
    }
  }

  state(): CallbackState {
    return { values: { best: this.#monitor.best ?? null, waited: this.#waited, cooling: this.#cooling } }
  }

  restore(state: CallbackState): void {
    this.#monitor.restore(field(state, 'best'))
    this.#waited = count(state, 'waited')
    this.#cooling = count(state, 'cooling')
  }
}
