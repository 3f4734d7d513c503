/**
 * Makes an executor a TensorFlow.js backend: the one place that registers anything. Every slot is first filled from `cpu`; then each
 * kernel of the rooms whose entry points the executor has replaces its slot, and keeps the one that it displaces as its reference.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type { KernelBackend } from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import type { Executor } from './executor.js'
import { countCall, type Kernel } from './kernel.js'
import { gradients, kernels } from './rooms.js'

/** A backend whose memory an executor computes on. */
export interface ExecutorBackend extends KernelBackend {
  readonly executor: Executor
}

/** The kernels that an executor can run. */
export function kernelsOf(executor: Pick<Executor, 'has'>): Kernel[] {
  return kernels.filter((kernel) => kernel.entries.every((one) => executor.has(one)))
}

/**
 * Registers the backend of an executor under its name.
 *
 * @throws Error when a backend of this name is there: `wasm` and `cpu` are TensorFlow.js's own.
 *
 * @param priority Which of several registered backends TensorFlow.js takes by itself: the one of the highest.
 */
export function installExecutor(backend: ExecutorBackend, priority: number): void {
  const { executor } = backend
  const { name } = executor
  if (tf.findBackendFactory(name) !== null)
    throw new Error(`installing an executor: expected a new name for its backend, received ${name}`)
  tf.copyRegisteredKernels('cpu', name)
  for (const kernel of kernelsOf(executor)) install(kernel, backend)
  for (const gradient of gradients) {
    if (tf.getGradient(gradient.kernelName)) tf.unregisterGradient(gradient.kernelName)
    tf.registerGradient(gradient)
  }
  tf.registerBackend(name, () => backend, priority)
}

const fellBack = new Set<string>()

/** Kernels whose reference had to run on an executor's backend since the start, each a hundred times slower. */
export function fallbacks(): string[] {
  return [...fellBack]
}

function install(kernel: Kernel, backend: ExecutorBackend): void {
  const { kernelName } = kernel
  const { executor } = backend
  const displaced = tf.getKernel(kernelName, executor.name)
  if (displaced) tf.unregisterKernel(kernelName, executor.name)
  tf.registerKernel({
    kernelName,
    backendName: executor.name,
    kernelFunc: ({ inputs, attrs }) => {
      // The registry pairs a kernel's name with the inputs and attributes that TensorFlow.js documents for it.
      const result = kernel.run({ inputs: inputs as never, attrs: (attrs ?? {}) as never, executor })
      if (result !== undefined) {
        countCall(kernelName)
        return result
      }
      if (!displaced)
        throw new Error(`${kernelName}: expected shapes, types and attributes that the ${executor.name} kernel serves`)
      fellBack.add(kernelName)
      return displaced.kernelFunc(attrs === undefined ? { inputs, backend } : { inputs, backend, attrs })
    },
  })
}
