/**
 * The two small networks that learn what is usual in a series: an LSTM that forecasts at each row the change to the next one, and an LSTM
 * autoencoder that reconstructs a window from a code too small for anything unusual. Both are trained on the probation part, on windows of its
 * rows; their use on a stream is in row-models.ts. After Malhotra et al. 2015 ("Long Short Term Memory Networks for Anomaly
 * Detection in Time Series") and Malhotra et al. 2016, arXiv:1607.00148.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { type Batch, type BatchSource } from '@weft/core/data'
import { Dense, registerLayers } from '@weft/core/layers'
import { chain, kernel, recurrentLayer, weightsOf } from '@weft/core/models'
import { Random } from '@weft/core/runtime'
import { Trainer } from '@weft/core/training'
import { checkSize } from '../models/forecast-shape.js'

export interface NetworkOptions {
  /** Columns of the series, D. */
  columns: number
  /** Rows of a window, L. */
  window: number
  units: number
  seed: number
}

/** At each row the change to the next. Shapes: [B, L, D] → [B, L, D]. */
export function buildNextRowLstm(options: NetworkOptions): tfl.LayersModel {
  const { input, weights, columns, units } = begin(options)
  const output = chain(
    input,
    recurrentLayer('lstm', 'lstm', { units, returnSequences: true }, weights),
    new Dense({ units: columns, ...kernel('change', weights), name: 'change' }),
  )
  return tfl.model({ inputs: input, outputs: output, name: 'next_row_lstm' })
}

/** A window through a code of `units` numbers and back. Shapes: [B, L, D] → [B, L, D]. @throws UserError when a size is below 1. */
export function buildLstmAutoencoder(options: NetworkOptions): tfl.LayersModel {
  const { input, weights, columns, units, window } = begin(options)
  const output = chain(
    input,
    recurrentLayer('lstm', 'encoder', { units, returnSequences: false }, weights),
    tfl.layers.repeatVector({ n: window, name: 'code' }),
    recurrentLayer('lstm', 'decoder', { units: 2 * units, returnSequences: true }, weights),
    new Dense({ units: columns, ...kernel('row', weights), name: 'row' }),
  )
  return tfl.model({ inputs: input, outputs: output, name: 'lstm_autoencoder' })
}

/** The input of a network, its sizes checked. */
function begin(options: NetworkOptions) {
  registerLayers()
  for (const name of ['columns', 'window', 'units'] as const)
    checkSize("building a detector's network", name, options[name])
  const { columns, window, seed } = options
  return { ...options, input: tfl.input({ shape: [window, columns], name: 'input' }), weights: weightsOf({ seed }) }
}

/** The target of training: the change from each row to the next, or the window itself. */
export type Target = 'change' | 'itself'

const BATCH = 32

/** Windows of one series in a new order each epoch. */
class WindowSource implements BatchSource {
  readonly items: number
  readonly batchesPerEpoch: number
  readonly #rows: Float32Array
  readonly #options: NetworkOptions
  readonly #target: Target
  readonly #hop: number

  /** @param rows [T, D], T above the window. */
  constructor(rows: Float32Array, options: NetworkOptions, target: Target) {
    const { columns, window } = options
    this.#rows = rows
    this.#options = options
    this.#target = target
    this.#hop = Math.max(1, Math.floor(window / 4))
    const last = rows.length / columns - window - (target === 'change' ? 1 : 0)
    this.items = Math.floor(last / this.#hop) + 1
    this.batchesPerEpoch = Math.ceil(this.items / BATCH)
  }

  async *epoch(epoch: number, fromBatch = 0): AsyncGenerator<Batch> {
    const order = new Random(this.#options.seed, 'windows', epoch).permutation(this.items)
    for (let batch = fromBatch; batch < this.batchesPerEpoch; batch++)
      yield await Promise.resolve(this.#batch(order.subarray(batch * BATCH, (batch + 1) * BATCH)))
  }

  #batch(numbers: Uint32Array): Batch {
    const { columns, window } = this.#options
    const size = window * columns
    const x = new Float32Array(numbers.length * size)
    const y = new Float32Array(x.length)
    numbers.forEach((number, b) => {
      const start = number * this.#hop * columns
      for (let i = 0; i < size; i++) {
        const value = this.#rows[start + i] ?? 0
        x[b * size + i] = value
        y[b * size + i] = this.#target === 'itself' ? value : (this.#rows[start + i + columns] ?? 0) - value
      }
    })
    const shape: [number, number, number] = [numbers.length, window, columns]
    return { x: tf.tensor3d(x, shape), y: tf.tensor3d(y, shape) }
  }
}

/** Trains a network of this file on rows [T, D]. */
export async function trainOnRows(
  model: tfl.LayersModel,
  rows: Float32Array,
  target: Target,
  { epochs, signal, ...options }: NetworkOptions & { epochs: number; signal?: AbortSignal | undefined },
): Promise<void> {
  const trainer = new Trainer(model, {
    ...{ loss: 'huber', learningRate: 0.01, schedule: 'cosine', clipNorm: 1, seed: options.seed },
  })
  try {
    await trainer.fit(new WindowSource(rows, options, target), { epochs, signal })
  } finally {
    trainer.dispose()
  }
}
