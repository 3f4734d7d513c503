import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ShapeError } from '../shape-error.js'
import { expectAllClose, expectClose, expectGradients, filled, GOLDEN, numbers } from '../testing/close.js'
import {
  describeNative,
  expectNativeCalls,
  nativeAvailable,
  onBackend,
  onBoth,
  withThreads,
} from '../testing/native.js'
import { ctcLoss, type CtcOptions } from './ctc.js'
import { ctcInfeasible } from './targets.js'

// Sums of dozens of log probabilities in another order, and exp and log of polynomials.
const TOLERANCE = { absolute: 2e-5, relative: 2e-5 }
const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']

interface GoldenCase {
  steps: number
  classes: number
  blank: number
  logitLengths: number[]
  labels: number[][]
  loss: number[]
  weightedGradient: number[]
  gradient?: number[]
}
const golden = JSON.parse(readFileSync(new URL('./golden/ctc.json', import.meta.url), 'utf8')) as {
  logitRange: number
  cases: GoldenCase[]
}

const labelsOf = (rows: number[][], width = Math.max(0, ...rows.map((row) => row.length))) =>
  tf.tensor2d(
    rows.flatMap((row) => [...row, ...Array<number>(width - row.length).fill(-1)]),
    [rows.length, width],
    'int32',
  )

const weightedGradient = (logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, options?: CtcOptions) =>
  tf.grad((x: tf.Tensor) => tf.sum(tf.mul(ctcLoss(x, labels, options), weights)))(logits)

/** -log of the summed probability of every path that spells the labels. */
function exhaustive(logits: Float32Array, steps: number, classes: number, blank: number, labels: number[]): number {
  const probabilities = Array.from({ length: steps }, (_, t) => {
    const row = Array.from(logits.subarray(t * classes, (t + 1) * classes), Math.exp)
    const total = row.reduce((sum, value) => sum + value, 0)
    return row.map((value) => value / total)
  })
  let sum = 0
  for (let code = 0; code < classes ** steps; code++) {
    const path = Array.from({ length: steps }, (_, t) => Math.floor(code / classes ** t) % classes)
    const text = path.filter((symbol, t) => symbol !== blank && symbol !== path[t - 1])
    if (text.join() === labels.join())
      sum += path.reduce((product, symbol, t) => product * (probabilities[t]?.[symbol] ?? 0), 1)
  }
  return -Math.log(sum)
}

