/**
 * THE list of rooms: every kernel and every gradient of the kernels, and with them every entry point. Values alone: importing this file
 * registers nothing; install.ts does.
 */
import type { GradConfig } from '@tensorflow/tfjs-core'
import { attentionGradient, attentionKernels } from './attention/attention.js'
import { batchNormGradients, batchNormKernels } from './batch-norm/batch-norm.js'
import { convLstmGradient, convLstmKernels } from './conv-lstm/kernels.js'
import { joinKernels } from './copy/join.js'
import { reorderKernels } from './copy/reorder.js'
import { ctcGradient, ctcKernels } from './ctc/ctc.js'
import { conv2dGradients, conv2dKernels } from './conv2d/conv2d.js'
import { conv3dGradients, conv3dKernels } from './conv3d/conv3d.js'
import { depthwiseGradients, depthwiseKernels } from './depthwise/depthwise.js'
import { dropoutKernels } from './dropout/dropout.js'
import { binaryKernels } from './elementwise/binary.js'
import { castKernel } from './elementwise/cast.js'
import { activationGradients } from './elementwise/gradients.js'
import { unaryKernels } from './elementwise/unary.js'
import { embeddingKernels } from './embedding/embedding.js'
import { fillKernels } from './fill/fill.js'
import { gruGradient, gruGradKernel, gruInputGradKernel, gruKernel } from './gru/gru.js'
import type { AnyEntry } from './executor.js'
import type { Kernel } from './kernel.js'
import { lstmGradients, lstmKernels } from './lstm/kernels.js'
import { layerNormLstmGradients, layerNormLstmKernels } from './layer-norm-lstm/kernels.js'
import { layerNormGradients, layerNormKernels } from './layer-norm/layer-norm.js'
import { batchMatMul, fusedMatMul } from './matmul/matmul.js'
import { poolKernels } from './pool/pool.js'
import { reduceGradients } from './reduce/gradients.js'
import { reduceKernels } from './reduce/reduce.js'
import {
  simpleRnnGradient,
  simpleRnnGradKernel,
  simpleRnnInputGradKernel,
  simpleRnnKernel,
} from './simple-rnn/simple-rnn.js'
import { softmaxGradients, softmaxKernels } from './softmax/softmax.js'
import { lstmStepEntry } from './lstm/step.js'
import { adamEntry } from './optimizers/adam.js'
import { rmspropEntry } from './optimizers/rmsprop.js'
import { sgdEntry } from './optimizers/sgd.js'

export const kernels: readonly Kernel[] = [
  batchMatMul,
  fusedMatMul,
  ...lstmKernels,
  ...layerNormLstmKernels,
  ...attentionKernels,
  gruKernel,
  gruGradKernel,
  gruInputGradKernel,
  simpleRnnKernel,
  simpleRnnGradKernel,
  simpleRnnInputGradKernel,
  ...convLstmKernels,
  ...conv2dKernels,
  ...conv3dKernels,
  ...depthwiseKernels,
  ...poolKernels,
  ...batchNormKernels,
  ...layerNormKernels,
  ...unaryKernels,
  castKernel,
  ...binaryKernels,
  ...reduceKernels,
  ...reorderKernels,
  ...joinKernels,
  ...fillKernels,
  ...softmaxKernels,
  ...ctcKernels,
  ...embeddingKernels,
  ...dropoutKernels,
]

/** They take the place of TensorFlow.js's where it has one, on every backend. */
export const gradients: readonly GradConfig[] = [
  ...lstmGradients,
  ...layerNormLstmGradients,
  attentionGradient,
  gruGradient,
  simpleRnnGradient,
  convLstmGradient,
  ...conv2dGradients,
  ...conv3dGradients,
  ...depthwiseGradients,
  ...batchNormGradients,
  ...layerNormGradients,
  ...activationGradients,
  ...reduceGradients,
  ...softmaxGradients,
  ctcGradient,
]

/** Every entry point, those included that functions call without a kernel of TensorFlow.js. */
export const entries: readonly AnyEntry[] = [
  ...new Set<AnyEntry>([
    ...kernels.flatMap((kernel) => kernel.entries),
    lstmStepEntry,
    adamEntry,
    rmspropEntry,
    sgdEntry,
  ]),
]
