/** The one copy kernel as a function: elements of one strided array into another, both as wide as their memory's type. */
import type { TensorInfo } from '@tensorflow/tfjs-core'
import { type Block, entry, type Executor } from '../executor.js'
import type { Loops } from '../loops.js'
import { sizeOf } from '../shape.js'

export const copyEntry = entry('copy', ['x', 'out', 'layout'], ['rank', 'xOffset', 'outOffset', 'bytes'])

/** A copy's two sides, and where each begins, in elements. */
export interface CopySides {
  readonly x: Block
  readonly out: Block
  readonly xOffset?: number
  readonly outOffset?: number
}

/** Runs the first `rank` of `loops`, x's strides first. */
export function runCopy(executor: Executor, loops: Loops, rank: number, sides: CopySides): void {
  const { x, out, xOffset = 0, outOffset = 0 } = sides
  const bytes = executor.typeOf(x) === 'bool' ? 1 : 4
  executor.run(copyEntry, { x, out, layout: executor.put(loops), rank, xOffset, outOffset, bytes })
}

/** The memory of a tensor that the copy kernel serves. */
export function copyable(executor: Executor, x: TensorInfo | undefined): Block | undefined {
  return !x || x.dtype === 'string' || x.dtype === 'complex64' ? undefined : executor.block(x)
}

/** Memory of undefined content for a result, of the same type as an input's. */
export function memoryLike(executor: Executor, like: Block, shape: readonly number[]): Block {
  return executor.take(sizeOf(shape), executor.typeOf(like))
}
