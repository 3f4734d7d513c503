import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../runtime/random.js'
import type { Batch } from './batches.js'
import { Dataset, labelOf, type DatasetSource, type DataItem, type ItemBatch, type SourceOptions } from './dataset.js'
import { mixup } from './mixup.js'
import { WorkerPool } from './worker-pool.js'

interface Item extends DataItem {
  value: number
  steps: number
}

const CLASSES = ['a', 'b', 'c']
const dataset = new Dataset<Item>(
  Array.from({ length: 23 }, (_, value) => ({
    id: `item-${value}`,
    value,
    steps: 1 + ((value * 7) % 5),
    labels: [value < 15 ? 'a' : value < 21 ? 'b' : 'c'],
  })),
)

/** A sequence [steps, 1] of the item's value and a draw of its seed; the target is the value. */
const options: SourceOptions<Item> = {
  batchSize: 4,
  seed: 5,
  load: ({ item, seed }) => ({
    x: { data: new Float32Array(item.steps).fill(item.value + new Random(seed).next()), shape: [item.steps, 1] },
    y: { data: Float32Array.of(item.value), shape: [1] },
  }),
}

interface PlainBatch {
  x: number[][]
  y: number[]
  weights: number[] | undefined
  indices: number[]
  lengths: number[][]
}

function plain(batch: ItemBatch): PlainBatch {
  const inputs = Array.isArray(batch.x) ? batch.x : [batch.x]
  const result = {
    x: inputs.map((x) => [...x.shape, ...x.dataSync()]),
    y: [...batch.y.dataSync()],
    weights: batch.sampleWeights && [...batch.sampleWeights.dataSync()],
    indices: [...batch.indices],
    lengths: batch.lengths.map((lengths) => [...lengths]),
  }
  dispose(batch)
  return result
}

function dispose({ x, y, sampleWeights }: Batch): void {
  tf.dispose([x, y])
  sampleWeights?.dispose()
}

async function collect(source: DatasetSource<Item>, epoch = 0, fromBatch = 0): Promise<PlainBatch[]> {
  const batches: PlainBatch[] = []
  for await (const batch of source.epoch(epoch, fromBatch)) batches.push(plain(batch))
  return batches
}

const itemsOf = (batches: PlainBatch[]) => batches.flatMap((batch) => batch.indices)
const ascending = (values: number[]) => values.toSorted((a, b) => a - b)
const all = Array.from({ length: 23 }, (_, i) => i)

let tensors = 0
beforeAll(async () => {
  await tf.setBackend('cpu')
  tensors = tf.memory().numTensors
})
afterAll(() => {
  expect(tf.memory().numTensors).toBe(tensors)
})

const variants: [string, Partial<SourceOptions<Item>>][] = [
  ['shuffled', {}],
  ['as listed', { shuffle: false }],
  ['balanced', { balanced: true, classOf: labelOf }],
  ['by length', { lengthOf: (item) => item.steps, bucketBatches: 3 }],
  ['without the remainder', { dropRemainder: true }],
  ['with mixup', { transform: mixup(0.4), pad: { minLength: 5 } }],
  ['more than all', { itemsPerEpoch: 50 }],
]

