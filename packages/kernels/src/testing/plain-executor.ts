/**
 * A second executor, for tests: slow, in plain JavaScript, over memory that is no typed array of the room's. It runs a few entry points
 * and records every call, so that a test can run what was recorded again on other input, as a compiled plan would. That rooms run on
 * it unchanged proves that they know no backend.
 */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core'
import { util } from '@weft/kernels/tfjs-core'
import type { AnyEntry, Block, BlockType, BlockValues, Entry, EntryNumber, EntryValues, Executor } from '../executor.js'
import { plainKernels, type PlainArguments } from './plain-kernels.js'

/** Memory of this executor: the elements are behind a door that rooms do not know. */
class PlainBlock implements Block {
  readonly type: BlockType
  readonly values: BlockValues

  constructor(type: BlockType, values: BlockValues) {
    this.type = type
    this.values = values
  }

  get length(): number {
    return this.values.length
  }

  get byteLength(): number {
    return this.values.byteLength
  }
}

function plain(block: Block): PlainBlock {
  if (block instanceof PlainBlock) return block
  throw new Error('plain executor: expected a block of its own')
}

const typeOfValues = (values: BlockValues): BlockType =>
  values instanceof Float32Array
    ? 'float32'
    : values instanceof Float64Array
      ? 'float64'
      : values instanceof Int32Array
        ? 'int32'
        : 'bool'

/** A call as it was recorded. */
interface Recorded {
  readonly name: string
  readonly values: Readonly<Record<string, Block | EntryNumber | readonly (Block | undefined)[] | undefined>>
}

export class PlainExecutor implements Executor {
  readonly name: string
  readonly calls: Recorded[] = []
  readonly #backend: PlainBackend
  readonly #kept = new WeakMap<object, readonly Block[]>()

  constructor(name: string, backend: PlainBackend) {
    this.name = name
    this.#backend = backend
  }

  has({ name }: Pick<AnyEntry, 'name'>): boolean {
    return Object.hasOwn(plainKernels, name)
  }

  run<T extends string, N extends string, L extends string = never>(
    entry: Entry<T, N, L>,
    values: EntryValues<T, N, L>,
  ): void {
    const call = { name: entry.name, values }
    this.calls.push(call)
    this.#execute(call)
  }

  /** Runs everything again that was recorded since `from`, on what its blocks hold now. */
  replay(from = 0): void {
    for (const call of this.calls.slice(from)) this.#execute(call)
  }

  #execute({ name, values }: Recorded): void {
    const kernel = plainKernels[name]
    if (!kernel) throw new Error(`plain executor: expected one of its entry points, received ${name}`)
    const args: PlainArguments = {
      tensor: (key) => {
        const block = values[key]
        return typeof block === 'object' && 'length' in block && !Array.isArray(block) && block instanceof PlainBlock
          ? block.values
          : undefined
      },
      list: (key) => {
        const blocks = values[key]
        return Array.isArray(blocks)
          ? blocks.map((block: unknown) => (block instanceof PlainBlock ? block.values : undefined))
          : []
      },
      number: (key) => Number(values[key]),
    }
    kernel(args)
  }

  block(info: TensorInfo): Block {
    return this.#backend.blockOf(info)
  }

  floats(info: TensorInfo): Block {
    return this.#backend.blockOf(info)
  }

  own(info: TensorInfo): Block {
    return this.#backend.blockOf(info)
  }

  typeOf(block: Block): BlockType {
    return plain(block).type
  }

  allocate(shape: number[]): TensorInfo {
    return this.tensor(this.take(util.sizeFromShape(shape)), shape)
  }

  take(length: number, type: BlockType = 'float32'): Block {
    if (type === 'float32') return new PlainBlock(type, new Float32Array(length).fill(Number.NaN))
    if (type === 'float64') return new PlainBlock(type, new Float64Array(length))
    return new PlainBlock(type, type === 'int32' ? new Int32Array(length) : new Uint8Array(length))
  }

  recycle(): void {}

  tensor(block: Block, shape: number[], dtype: DataType = 'float32'): TensorInfo {
    return this.#backend.tensorOf(plain(block).values, shape, dtype)
  }

  share(info: TensorInfo, shape: number[], dtype = info.dtype): TensorInfo {
    this.#backend.incRef(info.dataId)
    return { dataId: info.dataId, shape, dtype }
  }

  sharers(info: TensorInfo): number {
    return this.#backend.refCount(info.dataId)
  }

  keep(blocks: readonly Block[]): TensorInfo {
    const info = this.allocate([0])
    this.#kept.set(info.dataId, blocks)
    return info
  }

  kept(info: TensorInfo): readonly Block[] {
    return this.#kept.get(info.dataId) ?? []
  }

  takeZeros(length: number): Block {
    return new PlainBlock('float32', new Float32Array(length))
  }

  tensorOfRows(block: Block, shape: number[]): TensorInfo {
    return this.tensor(block, shape)
  }

  nonZeroRows(): undefined {
    return undefined
  }

  put(values: BlockValues): Block {
    return new PlainBlock(typeOfValues(values), values.slice())
  }

  write(block: Block, fill: (values: BlockValues) => void): void {
    fill(plain(block).values)
  }

  read(block: Block): BlockValues {
    return plain(block).values.slice()
  }
}

/** The backend of the plain executor: TensorFlow.js's `cpu`, each of whose tensors has one block. */
export class PlainBackend extends MathBackendCPU {
  readonly executor: PlainExecutor
  readonly #blocks = new WeakMap<object, PlainBlock>()

  constructor(name: string) {
    super()
    this.executor = new PlainExecutor(name, this)
  }

  blockOf(info: TensorInfo): PlainBlock {
    const known = this.#blocks.get(info.dataId)
    if (known) return known
    const content: unknown = this.data.get(info.dataId).values
    if (!(content instanceof Float32Array || content instanceof Int32Array || content instanceof Uint8Array))
      throw new Error('plain executor: expected a numeric tensor')
    const block = new PlainBlock(typeOfValues(content), content)
    this.#blocks.set(info.dataId, block)
    return block
  }

  tensorOf(values: BlockValues, shape: number[], dtype: DataType): TensorInfo {
    if (values instanceof Float64Array) throw new Error('plain executor: expected no float64 for a tensor')
    return this.makeTensorInfo(shape, dtype, values)
  }
}
