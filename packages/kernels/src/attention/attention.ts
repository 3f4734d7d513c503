/**
 * Attention over a sequence, one call each way: `softmax(scores) value`, with
 * `scores[i, j] = factor · query[i] · key[j]` (dot-product), or
 * `scores[i, j] = Σ_d scale[d] tanh(query[i, d] + key[j, d])` (additive).
 *
 * A masked step costs nothing and gets weight 0. A query that is masked, or that may see no key, has weights and a context of zeros.
 *
 * @see Luong et al. 2015, arXiv:1508.04025; Vaswani et al. 2017, arXiv:1706.03762, for the factor 1 / √D; Bahdanau et al. 2015,
 * arXiv:1409.0473, for the additive form.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, type Executor, hasKernel } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import {
  optionalFloats,
  byName,
  type ListedAttrs,
  maskBytes,
  required,
  runListed,
  listedGradient,
} from '../listed-inputs.js'
import { shapeCheck } from '../shape-error.js'
import { attentionReference } from './reference.js'
import type { AttentionArguments, AttentionOptions, AttentionResult, DotProductAttentionOptions } from './arguments.js'

const KERNEL_NAME = 'Attention'

/**
 * Dot-product attention of this room's head.
 *
 * Shapes: `query` [B, Tq, D], `key` [B, Tv, D], `value` [B, Tv, Dv] → output [B, Tq, Dv].
 * @throws ShapeError naming the argument that does not fit.
 */
export function dotProductAttention(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  options: DotProductAttentionOptions = {},
): AttentionResult {
  const { factor = 1 } = options
  return attend('dotProductAttention', { ...options, query, key, value, additive: false, factor })
}

/**
 * Additive attention of this room's head; the sum [B, Tq, Tv, D] is never written out.
 *
 * Shapes: `query` [B, Tq, D], `key` [B, Tv, D], `value` [B, Tv, Dv], `scale` [D] or null for ones → output [B, Tq, Dv].
 * @throws ShapeError naming the argument that does not fit.
 */
export function additiveAttention(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  scale: tf.Tensor | null,
  options: AttentionOptions = {},
): AttentionResult {
  const args = { ...options, query, key, value, additive: true, scale: scale ?? undefined, factor: 1 }
  return attend('additiveAttention', args)
}

function attend(op: string, args: AttentionArguments): AttentionResult {
  const expect = shapeCheck(op)
  const { query, key, value, scale, queryMask, valueMask, dropoutMask } = args
  expect('query', query, ['B', 'Tq', 'D'])
  const [batch = 0, queries = 0, features = 0] = query.shape
  expect('key', key, [batch, 'Tv', features])
  const keys = key.shape[1] ?? 0
  expect('value', value, [batch, keys, 'Dv'])
  expect('scale', scale, [features])
  expect('queryMask', queryMask, [batch, queries])
  expect('valueMask', valueMask, [batch, keys])
  expect('dropoutMask', dropoutMask, [batch, queries, keys])
  return tf.tidy(() => ({
    ...(hasKernel(KERNEL_NAME) ? runKernel(args) : attentionReference(args)),
  }))
}

type AttentionAttrs = ListedAttrs & { factor: number; causal: boolean; additive: boolean; returnWeights: boolean }

function runKernel(args: AttentionArguments): AttentionResult {
  const { query, key, value, scale, queryMask, valueMask, dropoutMask } = args
  const { factor, causal = false, additive, returnWeights = false } = args
  const [output, weights] = runListed(
    KERNEL_NAME,
    { query, key, value, scale, queryMask, valueMask, dropoutMask },
    { factor, causal, additive, returnWeights },
  )
  if (!output) throw new Error('attention: the kernel returned too few outputs')
  return { output, weights: returnWeights ? weights : undefined }
}

const inputNames = ['query', 'key', 'value', 'scale', 'queryMask', 'valueMask', 'dropoutMask'] as const
const numbers = ['batch', 'queries', 'keys', 'features', 'depth', 'factor', 'causal', 'additive'] as const

/** Of the products; of additive scores an addition, a tanh of some twenty operations and a product for each feature. */
const flopsOf = (n: Record<(typeof numbers)[number], number | boolean>, scores: number, values: number) =>
  Number(n.batch) *
  Number(n.queries) *
  Number(n.keys) *
  (scores * (n.additive === true ? 12 : 1) * Number(n.features) + values * Number(n.depth))

