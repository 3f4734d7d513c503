/**
 * The folder that every run leaves: `options.json` (all options, with versions and device), `metrics.jsonl`, TensorBoard's `events/`,
 * `model/`, `report.html` and `checkpoint/`. This file knows the names and guards what is there already; what stands in the files is
 * written by the training loop, the model's and the report's own modules.
 */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, UserError } from '../errors.js'
import { readJson, writeJsonAtomic } from '../files.js'

/** Paths within a run's folder. */
export interface RunFolder {
  dir: string
  options: string
  metrics: string
  events: string
  model: string
  report: string
  checkpoint: string
}

/** The paths of a run in `dir`; touches nothing. */
export function runFolder(dir: string): RunFolder {
  const path = (name: string) => join(dir, name)
  return {
    dir,
    options: path('options.json'),
    metrics: path('metrics.jsonl'),
    events: path('events'),
    model: path('model'),
    report: path('report.html'),
    checkpoint: path('checkpoint'),
  }
}

/** What a run was begun with. */
export interface RunRecord {
  /** Every option, defaults included. */
  options: Record<string, unknown>
  /** Of Weft, TensorFlow.js and Node. */
  versions: Record<string, string>
  /** What it ran on, in words or as `setupRuntime` reports it. */
  device: unknown
}

/**
 * Makes a folder for a new run, or opens that of one which goes on.
 *
 * @param resume Whether a run that is there already is to go on. A folder without one is then taken as new.
 * @throws UserError when the folder holds anything and `resume` is false, or it cannot be made.
 */
export function openRunFolder(dir: string, record: RunRecord, resume = false): RunFolder {
  const folder = runFolder(dir)
  refuseTaken(dir, resume)
  if (existsSync(folder.options)) return folder
  try {
    mkdirSync(dir, { recursive: true })
  } catch (error) {
    throw new UserError(`beginning a run in ${dir}: ${reasonOf(error)}`)
  }
  writeJsonAtomic(folder.options, record)
  return folder
}

/**
 * Fails for a folder in which no run can begin, or with `resume` go on.
 *
 * @throws UserError when the folder holds anything and `resume` is false, or `dir` is no folder.
 */
export function refuseTaken(dir: string, resume: boolean): void {
  const existing = listed(dir)
  if (existing.length === 0 || resume) return
  throw new UserError(
    `beginning a run: expected a new or empty folder for out, received ${dir}, which holds ${existing.slice(0, 3).join(', ')}`,
    existsSync(runFolder(dir).checkpoint)
      ? 'go on with that run (--resume), or name another folder'
      : 'name another folder',
  )
}

/** What the folder holds; nothing where there is none. */
function listed(dir: string): string[] {
  if (!existsSync(dir)) return []
  try {
    return readdirSync(dir)
  } catch (error) {
    throw new UserError(`beginning a run in ${dir}: ${reasonOf(error)}`)
  }
}

/**
 * The options that a run was begun with.
 *
 * @throws UserError when there is no run in `dir`.
 */
export function readRunOptions(dir: string): Record<string, unknown> {
  const { options } = runFolder(dir)
  if (!existsSync(options))
    throw new UserError(`reading the run in ${dir}: expected its options.json, received a folder without one`)
  const record = readJson(options)
  if (typeof record === 'object' && record !== null && 'options' in record) {
    const { options: found } = record
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return { ...found }
  }
  throw new UserError(`reading ${options}: expected an object with options, received other content`)
}

/** Whether anything is there, be it a file of this name. */
export function isTaken(folder: string): boolean {
  return existsSync(folder) && (!statSync(folder).isDirectory() || readdirSync(folder).length > 0)
}
