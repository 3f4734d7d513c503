/**
 * Batches of windows for training and judging. The order of an epoch is a pure function of (seed, epoch): every window is visited
 * before any occurs again, also over epochs that visit only some of them, so that one can be resumed anywhere.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { type Batch, type BatchSource } from '@weft/core/data'
import { expected, UserError } from '@weft/core/errors'
import { Permutation } from './permutation.js'
import type { WindowSet } from './window-set.js'

/** An input of a network, by the name that `gather` has for it. */
export type WindowInput = 'past' | 'future' | 'series'

export interface WindowSourceOptions {
  readonly batchSize: number
  readonly seed: number
  /** The network's inputs in its order, default `past` alone. */
  readonly inputs?: readonly WindowInput[]
  /** Default true; false visits windows in the order of series and time. */
  readonly shuffle?: boolean
  /** Windows an epoch visits, default all; fewer make epochs of large tables short. */
  readonly windowsPerEpoch?: number | undefined
  /** Leaves out the last batch when it is not full, default false. */
  readonly dropRemainder?: boolean
}

/** A batch that says which windows it holds. */
export interface WindowBatch extends Batch {
  /** Places in the set, [B]. */
  readonly places: Uint32Array
  /** What was subtracted from the targets, [B, C]. */
  readonly offsets: Float32Array
}

export class WindowSource implements BatchSource {
  readonly windows: WindowSet
  readonly items: number
  readonly batchesPerEpoch: number
  readonly #options: WindowSourceOptions
  readonly #perEpoch: number

  /** @throws UserError when there is no window, or none that fills a batch though only full ones are wanted. */
  constructor(windows: WindowSet, options: WindowSourceOptions) {
    const { batchSize, windowsPerEpoch = windows.length, dropRemainder = false } = options
    if (windows.length === 0) {
      throw new UserError(
        'making batches of windows: expected at least 1 window, received none',
        `A window needs ${windows.lookBack} rows to look back on and ${windows.horizon} to forecast.`,
      )
    }
    for (const [name, value] of Object.entries({ batchSize, windowsPerEpoch })) {
      if (!Number.isInteger(value) || value < 1) {
        throw expected({
          doing: 'making batches of windows',
          want: 'a whole number of at least 1',
          of: name,
          got: value,
        })
      }
    }
    this.windows = windows
    this.#options = options
    this.#perEpoch = Math.min(windowsPerEpoch, windows.length)
    const whole = Math.floor(this.#perEpoch / batchSize)
    this.batchesPerEpoch = dropRemainder ? whole : Math.ceil(this.#perEpoch / batchSize)
    this.items = dropRemainder ? whole * batchSize : this.#perEpoch
    if (this.batchesPerEpoch === 0) {
      throw expected({
        doing: 'making batches of windows',
        want: `at least ${batchSize} for a full batch`,
        of: 'windows',
        got: this.#perEpoch,
      })
    }
  }

  /** Places of the windows that `epoch` visits, in order. */
  order(epoch: number): Uint32Array {
    const { seed, shuffle = true } = this.#options
    const { length } = this.windows
    const order = new Uint32Array(this.items)
    if (!shuffle) return order.map((_, at) => evenly(at, this.#perEpoch, length))
    // Epochs walk through one permutation after another.
    let round = -1
    let permutation = new Permutation(length, seed)
    for (let at = 0; at < order.length; at++) {
      const visited = epoch * this.#perEpoch + at
      if (Math.floor(visited / length) !== round) {
        round = Math.floor(visited / length)
        permutation = new Permutation(length, seed, 'windows', round)
      }
      order[at] = permutation.at(visited % length)
    }
    return order
  }

  async *epoch(epoch: number, fromBatch = 0): AsyncGenerator<WindowBatch, void, undefined> {
    const { batchSize } = this.#options
    const order = this.order(epoch)
    for (let start = fromBatch * batchSize; start < order.length; start += batchSize) {
      yield this.batch(order.slice(start, start + batchSize))
    }
  }

  /** The windows at these places as tensors, which the caller disposes. */
  batch(places: Uint32Array): WindowBatch {
    const { lookBack, horizon, inputs, futureInputs, targets } = this.windows
    const { past, future, series, y, offsets } = this.windows.gather(places)
    const tensors = (this.#options.inputs ?? ['past']).map((input) => {
      if (input === 'past') return tf.tensor3d(past, [places.length, lookBack, inputs])
      if (input === 'future') return tf.tensor3d(future, [places.length, horizon, futureInputs])
      return tf.tensor2d(series, [places.length, 1], 'int32')
    })
    const [only] = tensors
    return {
      x: tensors.length === 1 && only ? only : tensors,
      y: tf.tensor3d(y, [places.length, horizon, targets]),
      places,
      offsets,
    }
  }
}

/** With no shuffling and a cap, the windows visited are spread evenly over all. */
function evenly(at: number, visited: number, length: number): number {
  return Math.floor((at * length) / visited)
}
