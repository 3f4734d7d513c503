/**
 * Keras's noise layers, GaussianNoise, GaussianDropout and AlphaDropout, drawing from the training step's seed: TensorFlow.js's draw
 * unseeded numbers, and its AlphaDropout puts the dropped units at the wrong end.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type {
  AlphaDropoutArgs,
  GaussianDropoutArgs,
  GaussianNoiseArgs,
} from '@tensorflow/tfjs-layers/dist/layers/noise.js'
import { dropoutMask } from '@weft/kernels'
import { nextLayerSeed, Random } from '../runtime/random.js'
import { type CallOptions, classOf, type LayerClass, single, type Tensors } from './stock.js'

interface Rated extends tfl.layers.Layer {
  readonly rate: number
}

const StockNoise = classOf<LayerClass<GaussianNoiseArgs, tfl.layers.Layer & { readonly stddev: number }>>(
  tfl.layers.gaussianNoise({ stddev: 1, name: 'stock' }),
)
const StockGaussian = classOf<LayerClass<GaussianDropoutArgs, Rated>>(
  tfl.layers.gaussianDropout({ rate: 0, name: 'stock' }),
)
const StockAlpha = classOf<LayerClass<AlphaDropoutArgs, Rated>>(tfl.layers.alphaDropout({ rate: 0, name: 'stock' }))

/** In training adds normal noise of deviation `stddev`. Shapes: any → the same. */
export class GaussianNoise extends StockNoise {
  static override className = 'GaussianNoise'

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    if (options.training !== true) return x
    return tf.tidy(() => tf.add(x, normal(x.shape, 0, this.stddev)))
  }
}

/**
 * In training multiplies by normal factors of mean 1 and variance `rate / (1 - rate)`. Shapes: any → the same.
 *
 * @see Srivastava et al. 2014, section 10.
 */
export class GaussianDropout extends StockGaussian {
  static override className = 'GaussianDropout'

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    if (!active(this.rate, options)) return x
    return tf.tidy(() => tf.mul(x, normal(x.shape, 1, Math.sqrt(this.rate / (1 - this.rate)))))
  }
}

/** The value that SELU approaches far below zero. */
const SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805

/**
 * Dropout that keeps mean 0 and variance 1, for networks of SELU: dropped units take SELU's lowest value. Shapes: any → the same.
 *
 * @see Klambauer et al. 2017, arXiv:1706.02515.
 */
export class AlphaDropout extends StockAlpha {
  static override className = 'AlphaDropout'

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    if (!active(this.rate, options)) return x
    return tf.tidy(() => {
      const keep = 1 - this.rate
      const factors = dropoutMask(x.shape, 1 - this.rate, nextLayerSeed())
      const kept = tf.mul(factors, keep) // 0 or 1
      const a = 1 / Math.sqrt(keep * (1 + this.rate * SELU_FLOOR ** 2))
      const mixed = tf.add(tf.mul(x, kept), tf.mul(tf.sub(1, kept), SELU_FLOOR))
      return tf.add(tf.mul(mixed, a), -a * SELU_FLOOR * this.rate)
    })
  }
}

function active(rate: number, options: CallOptions): boolean {
  return options.training === true && rate > 0 && rate < 1
}

function normal(shape: number[], mean: number, deviation: number): tf.Tensor {
  const random = new Random(nextLayerSeed(), 'noise')
  const length = tf.util.sizeFromShape(shape)
  return tf.tensor(
    Float32Array.from({ length }, () => mean + deviation * random.normal()),
    shape,
  )
}
