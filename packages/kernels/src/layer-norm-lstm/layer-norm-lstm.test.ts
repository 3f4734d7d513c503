import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ShapeError } from '../shape-error.js'
import { ACCUMULATED, expectAllClose, expectClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import {
  describeNative,
  expectNativeCalls,
  nativeAvailable,
  onBackend,
  onBoth,
  withThreads,
} from '../testing/native.js'
import golden from './golden/layer-norm-lstm.json' with { type: 'json' }
import { layerNormLstm } from './layer-norm-lstm.js'
import type { LayerNormLstmSettings } from './arguments.js'

const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']
const KERNELS = ['LayerNormLstmSequence', 'LayerNormLstmSequenceGrad', 'LayerNormLstmSequenceInputGrad']
// A norm divides by a deviation that may be small, which magnifies the roundings of the sums before it.
const NORMALISED = { absolute: 2e-4, relative: 2e-4 }

interface Case extends Omit<LayerNormLstmSettings, 'mask' | 'initialState' | 'dropoutMask' | 'recurrentDropoutMask'> {
  name: string
  /** B, T, D, U */
  sizes: [number, number, number, number]
  bias?: boolean
  state?: boolean
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

/** The differentiable inputs of a case, in their order; absent ones are left out. */
function inputsOf({ sizes: [batch, steps, features, units], bias = true, state }: Case): tf.Tensor[] {
  return [
    filled([batch, steps, features], 1),
    filled([features, 4 * units], 2, -0.6, 0.6),
    filled([units, 4 * units], 3, -0.4, 0.4),
    filled([4 * units], 10, 0.5, 1.5),
    filled([4 * units], 11, 0.5, 1.5),
    filled([units], 12, 0.5, 1.5),
    filled([units], 13),
    ...(bias ? [filled([4 * units], 4)] : []),
    ...(state ? [filled([batch, units], 5), filled([batch, units], 6)] : []),
  ]
}

/** Applies the op to the list that `inputsOf` gives. */
function apply(options: Case, inputs: tf.Tensor[]): tf.Tensor[] {
  const [batch, , features, units] = options.sizes
  const [x, kernel, recurrentKernel, kernelGamma, recurrentGamma, stateGamma, stateBeta, ...rest] = inputs
  const bias = options.bias === false ? null : rest.shift()
  const [hidden, cell] = rest
  if (
    !x ||
    !kernel ||
    !recurrentKernel ||
    !kernelGamma ||
    !recurrentGamma ||
    !stateGamma ||
    !stateBeta ||
    bias === undefined
  )
    // prettier-ignore
    throw new Error('the case lacks an input')
  const dropped = (width: number, seed: number) =>
    tf.mul(tf.cast(tf.greater(filled([batch, width], seed), -0.5), 'float32'), 4 / 3)
  const norms = { kernelGamma, recurrentGamma, stateGamma, stateBeta }
  const { output, lastHidden, lastCell } = layerNormLstm(x, kernel, recurrentKernel, bias, {
    ...norms,
    ...options,
    mask: maskOf(options),
    initialState: hidden && cell ? [hidden, cell] : undefined,
    dropoutMask: options.dropout ? dropped(features, 7) : undefined,
    recurrentDropoutMask: options.recurrentDropout ? dropped(units, 8) : undefined,
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
  { name: 'one of everything', sizes: [1, 1, 1, 1] },
  { name: 'odd sizes', sizes: [3, 7, 5, 3], returnSequences: true },
  { name: 'below four lanes', sizes: [2, 4, 3, 3], returnSequences: true, state: true },
  { name: 'a lane width of 4 plus 1', sizes: [2, 4, 5, 5], returnSequences: true, normalizedCarry: false },
  { name: 'a lane width of 8 plus 1', sizes: [5, 6, 9, 9], returnSequences: true },
  { name: 'a lane width of 16', sizes: [4, 5, 16, 16] },
  { name: 'a lane width of 16 plus 1', sizes: [4, 5, 17, 17], returnSequences: true, normalizedCarry: false },
  { name: 'more rows than a tile', sizes: [33, 4, 6, 20], returnSequences: true },
  { name: 'wide', sizes: [2, 3, 40, 70], returnSequences: true, state: true },
  { name: 'few items of many units, for threads', sizes: [1, 3, 7, 170], returnSequences: true, state: true },
  { name: 'backwards', sizes: [3, 5, 4, 6], goBackwards: true, returnSequences: true, state: true },
  { name: 'backwards, last', sizes: [3, 5, 4, 6], goBackwards: true, normalizedCarry: false },
  { name: 'no bias', sizes: [3, 5, 4, 6], bias: false },
  { name: 'lengths, one of them 0', sizes: [4, 6, 3, 5], lengths: [6, 0, 2, 5], returnSequences: true, state: true },
  { name: 'lengths, last', sizes: [4, 6, 3, 5], lengths: [1, 6, 0, 4] },
  { name: 'lengths, backwards', sizes: [4, 6, 3, 5], lengths: [6, 0, 2, 5], goBackwards: true, returnSequences: true },
  { name: 'all lengths 0', sizes: [2, 3, 3, 5], lengths: [0, 0], returnSequences: true, state: true },
  { name: 'holes', sizes: [4, 7, 3, 5], holes: true, returnSequences: true, state: true },
  { name: 'holes, the plain cell', sizes: [4, 7, 3, 5], holes: true, normalizedCarry: false, state: true },
  { name: 'holes and lengths, backwards', sizes: [4, 7, 3, 5], holes: true, lengths: [7, 3, 0, 6], goBackwards: true },
  { name: 'dropout', sizes: [3, 4, 5, 6], dropout: true, returnSequences: true },
  { name: 'both dropouts', sizes: [3, 4, 5, 6], dropout: true, recurrentDropout: true, state: true },
  { name: 'dropouts and lengths', sizes: [3, 4, 5, 6], dropout: true, recurrentDropout: true, lengths: [4, 1, 3] },
  { name: 'relu', sizes: [3, 5, 4, 6], activation: 'relu', returnSequences: true },
  { name: 'linear, hard gates', sizes: [3, 5, 4, 6], activation: 'linear', recurrentActivation: 'hardSigmoid' },
  { name: 'hard gates', sizes: [3, 5, 4, 6], recurrentActivation: 'hardSigmoid', returnSequences: true },
  { name: 'a large epsilon', sizes: [3, 5, 4, 6], epsilon: 0.5, returnSequences: true },
  { name: 'more rows than a stretch', sizes: [40, 30, 3, 5], returnSequences: true, lengths: [30, 7] },
]

describe.each(backends)('layerNormLstm on %s, by hand', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it.each([true, false])('computes two steps of two units, normalizedCarry %s', (normalizedCarry) => {
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
    const normalise = (values: number[]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
      return values.map((value) => (value - mean) / Math.sqrt(variance + 1e-3))
    }
    const w = [0.5, -0.3, 0.8, 0.2, -0.6, 0.4, 0.1, 0.9]
    const u = [
      [0.1, 0.4, -0.2, 0.6, 0.3, -0.5, 0.2, 0.7],
      [-0.4, 0.2, 0.5, -0.1, 0.8, 0.3, -0.7, 0.1],
    ]
    const [gammaX, gammaH, b] = [1.5, 0.5, 0.25]
    const [gammaC, betaC] = [
      [2, 0.5],
      [0.1, -0.3],
    ]
    let [h, c] = [
      [0, 0],
      [0, 0],
    ]
    const hidden = [2, -1].flatMap((x) => {
      const inputs = normalise(w.map((weight) => x * weight))
      const recurrent = normalise(w.map((_, k) => h.reduce((sum, value, j) => sum + value * (u[j]?.[k] ?? 0), 0)))
      const z = (k: number) => gammaX * (inputs[k] ?? 0) + gammaH * (recurrent[k] ?? 0) + b
      const raw = c.map((before, j) => sigmoid(z(2 + j)) * before + sigmoid(z(j)) * Math.tanh(z(4 + j)))
      const scaled = normalise(raw).map((value, j) => value * (gammaC[j] ?? 0) + (betaC[j] ?? 0))
      c = normalizedCarry ? scaled : raw
      h = scaled.map((value, j) => sigmoid(z(6 + j)) * Math.tanh(value))
      return h
    })
    const norms = {
      kernelGamma: tf.fill([8], gammaX),
      recurrentGamma: tf.fill([8], gammaH),
      stateGamma: tf.tensor1d(gammaC),
      stateBeta: tf.tensor1d(betaC),
    }
    const x = tf.tensor3d([[[2], [-1]]])
    const options = { returnSequences: true, normalizedCarry }
    const result = layerNormLstm(x, tf.tensor2d([w]), tf.tensor2d(u), tf.fill([8], b), { ...norms, ...options })
    expectClose(result.output.dataSync(), hidden, ACCUMULATED)
    expectClose(result.lastHidden.dataSync(), h, ACCUMULATED)
    expectClose(result.lastCell.dataSync(), c, ACCUMULATED)
  })

  it('repeats the last output and keeps the state past the end of a row', () => {
    const long: Case = { name: '', sizes: [1, 5, 3, 4], lengths: [3], returnSequences: true }
    const [output, hidden, cell] = apply(long, inputsOf(long)).map((tensor) => Array.from(tensor.dataSync()))
    const x = tf.slice(filled([1, 5, 3], 1), [0, 0, 0], [1, 3, 3])
    const short: Case = { name: '', sizes: [1, 3, 3, 4], returnSequences: true }
    const [output3, hidden3, cell3] = apply(short, [x, ...inputsOf(short).slice(1)]).map((tensor) => tensor.dataSync())
    expectClose(output?.slice(0, 12) ?? [], output3 ?? [], ACCUMULATED)
    expectClose(output?.slice(12, 16) ?? [], output?.slice(8, 12) ?? [])
    expectClose(output?.slice(16, 20) ?? [], output?.slice(8, 12) ?? [])
    expectClose(hidden ?? [], hidden3 ?? [], ACCUMULATED)
    expectClose(cell ?? [], cell3 ?? [], ACCUMULATED)
  })

  it('goes backwards as forwards over the reversed input, with each output at its input', () => {
    const options: Case = { name: '', sizes: [2, 4, 3, 5], returnSequences: true }
    const [x, ...weights] = inputsOf(options)
    if (!x) throw new Error('no x')
    const [forward] = apply(options, [tf.reverse(x, 1), ...weights])
    const [backward] = apply({ ...options, goBackwards: true }, [x, ...weights])
    expectClose(backward?.dataSync() ?? [], forward ? tf.reverse(forward, 1).dataSync() : [], ACCUMULATED)
  })
})

describeNative('layerNormLstm, reference and native', () => {
  it.each(cases)('agree: $name', async (options) => {
    const { reference, native } = await expectNativeCalls(KERNELS, () => onBoth(() => outputsAndGradients(options)))
    expectAllClose(native, reference, NORMALISED)
  })

  it.each(cases)('gives the same outputs with 1 and 2 threads, to the bit: $name', async (options) => {
    const run = (threads: number) => withThreads(threads, () => onBackend('native', () => outputsAndGradients(options)))
    const [one, two] = [await run(1), await run(2)]
    expect(two.slice(0, 3)).toEqual(one.slice(0, 3))
    // Gradients of bias, scales and shift are added up thread by thread.
    expectAllClose(two, one, NORMALISED)
    expect(await run(2)).toEqual(two)
  })

  it('gives the initial state back when there are no steps', async () => {
    const options: Case = { name: '', sizes: [2, 0, 3, 4], state: true }
    const { reference, native } = await onBoth(() => apply(options, inputsOf(options)))
    expectAllClose(native, reference)
    expectClose(native[1] ?? [], filled([2, 4], 5).dataSync())
  })

  it('takes an empty batch, and inputs without features', async () => {
    for (const sizes of [
      [0, 3, 2, 4],
      [2, 3, 0, 4],
    ] as const) {
      const results = await onBackend('native', () => outputsAndGradients({ name: '', sizes: [...sizes], state: true }))
      expect(results.flat().every(Number.isFinite)).toBe(true)
    }
  })

  it('leaves no tensor behind, with and without gradients', async () => {
    await tf.setBackend('native')
    const options: Case = { name: '', sizes: [2, 3, 4, 5], returnSequences: true, state: true }
    const before = tf.memory().numTensors
    tf.tidy(() => void outputsAndGradients(options))
    expect(tf.memory().numTensors).toBe(before)
    const inputs = inputsOf(options)
    const outputs = apply(options, inputs)
    tf.dispose([inputs, outputs])
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe.each(backends)('layerNormLstm on %s, gradients', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it.each([
    { name: 'plain', sizes: [2, 3, 2, 3], returnSequences: true, state: true },
    { name: 'holes', sizes: [2, 4, 2, 3], holes: true, lengths: [4, 2], returnSequences: true, state: true },
    { name: 'backwards, dropouts', sizes: [2, 3, 3, 4], goBackwards: true, dropout: true, recurrentDropout: true },
    { name: 'the plain cell', sizes: [2, 3, 2, 3], activation: 'linear', state: true, normalizedCarry: false },
  ] satisfies Case[])('are those of finite differences: $name', (options: Case) => {
    // A large epsilon, so that a difference of a hundredth stays small beside the deviation.
    const smooth: Case = { ...options, epsilon: 0.5 }
    expectGradients((...inputs) => apply(smooth, inputs), inputsOf(smooth))
  })
})

describe.each(backends)('layerNormLstm on %s, golden', (backend) => {
  it.each(golden.cases)('is a loop of PyTorch ops, normalizedCarry $normalizedCarry', async (expected) => {
    const { normalizedCarry } = expected
    const results = await onBackend(backend, () => {
      const tensors = golden.inputs.map(({ values, shape }) => tf.tensor(values, shape))
      const f = (...at: tf.Tensor[]): tf.Tensor[] => {
        const [x, kernel, recurrentKernel, bias, kernelGamma, recurrentGamma, stateGamma, stateBeta, hidden, cell] = at
        if (!x || !kernel || !recurrentKernel || !bias || !kernelGamma || !recurrentGamma || !stateGamma || !stateBeta)
          throw new Error('the golden file lacks an input')
        const norms = { kernelGamma, recurrentGamma, stateGamma, stateBeta }
        const options: LayerNormLstmSettings = { returnSequences: true, epsilon: golden.epsilon, normalizedCarry }
        if (hidden && cell) options.initialState = [hidden, cell]
        const { output, lastHidden, lastCell } = layerNormLstm(x, kernel, recurrentKernel, bias, {
          ...norms,
          ...options,
        })
        return [output, lastHidden, lastCell]
      }
      const gradients = tf.grads((...at: tf.Tensor[]) =>
        tf.addN(
          f(...at).map((output, i) => tf.sum(tf.mul(output, tf.tensor(golden.lossWeights[i] ?? [], output.shape)))),
        ),
      )(tensors)
      return [...f(...tensors), ...gradients]
    })
    expectAllClose(results, [...expected.results, ...expected.gradients], GOLDEN)
  })
})

describe('layerNormLstm, errors', () => {
  const norms = (units = 5) => ({
    kernelGamma: tf.ones([20]),
    recurrentGamma: tf.ones([20]),
    stateGamma: tf.ones([units]),
    stateBeta: tf.zeros([5]),
  })
  const run = (options: LayerNormLstmSettings = {}, given: object = {}) =>
    layerNormLstm(filled([2, 3, 4], 1), filled([4, 20], 2), filled([5, 20], 3), null, {
      ...norms(),
      ...given,
      ...options,
    })

  it.each<[string, () => unknown]>([
    [
      'expected shape [B, T, D] for x, received [2, 3]',
      () => layerNormLstm(filled([2, 3], 1), filled([4, 20], 2), filled([5, 20], 3), null, norms()),
    ],
    [
      'expected shape [5, 20] for recurrentKernel, received [5, 19]',
      () => layerNormLstm(filled([2, 3, 4], 1), filled([4, 20], 2), filled([5, 19], 3), null, norms()),
    ],
    [
      'expected shape [4, 20] for kernel, received [3, 20]',
      () => layerNormLstm(filled([2, 3, 4], 1), filled([3, 20], 2), filled([5, 20], 3), null, norms()),
    ],
    [
      'expected shape [20] for bias, received [5]',
      () => layerNormLstm(filled([2, 3, 4], 1), filled([4, 20], 2), filled([5, 20], 3), tf.ones([5]), norms()),
    ],
    ['expected shape [20] for kernelGamma, received [5]', () => run({}, { kernelGamma: tf.ones([5]) })],
    ['expected shape [20] for recurrentGamma, received [5]', () => run({}, { recurrentGamma: tf.ones([5]) })],
    ['expected shape [5] for stateGamma, received [6]', () => run({}, norms(6))],
    ['expected shape [5] for stateBeta, received [20]', () => run({}, { stateBeta: tf.ones([20]) })],
    [
      'expected shape [2, 5] for initialState[1], received [2, 4]',
      () => run({ initialState: [filled([2, 5], 1), filled([2, 4], 1)] }),
    ],
    ['expected shape [2, 3] for mask, received [2, 4]', () => run({ mask: filled([2, 4], 1) })],
    ['expected shape [2, 4] for dropoutMask, received [2, 5]', () => run({ dropoutMask: filled([2, 5], 1) })],
    [
      'expected shape [2, 5] for recurrentDropoutMask, received [1, 5]',
      () => run({ recurrentDropoutMask: filled([1, 5], 1) }),
    ],
  ])('%s', (message, fails) => {
    expect(fails).toThrow(ShapeError)
    expect(fails).toThrow(`layerNormLstm: ${message}`)
  })
})
