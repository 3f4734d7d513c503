/**
 * What whoever starts a command's work may watch and stop. Every function of an application that takes long takes hooks; all of them are
 * optional.
 */
import type { RuntimeReport } from '../runtime/device.js'
import type { EpochLog, Run } from '../training/callbacks.js'
import type { Progress } from '../training/fit.js'

export interface Hooks {
  readonly signal?: AbortSignal | undefined
  /** What people may want to know. */
  readonly note?: (line: string) => void
  /** What should not be missed. Default: `note`. */
  readonly warn?: (line: string) => void
  /** Files prepared so far. */
  readonly onFiles?: (done: number, total: number) => void
  /** Items judged so far. */
  readonly onItems?: (done: number, total: number) => void
  /** Batches trained or validated so far. */
  readonly onProgress?: (progress: Progress) => void
  readonly onEpoch?: (log: EpochLog, run: Run) => void
  /** The command line, for the report. */
  readonly command?: string | undefined
  /** A runtime that is set up already. Default: one is set up as the options say. */
  readonly runtime?: RuntimeReport | undefined
}
