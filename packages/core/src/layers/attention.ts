/**
 * Keras's Attention and AdditiveAttention on the kernels' fused attention. Inputs are [query, value] or [query, value, key]; the key
 * defaults to the value.
 *
 * Masks: called by hand, both layers take `mask: [queryMask, valueMask]` as in Keras. In a model TensorFlow.js hands a layer the mask
 * of its first input alone, which is the right one when query and value are the same tensor. Where they are not, the value's mask
 * comes as one more input, [B, Tv], which `SequenceMask` makes; a masked value without it is an error.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { additiveAttention, type AttentionResult, dotProductAttention, dropoutMask } from '@weft/kernels'
import { expected } from '../errors.js'
import { hash, nextLayerSeed } from '../runtime/random.js'
import { seededInitializer } from './initializers.js'
import { maskOf } from './masks.js'
import { asMask, type CallOptions, type Shape, type Shapes, single, singleShape, type Tensors } from './stock.js'

interface CommonArgs {
  /** Rate at which weights are dropped in training. Default 0. */
  dropout?: number
  /** Seed of the dropout and the initial weights. */
  seed?: number | null
  /** Step i of the query sees steps 0 to i of the value only. Default false; Keras takes it when the layer is called. */
  useCausalMask?: boolean
  /** Returns [output, weights]. Default false; Keras takes it when the layer is called. */
  returnAttentionScores?: boolean
  name?: string
  trainable?: boolean
}

export interface AttentionArgs extends CommonArgs {
  /** Learns a factor of the scores (for `concat`, of the tanh's argument). Default false. */
  useScale?: boolean
  /** `dot` (default): the product of query and key. `concat`: the sum of tanh(query + key) over features, times a learnt factor. */
  scoreMode?: 'dot' | 'concat'
}

export interface AdditiveAttentionArgs extends CommonArgs {
  /** Learns a factor of each feature. Default true. */
  useScale?: boolean
}

/** What a layer was called with. */
interface Call {
  query: tf.Tensor
  key: tf.Tensor
  value: tf.Tensor
  options: {
    queryMask?: tf.Tensor
    valueMask?: tf.Tensor
    dropoutMask?: tf.Tensor
    causal: boolean
    returnWeights: boolean
  }
}

/** Inputs, masks and shapes, which both kinds share. */
abstract class BaseAttention extends tfl.layers.Layer {
  readonly #common: CommonArgs

  constructor(args: CommonArgs) {
    super({ name: args.name, trainable: args.trainable })
    const { dropout = 0 } = args
    if (!(dropout >= 0 && dropout < 1))
      throw expected({ doing: 'making an attention layer', want: 'a number in [0, 1)', of: 'dropout', got: dropout })
    this.#common = args
    this.supportsMasking = true
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    return tf.tidy(() => {
      const { output, weights } = this.attend(this.#call(inputs, options))
      return weights ? [output, weights] : output
    })
  }

  protected abstract attend(call: Call): AttentionResult

  override computeOutputShape(inputShape: Shapes): Shapes {
    const [query, value] = inputShape as Shape[]
    const [batch = null, queries = null] = query ?? []
    const [, keys = null, depth = null] = value ?? []
    const output = [batch, queries, depth]
    return this.#common.returnAttentionScores ? [output, [batch, queries, keys]] : output
  }

  override computeMask(inputs: Tensors, mask?: Tensors): Tensors {
    const [query, ...others] = Array.isArray(inputs) ? inputs : [inputs]
    const [queryMask = null, ...masks] = Array.isArray(mask) ? mask : [mask ?? null]
    const told = others.at(-1)?.rank === 2
    if (!told && others.some((other, i) => other !== query && masks[i]))
      throw expected({
        doing: `running layer ${this.name}`,
        want: 'a mask [B, Tv] as the last input',
        of: 'a value that has a mask and is not the query',
        got: 'none',
        hint: 'TensorFlow.js hands a layer only the mask of its first input: apply it to [query, value, new SequenceMask().apply(value)].',
      })
    return this.#common.returnAttentionScores ? [asMask(queryMask), asMask(null)].flat() : asMask(queryMask)
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { dropout = 0, seed = null, useCausalMask = false, returnAttentionScores = false } = this.#common
    return {
      ...super.getConfig(),
      dropout,
      seed,
      // Keras has no such arguments, so a file holds them only where they are set.
      ...(useCausalMask ? { useCausalMask } : {}),
      ...(returnAttentionScores ? { returnAttentionScores } : {}),
    }
  }

  #call(inputs: Tensors, options: CallOptions): Call {
    const given = Array.isArray(inputs) ? [...inputs] : [inputs]
    const told = given.length > 2 && given.at(-1)?.rank === 2 ? given.pop() : undefined
    const [query, value, key = value, ...more] = given
    if (!query || !value || !key || more.length > 0)
      throw expected({
        doing: `running layer ${this.name}`,
        want: '[query, value] or [query, value, key]',
        of: 'inputs',
        got: given.length,
      })
    const { mask } = options
    const listed: unknown[] = Array.isArray(mask) ? mask : value === query ? [mask, mask] : []
    const { useCausalMask = false, returnAttentionScores = false } = this.#common
    return {
      query,
      key,
      value,
      options: {
        queryMask: maskOf(this.name, query, listed[0]) ?? undefined,
        valueMask: told ?? maskOf(this.name, value, listed[1]) ?? undefined,
        dropoutMask: this.#drawMask([query.shape[0] ?? 0, query.shape[1] ?? 0, value.shape[1] ?? 0], options),
        causal: useCausalMask || options['useCausalMask'] === true,
        returnWeights: returnAttentionScores,
      },
    }
  }