describe.each(backends)('ctcLoss on %s', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it('is right by hand', () => {
    // Two steps, blank 0 and one symbol, all equally likely: "a" is spelled by aa, a- and -a, the empty text by --.
    const logits = tf.zeros([3, 2, 2])
    const loss = ctcLoss(logits, labelsOf([[1], [], [1, 1]]), { infeasible: 'infinity' })
    expectClose(loss.dataSync(), [-Math.log(3 / 4), Math.log(4), Infinity], TOLERANCE)
    // At each step "a" has a posterior of 2/3 where the softmax says 1/2; the empty text wants only blanks.
    const gradient = weightedGradient(logits, labelsOf([[1], [], [1, 1]]), tf.tensor1d([1, 2, 1]))
    const expected = [1 / 6, -1 / 6, 1 / 6, -1 / 6, -1, 1, -1, 1, 0, 0, 0, 0]
    expectClose(gradient.dataSync(), expected, TOLERANCE)
  })

  it.each([
    [1, 2, 0, [1]],
    [3, 3, 0, [1, 2]],
    [4, 3, 2, [1, 1]],
    [5, 3, 1, [0, 2, 2]],
    [5, 3, 0, []],
    [6, 3, -1, [0, 1, 0]],
  ])('sums over all paths: %i steps, %i classes, blank %i, labels %j', (steps, classes, blank, labels) => {
    const logits = numbers(steps * classes, steps, -2, 2)
    const loss = ctcLoss(tf.tensor3d(logits, [1, steps, classes]), labelsOf([labels]), { blank })
    const index = blank < 0 ? blank + classes : blank
    expectClose(loss.dataSync(), [exhaustive(logits, steps, classes, index, labels)], TOLERANCE)
  })

  it('takes lengths from the padding, from arrays or from tensors', () => {
    const logits = filled([3, 6, 4], 1, -2, 2)
    const blanks = tf.tensor2d([1, 2, 0, 0, 3, 3, 3, 0, 0, 0, 0, 0], [3, 4], 'int32')
    const minus = labelsOf([[1, 2], [3, 3, 3], []], 4)
    const junk = tf.tensor2d([1, 2, 99, -7, 3, 3, 3, 0, 0, 0, 0, 50], [3, 4], 'float32')
    const labelLengths = [2, 3, 0]
    const logitLengths = [6, 5, 2]
    const all = [
      ctcLoss(logits, blanks, { logitLengths }),
      ctcLoss(logits, minus, { logitLengths: tf.tensor1d(logitLengths) }),
      ctcLoss(logits, junk, { logitLengths, labelLengths }),
      ctcLoss(logits, junk, { logitLengths, labelLengths: tf.tensor1d(labelLengths, 'int32') }),
    ].map((loss) => Array.from(loss.dataSync()))
    const [first = [], ...others] = all
    for (const other of others) expect(other).toEqual(first)
    const alone = [0, 1, 2].map((item) =>
      ctcLoss(
        tf.slice(logits, [item, 0, 0], [1, logitLengths[item] ?? 0, 4]),
        tf.slice(minus, [item, 0], [1, labelLengths[item] ?? 0]),
      ),
    )
    expectClose(
      first,
      alone.map((loss) => loss.dataSync()[0] ?? NaN),
      TOLERANCE,
    )
  })

  it('gives items that no path spells the loss that was asked for, and no gradient', () => {
    const logits = filled([4, 3, 3], 2)
    const labels = labelsOf([[1, 1], [1, 1, 2], [1, 2, 1], [1]])
    const logitLengths = [3, 3, 3, 0]
    expect(ctcInfeasible(logits, labels, { logitLengths })).toEqual([1, 3])
    const zero = ctcLoss(logits, labels, { logitLengths }).dataSync()
    const infinity = ctcLoss(logits, labels, { logitLengths, infeasible: 'infinity' }).dataSync()
    expect([zero[1], zero[3], infinity[1], infinity[3]]).toEqual([0, 0, Infinity, Infinity])
    expect([infinity[0], infinity[2]]).toEqual([zero[0], zero[2]])
    for (const infeasible of ['zero', 'infinity'] as const) {
      const gradient = weightedGradient(logits, labels, tf.ones([4]), { logitLengths, infeasible }).dataSync()
      for (const item of [1, 3])
        expect(Array.from(gradient.subarray(item * 9, item * 9 + 9)).every((value) => value === 0)).toBe(true)
      expect(gradient.every(Number.isFinite)).toBe(true)
    }
    // The only symbol of the text is excluded by its logits.
    const excluded = tf.tensor3d([0, -Infinity, 0, 0, -Infinity, 0], [1, 2, 3])
    expect(ctcLoss(excluded, labelsOf([[1]]), { infeasible: 'infinity' }).dataSync()[0]).toBe(Infinity)
    const gradient = weightedGradient(excluded, labelsOf([[1]]), tf.ones([1]))
    expect(Array.from(gradient.dataSync())).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('knows the empty text, no steps and no items', () => {
    const none = ctcLoss(tf.zeros([2, 0, 3]), labelsOf([[], [1]]), { infeasible: 'infinity' })
    expect(Array.from(none.dataSync())).toEqual([0, Infinity])
    expect(ctcLoss(tf.zeros([0, 4, 3]), tf.zeros([0, 2], 'int32')).shape).toEqual([0])
    expect(ctcLoss(tf.zeros([1, 4, 3]), tf.zeros([1, 0], 'int32')).dataSync()[0]).toBeCloseTo(4 * Math.log(3), 5)
    expect(weightedGradient(tf.zeros([2, 0, 3]), labelsOf([[], [1]]), tf.ones([2])).shape).toEqual([2, 0, 3])
    expect(weightedGradient(tf.zeros([0, 4, 3]), tf.zeros([0, 2], 'int32'), tf.ones([0])).shape).toEqual([0, 4, 3])
    expect(ctcLoss(tf.zeros([1, 3, 1]), labelsOf([[]])).dataSync()[0]).toBeCloseTo(0, 6)
  })

  it('keeps NaN to its item, and ignores it past the end', () => {
    const values = numbers(3 * 4 * 3, 5)
    values[3 * 4 + 2] = NaN // item 1, step 1
    values[2 * 12 + 11] = NaN // item 2, step 3, past its end
    const logits = tf.tensor3d(values, [3, 4, 3])
    const labels = labelsOf([[1, 2], [1], [2]])
    const loss = ctcLoss(logits, labels, { logitLengths: [4, 4, 3] }).dataSync()
    expect([0, 1, 2].map((item) => Number.isNaN(loss[item]))).toEqual([false, true, false])
    const gradient = weightedGradient(logits, labels, tf.ones([3]), { logitLengths: [4, 4, 3] }).dataSync()
    const finite = [0, 1, 2].map((item) => gradient.subarray(item * 12, item * 12 + 12).every(Number.isFinite))
    expect(finite).toEqual([true, false, true])
  })

  it('does not overflow', () => {
    const logits = tf.tensor3d([1000, -1000, 0, -1000, 1000, 0, 1000, 0, -1000], [1, 3, 3])
    expect(ctcLoss(logits, labelsOf([[1]])).dataSync()[0]).toBeCloseTo(0, 5)
    expect(ctcLoss(logits, labelsOf([[2]])).dataSync()[0]).toBeCloseTo(1000, 2)
  })

  it('has the gradient of finite differences', () => {
    const labels = labelsOf([[1, 2], [2, 2], []])
    const options = { logitLengths: [5, 4, 3] }
    expectGradients((x) => ctcLoss(x, labels, options), [filled([3, 5, 3], 3, -2, 2)])
    expectGradients((x) => ctcLoss(x, labelsOf([[0, 2, 0]]), { blank: 1 }), [filled([1, 6, 4], 4, -2, 2)])
  })

  // The reference takes 20 times as long, and is compared with the kernel below.
  const cases = golden.cases.slice(0, backend === 'native' ? golden.cases.length : 50)
  it(`is PyTorch, with gradients, on ${cases.length} cases`, () => {
    cases.forEach((given, index) => {
      tf.tidy(() => {
        const { steps, classes, blank, logitLengths, labels: rows } = given
        const shape = [rows.length, steps, classes]
        const logits = filled(shape, 3 * index, -golden.logitRange, golden.logitRange)
        const options = { blank, logitLengths, labelLengths: rows.map((row) => row.length) }
        const label = `case ${index}`
        expectClose(ctcLoss(logits, labelsOf(rows), options).dataSync(), given.loss, GOLDEN, `${label}: loss`)
        const gradient = weightedGradient(logits, labelsOf(rows), filled([rows.length], 3 * index + 1), options)
        const weighted = tf.sum(tf.mul(gradient, filled(shape, 3 * index + 2)), [1, 2])
        // A sum of up to 2800 terms that cancel.
        expectClose(weighted.dataSync(), given.weightedGradient, { absolute: 1e-4, relative: 1e-4 }, label)
        if (given.gradient) expectClose(gradient.dataSync(), given.gradient, GOLDEN, `${label}: gradient`)
      })
    })
  }, 60_000)

  it('leaves no tensor behind', () => {
    const [logits, labels] = [filled([2, 4, 3], 1), labelsOf([[1], [2, 1]])]
    const before = tf.memory().numTensors
    const loss = ctcLoss(logits, labels)
    expect(tf.memory().numTensors).toBe(before + 1)
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(ctcLoss(x, labels)))(logits)
    expect(tf.memory().numTensors).toBe(before + 2)
    tf.dispose([loss, gradient, logits, labels])
  })

  it('names what does not fit', () => {
    const logits = tf.zeros([2, 3, 4])
    const labels = labelsOf([[1, 2], [3]])
    const message = (expected: string, body: () => unknown) => {
      expect(body).toThrow(ShapeError)
      expect(body).toThrow(expected)
    }
    message('ctcLoss: expected shape [B, T, V] for logits, received [3, 4]', () => ctcLoss(tf.zeros([3, 4]), labels))
    message('ctcLoss: expected shape [2, L] for labels, received [1, 1]', () => ctcLoss(logits, labelsOf([[1]])))
    message('expected 2 logitLengths, received 1', () => ctcLoss(logits, labels, { logitLengths: [3] }))
    message('expected logitLengths in [0, 3], received 4 for item 1', () =>
      ctcLoss(logits, labels, { logitLengths: [3, 4] }),
    )
    message('expected labelLengths in [0, 2], received 3 for item 0', () =>
      ctcLoss(logits, labels, { labelLengths: [3, 1] }),
    )
    message('expected an integer in [-4, 4) for blank, received 4', () => ctcLoss(logits, labels, { blank: 4 }))
    message('expected a class in [0, 4) other than the blank 0 for labels, received 4 in item 1 at position 0', () =>
      ctcLoss(logits, labelsOf([[1, 2], [4]])),
    )
    message('other than the blank 2 for labels, received 2 in item 0 at position 1', () =>
      ctcLoss(logits, labelsOf([[1, 2, 3], [3]]), { blank: 2 }),
    )
    message('received -1 in item 1 at position 1', () => ctcLoss(logits, labels, { labelLengths: [2, 2] }))
  })
})

