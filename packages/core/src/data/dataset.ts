/**
 * A data set: a list of items (ids, labels, groups, folds; no contents) and, with a loader, the source of its batches.
 *
 * Contents are loaded item by item shortly before their batch is due, in workers if the loader uses a pool, and released with it:
 * only the list must fit into memory. `epoch-order.ts` decides which items make up a batch, `pad.ts` joins them.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { UserError, expected } from '../errors.js'
import { hash, Random } from '../runtime/random.js'
import type { Batch, BatchSource } from './batches.js'
import { epochOrder, type OrderOptions } from './epoch-order.js'
import { mapOrdered } from './map-ordered.js'
import { padSequences, type NdArray, type PadOptions } from './pad.js'

/** An item as it is listed, before it is loaded. */
export interface DataItem {
  /** Unique in its data set; errors name it. */
  readonly id: string
  readonly labels?: readonly string[] | undefined
  /** Items of one group (a speaker, a recording) stay in one part of a split. */
  group?: string | undefined
  /** The fold that the data set assigns it to. */
  fold?: string | undefined
}

/** A loaded item, without batch axis. */
export interface Sample {
  x: NdArray | NdArray[]
  y: NdArray
  /** Weight in the loss; a batch has weights as soon as one of its samples has. Default: 1. */
  weight?: number
}

/** A request to load one item. */
export interface LoadRequest<Item> {
  item: Item
  /** Index in the data set. */
  index: number
  epoch: number
  /**
   * Seed for augmenting this item: a function of the seed of the source, the epoch, the id of the item, and how often the item
   * has already occurred in this epoch.
   */
  seed: number
}

/** Loads (decodes, transforms, augments) one item; it must be a function of the request alone. */
export type Loader<Item> = (request: LoadRequest<Item>, signal: AbortSignal) => Promise<Sample> | Sample

/** A batch before it becomes tensors: arrays [B, ...]. */
export interface HostBatch {
  x: NdArray[]
  y: NdArray
  weights?: Float32Array | undefined
  /** Length of each item along the padded axis, one array per input. */
  lengths: Int32Array[]
  /** Index of each item in the data set. */
  indices: Uint32Array
}

/** Changes a whole batch, such as mixup; `random` is a function of (seed, epoch, batch). */
export type BatchTransform = (batch: HostBatch, random: Random) => HostBatch

export interface SourceOptions<Item> extends OrderOptions<Item> {
  load: Loader<Item>
  /** How inputs of unequal length are padded: one setting for all inputs, or one for each. */
  pad?: PadOptions | readonly PadOptions[]
  /** How targets of unequal length are padded. */
  padTargets?: PadOptions
  transform?: BatchTransform
  /** Batches to load ahead of the one in use (default: 2). */
  prefetchBatches?: number
  /** Load fewer ahead when their samples would take more bytes than this (default: 256 MiB). */
  prefetchBytes?: number
  /** Aborting it ends the epoch with its reason. */
  signal?: AbortSignal
}

/** A batch of a data set, with the items it holds and their lengths. */
export interface ItemBatch extends Batch {
  /** Index in the data set of the item in each row. */
  indices: Uint32Array
  /** Length of each row along the padded axis, one array per input. */
  lengths: Int32Array[]
}

/** One input or several, as a list. */
function asList<Value>(value: Value | Value[]): Value[] {
  return Array.isArray(value) ? value : [value]
}

function bytesOf(sample: Sample): number {
  return asList(sample.x).reduce((bytes, x) => bytes + x.data.byteLength, sample.y.data.byteLength)
}

function toTensor({ data, shape }: NdArray): tf.Tensor {
  return tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32')
}

/** An ordered list of items with unique ids. */
export class Dataset<Item extends DataItem = DataItem> {
  readonly items: readonly Item[]

  constructor(items: readonly Item[]) {
    this.items = items
    const ids = new Set<string>()
    for (const { id } of items) {
      if (ids.has(id)) throw expected({ doing: 'making a data set', want: 'unique ids', of: 'items', got: id })
      ids.add(id)
    }
  }

  get length(): number {
    return this.items.length
  }

  /** The items at these indices, in this order; no index may occur twice. */
  subset(indices: Iterable<number>): Dataset<Item> {
    return new Dataset(Array.from(indices, (index) => this.at(index)))
  }

  at(index: number): Item {
    const item = this.items[index]
    if (item === undefined)
      throw expected({
        doing: 'taking an item',
        want: `an integer from 0 to ${this.length - 1}`,
        of: 'index',
        got: index,
      })
    return item
  }

  /** The one label of each item. @throws UserError naming the first item with none or several. */
  labels(): string[] {
    return this.items.map(labelOf)
  }

  /** The group of each item. @throws UserError naming the first item without one. */
  groups(): string[] {
    return this.items.map(({ id, group }) => {
      if (group === undefined) throw expected({ doing: 'reading groups', want: 'a group', of: id, got: group })
      return group
    })
  }

  /** The fold of each item. @throws UserError naming the first item without one. */
  folds(): string[] {
    return this.items.map(({ id, fold }) => {
      if (fold === undefined) throw expected({ doing: 'reading folds', want: 'a fold', of: id, got: fold })
      return fold
    })
  }

  source(options: SourceOptions<Item>): DatasetSource<Item> {
    return new DatasetSource(this, options)
  }
}

