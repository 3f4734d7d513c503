/**
 * THE table of native kernels, and the one place that registers anything. Every slot of the `native` backend is first filled from
 * `cpu`; then each kernel below replaces its slot, keeping the one it displaces as its reference.
 */
import { availableParallelism } from 'node:os'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { attentionGradient, attentionKernels } from './attention/attention.js'
import { NativeBackend } from './backend.js'
import { batchNormGradients, batchNormKernels } from './batch-norm/batch-norm.js'
import { nativeBinding, signatureConflicts } from './binding.js'
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
import type { NativeKernel } from './kernel.js'
import { countCall } from './kernel.js'
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
import './lstm/step.js'
import './optimizers/adam.js'
import './optimizers/rmsprop.js'
import './optimizers/sgd.js'

const kernels: readonly NativeKernel[] = [
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
const gradients: readonly tf.GradConfig[] = [
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

export const BACKEND_NAME = 'native'

export interface NativeStatus {
  available: boolean
  /** Why there is no addon. */
  reason?: string
  /** Instruction set picked at load: avx512, avx2, neon or baseline. */
  isa?: string
  threads: number
  /** TensorFlow.js kernels that run in C++. */
  kernels: string[]
}

/** What the native backend offers in this process, without registering it. */
export function nativeStatus(): NativeStatus {
  const { binding, reason } = nativeBinding()
  if (!binding) return { available: false, reason, threads: 1, kernels: [] }
  return {
    available: true,
    isa: binding.isa,
    threads: binding.getThreads(),
    kernels: kernels.map((kernel) => kernel.kernelName),
  }
}

/** Threads that kernels use, the calling one included. */
export function setNativeThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`setting threads: expected an integer of at least 1 for count, received ${count}`)
  nativeBinding().binding?.setThreads(count)
}

const fellBack = new Set<string>()

/** Kernels whose reference had to run on `native` since the start, with the reason: each is a hundred times slower. */
export function fallbacks(): string[] {
  return [...fellBack]
}

function install(kernel: NativeKernel, backend: NativeBackend): void {
  const { kernelName } = kernel
  const displaced = tf.getKernel(kernelName, BACKEND_NAME)
  if (displaced) tf.unregisterKernel(kernelName, BACKEND_NAME)
  tf.registerKernel({
    kernelName,
    backendName: BACKEND_NAME,
    kernelFunc: ({ inputs, attrs }) => {
      // The registry pairs a kernel's name with the inputs and attributes that TensorFlow.js documents for it.
      const result = kernel.run({ inputs: inputs as never, attrs: (attrs ?? {}) as never, backend })
      if (result !== undefined) {
        countCall(kernelName)
        return result
      }
      if (!displaced) throw new Error(`${kernelName}: expected shapes, types and attributes that its C++ kernel serves`)
      fellBack.add(kernelName)
      return displaced.kernelFunc(attrs === undefined ? { inputs, backend } : { inputs, backend, attrs })
    },
  })
}

/**
 * Registers the `native` backend and its kernels; a second call changes nothing. The caller makes it current with
 * `tf.setBackend('native')`.
 *
 * @returns The status; nothing is registered when the addon is not available.
 */
export function registerNativeBackend(): NativeStatus {
  const status = nativeStatus()
  if (!status.available || tf.findBackendFactory(BACKEND_NAME) !== null) return status
  const conflicts = signatureConflicts()
  if (conflicts.length > 0)
    throw new Error(`native kernels: TypeScript and C++ disagree; run \`npm run native\`: ${conflicts.join('; ')}`)
  setNativeThreads(availableParallelism())
  const backend = new NativeBackend()
  tf.copyRegisteredKernels('cpu', BACKEND_NAME)
  for (const kernel of kernels) install(kernel, backend)
  for (const gradient of gradients) {
    if (tf.getGradient(gradient.kernelName)) tf.unregisterGradient(gradient.kernelName)
    tf.registerGradient(gradient)
  }
  // Higher than wasm, lower than what an application registers on purpose.
  tf.registerBackend(BACKEND_NAME, () => backend, 4)
  return status
}