/** Batch, steps, classes and longest label: 2L + 1 states around each vector width. */
const shapes = [
  [1, 1, 1, 0],
  [1, 1, 2, 1],
  [2, 3, 3, 1],
  [3, 7, 4, 3],
  [2, 9, 5, 4],
  [2, 17, 7, 7],
  [3, 16, 8, 8],
  [2, 40, 9, 15],
  [2, 40, 16, 16],
  [5, 50, 17, 20],
  [4, 70, 33, 33],
  [16, 50, 21, 5],
  [33, 5, 3, 2],
  [0, 5, 3, 2],
  [2, 0, 3, 2],
] as const

function randomBatch([batch, steps, classes, width]: readonly [number, number, number, number], seed: number) {
  const logits = filled([batch, steps, classes], seed, -4, 4)
  const pick = (length: number, from: number, to: number, at: number) =>
    Array.from(numbers(length, seed + at, from, to), Math.floor)
  const labels = tf.tensor2d(pick(batch * width, 1, Math.max(2, classes), 1), [batch, width], 'int32')
  return {
    logits,
    labels,
    weights: filled([batch], seed + 2),
    options: {
      labelLengths: classes > 1 ? pick(batch, 0, width + 1, 3) : Array<number>(batch).fill(0),
      logitLengths: pick(batch, Math.floor(steps / 2), steps + 1, 4),
    },
  }
}

