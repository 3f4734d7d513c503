import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { Dense } from '../layers/core.js'
import { registerLayers } from '../layers/register.js'
import { SimpleRNN } from '../layers/simple-rnn.js'
import { buildCrnn } from '../models/crnn.js'
import { chain } from '../models/blocks.js'
import { runWithOffset } from './layer-gradient.js'
import { type ItemSpan, recurrenceInput, spanOrigins } from './span-origins.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
  registerLayers()
})

/** Of values in float32 around 1. */
const TOLERANCE = 1e-5

const outputOf = (model: tfl.LayersModel, x: tf.Tensor) => model.predictOnBatch(x) as tf.Tensor

/** Origins of symbols in `x`. */
function originsIn(model: tfl.LayersModel, x: tf.Tensor, spans: readonly ItemSpan[]) {
  const entering = recurrenceInput(model, () => outputOf(model, x))
  const origins = spanOrigins(model, entering, spans)
  tf.dispose([entering.input, entering.result, ...(entering.mask ? [entering.mask] : [])])
  return origins
}

const expectClose = (values: ArrayLike<number>, wanted: readonly number[]) => {
  expect(values).toHaveLength(wanted.length)
  wanted.forEach((value, at) => expect(Math.abs((values[at] ?? NaN) - value)).toBeLessThan(TOLERANCE))
}

/** A network that adds up what it has seen and gives the sum as the second of two scores: what counts was seen long before the end. */
function adder(steps = 6): tfl.LayersModel {
  const inputs = tfl.input({ shape: [steps, 1] })
  const sum = new SimpleRNN({ units: 1, activation: 'linear', useBias: false, returnSequences: true, name: 'sum' })
  const model = tfl.model({
    inputs,
    outputs: chain(inputs, sum, new Dense({ units: 2, useBias: false, name: 'head' })),
  })
  sum.setWeights([tf.ones([1, 1]), tf.ones([1, 1])])
  model.getLayer('head').setWeights([tf.tensor2d([[0, 1]])])
  return model
}

/** A reader of columns, of two convolutions and two LSTMs, whose input is padded with -1. */
const reader = () =>
  buildCrnn({
    inputShape: [4, null, 1],
    timeAxis: 'columns',
    convolutions: [{ filters: 3, pool: [2, 2] }, { filters: 4 }],
    recurrent: { units: [3, 3] },
    head: { units: 4, ctc: true },
    padding: -1,
    seed: 5,
  })

/** Images [4, width], padded to 16 columns. */
const images = (...widths: number[]) =>
  tf.concat(
    widths.map((width, seed) =>
      tf.pad(
        tf.randomUniform([1, 4, width, 1], 0, 1, 'float32', 11 + seed),
        [
          [0, 0],
          [0, 0],
          [0, 16 - width],
          [0, 0],
        ],
        -1,
      ),
    ),
  )

