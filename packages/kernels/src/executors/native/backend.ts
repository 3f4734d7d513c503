/**
 * The `native` TensorFlow.js backend: the `cpu` backend with pooled buffers, whose slow kernels are replaced by C++ ones.
 *
 * `cpu` hands out and keeps arrays without copying, so a buffer may be used again only when the pool made it and nobody outside our
 * kernels ever saw it. Stock kernels and readers see a tensor through `values`, which marks its buffer as escaped; our kernels use
 * `memoryOf()` and `array()`, by way of the executor. What never escaped goes back to the pool when its tensor is disposed.
 */
import type { backend_util, DataType, TensorInfo } from '@tensorflow/tfjs-core'
import { util } from '@weft/kernels/tfjs-core'
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import type { BlockValues, Executor } from '../../executor.js'
import { BufferPool } from './buffer-pool.js'
import { NativeExecutor } from './native-executor.js'

const POOL_LIMIT_BYTES = 768 * 2 ** 20
const ZEROS_LIMIT_BYTES = 256 * 2 ** 20

class NativeData {
  refCount = 1
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo }
  readonly dtype: DataType
  /** Buffers that a kernel keeps for its gradient, freed with this tensor. */
  reserve: readonly Float32Array[] = []
  /** The only rows of `rowWidth` elements that are not all zero, where that is known. */
  rows: Int32Array | undefined
  rowWidth = 0
  pooled: boolean
  private content: backend_util.BackendValues

  constructor(content: backend_util.BackendValues, dtype: DataType, pooled: boolean) {
    this.content = content
    this.dtype = dtype
    this.pooled = pooled
  }

  get values(): backend_util.BackendValues {
    this.pooled = false
    this.rows = undefined
    return this.content
  }

  set values(content: backend_util.BackendValues) {
    this.pooled = false
    this.rows = undefined
    this.content = content
  }

  /** The content without letting it escape. */
  peek(): backend_util.BackendValues {
    return this.content
  }
}

export class NativeBackend extends MathBackendCPU {
  readonly executor: Executor
  private readonly pool = new BufferPool(POOL_LIMIT_BYTES)
  /** Buffers of zeros. */
  private readonly zeros = new BufferPool(ZEROS_LIMIT_BYTES)

  constructor(name: string) {
    super()
    this.executor = new NativeExecutor(name, this)
  }

  override write(values: backend_util.BackendValues, _shape: number[], dtype: DataType): object {
    const dataId = {}
    this.data.set(dataId, new NativeData(values, dtype, false))
    return dataId
  }

  override move(
    dataId: object,
    values: backend_util.BackendValues,
    _shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    const data = new NativeData(values, dtype, false)
    data.refCount = refCount
    this.data.set(dataId, data)
  }

  /** A buffer of undefined content; give it back with `recycle`, or hand it on with `wrap` or `reserve`. */
  take(length: number): Float32Array {
    return this.pool.take(length)
  }

  recycle(buffer: Float32Array): void {
    this.pool.give(buffer)
  }

  /** A tensor over a buffer that came from `take`. */
  wrap(buffer: Float32Array, shape: number[]): TensorInfo {
    const dataId = {}
    this.data.set(dataId, new NativeData(buffer, 'float32', true))
    return { dataId, shape, dtype: 'float32' }
  }

  /** An empty tensor that owns buffers from `take` until it is disposed: what a forward kernel keeps for its gradient. */
  reserve(buffers: readonly Float32Array[]): TensorInfo {
    const info = this.wrap(new Float32Array(0), [0])
    const data = this.data.get(info.dataId)
    if (data instanceof NativeData) data.reserve = buffers
    return info
  }

  /** A buffer of zeros for `wrapRows`: all but the rows of the tensor before it are still zero, and cost nothing. */
  takeZeros(length: number): Float32Array {
    return this.zeros.take(length)
  }

  /** A tensor over a buffer from `takeZeros` in which only `rows`, along the first axis and each named once, were written. */
  wrapRows(buffer: Float32Array, shape: number[], rows: Int32Array): TensorInfo {
    const info = this.wrap(buffer, shape)
    const data = this.data.get(info.dataId)
    if (data instanceof NativeData) {
      data.rows = rows
      data.rowWidth = util.sizeFromShape(shape.slice(1))
    }
    return info
  }

  /** Rows along the first axis of which all others are zero, where that is known: of a gradient of a lookup. */
  nonZeroRows(info: TensorInfo): Int32Array | undefined {
    const data: unknown = this.data.get(info.dataId)
    return data instanceof NativeData && data.rowWidth === util.sizeFromShape(info.shape.slice(1))
      ? data.rows
      : undefined
  }

  reserved(info: TensorInfo): readonly Float32Array[] {
    const data = this.data.get(info.dataId)
    return data instanceof NativeData ? data.reserve : []
  }

  /** The memory of a numeric tensor, for kernels only: it must not be kept or handed out. */
  memoryOf(info: TensorInfo): BlockValues {
    const data: unknown = this.data.get(info.dataId)
    const content = data instanceof NativeData ? data.peek() : undefined
    if (content instanceof Float32Array || content instanceof Int32Array || content instanceof Uint8Array)
      return content
    throw new Error(`native backend: expected a numeric tensor, received ${info.dtype}`)
  }

  /** The memory of a float32 tensor, for kernels only. */
  array(info: TensorInfo): Float32Array {
    const memory = this.memoryOf(info)
    if (memory instanceof Float32Array) return memory
    if (info.dtype !== 'float32') throw new Error(`native backend: expected a float32 tensor, received ${info.dtype}`)
    // TensorFlow.js's cpu kernels may leave whole numbers in a float32 tensor.
    const converted = Float32Array.from(memory)
    this.data.get(info.dataId).values = converted
    return converted
  }

  /**
   * The memory of a float32 tensor that a kernel may change in place (a variable being updated): a private copy is made first when
   * anyone else could see it.
   */
  mutableArray(info: TensorInfo): Float32Array {
    const data: unknown = this.data.get(info.dataId)
    if (!(data instanceof NativeData)) throw new Error('native backend: expected a tensor of this backend')
    if (!data.pooled) {
      const copy = this.pool.take(util.sizeFromShape(info.shape))
      copy.set(this.array(info))
      data.values = copy
      data.pooled = true
    }
    data.rows = undefined
    return this.array(info)
  }

  /** How many tensors share the memory of this one. */
  sharers(info: TensorInfo): number {
    return this.refCount(info.dataId)
  }

  override disposeData(dataId: object, force = false): boolean {
    const data: unknown = this.data.has(dataId) ? this.data.get(dataId) : undefined
    const gone = super.disposeData(dataId, force)
    if (gone && data instanceof NativeData) {
      for (const buffer of data.reserve) this.pool.give(buffer)
      data.reserve = []
      const content = data.peek()
      if (!data.pooled || !(content instanceof Float32Array) || content.length === 0) return gone
      const { rows, rowWidth } = data
      if (!rows) this.pool.give(content)
      else {
        for (const row of rows) content.fill(0, row * rowWidth, (row + 1) * rowWidth)
        this.zeros.give(content)
      }
    }
    return gone
  }

  /** Bytes of the buffers waiting to be used again. */
  get pooledBytes(): number {
    return this.pool.heldBytes + this.zeros.heldBytes
  }
}