describeNative('ctcLoss, reference and native', () => {
  it('agree on all shapes, with gradients', async () => {
    const all = () =>
      shapes.flatMap((shape, i) => {
        const { logits, labels, weights, options } = randomBatch(shape, 10 * i)
        return [ctcLoss(logits, labels, options), weightedGradient(logits, labels, weights, options)]
      })
    const { reference, native } = await expectNativeCalls(['CtcLoss', 'CtcLossGrad'], () => onBoth(all))
    expectAllClose(native, reference, { absolute: 1e-4, relative: 1e-4 })
  })

  it('give the same loss whether or not a gradient is recorded', async () => {
    const { logits, labels, options } = randomBatch([16, 50, 21, 5], 1)
    await tf.setBackend('native')
    const { value } = tf.valueAndGrad((x: tf.Tensor) => tf.sum(ctcLoss(x, labels, options)))(logits)
    expect(Array.from(value.dataSync())).toEqual(Array.from(tf.sum(ctcLoss(logits, labels, options)).dataSync()))
  })

  it('give the same bits with 1 and 2 threads', async () => {
    const run = (threads: number) =>
      withThreads(threads, () =>
        onBackend('native', () => {
          const { logits, labels, weights, options } = randomBatch([33, 50, 21, 9], 1)
          return [ctcLoss(logits, labels, options), weightedGradient(logits, labels, weights, options)]
        }),
      )
    expect(await run(2)).toEqual(await run(1))
  })

  it('keep their digits over a thousand steps', async () => {
    await tf.setBackend('native')
    const logits = filled([1, 2000, 30], 3, -3, 3)
    const labels = tf.tensor2d(Array.from(numbers(400, 4, 1, 30), Math.floor), [1, 400], 'int32')
    const gradient = weightedGradient(logits, labels, tf.ones([1]))
    // What softmax and posteriors add to at each step is 1 for both.
    expectClose(tf.sum(gradient, 2).dataSync(), new Float32Array(2000), { absolute: 2e-6, relative: 0 })
  })
})
