/** When a gradient is one kernel, and when it must be made of TensorFlow.js's ops. */
import * as tf from '@weft/kernels/tfjs-core'
import { hasKernel } from './executor.js'

/**
 * Whether a gradient may call a kernel of ours: the running backend has it, and nothing is recorded for a gradient of the gradient,
 * which our gradient kernels do not have.
 */
export function runsFused(gradKernel: string): boolean {
  return !tf.engine().isTapeOn() && hasKernel(gradKernel)
}
