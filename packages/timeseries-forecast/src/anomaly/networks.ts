/**
 * The two small networks that know what is usual of a series: an LSTM that says at each row by how much the next one differs, and an LSTM
 * autoencoder that gives a window back from a code too small for anything unusual. Both are trained on the probation part, on windows of its
 * rows; how they are used on a stream is row-models.ts's. After Malhotra et al. 2015 ("Long Short Term Memory Networks for Anomaly
 * Detection in Time Series") and Malhotra et al. 2016, arXiv:1607.00148.
 */
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { type Batch, type BatchSource } from '@weft/core/data'
import { Dense, LSTM, registerLayers, seededInitializer } from '@weft/core/layers'
import { Random } from '@weft/core/runtime'
import { Trainer } from '@weft/core/training'

export interface NetworkOptions {
  /** Columns of the series, D. */
  columns: number
  /** Rows of a window, L. */
  window: number
  units: number
  seed: number
}

const kernel = (name: string, seed: number) => ({
  name,
  kernelInitializer: seededInitializer('GlorotUniform', seed, name, 'kernel'),
})

const lstm = (name: string, units: number, seed: number, returnSequences: boolean) =>
  new LSTM({
    ...{ ...kernel(name, seed), units, returnSequences },
    recurrentInitializer: seededInitializer('Orthogonal', seed, name, 'recurrent_kernel'),
  })

function chain(shape: number[], layers: tfl.layers.Layer[], name: string): tfl.LayersModel {
  registerLayers()
  const input = tfl.input({ shape, name: 'input' })
  let output = input
  for (const layer of layers) {
    const next = layer.apply(output)
    if (!(next instanceof tfl.SymbolicTensor))
      throw new Error(`building ${name}: layer ${layer.name} has several outputs`)
    output = next
  }
  return tfl.model({ inputs: input, outputs: output, name })
}

/** At each row the change to the next. Shapes: [B, L, D] → [B, L, D]. */
export function buildNextRowLstm({ columns, window, units, seed }: NetworkOptions): tfl.LayersModel {
  const layers = [lstm('lstm', units, seed, true), new Dense({ ...kernel('change', seed), units: columns })]
  return chain([window, columns], layers, 'next_row_lstm')
}

/** A window through a code of `units` numbers and back. Shapes: [B, L, D] → [B, L, D]. */
export function buildLstmAutoencoder({ columns, window, units, seed }: NetworkOptions): tfl.LayersModel {
  const layers = [
    lstm('encoder', units, seed, false),
    tfl.layers.repeatVector({ n: window, name: 'code' }),
    lstm('decoder', 2 * units, seed, true),
    new Dense({ ...kernel('row', seed), units: columns }),
  ]
  return chain([window, columns], layers, 'lstm_autoencoder')
}

/** What is trained towards: the change from each row to the next, or the window itself. */
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
