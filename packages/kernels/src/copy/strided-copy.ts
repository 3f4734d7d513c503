/** The one copy kernel as a function: elements of one strided array into another, both as wide as their memory's type. */
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../backend.js'
import { type NativeArray, nativeFunction } from '../binding.js'
import { layout, sizeOf } from '../nest.js'

/** Memory that a tensor may have. */
export type TensorMemory = Exclude<NativeArray, Float64Array>

const copyNative = nativeFunction('copy', ['x', 'out', 'layout'], ['rank', 'xOffset', 'outOffset', 'bytes'])

/** Runs the `rank` loops that were set with `setLoop`, x's strides first; offsets in elements. */
export function runCopy(x: NativeArray, out: NativeArray, rank: number, xOffset = 0, outOffset = 0): void {
  copyNative({ x, out, layout, rank, xOffset, outOffset, bytes: x.BYTES_PER_ELEMENT })
}

/** The memory of a tensor that the copy kernel serves. */
export function copyable(backend: NativeBackend, x: TensorInfo | undefined): NativeArray | undefined {
  return !x || x.dtype === 'string' || x.dtype === 'complex64' ? undefined : backend.memoryOf(x)
}

/** Memory of undefined content for a result, of the same type as an input's. */
export function memoryLike(backend: NativeBackend, like: NativeArray, shape: readonly number[]): TensorMemory {
  const size = sizeOf(shape)
  if (like instanceof Float32Array) return backend.take(size)
  return like instanceof Int32Array ? new Int32Array(size) : new Uint8Array(size)
}

/** A tensor over what `memoryLike` gave. TensorFlow.js has integer tensors whose memory is of floats. */
export function tensorOver(backend: NativeBackend, memory: TensorMemory, shape: number[], dtype: DataType): TensorInfo {
  if (memory instanceof Float32Array && dtype === 'float32') return backend.wrap(memory, shape)
  return backend.makeTensorInfo(shape, dtype, memory)
}

/** Another tensor over the same memory, where nothing moves. */
export function sharing(backend: NativeBackend, x: TensorInfo, shape: number[] = x.shape): TensorInfo {
  backend.incRef(x.dataId)
  return { dataId: x.dataId, shape, dtype: x.dtype }
}

/** Strides of a contiguous array. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = []
  let stride = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride
    stride *= shape[i] ?? 1
  }
  return strides
}
