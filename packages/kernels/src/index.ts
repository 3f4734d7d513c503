export { additiveAttention, dotProductAttention } from './attention/attention.js'
export type { AttentionOptions, AttentionResult, DotProductAttentionOptions } from './attention/arguments.js'
export { batchNormTraining, type BatchNormOptions, type BatchNormResult } from './batch-norm/batch-norm.js'
export { convLstm2d } from './conv-lstm/conv-lstm.js'
export type { ConvLstm2dOptions, ConvLstm2dResult } from './conv-lstm/arguments.js'
export { ctcBeamSearch, type CtcBeamOptions, type CtcBeamReading } from './ctc/beam-search.js'
export { ctcLoss, type CtcOptions } from './ctc/ctc.js'
export { ctcGreedyDecode } from './ctc/greedy.js'
export { NgramModel, type NgramJson, type NgramOptions, type SymbolModel } from './ctc/language-model.js'
export { Lexicon, type LexiconOptions } from './ctc/lexicon.js'
export type { CtcDecodeOptions, CtcReading, CtcSpan } from './ctc/readings.js'
export { ctcInfeasible, ctcStepsNeeded, type CtcTargetOptions } from './ctc/targets.js'
export { conv1d, conv2d, type Conv1dOptions, type Conv2dOptions } from './conv2d/conv2d.js'
export type { ConvActivation } from './conv2d/reference.js'
export { conv3d, type Conv3dOptions } from './conv3d/conv3d.js'
export { depthwiseConv2d } from './depthwise/depthwise.js'
export { dropoutMask } from './dropout/dropout.js'
export { bidirectionalLstm, lstm } from './lstm/lstm.js'
export type {
  BidirectionalLstmResult,
  LstmDirection,
  LstmOptions,
  LstmResult,
  LstmSequenceOptions,
} from './lstm/arguments.js'
export { lstmStep, type LstmStepOptions, type LstmStepWeights } from './lstm/step.js'
export { dense, isDenseActivation, type DenseActivation } from './matmul/dense.js'
export { areLastAxes, layerNorm, type LayerNormOptions } from './layer-norm/layer-norm.js'
export { layerNormLstm } from './layer-norm-lstm/layer-norm-lstm.js'
export type { LayerNormLstmNorms, LayerNormLstmOptions } from './layer-norm-lstm/arguments.js'
export { gru } from './gru/gru.js'
export type { GruOptions, GruResult } from './gru/arguments.js'
export { nativeCalls } from './kernel.js'
export { adamUpdate, type AdamUpdateOptions } from './optimizers/adam.js'
export { rmspropUpdate, type RmspropUpdateOptions } from './optimizers/rmsprop.js'
export { sgdUpdate, type SgdUpdateOptions } from './optimizers/sgd.js'
export type { UpdateOptions } from './optimizers/update.js'
export {
  BACKEND_NAME,
  nativeStatus,
  registerNativeBackend,
  setNativeThreads,
  type NativeStatus,
} from './executors/native/native.js'
export { profileKernels, type KernelProfile } from './executors/native/profile.js'
export { fallbacks } from './install.js'
export type { CellActivation, GateActivation } from './sequence/activations.js'
export { ShapeError } from './shape-error.js'
export { logSoftmax, softmaxCrossEntropy, softmaxCrossEntropyGradient } from './softmax/softmax.js'
export { simpleRnn, type SimpleRnnOptions, type SimpleRnnResult } from './simple-rnn/simple-rnn.js'
