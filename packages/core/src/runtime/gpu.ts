/**
 * Looks for a GPU through `@tensorflow/tfjs-node-gpu`, which is optional: used when someone has installed it and it works. It only
 * probes; whether a GPU is taken is decided in device.ts.
 */
import * as tf from '@weft/kernels/tfjs-core'

/** The name under which tfjs-node registers its backend. */
export const GPU_BACKEND = 'tensorflow'

const PACKAGE = '@tensorflow/tfjs-node-gpu'

export interface GpuReport {
  available: boolean
  /** Why not, when not available. */
  reason?: string
}

/** Whether tfjs-node-gpu is installed, loads, registers its backend with our TensorFlow.js and multiplies two matrices on a GPU. */
export async function probeGpu(): Promise<GpuReport> {
  const name: string = PACKAGE // a variable, so that the compiler does not look for a package that need not be there
  try {
    await import(name)
  } catch (error) {
    return { available: false, reason: reasonFor(error) }
  }
  const backend = tf.findBackend(GPU_BACKEND)
  if (!backend) return { available: false, reason: `${PACKAGE} uses another copy of @tensorflow/tfjs-core` }
  if (!('isUsingGpuDevice' in backend) || backend.isUsingGpuDevice !== true) {
    return { available: false, reason: `${PACKAGE} loads but finds no CUDA device` }
  }
  return { available: true }
}

function reasonFor(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND' && message.includes(PACKAGE)) {
    return `${PACKAGE} is not installed`
  }
  return `${PACKAGE} does not load: ${message.split('\n', 1)[0]}`
}
