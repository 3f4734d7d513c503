/**
 * The tests of ops over a sequence whose only state is their output: one table of awkward cases and what must hold of each, for any
 * such op. An op's own test file adds a case worked by hand, golden values and its own attributes.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { HiddenStateOptions, HiddenStateResult } from '../sequence/hidden-state.js'
import { ShapeError } from '../shape-error.js'
import { ACCUMULATED, expectAllClose, expectClose, expectGradients, filled } from './close.js'
import { describeNative, expectNativeCalls, nativeAvailable, onBackend, onBoth, withThreads } from './native.js'

type Op<O> = (
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options?: O,
) => HiddenStateResult

/** An op with certain attributes. */
export interface Subject<O extends HiddenStateOptions> {
  name: string
  op: Op<O>
  kernels: readonly string[]
  gates: number
  /** Shape of the bias for a width of gates U. */
  biasShape: (width: number) => number[]
  attributes: O
}

/** What varies between cases. */
export interface SequenceCase extends Pick<HiddenStateOptions, 'returnSequences' | 'goBackwards' | 'activation'> {
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

export const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']

/** [B, T] of 0 and 1: rows that end at their length, and with `holes` miss every third step. */
function maskOf({ sizes: [batch, steps], lengths, holes }: SequenceCase): tf.Tensor | undefined {
  if (!lengths && !holes) return undefined
  const values = Array.from({ length: batch * steps }, (_, i) => {
    const [row, t] = [Math.floor(i / steps), i % steps]
    return t < (lengths?.[row] ?? steps) && !(holes && (t + row) % 3 === 1) ? 1 : 0
  })
  return tf.tensor(values, [batch, steps], 'bool')
}

/** The differentiable inputs of a case, in the op's order; absent ones are left out. */
export function inputsOf<O extends HiddenStateOptions>(
  { gates, biasShape }: Subject<O>,
  { sizes: [batch, steps, features, units], bias = true, state }: SequenceCase,
): tf.Tensor[] {
  return [
    filled([batch, steps, features], 1),
    filled([features, gates * units], 2, -0.6, 0.6),
    filled([units, gates * units], 3, -0.4, 0.4),
    ...(bias ? [filled(biasShape(gates * units), 4)] : []),
    ...(state ? [filled([batch, units], 5)] : []),
  ]
}

/** Applies the op to the list that `inputsOf` gives. */
export function apply<O extends HiddenStateOptions>(
  { op, attributes }: Subject<O>,
  options: SequenceCase,
  inputs: readonly tf.Tensor[],
): tf.Tensor[] {
  const [batch, , features, units] = options.sizes
  const [x, kernel, recurrentKernel, ...rest] = inputs
  const bias = options.bias === false ? null : rest.shift()
  if (!x || !kernel || !recurrentKernel || bias === undefined) throw new Error('the case lacks an input')
  const dropped = (width: number, seed: number) =>
    tf.mul(tf.cast(tf.greater(filled([batch, width], seed), -0.5), 'float32'), 4 / 3)
  const { output, lastHidden } = op(x, kernel, recurrentKernel, bias, {
    ...attributes,
    returnSequences: options.returnSequences,
    goBackwards: options.goBackwards,
    ...(options.activation ? { activation: options.activation } : {}),
    mask: maskOf(options),
    initialState: rest[0],
    dropoutMask: options.dropout ? dropped(features, 7) : undefined,
    recurrentDropoutMask: options.recurrentDropout ? dropped(units, 8) : undefined,
  })
  return [output, lastHidden]
}

/** Outputs, then gradients of a weighted sum of them. */
export function outputsAndGradients<O extends HiddenStateOptions>(
  subject: Subject<O>,
  options: SequenceCase,
  inputs: tf.Tensor[] = inputsOf(subject, options),
): tf.Tensor[] {
  const outputs = apply(subject, options, inputs)
  const gradients = tf.grads((...at: tf.Tensor[]) =>
    tf.addN(apply(subject, options, at).map((output, i) => tf.sum(tf.mul(output, filled(output.shape, 20 + i))))),
  )(inputs)
  return [...outputs, ...gradients]
}

const cases: SequenceCase[] = [
  { name: 'one of everything', sizes: [1, 1, 1, 1] },
  { name: 'odd sizes', sizes: [3, 7, 5, 3], returnSequences: true },
  { name: 'below four lanes', sizes: [2, 4, 3, 3], returnSequences: true, state: true },
  { name: 'a lane width of 8 plus 1', sizes: [5, 6, 9, 9], returnSequences: true },
  { name: 'a lane width of 16', sizes: [4, 5, 16, 16] },
  { name: 'a lane width of 16 plus 1', sizes: [4, 5, 17, 17], returnSequences: true },
  { name: 'more rows than a tile', sizes: [33, 4, 6, 20], returnSequences: true },
  { name: 'wide', sizes: [2, 3, 40, 70], returnSequences: true, state: true },
  { name: 'more features than units', sizes: [3, 4, 20, 7], returnSequences: true, state: true },
  { name: 'more features than units, lengths', sizes: [3, 4, 9, 5], lengths: [2, 4, 0], dropout: true, state: true },
  { name: 'backwards', sizes: [3, 5, 4, 6], goBackwards: true, returnSequences: true, state: true },
  { name: 'backwards, last', sizes: [3, 5, 4, 6], goBackwards: true },
  { name: 'no bias', sizes: [3, 5, 4, 6], bias: false },
  { name: 'lengths, one of them 0', sizes: [4, 6, 3, 5], lengths: [6, 0, 2, 5], returnSequences: true, state: true },
  { name: 'lengths, last', sizes: [4, 6, 3, 5], lengths: [1, 6, 0, 4] },
  { name: 'lengths, backwards', sizes: [4, 6, 3, 5], lengths: [6, 0, 2, 5], goBackwards: true, returnSequences: true },
  { name: 'all lengths 0', sizes: [2, 3, 3, 5], lengths: [0, 0], returnSequences: true, state: true },
  { name: 'holes', sizes: [4, 7, 3, 5], holes: true, returnSequences: true, state: true },
  { name: 'holes, one unit', sizes: [4, 7, 3, 1], holes: true, returnSequences: true },
  { name: 'holes and lengths, backwards', sizes: [4, 7, 3, 5], holes: true, lengths: [7, 3, 0, 6], goBackwards: true },
  { name: 'dropout', sizes: [3, 4, 5, 6], dropout: true, returnSequences: true },
  { name: 'both dropouts', sizes: [3, 4, 5, 6], dropout: true, recurrentDropout: true, state: true },
  { name: 'dropouts and lengths', sizes: [3, 4, 5, 6], dropout: true, recurrentDropout: true, lengths: [4, 1, 3] },
  {
    name: 'dropouts and holes, backwards',
    ...{ sizes: [3, 4, 5, 6], dropout: true, recurrentDropout: true, holes: true, goBackwards: true, state: true },
  },
  { name: 'relu', sizes: [3, 5, 4, 6], activation: 'relu', returnSequences: true },
  { name: 'linear', sizes: [3, 5, 4, 6], activation: 'linear' },
]

const gradientCases: SequenceCase[] = [
  { name: 'plain', sizes: [2, 3, 2, 3], returnSequences: true, state: true },
  { name: 'holes', sizes: [2, 4, 2, 3], holes: true, lengths: [4, 2], returnSequences: true, state: true },
  { name: 'backwards, dropouts', sizes: [2, 3, 3, 2], goBackwards: true, dropout: true, recurrentDropout: true },
  { name: 'linear', sizes: [2, 3, 2, 2], activation: 'linear', state: true },
]

const plain = (sizes: SequenceCase['sizes'], options: Partial<SequenceCase> = {}): SequenceCase => ({
  name: '',
  sizes,
  returnSequences: true,
  ...options,
})

/** The tests of masks and direction, of reference against native, and of gradients against finite differences. */
export function describeHiddenState<O extends HiddenStateOptions>(subject: Subject<O>): void {
  describe.each(backends)(`${subject.name} on %s, steps`, (backend) => {
    beforeAll(async () => void (await tf.setBackend(backend)))

    it('repeats the last output and keeps the state past the end of a row', () => {
      const long = plain([1, 5, 3, 4], { lengths: [3] })
      const [output = [], hidden = []] = apply(subject, long, inputsOf(subject, long)).map((tensor) =>
        Array.from(tensor.dataSync()),
      )
      const x = tf.slice(filled([1, 5, 3], 1), [0, 0, 0], [1, 3, 3])
      const short = plain([1, 3, 3, 4])
      const [output3, hidden3] = apply(subject, short, [x, ...inputsOf(subject, short).slice(1)]).map((tensor) =>
        tensor.dataSync(),
      )
      expectClose(output.slice(0, 12), output3 ?? [], ACCUMULATED)
      expectClose(output.slice(12, 16), output.slice(8, 12))
      expectClose(output.slice(16, 20), output.slice(8, 12))
      expectClose(hidden, hidden3 ?? [], ACCUMULATED)
    })

    it('goes backwards as forwards over the reversed input, with each output at its input', () => {
      const options = plain([2, 4, 3, 5])
      const [x, ...weights] = inputsOf(subject, options)
      if (!x) throw new Error('no x')
      const [forward] = apply(subject, options, [tf.reverse(x, 1), ...weights])
      const [backward] = apply(subject, { ...options, goBackwards: true }, [x, ...weights])
      expectClose(backward?.dataSync() ?? [], forward ? tf.reverse(forward, 1).dataSync() : [], ACCUMULATED)
    })
  })

  describeNative(`${subject.name}, reference and native`, () => {
    it.each(cases)('agree: $name', async (options) => {
      const { reference, native } = await expectNativeCalls(subject.kernels, () =>
        onBoth(() => outputsAndGradients(subject, options)),
      )
      expectAllClose(native, reference, ACCUMULATED)
    })

    it.each([
      { name: 'items divided', sizes: [13, 3, 5, 96], returnSequences: true, holes: true, state: true },
      { name: 'units divided', sizes: [1, 3, 10, 300], returnSequences: true, recurrentDropout: true },
      { name: 'units divided, projected', sizes: [1, 3, 320, 310], returnSequences: true },
    ] satisfies SequenceCase[])('agree when threads share the work: $name', async (options: SequenceCase) => {
      const { reference, native } = await withThreads(2, () => onBoth(() => outputsAndGradients(subject, options)))
      expectAllClose(native, reference, { absolute: 1e-4, relative: 1e-4 })
    })

    it.each(cases)('gives the same bits with 1 and 2 threads: $name', async (options) => {
      const run = (threads: number) =>
        withThreads(threads, () => onBackend('native', () => outputsAndGradients(subject, options)))
      expect(await run(2)).toEqual(await run(1))
    })

    it('takes an empty batch', async () => {
      const options = plain([0, 3, 2, 3], { state: true })
      const { reference, native } = await onBoth(() => outputsAndGradients(subject, options))
      expectAllClose(native, reference)
    })

    it('gives the initial state back when there are no steps', async () => {
      const options = plain([2, 0, 3, 4], { state: true })
      const { reference, native } = await onBoth(() => apply(subject, options, inputsOf(subject, options)))
      expectAllClose(native, reference)
      expectClose(native[1] ?? [], filled([2, 4], 5).dataSync())
      const gradients = await onBackend('native', () => outputsAndGradients(subject, options).slice(3))
      expect(gradients.flat().filter((value) => value !== 0)).toHaveLength(2 * 4)
    })

    it('keeps NaN to the items that have it', async () => {
      const options = plain([3, 4, 3, 5])
      const [output = []] = await onBackend('native', () => {
        const [x, ...weights] = inputsOf(subject, options)
        const values = Array.from(x?.dataSync() ?? [])
        values[4 * 3 + 3] = NaN // item 1, step 1
        return apply(subject, options, [tf.tensor(values, [3, 4, 3]), ...weights])
      })
      const broken = Array.from({ length: 60 }, (_, i) => i >= 25 && i < 40)
      expect(output.map(Number.isNaN)).toEqual(broken)
    })

    it('leaves no tensor behind, with and without gradients', async () => {
      await tf.setBackend('native')
      const options = plain([2, 3, 4, 5], { state: true })
      const before = tf.memory().numTensors
      tf.tidy(() => void outputsAndGradients(subject, options))
      expect(tf.memory().numTensors).toBe(before)
      const inputs = inputsOf(subject, options)
      const outputs = apply(subject, options, inputs)
      tf.dispose([inputs, outputs])
      expect(tf.memory().numTensors).toBe(before)
    })
  })

  describe.each(backends)(`${subject.name} on %s, gradients`, (backend) => {
    beforeAll(async () => void (await tf.setBackend(backend)))

    it.each(gradientCases)('are those of finite differences: $name', (options) => {
      expectGradients((...inputs) => apply(subject, options, inputs), inputsOf(subject, options))
    })
  })
}

/** What a golden file of such an op holds. */
export interface SequenceGolden {
  batch: number
  steps: number
  features: number
  units: number
  inputs: Record<string, number[]>
  lossWeights: Record<string, number[]>
  output: number[]
  lastHidden: number[]
  gradients: Record<string, number[]>
}

/** Outputs and gradients of another program. */
export async function goldenValues<O extends HiddenStateOptions>(
  subject: Subject<O>,
  golden: SequenceGolden,
  backend: string,
): Promise<{ results: number[][]; expected: number[][] }> {
  const { batch, steps, features, units } = golden
  const options = plain([batch, steps, features, units], { state: true })
  const names = ['x', 'kernel', 'recurrentKernel', 'bias', 'initialHidden']
  const results = await onBackend(backend, () => {
    const inputs = inputsOf(subject, options).map(({ shape }, i) =>
      tf.tensor(golden.inputs[names[i] ?? ''] ?? [], shape),
    )
    const weights = ['output', 'hidden'].map((name) => golden.lossWeights[name] ?? [])
    const gradients = tf.grads((...at: tf.Tensor[]) =>
      tf.addN(
        apply(subject, options, at).map((output, i) =>
          tf.sum(tf.mul(output, tf.tensor(weights[i] ?? [], output.shape))),
        ),
      ),
    )(inputs)
    return [...apply(subject, options, inputs), ...gradients]
  })
  return { results, expected: [golden.output, golden.lastHidden, ...names.map((name) => golden.gradients[name] ?? [])] }
}

/** Every message that a wrong shape gives. */
export function describeShapeErrors<O extends HiddenStateOptions>(subject: Subject<O>): void {
  const { name, gates, biasShape, attributes } = subject
  const width = gates * 5
  const right: SequenceCase = { name, sizes: [2, 3, 4, 5] }
  const withInput = (at: number, shape: number[]) => () => {
    const inputs = inputsOf(subject, right)
    inputs[at] = filled(shape, 9)
    apply(subject, right, inputs)
  }
  const withOptions = (options: HiddenStateOptions) => () => {
    const [x, kernel, recurrentKernel, bias] = inputsOf(subject, right)
    if (x && kernel && recurrentKernel && bias)
      subject.op(x, kernel, recurrentKernel, bias, { ...attributes, ...options })
  }
  describe(`${name}, errors`, () => {
    it.each<[string, () => void]>([
      ['expected shape [B, T, D] for x, received [2, 3]', withInput(0, [2, 3])],
      [`expected shape [5, ${width}] for recurrentKernel, received [5, 19]`, withInput(2, [5, 19])],
      [`expected shape [4, ${width}] for kernel, received [3, ${width}]`, withInput(1, [3, width])],
      [`expected shape [${biasShape(width).join(', ')}] for bias, received [7]`, withInput(3, [7])],
      ['expected shape [2, 5] for initialState, received [2, 4]', withOptions({ initialState: filled([2, 4], 1) })],
      ['expected shape [2, 3] for mask, received [2, 4]', withOptions({ mask: filled([2, 4], 1) })],
      ['expected shape [2, 4] for dropoutMask, received [2, 5]', withOptions({ dropoutMask: filled([2, 5], 1) })],
      [
        'expected shape [2, 5] for recurrentDropoutMask, received [1, 5]',
        withOptions({ recurrentDropoutMask: filled([1, 5], 1) }),
      ],
    ])('%s', (message, run) => {
      expect(run).toThrow(ShapeError)
      expect(run).toThrow(message)
    })
  })
}
