export { profileKernels, type KernelProfile } from './binding.js'
export { adamUpdate, globalNorm, type AdamUpdateOptions } from './adam/adam.js'
export { batchNormTraining, type BatchNormOptions, type BatchNormResult } from './batch-norm/batch-norm.js'
export { conv1d, conv2d, type Conv1dOptions, type Conv2dOptions } from './conv2d/conv2d.js'
export type { ConvActivation } from './conv2d/reference.js'
export { conv3d, type Conv3dOptions } from './conv3d/conv3d.js'
export { depthwiseConv2d } from './depthwise/depthwise.js'
export { dropoutMask } from './dropout/dropout.js'
export { lstm, type LstmOptions, type LstmResult } from './lstm/lstm.js'
export { nativeCalls } from './kernel.js'
export {
  BACKEND_NAME,
  fallbacks,
  nativeStatus,
  registerNativeBackend,
  setNativeThreads,
  type NativeStatus,
} from './registry.js'
export type { CellActivation, GateActivation } from './sequence/sequence.js'
export { ShapeError } from './shape-error.js'
export { logSoftmax, softmaxCrossEntropy } from './softmax/softmax.js'
