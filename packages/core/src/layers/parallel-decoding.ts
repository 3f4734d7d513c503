/**
 * Parallel multi-step decoding, as SegRNN has it: a recurrent layer reads a sequence, and from its last state the same layer takes one
 * step for each output position, all side by side, each with a learnt vector for its position. Nothing is fed back, so errors do
 * not add up, and all positions are one batch. A wrapper of one of our layers; TensorFlow.js has none like it.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { WrapperLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/wrappers.js'
import { expected } from '../errors.js'
import { branchStep, type BranchTerms, canBranch } from './branch-step.js'
import { type InitializerName, seededInitializer } from './initializers.js'
import { Recurrent } from './recurrent.js'
import { asMask, type CallOptions, classOf, type LayerClass, type Shape, type Shapes, type Tensors } from './stock.js'

export interface ParallelDecodingArgs extends WrapperLayerArgs {
  /** The recurrent layer, forward in time, that both reads and writes. */
  layer: tfl.layers.Layer
  /** Positions M to be written. */
  steps: number
  /** Seed of the positions' initial vectors, which are standard normal. Default 0. */
  seed?: number
}

type Wrapper = tfl.layers.Layer & { readonly layer: tfl.layers.Layer }

const Base = classOf<LayerClass<WrapperLayerArgs, Wrapper>>(
  tfl.layers.timeDistributed({ layer: tfl.layers.dense({ units: 1, name: 'stock' }), name: 'stock' }),
)

const DOING = 'making a layer for parallel decoding'

/**
 * With s the wrapped layer's state after the sequence, `y_m = step([p_m, item] + F each_m, s)`, where p_m is the learnt vector of
 * position m.
 *
 * Shapes: inputs sequence [B, T, D], optionally item [B, E] and each [B, M, K] → [B, M, U]; weights: the layer's, then positions
 * [M, D - E] and, with each, F as features_kernel [K, D].
 * @see Lin et al. 2023, arXiv:2308.11200, section 4.2; item is its channel embedding, each is not in the paper.
 */
export class ParallelDecoding extends Base {
  static override className = 'ParallelDecoding'
  readonly #steps: number
  readonly #seed: number
  #own: { positions: tfl.LayerVariable; features?: tfl.LayerVariable } | undefined

  constructor({ steps, seed = 0, ...args }: ParallelDecodingArgs) {
    super(args)
    if (!(args.layer instanceof Recurrent) || !args.layer.isFused() || !canBranch(args.layer) || args.layer.goBackwards)
      throw expected({
        doing: DOING,
        want: 'an LSTM, or a GRU with resetAfter, forward in time',
        of: 'layer',
        got: args.layer.getClassName(),
      })
    if (!Number.isInteger(steps) || steps < 1)
      throw expected({ doing: DOING, want: 'a whole number of at least 1', of: 'steps', got: steps })
    this.#steps = steps
    this.#seed = seed
    this.supportsMasking = false
  }

  override build(inputShape: Shapes): void {
    const [sequence = [], ...others] = listed(inputShape)
    const item = others.find(({ length }) => length === 2)
    const width = (sequence[2] ?? 0) - (item?.[1] ?? 0)
    if (width < 1)
      throw expected({
        doing: `building layer ${this.name}`,
        want: 'fewer values than a step of the sequence has',
        of: 'an item',
        got: item,
      })
    if (!this.layer.built) {
      this.layer.build(sequence)
      this.layer.built = true
    }
    const add = (name: string, shape: number[], start: InitializerName) =>
      this.addWeight(name, shape, 'float32', seededInitializer(start, this.#seed, this.name, name))
    const each = others.find(({ length }) => length === 3)
    this.#own = { positions: add('positions', [this.#steps, width], 'RandomNormal') }
    if (each) this.#own.features = add('features_kernel', [each[2] ?? 0, sequence[2] ?? 0], 'GlorotUniform')
    this.built = true
  }

  // TensorFlow.js's wrappers know only the weights of what they wrap.
  override get trainableWeights() {
    return this.layer.trainable ? this.#all() : []
  }

  override get nonTrainableWeights() {
    return this.layer.trainable ? [] : this.#all()
  }

  override getWeights(): tf.Tensor[] {
    return this.#all().map((weight) => weight.read())
  }

  override setWeights(weights: tf.Tensor[]): void {
    const inner = this.layer.weights.length
    this.layer.setWeights(weights.slice(0, inner))
    weights.slice(inner).forEach((weight, i) => this.#all()[inner + i]?.write(weight))
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    return tf.tidy(() => {
      const [sequence, ...others] = Array.isArray(inputs) ? inputs : [inputs]
      const { layer } = this
      if (!sequence || !(layer instanceof Recurrent) || !canBranch(layer))
        throw new Error(`running layer ${this.name}: expected a sequence`)
      const { states } = layer.run(sequence, { training: options.training })
      return branchStep(layer, states, this.#terms(layer.cell.kernel.read(), others))
    })
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    const [sequence = []] = listed(inputShape)
    const { layer } = this
    return [sequence[0] ?? null, this.#steps, layer instanceof Recurrent ? layer.cell.units : null]
  }

  override computeMask(): Tensors {
    return asMask(null)
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), steps: this.#steps, seed: this.#seed }
  }

  #all(): tfl.LayerVariable[] {
    return [...this.layer.weights, ...Object.values(this.#own ?? {})]
  }

  /** The decoder's input in terms, times the kernel [D, G · U]; an item's values are the last of the D. */
  #terms(kernel: tf.Tensor, others: readonly tf.Tensor[]): BranchTerms {
    if (!this.#own) throw new Error(`running layer ${this.name}: expected it to have been built`)
    const positions = this.#own.positions.read()
    const width = positions.shape[1] ?? 0
    const item = others.find(({ rank }) => rank === 2)
    const each = others.find(({ rank }) => rank === 3)
    return {
      places: tf.matMul(positions, item ? tf.slice(kernel, [0, 0], [width, -1]) : kernel),
      items: item && tf.matMul(item, tf.slice(kernel, [width, 0])),
      each: each && this.#featureTerm(each, kernel),
    }
  }

  /** Both kernels first, so that the product with B · M rows is of the few features. Shapes: [B, M, K] → [B, M, G · U]. */
  #featureTerm(each: tf.Tensor, kernel: tf.Tensor): tf.Tensor | undefined {
    if (!this.#own?.features) return undefined
    const [, , features = 0] = each.shape
    const rows = tf.matMul(tf.reshape(each, [-1, features]), tf.matMul(this.#own.features.read(), kernel))
    return tf.reshape(rows, [-1, this.#steps, kernel.shape[1] ?? 0])
  }
}

function listed(shapes: Shapes): Shape[] {
  return (Array.isArray(shapes[0]) ? shapes : [shapes]) as Shape[]
}
