import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ShapeError } from '../shape-error.js'
import { expectAllClose, expectClose, expectGradients, filled, GOLDEN, ACCUMULATED } from '../testing/close.js'
import {
  describeNative,
  expectNativeCalls,
  nativeAvailable,
  onBackend,
  onBoth,
  withThreads,
} from '../testing/native.js'
import { convLstm2d } from './conv-lstm.js'
import type { ConvLstm2dOptions } from './arguments.js'

const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']
const KERNELS = ['ConvLstm2DSequence', 'ConvLstm2DSequenceGrad', 'ConvLstm2DSequenceInputGrad']
/** Sums of thousands of products, in another order, through a backward pass of several steps. */
const SUMMED = { absolute: 1e-4, relative: 1e-4 }

type Tensors = 'mask' | 'initialState' | 'peepholes' | 'dropoutMask' | 'recurrentDropoutMask'
interface Case extends Omit<ConvLstm2dOptions, Tensors> {
  name: string
  /** B, T, H, W, C, F */
  sizes: [number, number, number, number, number, number]
  kernelSize?: [number, number]
  bias?: boolean
  state?: boolean
  peepholes?: boolean
  lengths?: number[]
  holes?: boolean
  dropout?: boolean
  recurrentDropout?: boolean
}

/** [B, T] of 0 and 1: rows that end at their length, and with `holes` miss every third step. */
function maskOf({ sizes: [batch, steps], lengths, holes }: Case): tf.Tensor | undefined {
  if (!lengths && !holes) return undefined
  const values = Array.from({ length: batch * steps }, (_, i) => {
    const [row, t] = [Math.floor(i / steps), i % steps]
    return t < (lengths?.[row] ?? steps) && !(holes && (t + row) % 3 === 1) ? 1 : 0
  })
  return tf.tensor(values, [batch, steps], 'bool')
}

/** [H', W'] */
function outputSize({ sizes: [, , height, width, channels], kernelSize = [3, 3], strides, pad, dilations }: Case) {
  const filter: [number, number, number, number] = [...kernelSize, channels, 1]
  const image: [number, number, number, number] = [1, height, width, channels]
  const info = tf.backend_util.computeConv2DInfo(image, filter, strides ?? 1, dilations ?? 1, pad ?? 'valid')
  return [info.outHeight, info.outWidth] as const
}

/** The differentiable inputs of a case, in order; absent ones are left out. */
function inputsOf(options: Case): tf.Tensor[] {
  const { sizes, kernelSize = [3, 3], bias = true, peepholes, state } = options
  const [batch, steps, height, width, channels, filters] = sizes
  const size = outputSize(options)
  return [
    filled([batch, steps, height, width, channels], 1),
    filled([...kernelSize, channels, 4 * filters], 2, -0.4, 0.4),
    filled([...kernelSize, filters, 4 * filters], 3, -0.25, 0.25),
    ...(bias ? [filled([4 * filters], 4)] : []),
    ...(peepholes ? [filled([...size, 3 * filters], 9)] : []),
    ...(state ? [filled([batch, ...size, filters], 5), filled([batch, ...size, filters], 6)] : []),
  ]
}

/** Applies convLstm2d to the list that `inputsOf` gives. */
function apply(options: Case, inputs: tf.Tensor[]): tf.Tensor[] {
  const [batch, , height, width, channels, filters] = options.sizes
  const [x, kernel, recurrentKernel, ...rest] = inputs
  const bias = options.bias === false ? null : rest.shift()
  const peepholes = options.peepholes ? rest.shift() : undefined
  const [hidden, cell] = rest
  if (!x || !kernel || !recurrentKernel || bias === undefined) throw new Error('the case lacks an input')
  const dropped = (shape: number[], seed: number) =>
    tf.mul(tf.cast(tf.greater(filled(shape, seed), -0.5), 'float32'), 4 / 3)
  const { output, lastHidden, lastCell } = convLstm2d(x, kernel, recurrentKernel, bias, {
    ...options,
    peepholes,
    mask: maskOf(options),
    initialState: hidden && cell ? [hidden, cell] : undefined,
    dropoutMask: options.dropout ? dropped([batch, height, width, channels], 7) : undefined,
    recurrentDropoutMask: options.recurrentDropout ? dropped([batch, ...outputSize(options), filters], 8) : undefined,
  })
  return [output, lastHidden, lastCell]
}