const forwardEntry = entry('attention_forward', [...inputNames, 'kept', 'output', 'weights'], numbers, (n) =>
  flopsOf(n, 2, 2),
)
const backwardEntry = entry(
  'attention_backward',
  [
    ...inputNames,
    'kept',
    'outputGradient',
    'weightsGradient',
    'scoreGradient',
    'queryGradient',
    'keyGradient',
    'valueGradient',
    'scaleGradient',
  ],
  numbers,
  (n) => flopsOf(n, 4, 4),
)

function sizesOf({ query, value }: { query: tf.TensorInfo; value: tf.TensorInfo }, attrs: AttentionAttrs) {
  const [batch = 0, queries = 0, features = 0] = query.shape
  const [, keys = 0, depth = 0] = value.shape
  return { batch, queries, keys, features, depth, factor: attrs.factor, causal: attrs.causal, additive: attrs.additive }
}

/** What both kernels read. */
function inputsOf(at: (name: string) => tf.TensorInfo | undefined, executor: Executor) {
  return {
    query: executor.floats(required(at('query'), 'query')),
    key: executor.floats(required(at('key'), 'key')),
    value: executor.floats(required(at('value'), 'value')),
    scale: optionalFloats(executor, at('scale')),
    queryMask: maskBytes(executor, at('queryMask')),
    valueMask: maskBytes(executor, at('valueMask')),
    dropoutMask: optionalFloats(executor, at('dropoutMask')),
  }
}

const attention = overrideKernel<tf.NamedTensorInfoMap, AttentionAttrs>({
  kernelName: KERNEL_NAME,
  entries: [forwardEntry],
  run({ inputs, attrs, executor }) {
    const at = byName(inputs, attrs.inputNames)
    const n = sizesOf({ query: required(at('query'), 'query'), value: required(at('value'), 'value') }, attrs)
    const output = executor.allocate([n.batch, n.queries, n.depth])
    const weights = executor.allocate(attrs.returnWeights ? [n.batch, n.queries, n.keys] : [0])
    const kept = attrs.keep ? [executor.take(n.batch * n.queries * n.keys)] : []
    executor.run(forwardEntry, {
      ...inputsOf(at, executor),
      kept: kept[0],
      output: executor.floats(output),
      weights: attrs.returnWeights ? executor.floats(weights) : undefined,
      ...n,
    })
    return [output, weights, executor.keep(kept)]
  },
})

/** Gradients of query, key, value and, where there is one, scale; the reserve's weights are changed. */
const attentionGrad = overrideKernel<tf.NamedTensorInfoMap, AttentionAttrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  entries: [backwardEntry],
  run({ inputs, attrs, executor }) {
    const at = (name: string) => inputs[name]
    const [query, value] = [required(at('query'), 'query'), required(at('value'), 'value')]
    const n = sizesOf({ query, value }, attrs)
    const scale = at('scale')
    const shapes = [query.shape, [n.batch, n.keys, n.features], value.shape, ...(scale ? [scale.shape] : [])]
    const results = shapes.map((shape) => executor.allocate(shape))
    const [queryGradient, keyGradient, valueGradient, scaleGradient] = results.map((info) => executor.floats(info))
    const scoreGradient = executor.take(n.batch * n.queries * n.keys)
    executor.run(backwardEntry, {
      ...inputsOf(at, executor),
      kept: executor.kept(required(at('reserve'), 'reserve'))[0],
      outputGradient: executor.floats(required(at('outputGradient'), 'outputGradient')),
      weightsGradient: attrs.returnWeights ? optionalFloats(executor, at('weightsGradient')) : undefined,
      scoreGradient,
      queryGradient,
      keyGradient,
      valueGradient,
      scaleGradient,
      ...n,
    })
    executor.recycle(scoreGradient)
    return results
  },
})

export const attentionKernels: readonly Kernel[] = [attention, attentionGrad]

export const attentionGradient = listedGradient({
  kernelName: KERNEL_NAME,
  outputGradients: ['outputGradient', 'weightsGradient'],
  differentiable: inputNames,
})
