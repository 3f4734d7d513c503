/** The `native` backend: what it offers in this process, and its registration. */
import { availableParallelism } from 'node:os'
import * as tf from '@weft/kernels/tfjs-core'
import { installExecutor, kernelsOf } from '../../install.js'
import { entries } from '../../rooms.js'
import { NativeBackend } from './backend.js'
import { nativeBinding, signatureConflicts } from './binding.js'

export const BACKEND_NAME = 'native'

/** Higher than wasm, lower than what an application registers on purpose. */
const PRIORITY = 4

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
  const names = new Set(binding.kernels.map(({ name }) => name))
  return {
    available: true,
    isa: binding.isa,
    threads: binding.getThreads(),
    kernels: kernelsOf({ has: ({ name }) => names.has(name) }).map((kernel) => kernel.kernelName),
  }
}

/** Threads that kernels use, the calling one included. */
export function setNativeThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`setting threads: expected an integer of at least 1 for count, received ${count}`)
  nativeBinding().binding?.setThreads(count)
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
  const conflicts = signatureConflicts(entries)
  if (conflicts.length > 0)
    throw new Error(`native kernels: TypeScript and C++ disagree; run \`npm run native\`: ${conflicts.join('; ')}`)
  setNativeThreads(availableParallelism())
  installExecutor(new NativeBackend(BACKEND_NAME), PRIORITY)
  return status
}