/** Outputs, then gradients of a weighted sum of them. */
function outputsAndGradients(options: Case): tf.Tensor[] {
  const inputs = inputsOf(options)
  const outputs = apply(options, inputs)
  const gradients = tf.grads((...at: tf.Tensor[]) =>
    tf.addN(apply(options, at).map((output, i) => tf.sum(tf.mul(output, filled(output.shape, 20 + i))))),
  )(inputs)
  return [...outputs, ...gradients]
}

const cases: Case[] = [
  { name: 'one of everything', sizes: [1, 1, 1, 1, 1, 1], kernelSize: [1, 1] },
  { name: 'one pixel under a larger filter', sizes: [2, 3, 1, 1, 2, 3], pad: 'same', returnSequences: true },
  { name: 'same, odd sizes', sizes: [3, 4, 5, 7, 3, 3], pad: 'same', returnSequences: true },
  { name: 'valid', sizes: [2, 3, 6, 5, 2, 5], returnSequences: true, state: true },
  { name: 'valid, last', sizes: [2, 3, 6, 5, 2, 5], state: true },
  { name: 'even filter', sizes: [2, 3, 5, 6, 2, 4], kernelSize: [2, 4], pad: 'same', returnSequences: true },
  { name: 'strides', sizes: [2, 3, 7, 8, 3, 4], strides: [2, 3], pad: 'same', returnSequences: true, state: true },
  { name: 'strides beyond the filter', sizes: [2, 3, 9, 8, 3, 4], kernelSize: [2, 1], strides: [3, 2] },
  { name: 'dilations', sizes: [2, 3, 9, 8, 3, 4], dilations: [2, 3], pad: 'same', returnSequences: true },
  { name: 'dilations, valid', sizes: [1, 2, 9, 8, 2, 3], dilations: 2, returnSequences: true },
  { name: 'pointwise', sizes: [2, 3, 4, 5, 6, 4], kernelSize: [1, 1], returnSequences: true },
  { name: 'a vector of 4 plus 1', sizes: [2, 2, 4, 5, 2, 5], pad: 'same', returnSequences: true },
  { name: 'a vector of 8 plus 1', sizes: [1, 3, 3, 15, 2, 9], pad: 'same', returnSequences: true, state: true },
  { name: 'a vector of 16', sizes: [2, 3, 4, 6, 17, 16], pad: 'same', returnSequences: true },
  { name: 'a vector of 16 plus 1', sizes: [1, 3, 4, 29, 1, 17], pad: 'same', returnSequences: true },
  { name: 'bands of rows, more threads than items', sizes: [1, 3, 40, 33, 1, 8], pad: 'same', returnSequences: true, state: true }, // prettier-ignore
  { name: 'threads without an even deal', sizes: [3, 3, 20, 12, 2, 8], pad: 'same', lengths: [3, 1, 1] },
  { name: 'backwards', sizes: [2, 4, 4, 3, 2, 3], pad: 'same', goBackwards: true, returnSequences: true, state: true },
  { name: 'backwards, last', sizes: [2, 4, 4, 3, 2, 3], pad: 'same', goBackwards: true },
  { name: 'no bias', sizes: [2, 3, 4, 3, 2, 3], pad: 'same', bias: false },
  { name: 'peepholes', sizes: [2, 4, 4, 5, 2, 5], pad: 'same', peepholes: true, returnSequences: true },
  { name: 'peepholes, state', sizes: [2, 3, 4, 5, 2, 17], pad: 'same', peepholes: true, state: true },
  { name: 'peepholes, everything', sizes: [3, 4, 6, 5, 2, 3], peepholes: true, lengths: [4, 0, 2], holes: true, recurrentDropout: true, returnSequences: true, strides: 2 }, // prettier-ignore
  { name: 'lengths, one of them 0', sizes: [4, 5, 4, 3, 2, 3], pad: 'same', lengths: [5, 0, 2, 4], returnSequences: true, state: true }, // prettier-ignore
  { name: 'lengths, last', sizes: [4, 5, 4, 3, 2, 3], pad: 'same', lengths: [1, 5, 0, 4] },
  { name: 'lengths, last, state', sizes: [4, 5, 4, 3, 2, 3], pad: 'same', lengths: [1, 5, 0, 4], state: true },
  { name: 'lengths, backwards', sizes: [3, 5, 4, 3, 2, 3], lengths: [5, 0, 3], goBackwards: true, returnSequences: true }, // prettier-ignore
  { name: 'all lengths 0', sizes: [2, 3, 4, 3, 2, 3], lengths: [0, 0], returnSequences: true, state: true },
  { name: 'holes', sizes: [3, 7, 4, 3, 2, 3], pad: 'same', holes: true, returnSequences: true, state: true },
  { name: 'holes and lengths, backwards', sizes: [4, 7, 4, 3, 2, 3], holes: true, lengths: [7, 3, 0, 6], goBackwards: true, returnSequences: true }, // prettier-ignore
  { name: 'dropout', sizes: [2, 3, 4, 3, 2, 3], pad: 'same', dropout: true, returnSequences: true },
  { name: 'both dropouts', sizes: [2, 3, 4, 3, 2, 5], pad: 'same', dropout: true, recurrentDropout: true, state: true },
  { name: 'relu', sizes: [2, 3, 4, 3, 2, 3], pad: 'same', activation: 'relu', returnSequences: true },
  { name: 'linear, hard gates', sizes: [2, 3, 4, 3, 2, 3], activation: 'linear', recurrentActivation: 'hardSigmoid' },
]

