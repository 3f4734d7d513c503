// @ts-check
// Times cases on one or several backends, case by case, and puts the figures side by side.
import { formatCount, formatTable } from '@weft/core/cli'
import { measureOurs } from './apart.mjs'

/**
 * @typedef {import('@weft/core/cli').CommandContext} Context
 * @typedef {import('./apart.mjs').Measurement} Measurement
 * @typedef {{ case: string, backend: string, error: string }} Failure
 * @typedef {(Measurement & { backend: string }) | Failure} Outcome
 */

/** What TensorFlow.js's own backends are run with. */
export const BACKENDS = /** @type {const} */ (['native', 'wasm', 'cpu'])

/** @param {readonly string[]} names @param {readonly string[]} backends @param {number} seconds @param {Context} context */
export async function timeCases(names, backends, seconds, context) {
  const progress = context.progress.start('measuring', names.length * backends.length, 'runs')
  /** @type {Outcome[]} */
  const outcomes = []
  for (const name of names) {
    for (const backend of backends) {
      progress.update(outcomes.length, { case: name, backend })
      try {
        outcomes.push({ ...(await measureOurs(name, backend, seconds)), backend })
      } catch (error) {
        outcomes.push({ case: name, backend, error: error instanceof Error ? error.message : String(error) })
      }
    }
  }
  progress.end()
  const failed = outcomes.some((outcome) => 'error' in outcome)
  const [only] = outcomes.length === 1 ? outcomes : []
  return {
    data: only ?? { cases: outcomes },
    text: backends.length === 1 ? oneBackend(outcomes) : sideBySide(outcomes, backends),
    exitCode: failed ? 1 : 0,
  }
}

const ms = (/** @type {number | undefined} */ value) => value?.toFixed(value < 1 ? 3 : 2) ?? '-'

/** Remarks beneath a table. @param {readonly Outcome[]} outcomes */
function remarks(outcomes) {
  const lines = outcomes.flatMap((outcome) => {
    if ('error' in outcome) return [outcome.error]
    return outcome.train_missing === undefined
      ? []
      : [`${outcome.case} on ${outcome.backend}: no training, ${outcome.train_missing}`]
  })
  return lines.length === 0 ? '' : `\n\n${lines.join('\n')}`
}

/** @param {readonly Outcome[]} outcomes */
function oneBackend(outcomes) {
  const columns = ['train, ms', 'predict, ms', 'parameters', 'memory, MB', 'loss']
  const rows = outcomes.map((outcome) => {
    if ('error' in outcome) return [outcome.case]
    const { train_ms, infer_ms, params, peak_rss_mb, loss_first, loss_last } = outcome
    const loss = loss_first === undefined ? '-' : `${loss_first.toFixed(3)} → ${loss_last?.toFixed(3)}`
    return [outcome.case, ms(train_ms), ms(infer_ms), formatCount(params), peak_rss_mb.toFixed(0), loss]
  })
  const engine = outcomes.map((outcome) => ('error' in outcome ? '' : outcome.engine)).find((text) => text !== '')
  return `${table('case', columns, rows)}${engine === undefined ? '' : `\n\n${engine}`}${remarks(outcomes)}`
}

/** @param {readonly Outcome[]} outcomes @param {readonly string[]} backends */
function sideBySide(outcomes, backends) {
  const reference = backends.includes('native') ? 'native' : backends[0]
  const rows = outcomes.map((outcome) => {
    if ('error' in outcome) return [outcome.case, outcome.backend]
    const beside = outcomes.find((other) => other.case === outcome.case && other.backend === reference)
    const times = (/** @type {'train_ms' | 'infer_ms'} */ key) => {
      const [own, base] = [outcome[key], beside && !('error' in beside) ? beside[key] : undefined]
      return own === undefined || base === undefined ? '-' : (own / base).toFixed(own / base < 10 ? 2 : 0)
    }
    const { backend, train_ms, infer_ms, peak_rss_mb } = outcome
    return [
      outcome.case,
      backend,
      ms(train_ms),
      times('train_ms'),
      ms(infer_ms),
      times('infer_ms'),
      peak_rss_mb.toFixed(0),
    ]
  })
  const columns = ['train, ms', `times ${reference}`, 'predict, ms', `times ${reference}`, 'memory, MB']
  const engines = [...new Set(outcomes.flatMap((outcome) => ('error' in outcome ? [] : [outcome.engine])))]
  return `${table('case', columns, rows, 'backend')}\n\n${engines.join('\n')}${remarks(outcomes)}`
}

/** Numbers to the right, words to the left. @param {string} head @param {readonly string[]} columns @param {string[][]} rows @param {string} [second] */
export function table(head, columns, rows, second) {
  const words = [head, ...(second === undefined ? [] : [second])].map((header) => ({ header }))
  return formatTable([...words, ...columns.map((header) => ({ header, align: /** @type {const} */ ('right') }))], rows)
}
