/**
 * A dense layer for each channel: channel c has a kernel and a bias of its own, all of them one batched product. Keras's EinsumDense
 * with the equation `bcl,clh->bch`, which TensorFlow.js lacks, under a name that says what it is for.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '../errors.js'
import { type Shapes, single, singleShape, type Tensors } from './stock.js'

export interface ChannelDenseArgs {
  units: number
  name?: string
  trainable?: boolean
}

/** `y_c = x_c · kernel_c + bias_c`, all 0 at first. Shapes: [B, C, D] → [B, C, U]; kernel [C, D, U], bias [C, U]. */
export class ChannelDense extends tfl.layers.Layer {
  static className = 'ChannelDense'
  readonly #units: number
  #weights: { kernel: tfl.LayerVariable; bias: tfl.LayerVariable } | undefined

  constructor({ units, name, trainable }: ChannelDenseArgs) {
    super({ name, trainable })
    if (!Number.isInteger(units) || units < 1)
      throw expected({
        doing: 'making a dense layer for each channel',
        want: 'a whole number of at least 1',
        of: 'units',
        got: units,
      })
    this.#units = units
  }

  override build(inputShape: Shapes): void {
    const [, channels = 0, inputs = 0] = singleShape(inputShape).map(Number)
    const zeros = tfl.initializers.zeros()
    this.#weights = {
      kernel: this.addWeight('kernel', [channels, inputs, this.#units], 'float32', zeros),
      bias: this.addWeight('bias', [channels, this.#units], 'float32', zeros),
    }
    super.build(inputShape)
  }

  override call(inputs: Tensors): Tensors {
    return tf.tidy(() => {
      if (!this.#weights) throw new Error(`running layer ${this.name}: expected it to have been built`)
      const byChannel = tf.transpose(single(inputs), [1, 0, 2])
      const product = tf.matMul(byChannel, this.#weights.kernel.read())
      return tf.add(tf.transpose(product, [1, 0, 2]), this.#weights.bias.read())
    })
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    return [...singleShape(inputShape).slice(0, 2), this.#units]
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), units: this.#units }
  }
}
