/**
 * What lies between a room and what computes for it. A room (`src/<op>/`) says what an op is: its shapes, its reference, its gradient, and
 * which entry points of the kernels it calls with which tensors and numbers. An executor says how these reach memory: arrays and a C++
 * addon in executors/native, offsets into WebAssembly's memory, pointers on a GPU, slots of a plan that is recorded once and replayed.
 * Neither knows the other's business: an executor more touches no room, a room more touches no executor.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core'

/** What numbers a kernel takes: a boolean is 1 or 0. */
export type EntryNumber = number | boolean

/**
 * An entry point of the kernels: its name in C++, and the names of its tensors and numbers in the order of its FIELDS there. A value:
 * importing one registers nothing. An executor on compiled kernels compares the two lists before it runs any.
 */
export interface Entry<T extends string = string, N extends string = string, L extends string = never> {
  readonly name: string
  /** Lists of tensors, each of any length; they come first. */
  readonly lists: readonly L[]
  readonly tensors: readonly T[]
  readonly numbers: readonly N[]
  /** Floating-point operations of a call, for profiles; 0 for a kernel that only moves memory. */
  flops(numbers: Readonly<Record<N, EntryNumber>>): number
}

/** An entry of any fields. */
export type AnyEntry = Pick<Entry, 'name' | 'tensors' | 'numbers'> & { readonly lists: readonly string[] }

/** Declares an entry point. */
export function entry<const T extends string, const N extends string>(
  name: string,
  tensors: readonly T[],
  numbers: readonly N[],
  flops: (numbers: Readonly<Record<N, EntryNumber>>) => number = () => 0,
): Entry<T, N> {
  return { name, lists: [], tensors, numbers, flops }
}

/** Declares an entry point whose first tensors are lists: what C++ reads with `View::list`. */
export function listEntry<const L extends string, const T extends string, const N extends string>(
  name: string,
  lists: readonly L[],
  tensors: readonly T[],
  numbers: readonly N[],
): Entry<T, N, L> {
  return { name, lists, tensors, numbers, flops: () => 0 }
}

/** The arguments of a call, by name. A tensor may be absent where the kernel allows it. */
export type EntryValues<T extends string, N extends string, L extends string> = Readonly<
  Record<T, Block | undefined> & Record<N, EntryNumber> & Record<L, readonly (Block | undefined)[]>
>

/** Memory of an executor. Rooms pass it on and look at no element of it. */
export interface Block {
  /** In elements. */
  readonly length: number
  readonly byteLength: number
}

/** Types of elements that kernels know. A tensor of TensorFlow.js may lie in memory of another type than its own. */
export type BlockType = 'float32' | 'float64' | 'int32' | 'bool'

/** What can be read of a block, and put into one. */
export type BlockValues = Float32Array | Float64Array | Int32Array | Uint8Array

export interface Executor {
  /** The name of its TensorFlow.js backend. */
  readonly name: string
  has(entry: Pick<AnyEntry, 'name'>): boolean
  /** Runs an entry point. Blocks that it writes may be blocks that it reads only where the kernel says so. */
  run<T extends string, N extends string, L extends string = never>(
    entry: Entry<T, N, L>,
    values: EntryValues<T, N, L>,
  ): void

  /** The memory of a numeric tensor, to be read. */
  block(info: TensorInfo): Block
  /** As `block`, of a float32 tensor, whose memory is made float32 where TensorFlow.js left other numbers in it. */
  floats(info: TensorInfo): Block
  /** The memory of a float32 tensor, to be changed in place: a private copy where anyone else could see it. */
  own(info: TensorInfo): Block
  typeOf(block: Block): BlockType

  /** A new float32 tensor of undefined content, for a kernel to fill. */
  allocate(shape: number[]): TensorInfo
  /** A block of undefined content. Hand it on with `tensor` or `keep`, or give it back with `recycle`. */
  take(length: number, type?: BlockType): Block
  recycle(block: Block): void
  /** A tensor over a block from `take`. */
  tensor(block: Block, shape: number[], dtype?: DataType): TensorInfo
  /** Another tensor over the same memory. */
  share(info: TensorInfo, shape: number[], dtype?: DataType): TensorInfo
  /** How many tensors share the memory of this one. */
  sharers(info: TensorInfo): number

  /** An empty tensor that owns blocks from `take` until it is disposed: what a forward kernel keeps for its gradient. */
  keep(blocks: readonly Block[]): TensorInfo
  kept(info: TensorInfo): readonly Block[]

  /** A block of zeros for `tensorOfRows`; zeros that an earlier such tensor left cost nothing. */
  takeZeros(length: number): Block
  /** A tensor over a block from `takeZeros` in which only `rows`, along the first axis and each named once, were written. */
  tensorOfRows(block: Block, shape: number[], rows: Int32Array): TensorInfo
  /** The rows along the first axis outside of which a tensor is zero, where that is known: of a gradient of a lookup. */
  nonZeroRows(info: TensorInfo): Int32Array | undefined

  /**
   * A block that holds these values; they must not change while a call may read them. It lasts until the kernel or function that asked
   * for it returns: the executor frees it then.
   */
  put(values: BlockValues): Block
  /** Fills a block from JavaScript: `fill` receives its elements, of undefined content. */
  write(block: Block, fill: (values: BlockValues) => void): void
  /**
   * The values of a block, when all calls before have run. Few rooms need them (ids, targets, masks of another type), and only of inputs
   * that come from outside. An executor that cannot wait (a plan while it is recorded, a device that is read asynchronously) throws; for
   * results, TensorFlow.js's own `tensor.data()` waits asynchronously.
   */
  read(block: Block): BlockValues
}

/** Brings what a call wrote into the block of `values`, which `put` gave, back into them. */
export function readBack(executor: Executor, block: Block, values: Float32Array): void {
  const result = executor.read(block)
  if (result !== values) values.set(result)
}

/** The executor of the running backend, if it has this entry point; undefined on a backend of TensorFlow.js's own. */
export function executorWith(entry: Pick<AnyEntry, 'name'>): Executor | undefined {
  const backend: object = tf.backend()
  const executor = 'executor' in backend && isExecutor(backend.executor) ? backend.executor : undefined
  return executor?.has(entry) ? executor : undefined
}

function isExecutor(value: unknown): value is Executor {
  return typeof value === 'object' && value !== null && 'run' in value && 'block' in value && 'keep' in value
}

/** Whether the running backend has a kernel of this name. */
export function hasKernel(kernelName: string): boolean {
  return tf.getKernel(kernelName, tf.getBackend()) !== undefined
}
