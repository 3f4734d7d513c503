/**
 * Keras's convolution and pooling layers with masks. They compute what TensorFlow.js's compute, on padding as on the rest, and shorten
 * the mask as they shorten the time axis, which is axis 1, so that variable lengths survive a convolutional network.
 */
import type * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { ConvLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/convolutional.js'
import type { Pooling1DLayerArgs, Pooling2DLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/pooling.js'
import { conv1d, conv2d, type ConvActivation } from '@weft/kernels'
import { ownInitializer } from './initializers.js'
import { maskOf, strideMask } from './masks.js'
import { asMask, type CallOptions, classOf, type LayerClass, single, singleShape, type Tensors } from './stock.js'

export interface Windowed extends tfl.layers.Layer {
  readonly strides: number[]
  readonly dataFormat?: 'channelsFirst' | 'channelsLast'
}

export interface Convolution extends Windowed {
  readonly kernel: tfl.LayerVariable
  readonly bias?: tfl.LayerVariable | null
  readonly padding: 'valid' | 'same' | 'causal'
  readonly dilationRate: number[]
  readonly activation: { getClassName(): string }
}

/** `Stock` with a mask that follows the time axis. */
export function masked<Args, L extends Windowed>(Stock: LayerClass<Args, L>): LayerClass<Args, Windowed & L> {
  // A class expression cannot extend a type parameter; `L` only adds fields that the stock class has.
  return maskedWindow(Stock as LayerClass<Args, Windowed>) as LayerClass<Args, Windowed & L>
}

function maskedWindow<Args>(Stock: LayerClass<Args, Windowed>): LayerClass<Args, Windowed> {
  return class extends Stock {
    override supportsMasking = true
    override computeMask(inputs: Tensors, mask?: Tensors): Tensors {
      return asMask(outputMask(this, inputs, mask))
    }
  }
}

/** The mask of `layer`'s output. Shapes: input [B, T, …, C], mask [B, T] → [B, T / stride]. */
function outputMask(layer: Windowed, inputs: Tensors, mask: unknown): tf.Tensor | null {
  const x = single(inputs)
  const own = maskOf(layer.name, x, mask)
  if (own === null) return null
  if (layer.dataFormat === 'channelsFirst') {
    throw new Error(
      `running layer ${layer.name}: expected channelsLast for dataFormat with a mask, received channelsFirst`,
    )
  }
  const steps = singleShape(layer.computeOutputShape(x.shape))[1] ?? 0
  return strideMask(own, layer.strides[0] ?? 1, steps)
}

const MaskedConv1D = masked<ConvLayerArgs, Convolution>(
  classOf(tfl.layers.conv1d({ filters: 1, kernelSize: 1, name: 'stock' })),
)
const MaskedConv2D = masked<ConvLayerArgs, Convolution>(
  classOf(tfl.layers.conv2d({ filters: 1, kernelSize: 1, name: 'stock' })),
)
const MaskedMaxPooling1D = masked<Pooling1DLayerArgs, Windowed>(classOf(tfl.layers.maxPooling1d({ name: 'stock' })))
const MaskedMaxPooling2D = masked<Pooling2DLayerArgs, Windowed>(
  classOf(tfl.layers.maxPooling2d({ name: 'stock' } as Pooling2DLayerArgs)),
)
const MaskedAveragePooling1D = masked<Pooling1DLayerArgs, Windowed>(
  classOf(tfl.layers.averagePooling1d({ name: 'stock' })),
)
const MaskedAveragePooling2D = masked<Pooling2DLayerArgs, Windowed>(
  classOf(tfl.layers.averagePooling2d({ name: 'stock' } as Pooling2DLayerArgs)),
)

/** Keras's default where TensorFlow.js has another. */
export function withDefaults(args: ConvLayerArgs): ConvLayerArgs {
  return { ...args, kernelInitializer: ownInitializer(args.kernelInitializer ?? 'GlorotUniform') }
}

const FUSED = ['linear', 'relu', 'sigmoid', 'tanh', 'relu6'] as const

/** The activation, when the fused op has it; for the others, and for channels first, TensorFlow.js's own call runs. */
export function fusedActivation({ activation, dataFormat }: Convolution): ConvActivation | undefined {
  return dataFormat === 'channelsFirst' ? undefined : FUSED.find((name) => name === activation.getClassName())
}

/** Convolution over time. Shapes: [B, T, C] → [B, T', filters]. */
export class Conv1D extends MaskedConv1D {
  static override className = 'Conv1D'

  constructor(args: ConvLayerArgs) {
    super(withDefaults(args))
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const activation = fusedActivation(this)
    if (activation === undefined) return super.call(inputs, options)
    const [stride = 1, dilation = 1] = [this.strides[0], this.dilationRate[0]]
    const windows = { stride, dilation, pad: this.padding, activation }
    return conv1d(single(inputs), this.kernel.read(), this.bias?.read() ?? null, windows)
  }
}

/** Convolution over time and frequency, or over rows and columns. Shapes: [B, T, F, C] → [B, T', F', filters]. */
export class Conv2D extends MaskedConv2D {
  static override className = 'Conv2D'

  constructor(args: ConvLayerArgs) {
    super(withDefaults(args))
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const activation = fusedActivation(this)
    if (activation === undefined || this.padding === 'causal') return super.call(inputs, options)
    const [strides, dilations] = [pair(this.strides), pair(this.dilationRate)]
    const bias = this.bias?.read() ?? null
    return conv2d(single(inputs), this.kernel.read(), bias, { strides, dilations, pad: this.padding, activation })
  }
}

export const pair = ([rows = 1, columns = rows]: readonly number[]): [number, number] => [rows, columns]

/** The largest value of each window. Shapes: [B, T, C] → [B, T', C]. */
export class MaxPooling1D extends MaskedMaxPooling1D {
  static override className = 'MaxPooling1D'
}

/** The largest value of each window. Shapes: [B, T, F, C] → [B, T', F', C]. */
export class MaxPooling2D extends MaskedMaxPooling2D {
  static override className = 'MaxPooling2D'
}

/** The mean of each window. Shapes: [B, T, C] → [B, T', C]. */
export class AveragePooling1D extends MaskedAveragePooling1D {
  static override className = 'AveragePooling1D'
}

/** The mean of each window. Shapes: [B, T, F, C] → [B, T', F', C]. */
export class AveragePooling2D extends MaskedAveragePooling2D {
  static override className = 'AveragePooling2D'
}