describe('spanOrigins', () => {
  it('finds what was seen long before it was written', () => {
    // Of score s at the last step, s less the mean of 0 and s counts: half of what each step has more than the ends, which are 0.
    const x = tf.tensor3d([0, 0, 3, 2, -1, 0], [1, 6, 1])
    const [origin] = originsIn(adder(), x, [{ item: 0, label: 1, firstStep: 5, lastStep: 5 }])
    expectClose(origin?.relevance ?? [], [0, 0, 1.5, 1, 0, 0])
    expect(origin).toMatchObject({ firstStep: 2, lastStep: 3 })
  })

  it('counts from the ends of each item, and looks at nothing after a symbol was written', () => {
    const x = tf.tensor3d([1, 4, 1, 1, 9, 3, 0, 0, 0, 0, 0, 0], [2, 6, 1])
    const [first, nothing] = originsIn(adder(), x, [
      { item: 0, label: 1, firstStep: 2, lastStep: 3 },
      { item: 1, label: 1, firstStep: 1, lastStep: 2 },
    ])
    // Empty is (1 + 3) / 2; step 1 counts at both steps of the span.
    expectClose(first?.relevance ?? [], [0, 2, 0, 0, 0, 0])
    // No step speaks for it: it came from where it was written.
    expect(nothing).toMatchObject({ firstStep: 1, lastStep: 2 })
  })

  it('has the slope of finite differences, half way from an empty sequence', () => {
    const model = reader()
    const x = images(16)
    const span = { item: 0, label: 2, firstStep: 6, lastStep: 7 }
    const [origin] = originsIn(model, x, [span])
    const entering = recurrenceInput(model, () => outputOf(model, x)).input
    const steps = entering.shape[1] ?? 0
    const at = (step: number) => tf.slice(entering, [0, step, 0], [1, 1, -1])
    const difference = tf.sub(entering, tf.mul(tf.add(at(0), at(steps - 1)), 0.5))
    const score = (step: number, share: number) => {
      const moved = tf.reshape(tf.oneHot(tf.tensor1d([step], 'int32'), steps), [1, steps, 1])
      const offset = tf.mul(difference, tf.sub(tf.mul(moved, share), 0.5))
      const output = runWithOffset(model, x, model.getLayer('to_sequence'), offset)
      const written = tf.slice(output, [0, span.firstStep, 0], [1, 2, -1])
      const own = tf.slice(written, [0, 0, span.label], [1, 2, 1])
      return tf.sub(tf.sum(own), tf.sum(tf.mean(written, -1))).dataSync()[0] ?? NaN
    }
    let positive = 0
    for (let step = 0; step < steps; step++) {
      const slope = (score(step, 0.01) - score(step, -0.01)) / 0.02
      expect(origin?.relevance[step]).toBeCloseTo(Math.max(0, slope), 3)
      if (slope > 1e-3) positive++
    }
    expect(positive).toBeGreaterThan(1)
  })

  it('gives each image of a batch what it gives it alone, and nothing to padding', () => {
    const model = reader()
    const widths = [16, 9, 5]
    const x = images(...widths)
    const spans = widths.flatMap((width, item) =>
      [1, 2, 3].map((label) => ({
        item,
        label,
        firstStep: label - 1,
        lastStep: Math.min(label, Math.ceil(width / 2) - 1),
      })),
    )
    const origins = originsIn(model, x, spans)
    expect(origins).toHaveLength(9)
    origins.forEach(({ firstStep, lastStep, relevance }, at) => {
      const { item, ...span } = spans[at] ?? { item: 0, label: 0, firstStep: 0, lastStep: 0 }
      const real = Math.ceil((widths[item] ?? 0) / 2)
      expect(relevance.subarray(real).every((value) => value === 0)).toBe(true)
      expect(relevance.some((value) => value > 0)).toBe(true)
      expect(firstStep).toBeGreaterThanOrEqual(0)
      expect(lastStep).toBeGreaterThanOrEqual(firstStep)
      expect(lastStep).toBeLessThan(real)
      const width = widths[item] ?? 0
      const [alone] = originsIn(model, tf.slice(x, [item, 0, 0, 0], [1, 4, width, 1]), [{ ...span, item: 0 }])
      expectClose(alone?.relevance ?? [], [...relevance.subarray(0, real)])
      expect([alone?.firstStep, alone?.lastStep]).toEqual([firstStep, lastStep])
    })
  })

  it('gives the same a few at a time', () => {
    const model = reader()
    const x = images(16, 12)
    const spans = Array.from({ length: 7 }, (_, at) => ({
      item: at % 2,
      label: 1 + (at % 3),
      firstStep: at % 5,
      lastStep: 5,
    }))
    const { result, ...entering } = recurrenceInput(model, () => outputOf(model, x))
    expect(result.shape).toEqual([2, 8, 4])
    const together = spanOrigins(model, entering, spans)
    // Three rows of 8 steps; then less than one.
    for (const stepsAtOnce of [25, 5]) {
      const apart = spanOrigins(model, entering, spans, { stepsAtOnce })
      together.forEach(({ relevance }, at) => expectClose(apart[at]?.relevance ?? [], [...relevance]))
    }
  })

  it('tells the symbols of a long line apart', () => {
    // A network that forgets at once: each symbol comes from its own step alone.
    const model = adder(41)
    model.getLayer('sum').setWeights([tf.ones([1, 1]), tf.zeros([1, 1])])
    const values = Array.from({ length: 41 }, (_, step) => step % 2)
    const spans = Array.from({ length: 20 }, (_, at) => ({
      item: 0,
      label: 1,
      firstStep: 2 * at,
      lastStep: 2 * at + 1,
    }))
    const origins = originsIn(model, tf.tensor3d(values, [1, 41, 1]), spans)
    origins.forEach(({ firstStep, lastStep, relevance }, at) => {
      expect([firstStep, lastStep]).toEqual([2 * at + 1, 2 * at + 1])
      expectClose(
        relevance,
        values.map((_, step) => (step === 2 * at + 1 ? 0.5 : 0)),
      )
    })
  })

  it('leaves no tensor and says what does not fit', () => {
    const model = adder()
    const x = tf.ones([1, 6, 1])
    const span = { item: 0, label: 1, firstStep: 5, lastStep: 5 }
    originsIn(model, x, [span])
    const tensors = tf.memory().numTensors
    originsIn(model, x, [span])
    expect(originsIn(model, x, [])).toEqual([])
    expect(tf.memory().numTensors).toBe(tensors)
    expect(() => originsIn(model, x, [{ ...span, item: 1 }])).toThrow('an integer from 0 to 0 for item')
    expect(() => originsIn(model, x, [{ ...span, lastStep: 6 }])).toThrow('steps from 0 to 5 for a span')
    expect(() => originsIn(model, x, [{ ...span, label: 2 }])).toThrow('an integer from 0 to 1 for the class')
    const inputs = tfl.input({ shape: [6, 1] })
    const plain = tfl.model({ inputs, outputs: chain(inputs, new Dense({ units: 2 })) })
    expect(() => originsIn(plain, x, [span])).toThrow('a network with a recurrent layer')
    const sum = chain(inputs, new SimpleRNN({ units: 2, returnSequences: true }))
    const parts = [new Dense({ units: 2 }), new Dense({ units: 2 })].map((layer) => chain(sum, layer))
    const branched = tfl.model({ inputs, outputs: tfl.layers.add().apply(parts) as tfl.SymbolicTensor })
    expect(() => originsIn(branched, x, [span])).toThrow('a chain of layers from the recurrence to the output')
    expect(Object.hasOwn(model.getLayer('sum'), 'call')).toBe(false)
  })
})
