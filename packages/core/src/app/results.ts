/** What training and evaluating give, in every application. */
import type { RuntimeReport } from '../runtime/device.js'
import type { SkippedFile } from './inputs.js'
import type { PartName } from './options.js'

/** What every application's training gives, whatever it judges. */
export interface RunSummary {
  readonly out: string
  /** True when it was aborted; it can be resumed. */
  readonly stopped: boolean
  readonly runtime: RuntimeReport
  /** Items of each part. */
  readonly items: Readonly<Record<PartName, number>>
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  readonly epochs: number
  readonly bestEpoch: number | undefined
  readonly parameters: number
  readonly seconds: number
  readonly report: string | undefined
}

/** A run with what its model says of the parts that it was not trained on. */
export interface RunResult<Judgement> extends RunSummary {
  readonly validation: Judgement | undefined
  readonly test: Judgement | undefined
}

/** What every application's evaluation gives, whatever it judges. */
export interface Evaluation<Judgement, Model> {
  readonly judgement: Judgement
  readonly model: Model
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  readonly runtime: RuntimeReport
  readonly seconds: number
  /** Where the report is, when one was asked for. */
  readonly report: string | undefined
}
