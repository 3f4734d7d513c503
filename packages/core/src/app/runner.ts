/**
 * Runs the work of a command on a device: the one place of the applications that sets up the runtime. It is set up once, however many
 * trainings and predictions the work consists of; its notice is shown once, and kernels that fell back to their reference are named
 * when the work is over.
 */
import { fallbacks } from '@weft/kernels'
import { setupRuntime, type RuntimeOptions, type RuntimeReport } from '../runtime/device.js'
import type { Hooks } from './hooks.js'

/**
 * Sets up the runtime, unless `hooks` bring one, and runs `work` on it.
 *
 * @param work Receives hooks that bring the runtime, for the functions that it calls.
 */
export async function onRuntime<Result>(
  { device, threads, purpose }: RuntimeOptions,
  hooks: Hooks,
  work: (runtime: RuntimeReport, hooks: Hooks) => Promise<Result>,
): Promise<Result> {
  if (hooks.runtime !== undefined) return work(hooks.runtime, hooks)
  const runtime = await setupRuntime({ device, threads, purpose })
  const warn = hooks.warn ?? hooks.note
  if (runtime.notice !== undefined) warn?.(runtime.notice)
  const before = new Set(fallbacks())
  const result = await work(runtime, { ...hooks, runtime })
  const slow = fallbacks().filter((kernel) => !before.has(kernel))
  if (slow.length > 0)
    warn?.(`Without a C++ kernel for these types or attributes, and so a hundred times slower: ${slow.join(', ')}.`)
  return result
}
