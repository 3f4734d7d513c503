import { readFileSync } from 'node:fs'
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
import { bidirectionalLstm, lstm } from './lstm.js'
import type { LstmOptions } from './arguments.js'

const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']
const KERNELS = ['LstmSequence', 'LstmSequenceGrad', 'LstmSequenceInputGrad']

interface Case extends Omit<
  LstmOptions,
  'mask' | 'peepholes' | 'initialState' | 'dropoutMask' | 'recurrentDropoutMask'
> {
  name: string
  /** B, T, D, U */
  sizes: [number, number, number, number]
  bias?: boolean
  peepholes?: boolean
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

/** The differentiable inputs of a case, in lstm's order; absent ones are left out. */
function inputsOf({ sizes: [batch, steps, features, units], bias = true, peepholes, state }: Case): tf.Tensor[] {
  return [
    filled([batch, steps, features], 1),
    filled([features, 4 * units], 2, -0.6, 0.6),
    filled([units, 4 * units], 3, -0.4, 0.4),
    ...(bias ? [filled([4 * units], 4)] : []),
    ...(peepholes ? [filled([3, units], 9)] : []),
    ...(state ? [filled([batch, units], 5), filled([batch, units], 6)] : []),
  ]
}

/** Applies lstm to the list that `inputsOf` gives. */
function apply(options: Case, inputs: tf.Tensor[]): tf.Tensor[] {
  const [batch, , features, units] = options.sizes
  const [x, kernel, recurrentKernel, ...rest] = inputs
  const bias = options.bias === false ? null : rest.shift()
  const peepholes = options.peepholes ? rest.shift() : undefined
  const [hidden, cell] = rest
  if (!x || !kernel || !recurrentKernel || bias === undefined) throw new Error('the case lacks an input')
  const dropped = (width: number, seed: number) =>
    tf.mul(tf.cast(tf.greater(filled([batch, width], seed), -0.5), 'float32'), 4 / 3)
  const { output, lastHidden, lastCell } = lstm(x, kernel, recurrentKernel, bias, {
    ...options,
    mask: maskOf(options),
    peepholes,
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
  { name: 'a lane width of 8 plus 1', sizes: [5, 6, 9, 9], returnSequences: true },
  { name: 'a lane width of 16', sizes: [4, 5, 16, 16] },
  { name: 'a lane width of 16 plus 1', sizes: [4, 5, 17, 17], returnSequences: true },
  { name: 'more rows than a tile', sizes: [33, 4, 6, 20], returnSequences: true },
  { name: 'wide', sizes: [2, 3, 40, 70], returnSequences: true, state: true },
  { name: 'many features', sizes: [5, 4, 260, 9], returnSequences: true, state: true },
  {
    name: 'many features, lengths, dropout',
    sizes: [9, 4, 270, 18],
    lengths: [4, 2, 0, 1, 3, 4, 4, 2, 1],
    dropout: true,
  },
  { name: 'backwards', sizes: [3, 5, 4, 6], goBackwards: true, returnSequences: true, state: true },
  { name: 'backwards, last', sizes: [3, 5, 4, 6], goBackwards: true },
  { name: 'no bias', sizes: [3, 5, 4, 6], bias: false },
  { name: 'lengths, one of them 0', sizes: [4, 6, 3, 5], lengths: [6, 0, 2, 5], returnSequences: true, state: true },
  { name: 'lengths, last', sizes: [4, 6, 3, 5], lengths: [1, 6, 0, 4] },
  { name: 'lengths, backwards', sizes: [4, 6, 3, 5], lengths: [6, 0, 2, 5], goBackwards: true, returnSequences: true },
  { name: 'all lengths 0', sizes: [2, 3, 3, 5], lengths: [0, 0], returnSequences: true, state: true },
  { name: 'holes', sizes: [4, 7, 3, 5], holes: true, returnSequences: true, state: true },
  { name: 'holes and lengths, backwards', sizes: [4, 7, 3, 5], holes: true, lengths: [7, 3, 0, 6], goBackwards: true },
  { name: 'dropout', sizes: [3, 4, 5, 6], dropout: true, returnSequences: true },
  { name: 'both dropouts', sizes: [3, 4, 5, 6], dropout: true, recurrentDropout: true, state: true },
  { name: 'dropouts and lengths', sizes: [3, 4, 5, 6], dropout: true, recurrentDropout: true, lengths: [4, 1, 3] },
  { name: 'peepholes', sizes: [3, 5, 4, 6], peepholes: true, returnSequences: true, state: true },
  { name: 'peepholes, wide, lengths', sizes: [7, 4, 3, 35], peepholes: true, lengths: [4, 1, 0, 3, 2, 4, 1] },
  { name: 'peepholes, holes, backwards', sizes: [4, 7, 3, 5], peepholes: true, holes: true, goBackwards: true },
  { name: 'relu', sizes: [3, 5, 4, 6], activation: 'relu', returnSequences: true },
  { name: 'linear, hard gates', sizes: [3, 5, 4, 6], activation: 'linear', recurrentActivation: 'hardSigmoid' },
  { name: 'hard gates', sizes: [3, 5, 4, 6], recurrentActivation: 'hardSigmoid', returnSequences: true },
]

describe.each(backends)('lstm on %s, by hand', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it('computes two steps of one unit', () => {
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
    const [w, u, b] = [
      [0.5, -0.3, 0.8, 0.2],
      [0.1, 0.4, -0.2, 0.6],
      [0, 1, 0.1, -0.1],
    ] as const
    let [h, c] = [0, 0]
    const hidden = [2, -1].map((x) => {
      const z = (gate: 0 | 1 | 2 | 3) => x * w[gate] + h * u[gate] + b[gate]
      c = sigmoid(z(1)) * c + sigmoid(z(0)) * Math.tanh(z(2))
      h = sigmoid(z(3)) * Math.tanh(c)
      return h
    })
    const result = lstm(tf.tensor3d([[[2], [-1]]]), tf.tensor2d([[...w]]), tf.tensor2d([[...u]]), tf.tensor1d([...b]), {
      returnSequences: true,
    })
    expectClose(result.output.dataSync(), hidden, ACCUMULATED)
    expectClose(result.lastHidden.dataSync(), [h], ACCUMULATED)
    expectClose(result.lastCell.dataSync(), [c], ACCUMULATED)
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

describeNative('lstm, reference and native', () => {
  it.each(cases)('agree: $name', async (options) => {
    const { reference, native } = await expectNativeCalls(KERNELS, () => onBoth(() => outputsAndGradients(options)))
    expectAllClose(native, reference, ACCUMULATED)
  })

  it.each(cases)('gives the same bits with 1 and 2 threads: $name', async (options) => {
    const run = (threads: number) => withThreads(threads, () => onBackend('native', () => outputsAndGradients(options)))
    expect(await run(2)).toEqual(await run(1))
  })

  it('gives the initial state back when there are no steps', async () => {
    const options: Case = { name: '', sizes: [2, 0, 3, 4], state: true }
    const { reference, native } = await onBoth(() => apply(options, inputsOf(options)))
    expectAllClose(native, reference)
    expectClose(native[1] ?? [], filled([2, 4], 5).dataSync())
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

describe.each(backends)('lstm on %s, gradients', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it.each([
    { name: 'plain', sizes: [2, 3, 2, 3], returnSequences: true, state: true },
    { name: 'holes', sizes: [2, 4, 2, 3], holes: true, lengths: [4, 2], returnSequences: true, state: true },
    { name: 'backwards, dropouts', sizes: [2, 3, 3, 2], goBackwards: true, dropout: true, recurrentDropout: true },
    { name: 'linear', sizes: [2, 3, 2, 2], activation: 'linear', state: true },
    { name: 'peepholes', sizes: [2, 3, 2, 2], peepholes: true, state: true, returnSequences: true },
  ] satisfies Case[])('are those of finite differences: $name', (options: Case) => {
    expectGradients((...inputs) => apply(options, inputs), inputsOf(options))
  })
})

interface Golden {
  batch: number
  steps: number
  features: number
  units: number
  inputs: Record<string, number[]>
  lossWeights: Record<string, number[]>
  output: number[]
  lastHidden: number[]
  lastCell: number[]
  gradients: Record<string, number[]>
}
const readGolden = (name: string): Golden =>
  JSON.parse(readFileSync(new URL(`./golden/${name}.json`, import.meta.url), 'utf8')) as Golden

describe.each(backends)('lstm on %s, golden', (backend) => {
  it.each([
    ['PyTorch nn.LSTM', 'lstm', false],
    ['the formula with peepholes', 'peephole-lstm', true],
  ])('is %s, outputs and gradients', async (_, file, peepholes) => {
    const golden = readGolden(file)
    const { batch, steps, features, units } = golden
    const shapes: Record<string, number[]> = {
      x: [batch, steps, features],
      kernel: [features, 4 * units],
      recurrentKernel: [units, 4 * units],
      bias: [4 * units],
      ...(peepholes ? { peepholes: [3, units] } : {}),
      initialHidden: [batch, units],
      initialCell: [batch, units],
    }
    const sizes: Case['sizes'] = [batch, steps, features, units]
    const options: Case = { name: '', sizes, returnSequences: true, state: true, peepholes }
    const results = await onBackend(backend, () => {
      const inputs = Object.entries(shapes).map(([name, shape]) => tf.tensor(golden.inputs[name] ?? [], shape))
      const weights = ['output', 'hidden', 'cell'].map((name) => golden.lossWeights[name] ?? [])
      const gradients = tf.grads((...at: tf.Tensor[]) =>
        tf.addN(
          apply(options, at).map((output, i) => tf.sum(tf.mul(output, tf.tensor(weights[i] ?? [], output.shape)))),
        ),
      )(inputs)
      return [...apply(options, inputs), ...gradients]
    })
    const expected = Object.keys(shapes).map((name) => golden.gradients[name] ?? [])
    expectAllClose(results, [golden.output, golden.lastHidden, golden.lastCell, ...expected], GOLDEN)
  })
})

/** Both directions by one call, and what two calls side by side give: outputs, states and gradients. */
function bothWays(options: Case, oneCall: boolean): tf.Tensor[] {
  const [x, ...forward] = inputsOf(options)
  const backward = inputsOf({ ...options, name: 'backward' })
    .slice(1)
    .map((weight) => tf.mul(weight, -0.7))
  if (!x) throw new Error('no x')
  const mask = maskOf(options)
  const run = (at: tf.Tensor[]): tf.Tensor[] => {
    const ways = [at.slice(1, 1 + forward.length), at.slice(1 + forward.length)].map((weights) => {
      const [kernel, recurrentKernel, ...rest] = weights
      const bias = options.bias === false ? undefined : rest.shift()
      const peepholes = options.peepholes ? rest.shift() : undefined
      const [hidden, cell] = rest
      if (!kernel || !recurrentKernel) throw new Error('the case lacks an input')
      const initialState: [tf.Tensor, tf.Tensor] | undefined = hidden && cell ? [hidden, cell] : undefined
      return { kernel, recurrentKernel, bias, peepholes, initialState }
    })
    const [ahead, back] = ways
    const input = at[0]
    if (!ahead || !back || !input) throw new Error('the case lacks an input')
    if (oneCall) {
      const { output, states } = bidirectionalLstm(input, ahead, back, { ...options, mask })
      return [output, ...states.flat()]
    }
    const results = [ahead, back].map(({ kernel, recurrentKernel, bias, ...own }, i) =>
      lstm(input, kernel, recurrentKernel, bias ?? null, { ...options, ...own, mask, goBackwards: i === 1 }),
    )
    const states = results.flatMap(({ lastHidden, lastCell }) => [lastHidden, lastCell])
    return [
      tf.concat(
        results.map(({ output }) => output),
        -1,
      ),
      ...states,
    ]
  }
  const all = [x, ...forward, ...backward]
  const gradients = tf.grads((...at: tf.Tensor[]) =>
    tf.addN(run(at).map((output, i) => tf.sum(tf.mul(output, filled(output.shape, 20 + i))))),
  )(all)
  return [...run(all), ...gradients]
}

describeNative('lstm in both directions', () => {
  it.each(cases.filter((options) => !options.goBackwards && !options.dropout))(
    'one call is two calls side by side: $name',
    async (options) => {
      const both = ['BidirectionalLstmSequence', 'BidirectionalLstmSequenceGrad', 'BidirectionalLstmSequenceInputGrad']
      const { reference, native } = await expectNativeCalls(both, () => onBoth(() => bothWays(options, true)))
      expectAllClose(native, reference, ACCUMULATED)
      expectAllClose(native, await onBackend('native', () => bothWays(options, false)), ACCUMULATED)
    },
  )
})

describe('lstm, errors', () => {
  const x = () => filled([2, 3, 4], 1)
  const kernel = () => filled([4, 20], 2)
  const recurrent = () => filled([5, 20], 3)

  it.each<[string, () => unknown]>([
    ['expected shape [B, T, D] for x, received [2, 3]', () => lstm(filled([2, 3], 1), kernel(), recurrent(), null)],
    [
      'expected shape [5, 20] for recurrentKernel, received [5, 19]',
      () => lstm(x(), kernel(), filled([5, 19], 1), null),
    ],
    ['expected shape [4, 20] for kernel, received [3, 20]', () => lstm(x(), filled([3, 20], 1), recurrent(), null)],
    ['expected shape [20] for bias, received [5]', () => lstm(x(), kernel(), recurrent(), filled([5], 1))],
    [
      'expected shape [2, 5] for initialState[1], received [2, 4]',
      () => lstm(x(), kernel(), recurrent(), null, { initialState: [filled([2, 5], 1), filled([2, 4], 1)] }),
    ],
    [
      'expected shape [2, 3] for mask, received [2, 4]',
      () => lstm(x(), kernel(), recurrent(), null, { mask: filled([2, 4], 1) }),
    ],
    [
      'expected shape [2, 4] for dropoutMask, received [2, 5]',
      () => lstm(x(), kernel(), recurrent(), null, { dropoutMask: filled([2, 5], 1) }),
    ],
    [
      'expected shape [2, 5] for recurrentDropoutMask, received [1, 5]',
      () => lstm(x(), kernel(), recurrent(), null, { recurrentDropoutMask: filled([1, 5], 1) }),
    ],
  ])('%s', (message, run) => {
    expect(run).toThrow(ShapeError)
    expect(run).toThrow(message)
  })
})
