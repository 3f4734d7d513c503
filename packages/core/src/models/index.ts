export { bottleneck, chain, join, kernel, recurToVector, recurrentLayer, weightsOf } from './blocks.js'
export type {
  Activation,
  Cell,
  ConvolutionBlock,
  Head,
  ImagePooling,
  ModelOptions,
  RecurrentStack,
  TimePooling,
  Walk,
  Weights,
} from './blocks.js'
export { buildCrnn } from './crnn.js'
export type { CrnnOptions } from './crnn.js'
export { buildFrameSequence } from './frame-sequence.js'
export type { FrameSequenceOptions } from './frame-sequence.js'
export { fuse } from './fusion.js'
export type { Fusion } from './fusion.js'
export { buildHierarchicalLstm, buildImageLstm } from './image-lstm.js'
export type { HierarchicalLstmOptions, ImageLstmOptions } from './image-lstm.js'
export { loadModel, saveModel } from './model-io.js'
export type { Extras } from './model-io.js'
export { buildParallel } from './parallel.js'
export type { ParallelOptions } from './parallel.js'
export { statefulStep } from './stateful-step.js'
export type { StatefulStep } from './stateful-step.js'
export { FREEZABLE } from './freezable.js'
export type { Freezable } from './freezable.js'
export { freezeLayers, transferWeights } from './transfer.js'
export type { TransferOptions, TransferReport } from './transfer.js'
