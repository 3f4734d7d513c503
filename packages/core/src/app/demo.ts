/**
 * What all applications' demonstrations have in common: a folder of their own, and what is told of the run in it. What is made and
 * trained is the application's.
 */
import { join } from 'node:path'
import { UserError } from '../errors.js'
import { isTaken, runFolder } from './run-folder.js'
import type { RuntimeReport } from '../runtime/device.js'
import type { RunSummary } from './run.js'

/** What every demonstration gives. */
export interface DemoSummary {
  /** Items of the test part, which the model has not seen. */
  readonly items: number
  readonly trainedOn: number
  readonly stopped: boolean
  readonly device: RuntimeReport['device']
  readonly model: string
  readonly report: string
}

/** The summary of a demonstration's run. */
export function demoSummary({ out, items, stopped, runtime }: RunSummary): DemoSummary {
  const { model, report } = runFolder(out)
  return { items: items.test, trainedOn: items.train, stopped, device: runtime.device, model, report }
}

/**
 * A new folder for a demonstration: the one that was asked for, or the first of runs/NAME, runs/NAME-2, … that holds nothing.
 *
 * @param runs The folder of runs; for tests.
 * @throws UserError when the one that was asked for holds something.
 */
export function demoFolder(asked: string | undefined, name: string, runs = 'runs'): string {
  if (asked !== undefined) {
    if (!isTaken(asked)) return asked
    throw new UserError(
      `making the demonstration: expected a new or empty folder for --out, received ${asked}`,
      'Delete it, or name another.',
    )
  }
  const folder = join(runs, name)
  let free = folder
  for (let n = 2; isTaken(free); n++) free = `${folder}-${n}`
  return free
}