/** The one label of an item. @throws UserError when it has none or several. */
export function labelOf({ id, labels }: DataItem): string {
  const [label, ...more] = labels ?? []
  if (label === undefined || more.length > 0)
    throw expected({ doing: 'reading labels', want: 'one label', of: id, got: labels?.join(', ') ?? 'none' })
  return label
}

/** Batches of a data set, loaded ahead, in an order that depends on (seed, epoch) alone. */
export class DatasetSource<Item extends DataItem> implements BatchSource {
  readonly dataset: Dataset<Item>
  readonly items: number
  readonly batchesPerEpoch: number
  readonly #options: SourceOptions<Item>

  constructor(dataset: Dataset<Item>, options: SourceOptions<Item>) {
    const { batchSize, itemsPerEpoch = dataset.length } = options
    if (dataset.length === 0) throw new UserError('making batches: expected at least 1 item, received none')
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw expected({ doing: 'making batches', want: 'a positive integer', of: 'batchSize', got: batchSize })
    }
    this.dataset = dataset
    this.#options = options
    const whole = Math.floor(itemsPerEpoch / batchSize)
    this.batchesPerEpoch = options.dropRemainder ? whole : Math.ceil(itemsPerEpoch / batchSize)
    this.items = options.dropRemainder ? whole * batchSize : itemsPerEpoch
    if (this.batchesPerEpoch === 0) {
      throw expected({
        doing: 'making batches',
        want: `at least ${batchSize}`,
        of: 'the number of items',
        got: itemsPerEpoch,
        hint: 'Use smaller batches, or keep the remainder.',
      })
    }
  }

  async *epoch(epoch: number, fromBatch = 0): AsyncGenerator<ItemBatch, void, undefined> {
    for await (const { x, y, weights, indices, lengths } of this.#hostBatches(epoch, fromBatch)) {
      const inputs = x.map(toTensor)
      const [only] = inputs
      yield {
        x: inputs.length === 1 && only ? only : inputs,
        y: toTensor(y),
        ...(weights && { sampleWeights: tf.tensor1d(weights) }),
        indices,
        lengths,
      }
    }
  }

  async *#hostBatches(epoch: number, fromBatch: number): AsyncGenerator<HostBatch, void, undefined> {
    const { batchSize, prefetchBatches = 2, prefetchBytes = 256 * 2 ** 20, signal } = this.#options
    const order = epochOrder(this.dataset.items, this.#options, epoch).subarray(0, this.items)
    const samples = mapOrdered(
      this.#requests(order, epoch, fromBatch * batchSize),
      async (request, stop) => this.#options.load(request, stop),
      {
        items: batchSize * (1 + prefetchBatches),
        bytes: prefetchBytes,
        bytesOf,
        ...(signal && { signal }),
      },
    )
    let loaded: Sample[] = []
    let number = fromBatch
    for await (const sample of samples) {
      loaded.push(sample)
      const start = number * batchSize
      if (loaded.length < Math.min(batchSize, order.length - start)) continue
      const batch = this.#join(loaded, order.slice(start, start + loaded.length))
      loaded = []
      const random = new Random(this.#options.seed, 'batch', epoch, number)
      yield this.#options.transform?.(batch, random) ?? batch
      number++
    }
  }

  /** The requests of an epoch from position `from` on; earlier ones are only counted. */
  *#requests(order: Uint32Array, epoch: number, from: number): Generator<LoadRequest<Item>, void, undefined> {
    const repeats = this.#options.balanced === true || order.length > this.dataset.length
    const occurred = new Uint32Array(repeats ? this.dataset.length : 0)
    for (let place = 0; place < order.length; place++) {
      const index = order[place] ?? 0
      const before = occurred[index] ?? 0
      if (repeats) occurred[index] = before + 1
      if (place < from) continue
      const item = this.dataset.at(index)
      yield { item, index, epoch, seed: hash(this.#options.seed, 'item', epoch, item.id, before) }
    }
  }

  #join(samples: readonly Sample[], indices: Uint32Array): HostBatch {
    const { pad = {}, padTargets = {} } = this.#options
    const names = () => Array.from(indices, (index, row) => `item ${row} is ${this.dataset.at(index).id}`).join(', ')
    try {
      const count = asList(samples[0]?.x ?? []).length
      const inputs = Array.from({ length: count }, (_, input) => {
        const parts = samples.map((sample) => asList(sample.x)[input] ?? { data: new Float32Array(0), shape: [] })
        return padSequences(parts, Array.isArray(pad) ? pad[input] : pad)
      })
      const weighted = samples.some((sample) => sample.weight !== undefined)
      return {
        x: inputs.map((input) => input.batch),
        y: padSequences(
          samples.map((sample) => sample.y),
          padTargets,
        ).batch,
        weights: weighted ? Float32Array.from(samples, (sample) => sample.weight ?? 1) : undefined,
        lengths: inputs.map((input) => input.lengths),
        indices,
      }
    } catch (error) {
      if (error instanceof UserError) throw new UserError(`${error.message} (${names()})`, error.hint)
      throw error
    }
  }
}

/** At most `most` items, evenly spaced over the list. */
export function evenlySpread<Item>(items: readonly Item[], most: number): Item[] {
  const count = Math.min(most, items.length)
  return Array.from({ length: count }, (_, at) => Math.floor((at * items.length) / count)).flatMap(
    (place) => items[place] ?? [],
  )
}