describe.each(variants)('an epoch %s', (_, more) => {
  const source = dataset.source({ ...options, ...more })

  it('has as many batches and items as it says', async () => {
    const batches = await collect(source)
    expect(batches.length).toBe(source.batchesPerEpoch)
    expect(itemsOf(batches).length).toBe(source.items)
  })

  it('resumes at any batch with exactly what would have come', async () => {
    for (const epoch of [0, 3]) {
      const whole = await collect(source, epoch)
      for (const from of [1, 3, whole.length - 1, whole.length]) {
        expect(await collect(source, epoch, from)).toEqual(whole.slice(from))
      }
    }
  })

  it('is the same again, and another with another seed', async () => {
    const again = dataset.source({ ...options, ...more })
    expect(await collect(again, 2)).toEqual(await collect(source, 2))
    const other = dataset.source({ ...options, ...more, seed: 6 })
    expect(await collect(other, 2)).not.toEqual(await collect(source, 2))
  })

  it('does not depend on how far ahead it loads or which load ends first', async () => {
    const wait = async (index: number) => {
      for (let turn = 0; turn < (index * 5) % 7; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    const slow = dataset.source({
      ...options,
      ...more,
      prefetchBatches: 1,
      prefetchBytes: 100,
      load: async (request, signal) => {
        await wait(request.index)
        return options.load(request, signal)
      },
    })
    expect(await collect(slow, 1)).toEqual(await collect(source, 1))
  })
})

describe('order', () => {
  it('covers every item once in an epoch, differently in the next', async () => {
    for (const more of [{}, { lengthOf: (item: Item) => item.steps }]) {
      const source = dataset.source({ ...options, ...more })
      const [first, second] = [itemsOf(await collect(source, 0)), itemsOf(await collect(source, 1))]
      expect(ascending(first)).toEqual(all)
      expect(ascending(second)).toEqual(all)
      expect(second).not.toEqual(first)
    }
    expect(itemsOf(await collect(dataset.source({ ...options, shuffle: false }), 4))).toEqual(all)
  })

  it('balanced: every class equally often, items of a class evenly', async () => {
    const source = dataset.source({ ...options, balanced: true, classOf: labelOf, itemsPerEpoch: 30 })
    const items = itemsOf(await collect(source))
    const counts = all.map((index) => items.filter((item) => item === index).length)
    const within = (from: number, to: number) => counts.slice(from, to)
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
    expect([sum(within(0, 15)), sum(within(15, 21)), sum(within(21, 23))]).toEqual([10, 10, 10])
    expect(Math.max(...within(0, 15))).toBe(1)
    expect(ascending(within(15, 21))).toEqual([1, 1, 2, 2, 2, 2])
    expect(within(21, 23)).toEqual([5, 5])
  })

  it('an item that occurs twice in an epoch is augmented differently', async () => {
    const source = dataset.source({ ...options, balanced: true, classOf: labelOf, batchSize: 1, itemsPerEpoch: 30 })
    const values = (await collect(source)).filter(({ indices }) => indices[0] === 22).map(({ x }) => x[0]?.at(-1))
    expect(new Set(values).size).toBe(5)
  })

  it('by length: pads less than at random, and keeps rows with their items', async () => {
    const padded = (batches: PlainBatch[]) =>
      batches.reduce((sum, { x }) => sum + (x[0]?.[0] ?? 0) * (x[0]?.[1] ?? 0), 0)
    const bucketed = await collect(dataset.source({ ...options, lengthOf: (item) => item.steps }))
    expect(padded(bucketed)).toBeLessThan(padded(await collect(dataset.source(options))))
    for (const { indices, lengths, y } of bucketed) {
      expect(y).toEqual(indices)
      expect(lengths[0]).toEqual(indices.map((index) => dataset.at(index).steps))
    }
  })
})

describe('batches', () => {
  it('hold several inputs, weights, integers', async () => {
    const source = dataset.source({
      batchSize: 2,
      seed: 1,
      shuffle: false,
      load: ({ index }) => ({
        x: [
          { data: Float32Array.of(index), shape: [1] },
          { data: new Int32Array(index + 1).fill(index), shape: [index + 1] },
        ],
        y: { data: Int32Array.of(index), shape: [] },
        ...(index === 1 && { weight: 0.5 }),
      }),
      pad: [{}, { value: -1 }],
    })
    for await (const batch of source.epoch(0)) {
      expect(batch.y.dtype).toBe('int32')
      expect(Array.isArray(batch.x) && batch.x[1]?.dtype).toBe('int32')
      expect(plain(batch)).toEqual({
        x: [
          [2, 1, 0, 1],
          [2, 2, 0, -1, 1, 1],
        ],
        y: [0, 1],
        weights: [1, 0.5],
        indices: [0, 1],
        lengths: [
          [1, 1],
          [1, 2],
        ],
      })
      break
    }
  })

  it('are made ahead in bounded number, and leaving the loop stops the loading', async () => {
    let loaded = 0
    const signals: AbortSignal[] = []
    const source = dataset.source({
      ...options,
      prefetchBatches: 1,
      load: (request, signal) => {
        loaded++
        signals.push(signal)
        return options.load(request, signal)
      },
    })
    for await (const batch of source.epoch(0)) {
      dispose(batch)
      expect(loaded).toBeLessThanOrEqual(12)
      break
    }
    expect(loaded).toBeLessThanOrEqual(12)
    expect(signals[0]?.aborted).toBe(true)
  })

  it('come from worker threads as they come from this one', async () => {
    const module = new URL('./fixtures/load-worker.mjs', import.meta.url)
    const results = []
    for (const size of [0, 2]) {
      const pool = new WorkerPool<Item & { seed: number }, { x: Float32Array }>({ module, data: undefined, size })
      const source = dataset.source({
        ...options,
        load: async ({ item, seed }, signal) => {
          const { x } = await pool.run({ ...item, seed }, { signal })
          return { x: { data: x, shape: [item.steps, 1] }, y: { data: Float32Array.of(item.value), shape: [1] } }
        },
      })
      results.push([await collect(source, 0), await collect(source, 1)])
      await pool.close()
    }
    expect(results[1]).toEqual(results[0])
  })
})

describe('mixup', () => {
  it('blends inputs and targets alike, keeps most of each row, and the sum of one-hot targets', async () => {
    const source = dataset.source({
      batchSize: 23,
      seed: 3,
      shuffle: false,
      load: ({ item }) => ({
        x: { data: Float32Array.of(item.value), shape: [1] },
        y: { data: Float32Array.from(all, (i) => (i === item.value ? 1 : 0)), shape: [23] },
      }),
      transform: mixup(1),
    })
    const [batch] = await collect(source)
    let mixed = 0
    all.forEach((row) => {
      const target = batch?.y.slice(row * 23, (row + 1) * 23) ?? []
      expect(target.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
      expect(target[row]).toBeGreaterThanOrEqual(0.5)
      expect(target.reduce((sum, share, i) => sum + share * i, 0)).toBeCloseTo(batch?.x[0]?.[2 + row] ?? Number.NaN, 4)
      if ((target[row] ?? 0) < 0.99) mixed++
    })
    expect(mixed).toBeGreaterThan(15)
    expect(() => mixup(0)).toThrow('setting up mixup: expected a number above 0 for alpha, received 0')
  })
})

describe('errors', () => {
  it.each([
    [() => new Dataset([{ id: 'a' }, { id: 'a' }]), 'making a data set: expected unique ids for items, received "a"'],
    [() => dataset.subset([23]), 'expected an integer from 0 to 22 for index, received 23'],
    [() => new Dataset([]).source({ ...options, batchSize: 1 }), 'expected at least 1 item, received none'],
    [() => dataset.source({ ...options, batchSize: 0 }), 'expected a positive integer for batchSize, received 0'],
    [
      () => dataset.source({ ...options, batchSize: 24, dropRemainder: true }),
      'expected at least 24 for the number of items',
    ],
    [() => dataset.groups(), 'reading groups: expected a group for item-0'],
    [() => dataset.folds(), 'reading folds: expected a fold for item-0'],
    [() => new Dataset([{ id: 'x', labels: ['a', 'b'] }]).labels(), 'expected one label for x, received "a, b"'],
  ])('case %#', (act, message) => {
    expect(act).toThrow(message)
  })

  it('of loading are thrown by the epoch; of joining name the items', async () => {
    const failing = dataset.source({
      ...options,
      load: ({ item }) => {
        throw new Error(`decoding ${item.id} failed`)
      },
    })
    await expect(collect(failing)).rejects.toThrow(/decoding item-\d+ failed/)
    const uneven = dataset.source({
      ...options,
      shuffle: false,
      load: ({ index }) => ({
        x: { data: new Float32Array(index + 1), shape: [1, index + 1] },
        y: { data: new Float32Array(1), shape: [1] },
      }),
    })
    await expect(collect(uneven)).rejects.toThrow(/expected shape \[any, 1\] for item 1.*item 1 is item-1/)
  })

  it('ends on the signal', async () => {
    const stop = new AbortController()
    const source = dataset.source({ ...options, signal: stop.signal })
    await expect(async () => {
      for await (const batch of source.epoch(0)) {
        dispose(batch)
        stop.abort(new Error('enough'))
      }
    }).rejects.toThrow('enough')
  })
})

it('knows labels and subsets', () => {
  expect(new Set(dataset.labels())).toEqual(new Set(CLASSES))
  expect(dataset.subset([3, 1]).items.map((item) => item.value)).toEqual([3, 1])
})
