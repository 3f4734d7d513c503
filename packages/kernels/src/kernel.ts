/**
 * How a kernel takes its place in TensorFlow.js. `overrideKernel` replaces a kernel that TensorFlow.js has: the one it displaces stays as
 * its reference and runs whenever `run` returns `undefined` (attributes or types that the entry points do not serve). A kernel of ours
 * that TensorFlow.js lacks is declared with the same function; its op then calls it only where it is registered.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core'
import type { AnyEntry, Executor } from './executor.js'

export interface KernelCall<I, A> {
  inputs: I
  attrs: A
  executor: Executor
}

/** A kernel of any inputs and attributes: TensorFlow.js's registry knows a kernel's types by its name alone. */
export type Kernel = KernelSpec<never, never>

export interface KernelSpec<I, A> {
  kernelName: string
  /** The entry points that it calls: an executor that lacks one does not get the kernel. */
  entries: readonly AnyEntry[]
  /** Computes the result, or returns `undefined` when the reference must. */
  run(call: KernelCall<I, A>): TensorInfo | TensorInfo[] | undefined
}

/** Declares a kernel for the list in rooms.ts, with the types of its inputs and attributes. */
export function overrideKernel<I extends object, A extends object>(spec: KernelSpec<I, A>): KernelSpec<I, A> {
  return spec
}

const calls = new Map<string, number>()

export function countCall(kernelName: string): void {
  calls.set(kernelName, (calls.get(kernelName) ?? 0) + 1)
}

/** How often the kernel has run in this process, its reference not counted: what proves in a test that it did. */
export function nativeCalls(kernelName: string): number {
  return calls.get(kernelName) ?? 0
}
