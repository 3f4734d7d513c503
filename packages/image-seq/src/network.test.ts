import { beforeAll, describe, expect, it } from 'vitest'
import * as tf from '@weft/kernels/tfjs-core'
import { setupRuntime } from '@weft/core/runtime'
import { resolveOptions } from '@weft/core/cli'
import { buildNetwork, columnsPerStep, PADDING, type NetworkShape } from './network.js'
import { modelOptions } from './options/network.js'

beforeAll(() => setupRuntime({ device: 'cpu' }))

const small = { filters: [2, 4], poolWidth: [2, 2], poolHeight: [2, 2], lstmUnits: [3] }
const options = (given: object = {}) => ({ ...resolveOptions(modelOptions, { ...small, ...given }), seed: 1 })
const classifier: NetworkShape = { task: 'classify', frames: false, height: 8, width: 12, channels: 1, outputs: 5 }
const reader: NetworkShape = { ...classifier, task: 'read', width: null }

/** Shape of the output for one input of ones. */
function outputShape(given: object, shape: NetworkShape, input: number[]): number[] {
  const network = buildNetwork(options(given), shape)
  const output = network.predictOnBatch(tf.ones([1, ...input])) as tf.Tensor
  expect(Array.from(output.dataSync()).every(Number.isFinite)).toBe(true)
  network.dispose()
  return output.shape
}

describe('buildNetwork', () => {
  it.each([
    [{ network: 'crnn', walk: 'columns' }],
    [{ network: 'crnn', walk: 'rows', pooling: 'attention', denseUnits: 4 }],
    [{ network: 'parallel', walk: 'rows', fusion: 'concat', imagePooling: 'average' }],
    [{ network: 'parallel', walk: 'columns', fusion: 'gated' }],
    [{ network: 'parallel', walk: 'hilbert', fusion: 'attention', stepPixels: 6 }],
    [{ network: 'lstm', walk: 'rows', bidirectional: false }],
    [{ network: 'lstm', walk: 'columns', lstmUnits: [3, 4], pooling: 'max' }],
    [{ network: 'lstm', walk: 'hilbert' }],
    [{ network: 'hierarchical', lstmUnits: [3, 4] }],
  ])('builds a classifier: %o', (given) => {
    expect(outputShape(given, classifier, [8, 12, 1])).toEqual([1, 5])
  })

  it('builds a reader of any width: a step for every so many columns', () => {
    expect(columnsPerStep(options())).toBe(4)
    for (const [width, steps] of [
      [12, 3],
      [13, 4],
      [40, 10],
    ] as const)
      expect(outputShape({}, reader, [8, width, 1])).toEqual([1, steps, 5])
  })

  it('lets the padding of a reader say blank', () => {
    const network = buildNetwork(options(), reader)
    const image = tf.concat([tf.ones([1, 8, 8, 1]), tf.fill([1, 8, 8, 1], PADDING)], 2)
    const logits = network.predictOnBatch(image) as tf.Tensor3D
    const probabilities = tf.softmax(logits).arraySync() as number[][][]
    expect(probabilities[0]?.slice(2)).toEqual([
      [1, 0, 0, 0, 0],
      [1, 0, 0, 0, 0],
    ])
  })

  it('builds a network over frames', () => {
    expect(outputShape({}, { ...classifier, frames: true }, [3, 8, 12, 1])).toEqual([1, 5])
  })

  it('names options that do not go together', () => {
    const build = (given: object, shape: NetworkShape = classifier) => buildNetwork(options(given), shape)
    expect(() => build({ network: 'lstm' }, reader)).toThrow(/expected crnn for --network with texts, received "lstm"/)
    expect(() => build({ walk: 'rows' }, reader)).toThrow(/expected columns for --walk with texts, received "rows"/)
    expect(() => build({ walk: 'hilbert' })).toThrow(
      /expected columns or rows for --walk with --network crnn, received "hilbert"/,
    )
    expect(() => build({ poolWidth: [2] })).toThrow(/expected 2 numbers.*for --pool-width, received "2"/)
    expect(() => build({ poolHeight: [4, 4] })).toThrow(/at most 8 .*for --pool-height, received "4,4 \(16\)"/)
    expect(() => build({ network: 'hierarchical', lstmUnits: [1, 2, 3] })).toThrow(/1 or 2 numbers.*--lstm-units/)
  })
})
