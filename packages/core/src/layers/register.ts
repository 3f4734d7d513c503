/**
 * The table of our layers, and their registration with TensorFlow.js under Keras's class names, so that loading a model, and wrappers
 * such as Bidirectional, make ours. A call, never an import's side effect.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { AdditiveAttention, Attention, SequenceMask } from './attention.js'
import { AttentionPooling1D } from './attention-pooling.js'
import { BatchNormalization } from './batch-normalization.js'
import { Bidirectional } from './bidirectional.js'
import { BlankPadding } from './blank-padding.js'
import { ConvLSTM2D } from './conv-lstm.js'
import { AveragePooling1D, AveragePooling2D, Conv1D, Conv2D, MaxPooling1D, MaxPooling2D } from './convolution.js'
import { AveragePooling3D, Conv3D, GlobalAveragePooling3D, GlobalMaxPooling3D, MaxPooling3D } from './convolution-3d.js'
import { Dense, Permute, Reshape } from './core.js'
import { ChannelDense } from './channel-dense.js'
import { Cropping1D, ZeroPadding1D } from './crop-pad.js'
import { DepthwiseConv2D, SeparableConv2D } from './depthwise.js'
import { Dropout, SpatialDropout1D } from './dropout.js'
import { Embedding } from './embedding.js'
import { GlobalAveragePooling1D, GlobalMaxPooling1D } from './global-pooling.js'
import { GRU } from './gru.js'
import { HilbertWalk } from './hilbert-walk.js'
import { registerInitializers } from './initializers.js'
import { LayerNormLSTM } from './layer-norm-lstm.js'
import { LayerNormalization } from './layer-normalization.js'
import { LSTM } from './lstm.js'
import { MovingAverage1D } from './moving-average.js'
import { AlphaDropout, GaussianDropout, GaussianNoise } from './noise.js'
import { ParallelDecoding } from './parallel-decoding.js'
import { PeepholeLSTM } from './peephole-lstm.js'
import { RepeatVector } from './repeat-vector.js'
import { SimpleRNN } from './simple-rnn.js'
import { TimeDistributed } from './time-distributed.js'
import { ZeroMasked } from './zero-masked.js'

const LAYERS = [
  AdditiveAttention,
  AlphaDropout,
  Attention,
  AttentionPooling1D,
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  BatchNormalization,
  Bidirectional,
  BlankPadding,
  ChannelDense,
  Conv1D,
  Conv2D,
  ConvLSTM2D,
  Conv3D,
  Cropping1D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Embedding,
  GaussianDropout,
  GaussianNoise,
  GlobalAveragePooling1D,
  GlobalAveragePooling3D,
  GlobalMaxPooling1D,
  GRU,
  GlobalMaxPooling3D,
  HilbertWalk,
  LSTM,
  LayerNormLSTM,
  LayerNormalization,
  MaxPooling1D,
  MaxPooling2D,
  MovingAverage1D,
  ParallelDecoding,
  PeepholeLSTM,
  Permute,
  RepeatVector,
  Reshape,
  SequenceMask,
  SimpleRNN,
  MaxPooling3D,
  SeparableConv2D,
  SpatialDropout1D,
  TimeDistributed,
  ZeroMasked,
  ZeroPadding1D,
]

let stockNames: ReadonlySet<string> | undefined

/** Registers our layers and initialisers, those of TensorFlow.js's names in their place. Calling it again changes nothing. */
export function registerLayers(): void {
  if (stockNames) return
  stockNames = new Set(Object.keys(tf.serialization.SerializationMap.getMap().classNameMap))
  for (const layer of LAYERS) tf.serialization.registerClass(layer)
  registerInitializers()
}

/** Who knows the class of a saved layer: TensorFlow.js by itself, only Weft, or neither. */
export function layerOrigin(className: string): 'tensorflow.js' | 'weft' | 'unknown' {
  registerLayers()
  if (stockNames?.has(className)) return 'tensorflow.js'
  return className in tf.serialization.SerializationMap.getMap().classNameMap ? 'weft' : 'unknown'
}
