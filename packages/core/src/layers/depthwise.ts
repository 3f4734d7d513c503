/**
 * Keras's depthwise and separable convolutions, with masks that follow the time axis, axis 1. Unlike TensorFlow.js's, the depthwise
 * layer heeds its dilation rate, and its constraint survives saving.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { SeparableConvLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/convolutional.js'
import type { DepthwiseConv2DLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/convolutional_depthwise.js'
import { conv2d, depthwiseConv2d } from '@weft/kernels'
import { type Convolution, fusedActivation, masked, pair } from './convolution.js'
import { ownInitializer } from './initializers.js'
import { type CallOptions, classOf, type Shapes, single, singleShape, type Tensors } from './stock.js'

interface Depthwise extends Convolution {
  readonly kernelSize: number[]
  readonly depthMultiplier: number
  readonly depthwiseKernel: tfl.LayerVariable
  readonly depthwiseConstraint?: tf.serialization.Serializable | null
}

const MaskedDepthwiseConv2D = masked<DepthwiseConv2DLayerArgs, Depthwise>(
  classOf(tfl.layers.depthwiseConv2d({ kernelSize: 1, name: 'stock' })),
)

/** Each channel with filters of its own. Shapes: [B, T, F, C] → [B, T', F', C · depthMultiplier]. */
export class DepthwiseConv2D extends MaskedDepthwiseConv2D {
  static override className = 'DepthwiseConv2D'

  constructor(args: DepthwiseConv2DLayerArgs) {
    super({ ...args, depthwiseInitializer: ownInitializer(args.depthwiseInitializer ?? 'GlorotUniform') })
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const activation = fusedActivation(this)
    if (activation === undefined || this.padding === 'causal') return super.call(inputs, options)
    const [strides, dilations] = [pair(this.strides), pair(this.dilationRate)]
    const bias = this.bias?.read() ?? null
    const windows = { strides, dilations, pad: this.padding, activation }
    return depthwiseConv2d(single(inputs), this.depthwiseKernel.read(), bias, windows)
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    const shape = singleShape(inputShape)
    if (this.dataFormat === 'channelsFirst') return super.computeOutputShape(inputShape)
    const [batch = null, height = null, width = null, channels = null] = shape
    const length = (size: number | null, axis: number) => {
      if (size === null) return null
      const span = ((this.kernelSize[axis] ?? 1) - 1) * (this.dilationRate[axis] ?? 1)
      return Math.ceil((this.padding === 'same' ? size : size - span) / (this.strides[axis] ?? 1))
    }
    return [batch, length(height, 0), length(width, 1), channels === null ? null : channels * this.depthMultiplier]
  }

  override getConfig(): tf.serialization.ConfigDict {
    const constraint = this.depthwiseConstraint
    // TensorFlow.js writes the regulariser here, too.
    const depthwiseConstraint = constraint
      ? { className: constraint.getClassName(), config: constraint.getConfig() }
      : null
    return { ...super.getConfig(), depthwiseConstraint }
  }
}

interface Separable extends Convolution {
  readonly depthwiseKernel: tfl.LayerVariable
  readonly pointwiseKernel: tfl.LayerVariable
}

const MaskedSeparableConv2D = masked<SeparableConvLayerArgs, Separable>(
  classOf(tfl.layers.separableConv2d({ filters: 1, kernelSize: 1, name: 'stock' })),
)

/** A depthwise convolution, then one of single pixels across channels. Shapes: [B, T, F, C] → [B, T', F', filters]. */
export class SeparableConv2D extends MaskedSeparableConv2D {
  static override className = 'SeparableConv2D'

  /** TensorFlow.js gives the pointwise kernel the depthwise kernel's initialiser, too. */
  constructor(args: SeparableConvLayerArgs) {
    super({ ...args, depthwiseInitializer: ownInitializer(args.depthwiseInitializer ?? 'GlorotUniform') })
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const activation = fusedActivation(this)
    if (activation === undefined || this.padding === 'causal') return super.call(inputs, options)
    const [strides, dilations, pad] = [pair(this.strides), pair(this.dilationRate), this.padding]
    return tf.tidy(() => {
      const depthwise = depthwiseConv2d(single(inputs), this.depthwiseKernel.read(), null, { strides, dilations, pad })
      return conv2d(depthwise, this.pointwiseKernel.read(), this.bias?.read() ?? null, { activation })
    })
  }
}
