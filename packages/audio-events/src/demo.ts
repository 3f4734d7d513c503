import type { DemoOptions } from './options.js'
import type { TrainHooks } from './train.js'
export async function runDemo(_options: DemoOptions, _hooks: TrainHooks): Promise<{ lines: string[] }> {
  return { lines: [] }
}
