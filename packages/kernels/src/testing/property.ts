import type * as tf from '@tensorflow/tfjs-core'
import type { Tolerance } from './close.js'
/** Numbers for one random case: the same for the same seed. */
export interface Draw {
  /** An integer in [from, to]. */
  int(from: number, to: number): number
  /** One of the values. */
  pick<T>(values: readonly T[]): T
  /** True with probability p. */
  chance(p: number): boolean
  /** A tensor of that shape with values in [from, to), -1 and 1 by default. */
  tensor(shape: number[], from?: number, to?: number): tf.Tensor
}
/** Something that must hold of the native kernel for any shapes and attributes: it computes what the reference computes. */
export interface Property {
  name: string
  /** Draws shapes and attributes (zero sizes among them), and gives what is to be run on each backend: outputs and gradients. */
  draw(random: Draw): { label: string; run: () => tf.Tensor[]; tolerance: Tolerance }
}