describe.each(backends)('convLstm2d on %s, by hand', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it('computes two steps of one filter with peepholes', () => {
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
    // Two neighbouring pixels; each sees itself (tap 1) and its right neighbour (tap 2), zero outside.
    const w = [[0.5, -0.3, 0.8, 0.2], [0.1, 0.2, -0.4, 0.3]] as const // prettier-ignore
    const u = [[0.1, 0.4, -0.2, 0.6], [-0.5, 0.2, 0.3, 0.1]] as const // prettier-ignore
    const b = [0, 1, 0.1, -0.1] as const
    const p = [[0.3, -0.2, 0.5], [0.7, 0.1, -0.6]] as const // prettier-ignore
    let [h, c] = [[0, 0] as [number, number], [0, 0] as [number, number]]
    const outputs: number[] = []
    for (const x of [
      [2, -1],
      [0.5, 3],
    ] as const) {
      const cell = (q: 0 | 1) => {
        const right = (pair: readonly [number, number]) => (q === 0 ? pair[1] : 0)
        const z = (k: 0 | 1 | 2 | 3) => x[q] * w[0][k] + right(x) * w[1][k] + h[q] * u[0][k] + right(h) * u[1][k] + b[k]
        const now = sigmoid(z(1) + p[q][1] * c[q]) * c[q] + sigmoid(z(0) + p[q][0] * c[q]) * Math.tanh(z(2))
        return [now, sigmoid(z(3) + p[q][2] * now) * Math.tanh(now)] as const
      }
      const both = [cell(0), cell(1)] as const
      c = [both[0][0], both[1][0]]
      h = [both[0][1], both[1][1]]
      outputs.push(...h)
    }
    const { output, lastHidden, lastCell } = convLstm2d(
      tf.tensor([2, -1, 0.5, 3], [1, 2, 1, 2, 1]),
      tf.tensor(w.flat(), [1, 2, 1, 4]),
      tf.tensor(u.flat(), [1, 2, 1, 4]),
      tf.tensor([...b]),
      { pad: 'same', peepholes: tf.tensor(p.flat(), [1, 2, 3]), returnSequences: true },
    )
    expectClose(output.dataSync(), outputs, ACCUMULATED)
    expectClose(lastHidden.dataSync(), h, ACCUMULATED)
    expectClose(lastCell.dataSync(), c, ACCUMULATED)
  })

  it('goes backwards as forwards over the reversed input, with each output at its input', () => {
    const options: Case = { name: '', sizes: [2, 4, 3, 5, 2, 3], pad: 'same', returnSequences: true }
    const [x, ...weights] = inputsOf(options)
    if (!x) throw new Error('no x')
    const [forward] = apply(options, [tf.reverse(x, 1), ...weights])
    const [backward] = apply({ ...options, goBackwards: true }, [x, ...weights])
    expectClose(backward?.dataSync() ?? [], forward ? tf.reverse(forward, 1).dataSync() : [], ACCUMULATED)
  })

  it.each([
    { name: 'no items', sizes: [0, 3, 4, 5, 2, 3] },
    { name: 'no steps', sizes: [2, 0, 4, 5, 2, 3], returnSequences: true },
    { name: 'no steps, last', sizes: [2, 0, 4, 5, 2, 3] },
  ] satisfies Case[])('of $name gives what shapes say', (options: Case) => {
    const [batch, steps, , , , filters] = options.sizes
    const whole = { ...options, state: true }
    const inputs = inputsOf(whole)
    // A loop of no steps records nothing that has a gradient.
    const results = backend === 'native' ? outputsAndGradients(whole) : [...apply(whole, inputs), ...inputs]
    const state = [batch, 2, 3, filters]
    const output = options.returnSequences ? [batch, steps, 2, 3, filters] : state
    const shapes = [output, state, state, ...inputs.map(({ shape }) => shape)]
    expect(results.map(({ shape }) => shape)).toEqual(shapes)
    expectClose(results[1]?.dataSync() ?? [], filled(state, 5).dataSync())
    if (backend === 'native') expectClose(results[4]?.dataSync() ?? [], new Float32Array(3 * 3 * 2 * 4 * filters))
  })

  it('of no channels and of no filters does not fail', () => {
    const run = (channels: number, filters: number) =>
      apply({ name: '', sizes: [1, 2, 3, 3, channels, filters] }, inputsOf({ name: '', sizes: [1, 2, 3, 3, channels, filters] })) // prettier-ignore
    expect(run(2, 0).map(({ shape }) => shape)).toEqual([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0]]) // prettier-ignore
    expect(run(0, 2)[0]?.shape).toEqual([1, 1, 1, 2])
  })

  it('keeps NaN to the pixels and items that saw it', () => {
    const options: Case = { name: '', sizes: [2, 3, 5, 9, 1, 4], pad: 'same', returnSequences: true }
    const [x, ...weights] = inputsOf(options)
    const values = x?.dataSync() ?? new Float32Array()
    values[0] = NaN
    const [output] = apply(options, [tf.tensor(values, [2, 3, 5, 9, 1]), ...weights])
    const isNaN = Array.from(output?.dataSync() ?? [], Number.isNaN)
    const pixel = (item: number, t: number, row: number, col: number) => (((item * 3 + t) * 5 + row) * 9 + col) * 4
    expect([pixel(0, 0, 1, 1), pixel(0, 2, 3, 3)].map((at) => isNaN[at])).toEqual([true, true])
    expect([pixel(0, 0, 2, 0), pixel(0, 2, 4, 0), pixel(1, 2, 0, 0)].map((at) => isNaN[at])).toEqual([false, false, false]) // prettier-ignore
  })
})