  #drawMask(shape: number[], options: CallOptions): tf.Tensor | undefined {
    const { dropout = 0, seed } = this.#common
    if (options.training !== true || dropout === 0) return undefined
    return dropoutMask(shape, 1 - dropout, hash(nextLayerSeed(), seed ?? 0))
  }
}

/**
 * `softmax(query keyᵀ) value`, or with `scoreMode` concat `softmax(w Σ tanh(query + key)) value`.
 *
 * Shapes: query [B, Tq, D], value [B, Tv, Dv], key [B, Tv, D] → [B, Tq, Dv]; weights `scale` [] and `concatScoreWeight` [].
 * @see Luong et al. 2015, arXiv:1508.04025.
 */
export class Attention extends BaseAttention {
  static className = 'Attention'
  readonly #args: AttentionArgs
  #scale: tfl.LayerVariable | undefined
  #scoreWeight: tfl.LayerVariable | undefined

  constructor(args: AttentionArgs = {}) {
    super(args)
    const { scoreMode = 'dot' } = args
    if (scoreMode !== 'dot' && scoreMode !== 'concat')
      throw expected({ doing: 'making an attention layer', want: 'dot or concat', of: 'scoreMode', got: scoreMode })
    this.#args = args
  }

  override build(inputShape: Shapes): void {
    const ones = () => tfl.initializers.ones()
    if (this.#args.useScale) this.#scale = this.addWeight('scale', [], 'float32', ones())
    if (this.#args.scoreMode === 'concat')
      this.#scoreWeight = this.addWeight('concat_score_weight', [], 'float32', ones())
    super.build(inputShape)
  }

  protected override attend({ query, key, value, options }: Call): AttentionResult {
    const scale = this.#scale?.read()
    const scaled = scale ? tf.mul(query, scale) : query
    if (!this.#scoreWeight) return dotProductAttention(scaled, key, value, options)
    const factors = tf.mul(tf.ones([query.shape[2] ?? 0]), this.#scoreWeight.read())
    return additiveAttention(scaled, scale ? tf.mul(key, scale) : key, value, factors, options)
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { useScale = false, scoreMode = 'dot' } = this.#args
    return { ...super.getConfig(), useScale, scoreMode }
  }
}

/**
 * `softmax(Σ_d scale_d tanh(query_d + key_d)) value`.
 *
 * Shapes: query [B, Tq, D], value [B, Tv, Dv], key [B, Tv, D] → [B, Tq, Dv]; weight `scale` [D].
 * @see Bahdanau et al. 2015, arXiv:1409.0473.
 */
export class AdditiveAttention extends BaseAttention {
  static className = 'AdditiveAttention'
  readonly #args: AdditiveAttentionArgs
  #scale: tfl.LayerVariable | undefined

  constructor(args: AdditiveAttentionArgs = {}) {
    super(args)
    this.#args = args
  }

  override build(inputShape: Shapes): void {
    const [query] = inputShape as Shape[]
    const { useScale = true, seed } = this.#args
    const glorot = seededInitializer('GlorotUniform', seed ?? 0, this.name, 'scale')
    if (useScale) this.#scale = this.addWeight('scale', [query?.[2] ?? 0], 'float32', glorot)
    super.build(inputShape)
  }

  protected override attend({ query, key, value, options }: Call): AttentionResult {
    return additiveAttention(query, key, value, this.#scale?.read() ?? null, options)
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { useScale = true } = this.#args
    return { ...super.getConfig(), useScale }
  }
}

/**
 * The mask of a sequence as a tensor, which a layer that takes several inputs can be given.
 *
 * Shapes: [B, T, …] → [B, T], 1 where the step is real and 0 where it is padding; all ones without a mask.
 */
export class SequenceMask extends tfl.layers.Layer {
  static className = 'SequenceMask'

  constructor(args: { name?: string } = {}) {
    super(args)
    this.supportsMasking = true
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    const mask = maskOf(this.name, x, options.mask)
    return mask ? tf.cast(mask, 'float32') : tf.ones(x.shape.slice(0, 2))
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    return singleShape(inputShape).slice(0, 2)
  }

  override computeMask(): Tensors {
    return asMask(null)
  }
}
