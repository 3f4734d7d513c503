/**
 * Keras's convolution and pooling over volumes, [B, T, H, W, C], with masks that follow the time axis, axis 1, as in
 * `convolution.ts`; pooling over a whole volume, which TensorFlow.js lacks, ends the sequence and so its mask.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { LayerArgs } from '@tensorflow/tfjs-layers/dist/engine/topology.js'
import type { ConvLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/convolutional.js'
import type { Pooling3DLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/pooling.js'
import { conv3d } from '@weft/kernels'
import { type Convolution, fusedActivation, masked, type Windowed, withDefaults } from './convolution.js'
import { maskOf } from './masks.js'
import {
  asMask,
  type CallOptions,
  classOf,
  type Shape,
  type Shapes,
  single,
  singleShape,
  type Tensors,
} from './stock.js'

const MaskedConv3D = masked<ConvLayerArgs, Convolution>(
  classOf(tfl.layers.conv3d({ filters: 1, kernelSize: 1, name: 'stock' })),
)
const MaskedMaxPooling3D = masked<Pooling3DLayerArgs, Windowed>(
  classOf(tfl.layers.maxPooling3d({ name: 'stock' } as Pooling3DLayerArgs)),
)
const MaskedAveragePooling3D = masked<Pooling3DLayerArgs, Windowed>(
  classOf(tfl.layers.averagePooling3d({ name: 'stock' } as Pooling3DLayerArgs)),
)

const triple = ([planes = 1, rows = planes, columns = rows]: readonly number[]): [number, number, number] => [planes, rows, columns] // prettier-ignore

/** Convolution over time, rows and columns. Shapes: [B, T, H, W, C] → [B, T', H', W', filters]. */
export class Conv3D extends MaskedConv3D {
  static override className = 'Conv3D'

  constructor(args: ConvLayerArgs) {
    super(withDefaults(args))
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const activation = fusedActivation(this)
    if (activation === undefined || this.padding === 'causal') return super.call(inputs, options)
    const [strides, dilations] = [triple(this.strides), triple(this.dilationRate)]
    const bias = this.bias?.read() ?? null
    return conv3d(single(inputs), this.kernel.read(), bias, { strides, dilations, pad: this.padding, activation })
  }
}

/** The largest value of each window. Shapes: [B, T, H, W, C] → [B, T', H', W', C]. */
export class MaxPooling3D extends MaskedMaxPooling3D {
  static override className = 'MaxPooling3D'
}

/** The mean of each window. Shapes: [B, T, H, W, C] → [B, T', H', W', C]. */
export class AveragePooling3D extends MaskedAveragePooling3D {
  static override className = 'AveragePooling3D'
}

export interface GlobalPooling3DArgs extends LayerArgs {
  dataFormat?: 'channelsFirst' | 'channelsLast'
  /** Keep the axes that are pooled, with size 1. Default false. */
  keepDims?: boolean
}

/** Pooling over all of time, rows and columns, leaving masked steps out. */
abstract class GlobalPooling3D extends tfl.layers.Layer {
  override supportsMasking = true
  private readonly dataFormat: 'channelsFirst' | 'channelsLast'
  private readonly keepDims: boolean

  constructor(args: GlobalPooling3DArgs = {}) {
    super(args)
    this.dataFormat = args.dataFormat ?? 'channelsLast'
    this.keepDims = args.keepDims ?? false
  }

  protected abstract pool(x: tf.Tensor, axes: number[], keepDims: boolean, mask: tf.Tensor | null): tf.Tensor

  private get axes(): number[] {
    return this.dataFormat === 'channelsFirst' ? [2, 3, 4] : [1, 2, 3]
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    return tf.tidy(() => {
      const x = single(inputs)
      const mask = this.dataFormat === 'channelsFirst' ? null : maskOf(this.name, x, options.mask)
      return this.pool(x, this.axes, this.keepDims, mask && tf.reshape(mask, [...mask.shape, 1, 1, 1]))
    })
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    const shape = singleShape(inputShape)
    if (this.keepDims) return shape.map((dim, axis) => (this.axes.includes(axis) ? 1 : dim))
    return shape.filter((_, axis) => !this.axes.includes(axis)) satisfies Shape
  }

  override computeMask(): Tensors {
    return asMask(null)
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), dataFormat: this.dataFormat, keepDims: this.keepDims }
  }
}

/** The mean over the real steps; 0 for a row without any. Shapes: [B, T, H, W, C] → [B, C]. */
export class GlobalAveragePooling3D extends GlobalPooling3D {
  static className = 'GlobalAveragePooling3D'

  protected override pool(x: tf.Tensor, axes: number[], keepDims: boolean, mask: tf.Tensor | null): tf.Tensor {
    if (!mask) return tf.mean(x, axes, keepDims)
    const weights = tf.cast(mask, 'float32') // [B, T, 1, 1, 1]
    const [, , height = 1, width = 1] = x.shape
    const count = tf.mul(tf.maximum(tf.sum(weights, axes, true), 1), height * width)
    return tf.sum(tf.div(tf.mul(x, weights), count), axes, keepDims)
  }
}

/** Less than every activation and yet finite, so that a row that is masked throughout gives no NaN. */
const LOWEST = -1e30

/** The largest value over the real steps. Shapes: [B, T, H, W, C] → [B, C]. */
export class GlobalMaxPooling3D extends GlobalPooling3D {
  static className = 'GlobalMaxPooling3D'

  protected override pool(x: tf.Tensor, axes: number[], keepDims: boolean, mask: tf.Tensor | null): tf.Tensor {
    return tf.max(mask ? tf.where(tf.cast(mask, 'bool'), x, tf.fill(x.shape, LOWEST)) : x, axes, keepDims)
  }
}