describeNative('convLstm2d, reference and native', () => {
  it.each(cases)('agree: $name', async (options) => {
    const { reference, native } = await expectNativeCalls(KERNELS, () => onBoth(() => outputsAndGradients(options)))
    expectAllClose(native, reference, SUMMED)
  })

  it.each(cases)('gives the same outputs with 1, 2 and 3 threads: $name', async (options) => {
    const run = (threads: number) => withThreads(threads, () => onBackend('native', () => outputsAndGradients(options)))
    const [one, two, again, three] = [await run(1), await run(2), await run(2), await run(3)]
    expect(two.slice(0, 3)).toEqual(one.slice(0, 3))
    expect(three.slice(0, 3)).toEqual(one.slice(0, 3))
    expect(again).toEqual(two)
    // Each thread sums the weights' gradients over its share.
    expectAllClose(two, one, SUMMED)
    expectAllClose(three, one, SUMMED)
  })

  it('leaves no tensor behind, with and without gradients', async () => {
    await tf.setBackend('native')
    const options: Case = { name: '', sizes: [2, 3, 4, 5, 2, 3], peepholes: true, state: true, dropout: true }
    const before = tf.memory().numTensors
    tf.tidy(() => void outputsAndGradients(options))
    expect(tf.memory().numTensors).toBe(before)
    tf.tidy(() => void outputsAndGradients({ ...options, peepholes: false, state: false, bias: false }))
    expect(tf.memory().numTensors).toBe(before)
    const inputs = inputsOf(options)
    const outputs = apply({ ...options, dropout: false }, inputs)
    tf.dispose([inputs, outputs])
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe.each(backends)('convLstm2d on %s, gradients', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it.each([
    { name: 'plain', sizes: [1, 2, 3, 3, 1, 2], pad: 'same', returnSequences: true, state: true },
    { name: 'peepholes, holes', sizes: [2, 3, 2, 2, 1, 1], kernelSize: [2, 2], pad: 'same', peepholes: true, holes: true, lengths: [3, 2], returnSequences: true, state: true }, // prettier-ignore
    { name: 'strides, backwards, dropouts', sizes: [1, 2, 4, 4, 1, 2], kernelSize: [2, 2], strides: 2, goBackwards: true, dropout: true, recurrentDropout: true }, // prettier-ignore
    { name: 'dilations, linear', sizes: [1, 2, 4, 3, 1, 2], kernelSize: [2, 2], dilations: 2, activation: 'linear' },
  ] satisfies Case[])('are those of finite differences: $name', (options: Case) => {
    expectGradients((...inputs) => apply(options, inputs), inputsOf(options))
  })
})

interface Golden {
  cases: {
    name: string
    options: Omit<Case, 'name' | 'sizes'>
    sizes: Case['sizes']
    outputs: number[][]
    gradients: number[][]
  }[]
}
const golden = JSON.parse(readFileSync(new URL('./golden/conv-lstm.json', import.meta.url), 'utf8')) as Golden

describe.each(backends)('convLstm2d on %s, golden', (backend) => {
  it.each(golden.cases)('is the loop in PyTorch: $name', async ({ name, options, sizes, outputs, gradients }) => {
    const results = await onBackend(backend, () => outputsAndGradients({ name, sizes, ...options }))
    expectAllClose(results, [...outputs, ...gradients], GOLDEN)
  })
})

describe('convLstm2d, errors', () => {
  const x = () => filled([2, 3, 5, 6, 4], 1)
  const kernel = () => filled([3, 3, 4, 20], 2)
  const recurrent = () => filled([3, 3, 5, 20], 3)
  const run = (options: ConvLstm2dOptions) => convLstm2d(x(), kernel(), recurrent(), null, options)

  it.each<[string, () => unknown]>([
    [
      'expected shape [B, T, H, W, C] for x, received [2, 3]',
      () => convLstm2d(filled([2, 3], 1), kernel(), recurrent(), null),
    ],
    [
      'expected shape [3, 3, 5, 20] for recurrentKernel, received [3, 3, 5, 19]',
      () => convLstm2d(x(), kernel(), filled([3, 3, 5, 19], 1), null),
    ],
    [
      'expected shape [3, 3, 4, 20] for kernel, received [3, 2, 4, 20]',
      () => convLstm2d(x(), filled([3, 2, 4, 20], 1), recurrent(), null),
    ],
    ['expected shape [20] for bias, received [5]', () => convLstm2d(x(), kernel(), recurrent(), filled([5], 1))],
    [
      'expected at least one window of [3, 3] in x, received images of [2, 6]',
      () => convLstm2d(filled([2, 3, 2, 6, 4], 1), kernel(), recurrent(), null),
    ],
    ['expected shape [3, 4, 15] for peepholes, received [3, 4, 20]', () => run({ peepholes: filled([3, 4, 20], 1) })],
    [
      'expected shape [2, 5, 6, 5] for initialState[0], received [2, 3, 4, 5]',
      () => run({ pad: 'same', initialState: [filled([2, 3, 4, 5], 1), filled([2, 5, 6, 5], 1)] }),
    ],
    [
      'expected shape [2, 3, 4, 5] for initialState[1], received [2, 4]',
      () => run({ initialState: [filled([2, 3, 4, 5], 1), filled([2, 4], 1)] }),
    ],
    ['expected shape [2, 3] for mask, received [2, 4]', () => run({ mask: filled([2, 4], 1) })],
    ['expected shape [2, 5, 6, 4] for dropoutMask, received [2, 4]', () => run({ dropoutMask: filled([2, 4], 1) })],
    [
      'expected shape [2, 3, 4, 5] for recurrentDropoutMask, received [2, 5, 6, 5]',
      () => run({ recurrentDropoutMask: filled([2, 5, 6, 5], 1) }),
    ],
  ])('%s', (message, fails) => {
    expect(fails).toThrow(ShapeError)
    expect(fails).toThrow(`convLstm2d: ${message}`)
  })
})
