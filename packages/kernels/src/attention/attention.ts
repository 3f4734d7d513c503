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
import * as tf from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../backend.js'
import { nativeFunction } from '../binding.js'
import { type NativeKernel, overrideKernel } from '../kernel.js'
import { arrayOf, byName, type ListedAttrs, maskBytes, required, runListed, shapeCheck } from '../sequence/sequence.js'
import { attentionReference } from './reference.js'

export interface AttentionOptions {
  /** [B, Tq]; zero where there is no query. */
  queryMask?: tf.Tensor
  /** [B, Tv]; zero where there is no key and value. */
  valueMask?: tf.Tensor
  /** Query i sees keys 0 to i only. */
  causal?: boolean
  /** [B, Tq, Tv], multiplies the weights: 0 where one is dropped, else 1 / (1 - rate). */
  dropoutMask?: tf.Tensor
  /** Gives the weights too. */
  returnWeights?: boolean
}

export interface DotProductAttentionOptions extends AttentionOptions {
  /** Multiplies the scores; 1 by default. */
  factor?: number
}

export interface AttentionResult {
  /** [B, Tq, Dv] */
  output: tf.Tensor
  /** [B, Tq, Tv], after dropout; only with `returnWeights`. */
  weights?: tf.Tensor
}

export interface AttentionArguments extends AttentionOptions {
  query: tf.Tensor
  key: tf.Tensor
  value: tf.Tensor
  additive: boolean
  scale?: tf.Tensor
  factor: number
}

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
    ...(tf.getKernel(KERNEL_NAME, tf.getBackend()) ? runKernel(args) : attentionReference(args)),
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

const forwardNative = nativeFunction('attention_forward', [...inputNames, 'kept', 'output', 'weights'], numbers, (n) =>
  flopsOf(n, 2, 2),
)
const backwardNative = nativeFunction(
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
function inputsOf(at: (name: string) => tf.TensorInfo | undefined, backend: NativeBackend) {
  return {
    query: backend.array(required(at('query'), 'query')),
    key: backend.array(required(at('key'), 'key')),
    value: backend.array(required(at('value'), 'value')),
    scale: arrayOf(backend, at('scale')),
    queryMask: maskBytes(backend, at('queryMask')),
    valueMask: maskBytes(backend, at('valueMask')),
    dropoutMask: arrayOf(backend, at('dropoutMask')),
  }
}

const attention = overrideKernel<tf.NamedTensorInfoMap, AttentionAttrs>({
  kernelName: KERNEL_NAME,
  run({ inputs, attrs, backend }) {
    const at = byName(inputs, attrs.inputNames)
    const n = sizesOf({ query: required(at('query'), 'query'), value: required(at('value'), 'value') }, attrs)
    const output = backend.allocate([n.batch, n.queries, n.depth])
    const weights = backend.allocate(attrs.returnWeights ? [n.batch, n.queries, n.keys] : [0])
    const kept = attrs.keep ? [backend.take(n.batch * n.queries * n.keys)] : []
    forwardNative({
      ...inputsOf(at, backend),
      kept: kept[0],
      output: backend.array(output),
      weights: attrs.returnWeights ? backend.array(weights) : undefined,
      ...n,
    })
    return [output, weights, backend.reserve(kept)]
  },
})

/** Gradients of query, key, value and, where there is one, scale; the reserve's weights are changed. */
const attentionGrad = overrideKernel<tf.NamedTensorInfoMap, AttentionAttrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  run({ inputs, attrs, backend }) {
    const at = (name: string) => inputs[name]
    const [query, value] = [required(at('query'), 'query'), required(at('value'), 'value')]
    const n = sizesOf({ query, value }, attrs)
    const scale = at('scale')
    const shapes = [query.shape, [n.batch, n.keys, n.features], value.shape, ...(scale ? [scale.shape] : [])]
    const results = shapes.map((shape) => backend.allocate(shape))
    const [queryGradient, keyGradient, valueGradient, scaleGradient] = results.map((info) => backend.array(info))
    const scoreGradient = backend.take(n.batch * n.queries * n.keys)
    backwardNative({
      ...inputsOf(at, backend),
      kept: backend.reserved(required(at('reserve'), 'reserve'))[0],
      outputGradient: backend.array(required(at('outputGradient'), 'outputGradient')),
      weightsGradient: arrayOf(backend, at('weightsGradient')),
      scoreGradient,
      queryGradient,
      keyGradient,
      valueGradient,
      scaleGradient,
      ...n,
    })
    backend.recycle(scoreGradient)
    return results
  },
})

export const attentionKernels: readonly NativeKernel[] = [attention, attentionGrad]

function isAttentionAttrs(attrs: object): attrs is AttentionAttrs {
  return 'inputNames' in attrs && Array.isArray(attrs.inputNames)
}

export const attentionGradient: tf.GradConfig = {
  kernelName: KERNEL_NAME,
  saveAllInputs: true,
  outputsToSave: [false, false, true],
  gradFunc: (dy, saved, attrs) => {
    const [outputGradient, weightsGradient] = Array.isArray(dy) ? dy : [dy]
    const reserve = saved.at(-1)
    if (!isAttentionAttrs(attrs) || !outputGradient || !weightsGradient || !reserve)
      throw new Error('attention gradient: expected the saved inputs and reserve of its forward pass')
    const inputs: tf.NamedTensorMap = { reserve, outputGradient, ...(attrs.returnWeights ? { weightsGradient } : {}) }
    attrs.inputNames.forEach((name, i) => {
      const tensor = saved[i]
      if (tensor) inputs[name] = tensor
    })
    const results: tf.Tensor[] = tf.engine().runKernel(`${KERNEL_NAME}Grad`, inputs, { ...attrs })
    const gradients: Record<string, () => tf.Tensor> = {}
    attrs.inputNames.forEach((name, i) => {
      gradients[i] = () => {
        const gradient = results[inputNames.findIndex((input) => input === name)]
        if (!gradient) throw new Error(`attention gradient: ${name} is not differentiable`)
        return gradient
      }
    })
    return gradients
  },
}
