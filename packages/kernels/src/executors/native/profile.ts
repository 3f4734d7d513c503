/** What the calls of the C++ kernels took, for `npm run bench -- --profile`. */
import type { Argument } from './binding.js'

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

export function profiling(): boolean {
  return profile !== undefined
}

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

/** Runs a call and adds it to the profile. */
export function profileCall(name: string, passed: readonly Argument[], flops: number, run: () => void): void {
  const start = performance.now()
  run()
  const ms = performance.now() - start
  const before = profile?.get(name) ?? { calls: 0, ms: 0, flops: 0, bytes: 0 }
  profile?.set(name, {
    calls: before.calls + 1,
    ms: before.ms + ms,
    flops: before.flops + flops,
    bytes: before.bytes + passed.flat().reduce((sum, block) => sum + (block?.byteLength ?? 0), 0),
  })
}
