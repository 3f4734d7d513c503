import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WindowSource, type WindowBatch, type WindowSourceOptions } from './source.js'
import { WindowSet } from './window-set.js'

/** As many windows as asked for, of one row each; the truth of window p is p + 1, what is known in advance of it -(p + 1). */
function windows(count: number): WindowSet {
  const length = count + 1
  const series = {
    key: '',
    times: Float64Array.from({ length }, (_, t) => t),
    length,
    past: Float32Array.from({ length }, (_, t) => t),
    gaps: undefined,
    pastColumns: ['value'],
    targets: 1,
    future: Float32Array.from({ length }, (_, t) => -t),
    futureColumns: ['known'],
  }
  return WindowSet.ofParts([series], [{ from: 0, to: length }], { lookBack: 1, horizon: 1 })
}

const source = (count: number, options: Partial<WindowSourceOptions> = {}) =>
  new WindowSource(windows(count), { batchSize: 4, seed: 3, ...options })

/** The windows of an epoch, batch by batch. */
async function truths(batches: AsyncIterable<WindowBatch>): Promise<number[][]> {
  const lists: number[][] = []
  for await (const { x, y } of batches) {
    lists.push([...(await y.data())].map((value) => value - 1))
    tf.dispose([x, y])
  }
  return lists
}

describe('WindowSource', () => {
  let before = 0
  beforeEach(async () => {
    await tf.setBackend('cpu')
    before = tf.memory().numTensors
  })
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before)
  })

  it('visits every window once an epoch, in another order each time and the same again', async () => {
    const one = await truths(source(10).epoch(0))
    expect(one.map((batch) => batch.length)).toEqual([4, 4, 2])
    expect(one.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await truths(source(10).epoch(0))).toEqual(one)
    expect(await truths(source(10).epoch(1))).not.toEqual(one)
    expect(await truths(source(10, { seed: 4 }).epoch(0))).not.toEqual(one)
  })

  it('goes on in the middle of an epoch', async () => {
    const all = await truths(source(10).epoch(2))
    expect(await truths(source(10).epoch(2, 1))).toEqual(all.slice(1))
  })

  it('leaves out a last batch that is not full', async () => {
    const dropping = source(10, { dropRemainder: true })
    expect(dropping).toMatchObject({ items: 8, batchesPerEpoch: 2 })
    expect((await truths(dropping.epoch(0))).map((batch) => batch.length)).toEqual([4, 4])
  })

  it('visits every window before any again when an epoch visits only some', () => {
    const capped = source(10, { windowsPerEpoch: 4 })
    expect(capped.items).toBe(4)
    const visited = [0, 1, 2, 3, 4].flatMap((epoch) => [...capped.order(epoch)])
    expect(new Set(visited.slice(0, 10)).size).toBe(10)
    expect(new Set(visited.slice(10)).size).toBe(10)
  })

  it('keeps the order of time unless it shuffles, spread evenly when capped', () => {
    expect([...source(5, { shuffle: false }).order(3)]).toEqual([0, 1, 2, 3, 4])
    expect([...source(10, { shuffle: false, windowsPerEpoch: 5 }).order(0)]).toEqual([0, 2, 4, 6, 8])
  })

  it('gives the inputs that a network wants in its order', () => {
    const batch = source(10, { inputs: ['past', 'future', 'series'] }).batch(Uint32Array.of(6, 2))
    const inputs = Array.isArray(batch.x) ? batch.x : []
    expect(inputs.map(({ shape }) => shape)).toEqual([
      [2, 1, 1],
      [2, 1, 1],
      [2, 1],
    ])
    expect(inputs.map((input) => [...input.dataSync()])).toEqual([
      [6, 2],
      [-7, -3],
      [0, 0],
    ])
    expect([...batch.offsets]).toEqual([0, 0])
    tf.dispose([inputs, batch.y])
  })

  it('says what is wrong', () => {
    expect(() => source(0)).toThrow('making batches of windows: expected at least 1 window, received none')
    expect(() => source(3, { dropRemainder: true })).toThrow(
      'expected at least 4 for a full batch for windows, received 3',
    )
    expect(() => source(3, { batchSize: 0.5 })).toThrow('expected a whole number of at least 1 for batchSize')
    expect(() => source(3, { windowsPerEpoch: 0 })).toThrow('expected a whole number of at least 1 for windowsPerEpoch')
  })
})
