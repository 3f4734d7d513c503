/**
 * The typed side of the native addon: loads it, says why when it cannot, and turns each C++ kernel into a TypeScript function that
 * takes its tensors and numbers by name. The names stand here (by way of each op's room) and in the `.cc` file; both lists are
 * compared when the backend is registered.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Memory that a kernel reads or writes in place. */
export type NativeArray = Float32Array | Int32Array | Uint8Array | Float64Array
type NativeList = readonly (NativeArray | undefined)[]
type NativeArgument = NativeArray | NativeList | undefined

interface NativeKernelEntry {
  name: string
  /** Names, each followed by a comma. */
  tensors: string
  numbers: string
  run: (numbers: Float64Array, ...tensors: NativeArgument[]) => void
}

interface NativeBinding {
  isa: string
  kernels: NativeKernelEntry[]
  setThreads: (count: number) => void
  getThreads: () => number
}

type Loaded = { binding: NativeBinding; reason?: undefined } | { binding?: undefined; reason: string }

/** Where the addon is built: beside `src` and `dist`. WEFT_ADDON names another build of it. */
export const addonPath = process.env['WEFT_ADDON'] || fileURLToPath(new URL('../build/weft.node', import.meta.url))

function isBinding(value: unknown): value is NativeBinding {
  return typeof value === 'object' && value !== null && 'kernels' in value && 'isa' in value && 'setThreads' in value
}

function load(): Loaded {
  if (process.env['WEFT_NATIVE'] === '0') return { reason: 'WEFT_NATIVE=0 switches it off' }
  try {
    const loaded: unknown = createRequire(import.meta.url)(addonPath)
    if (isBinding(loaded)) return { binding: loaded }
    return { reason: `${addonPath} is not Weft's addon` }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const missing = message.startsWith('Cannot find module')
    return {
      reason: missing ? 'the addon is not built' : `the addon does not load: ${message}`,
    }
  }
}

let loaded: Loaded | undefined
/** The addon, or the reason why there is none. Loaded once. */
export function nativeBinding(): Loaded {
  loaded ??= load()
  return loaded
}

interface Declaration {
  tensors: string
  numbers: string
}
const declared = new Map<string, Declaration>()

/** What the calls of one C++ kernel took. */
export interface KernelProfile {
  calls: number
  ms: number
  /** Floating-point operations by the kernel's formula; 0 for a kernel that only moves memory. */
  flops: number
  /** Size of everything that was passed, read and written. */
  bytes: number
}
let profile: Map<string, KernelProfile> | undefined

/** Runs `body` and says what each C++ kernel took in it, by name. */
export function profileKernels(body: () => void): Map<string, KernelProfile> {
  const outer = profile
  const own = new Map<string, KernelProfile>()
  profile = own
  try {
    body()
  } finally {
    profile = outer
  }
  return own
}

/**
 * A C++ kernel as a function of named tensors and numbers, in the order of its `FIELDS` list.
 *
 * @param flops Floating-point operations of a call, from its numbers; for profiles.
 * @throws Error when it is called and there is no addon: callers run only on the `native` backend, which needs it.
 */
export function nativeFunction<const T extends string, const N extends string>(
  name: string,
  tensors: readonly T[],
  numbers: readonly N[],
  flops: (numbers: Record<N, number | boolean>) => number = () => 0,
): (values: Record<T, NativeArray | undefined> & Record<N, number | boolean>) => void {
  return declare(name, tensors, numbers, flops)
}

/** As `nativeFunction`, for a kernel whose first tensors are lists, each of any length: what C++ reads with `View::list`. */
export function nativeListFunction<const L extends string, const T extends string, const N extends string>(
  name: string,
  lists: readonly L[],
  tensors: readonly T[],
  numbers: readonly N[],
): (values: Record<L, NativeList> & Record<T, NativeArray | undefined> & Record<N, number | boolean>) => void {
  return declare(name, [...lists, ...tensors], numbers, () => 0)
}

function declare<T extends string, N extends string>(
  name: string,
  tensors: readonly T[],
  numbers: readonly N[],
  flops: (numbers: Record<N, number | boolean>) => number,
): (values: Record<T, NativeArgument> & Record<N, number | boolean>) => void {
  declared.set(name, { tensors: list(tensors), numbers: list(numbers) })
  const packed = new Float64Array(numbers.length)
  let run: NativeKernelEntry['run'] | undefined
  return (values) => {
    run ??= entry(name).run
    for (let i = 0; i < numbers.length; i++) {
      const key = numbers[i]
      if (key !== undefined) packed[i] = Number(values[key])
    }
    const passed: NativeArgument[] = tensors.map((key) => values[key])
    if (!profile) return run(packed, ...passed)
    const start = performance.now()
    run(packed, ...passed)
    const before = profile.get(name) ?? { calls: 0, ms: 0, flops: 0, bytes: 0 }
    profile.set(name, {
      calls: before.calls + 1,
      ms: before.ms + performance.now() - start,
      flops: before.flops + flops(values),
      bytes: before.bytes + passed.flat().reduce((sum, array) => sum + (array?.byteLength ?? 0), 0),
    })
  }
}

const list = (names: readonly string[]) => names.map((name) => `${name},`).join('')

function entry(name: string): NativeKernelEntry {
  const { binding, reason } = nativeBinding()
  if (!binding) throw new Error(`native kernel ${name}: ${reason}`)
  const found = binding.kernels.find((kernel) => kernel.name === name)
  if (!found) throw new Error(`native kernel ${name}: not in ${addonPath}, which was built from other sources`)
  return found
}

/** What the C++ table and the TypeScript rooms disagree about; empty when they agree. */
export function signatureConflicts(): string[] {
  const { binding } = nativeBinding()
  if (!binding) return []
  const conflicts: string[] = []
  for (const kernel of binding.kernels) {
    const own = declared.get(kernel.name)
    if (!own) conflicts.push(`${kernel.name} is in C++ only`)
    else if (own.tensors !== kernel.tensors || own.numbers !== kernel.numbers)
      conflicts.push(
        `${kernel.name}: TypeScript (${own.tensors} ${own.numbers}), C++ (${kernel.tensors} ${kernel.numbers})`,
      )
  }
  for (const name of declared.keys())
    if (!binding.kernels.some((kernel) => kernel.name === name)) conflicts.push(`${name} is in TypeScript only`)
  return conflicts
}
