/**
 * The native addon: loads it, says why when it cannot, and compares the fields of its kernels with the entries of the rooms.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { AnyEntry, Block } from '../../executor.js'

/** A block, a list of blocks, or none: what the addon takes for a tensor. It refuses all but typed arrays. */
export type Argument = Block | readonly (Block | undefined)[] | undefined

interface NativeKernel {
  name: string
  /** Names, each followed by a comma. */
  tensors: string
  numbers: string
  run: (numbers: Float64Array, ...tensors: Argument[]) => void
}

interface NativeBinding {
  isa: string
  kernels: NativeKernel[]
  setThreads: (count: number) => void
  getThreads: () => number
}

type Loaded = { binding: NativeBinding; reason?: undefined } | { binding?: undefined; reason: string }

/** Where the addon is built: beside `src` and `dist`. WEFT_ADDON names another build of it. */
export const addonPath =
  process.env['WEFT_ADDON'] || fileURLToPath(new URL('../../../build/weft.node', import.meta.url))

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

const list = (names: readonly string[]) => names.map((name) => `${name},`).join('')

/** The fields that the C++ table and the entries disagree about; empty when they agree. */
export function signatureConflicts(entries: readonly AnyEntry[]): string[] {
  const { binding } = nativeBinding()
  if (!binding) return []
  const byName = new Map(entries.map((one) => [one.name, one]))
  const conflicts: string[] = []
  for (const kernel of binding.kernels) {
    const own = byName.get(kernel.name)
    if (!own) {
      conflicts.push(`${kernel.name} is in C++ only`)
      continue
    }
    const [tensors, numbers] = [list([...own.lists, ...own.tensors]), list(own.numbers)]
    if (tensors !== kernel.tensors || numbers !== kernel.numbers)
      conflicts.push(`${kernel.name}: TypeScript (${tensors} ${numbers}), C++ (${kernel.tensors} ${kernel.numbers})`)
  }
  for (const name of byName.keys())
    if (!binding.kernels.some((kernel) => kernel.name === name)) conflicts.push(`${name} is in TypeScript only`)
  return conflicts
}
