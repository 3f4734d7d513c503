/**
 * The executor on the C++ addon: a block is a typed array, which C++ reads and writes in place. Where its buffers come from and when they
 * are used again is the backend's business.
 */
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core'
import { util } from '@weft/kernels/tfjs-core'
import type {
  AnyEntry,
  Block,
  BlockType,
  BlockValues,
  Entry,
  EntryNumber,
  EntryValues,
  Executor,
} from '../../executor.js'
import { addonPath, type Argument, nativeBinding } from './binding.js'
import { profileCall, profiling } from './profile.js'

/** A call of one entry point: its numbers in the order of its FIELDS, packed anew for each call, and its tensors by name. */
interface Call {
  readonly numbers: Float64Array
  readonly tensors: readonly string[]
  run(numbers: Float64Array, ...tensors: Argument[]): void
}

/** What the executor needs of its backend: tensors' memory, and pooled buffers. */
export interface NativeMemory {
  memoryOf(info: TensorInfo): BlockValues
  array(info: TensorInfo): Float32Array
  mutableArray(info: TensorInfo): Float32Array
  take(length: number): Float32Array
  recycle(buffer: Float32Array): void
  wrap(buffer: Float32Array, shape: number[]): TensorInfo
  makeTensorInfo(shape: number[], dtype: DataType, values: Float32Array | Int32Array | Uint8Array): TensorInfo
  incRef(dataId: object): void
  sharers(info: TensorInfo): number
  reserve(buffers: readonly Float32Array[]): TensorInfo
  reserved(info: TensorInfo): readonly Float32Array[]
  takeZeros(length: number): Float32Array
  wrapRows(buffer: Float32Array, shape: number[], rows: Int32Array): TensorInfo
  nonZeroRows(info: TensorInfo): Int32Array | undefined
}

export class NativeExecutor implements Executor {
  readonly name: string
  readonly #memory: NativeMemory
  readonly #calls = new Map<string, Call>()

  constructor(name: string, memory: NativeMemory) {
    this.name = name
    this.#memory = memory
  }

  has({ name }: Pick<AnyEntry, 'name'>): boolean {
    return nativeBinding().binding?.kernels.some((kernel) => kernel.name === name) === true
  }

  run<T extends string, N extends string, L extends string = never>(
    entry: Entry<T, N, L>,
    values: EntryValues<T, N, L>,
  ): void {
    const { numbers, tensors, run } = this.#calls.get(entry.name) ?? this.#prepare(entry)
    const named: Readonly<Record<string, Argument | EntryNumber>> = values
    for (let i = 0; i < entry.numbers.length; i++) numbers[i] = Number(named[entry.numbers[i] ?? ''])
    const passed = tensors.map((name) => argument(named[name]))
    if (profiling()) profileCall(entry.name, passed, entry.flops(values), () => run(numbers, ...passed))
    else run(numbers, ...passed)
  }

  #prepare({ name, lists, tensors, numbers }: AnyEntry): Call {
    const { binding, reason } = nativeBinding()
    if (!binding) throw new Error(`native kernel ${name}: ${reason}`)
    const kernel = binding.kernels.find((one) => one.name === name)
    if (!kernel) throw new Error(`native kernel ${name}: not in ${addonPath}, which was built from other sources`)
    const call = { numbers: new Float64Array(numbers.length), tensors: [...lists, ...tensors], run: kernel.run }
    this.#calls.set(name, call)
    return call
  }

  block(info: TensorInfo): BlockValues {
    return this.#memory.memoryOf(info)
  }

  floats(info: TensorInfo): Float32Array {
    return this.#memory.array(info)
  }

  own(info: TensorInfo): Float32Array {
    return this.#memory.mutableArray(info)
  }

  typeOf(block: Block): BlockType {
    if (block instanceof Float32Array) return 'float32'
    if (block instanceof Float64Array) return 'float64'
    return block instanceof Int32Array ? 'int32' : 'bool'
  }

  allocate(shape: number[]): TensorInfo {
    return this.#memory.wrap(this.#memory.take(util.sizeFromShape(shape)), shape)
  }

  take(length: number, type: BlockType = 'float32'): BlockValues {
    if (type === 'float32') return this.#memory.take(length)
    if (type === 'float64') return new Float64Array(length)
    return type === 'int32' ? new Int32Array(length) : new Uint8Array(length)
  }

  recycle(block: Block): void {
    if (block instanceof Float32Array) this.#memory.recycle(block)
  }

  tensor(block: Block, shape: number[], dtype: DataType = 'float32'): TensorInfo {
    const values = valuesOf(block)
    if (values instanceof Float64Array) throw new Error('native executor: expected no float64 for a tensor')
    if (values instanceof Float32Array && dtype === 'float32') return this.#memory.wrap(values, shape)
    return this.#memory.makeTensorInfo(shape, dtype, values)
  }

  share(info: TensorInfo, shape: number[], dtype = info.dtype): TensorInfo {
    this.#memory.incRef(info.dataId)
    return { dataId: info.dataId, shape, dtype }
  }

  sharers(info: TensorInfo): number {
    return this.#memory.sharers(info)
  }

  keep(blocks: readonly Block[]): TensorInfo {
    return this.#memory.reserve(blocks.flatMap((block) => (block instanceof Float32Array ? [block] : [])))
  }

  kept(info: TensorInfo): readonly Float32Array[] {
    return this.#memory.reserved(info)
  }

  takeZeros(length: number): Float32Array {
    return this.#memory.takeZeros(length)
  }

  tensorOfRows(block: Block, shape: number[], rows: Int32Array): TensorInfo {
    const values = valuesOf(block)
    if (!(values instanceof Float32Array)) throw new Error('native executor: expected floats for a tensor of rows')
    return this.#memory.wrapRows(values, shape, rows)
  }

  nonZeroRows(info: TensorInfo): Int32Array | undefined {
    return this.#memory.nonZeroRows(info)
  }

  put(values: BlockValues): Block {
    return values
  }

  write(block: Block, fill: (values: BlockValues) => void): void {
    fill(valuesOf(block))
  }

  read(block: Block): BlockValues {
    return valuesOf(block)
  }
}

/** Every block of this executor is a typed array. */
function valuesOf(block: Block): BlockValues {
  if (block instanceof Float32Array || block instanceof Float64Array) return block
  if (block instanceof Int32Array || block instanceof Uint8Array) return block
  throw new Error('native executor: expected a block of its own')
}

function argument(value: Argument | EntryNumber): Argument {
  return typeof value === 'number' || typeof value === 'boolean' ? undefined : value
}
