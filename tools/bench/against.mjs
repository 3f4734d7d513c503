// @ts-check
// Compares with PyTorch: both run every case in turn, each time in a process of its own, so that a machine whose speed drifts slows
// both alike. A ratio is PyTorch's figure over ours, the median of the rounds' ratios; above 1 we are faster or smaller.
import { measureOurs, measureTorch, torchVersion } from './apart.mjs'
import { table } from './backends.mjs'
import { geometricMean, median } from './timing.mjs'

/**
 * @typedef {import('@weft/core/cli').CommandContext} Context
 * @typedef {import('./apart.mjs').Measurement} Measurement
 * @typedef {object} Comparison
 * @property {string} case
 * @property {number} [train] Ratios.
 * @property {number} infer
 * @property {number} memory Of the whole process.
 * @property {number} own_memory Above what the libraries take before a model is built.
 * @property {number} [ours_train_ms]
 * @property {number} [torch_train_ms]
 * @property {number} ours_infer_ms
 * @property {number} torch_infer_ms
 */

/**
 * @param {readonly string[]} names
 * @param {{ python: string, rounds: number, seconds: number }} options
 * @param {Context} context
 */
export async function compareWithTorch(names, { python, rounds, seconds }, context) {
  const version = await torchVersion(python)
  const progress = context.progress.start('comparing', 2 * rounds * names.length, 'runs')
  /** @type {Comparison[]} */
  const comparisons = []
  /** @type {{ case: string, error: string }[]} */
  const failures = []
  let done = 0
  let engine = ''
  for (const name of names) {
    /** @type {[ours: Measurement, torch: Measurement][]} */
    const pairs = []
    try {
      for (let round = 0; round < rounds; round++) {
        progress.update(done++, { case: name })
        const ours = await measureOurs(name, 'native', seconds)
        progress.update(done++, { case: name })
        pairs.push([ours, await measureTorch(python, name, ours.threads, seconds)])
        engine = ours.engine
      }
      const comparison = compare(name, pairs)
      comparisons.push(comparison)
      context.note(`${name}: training ${ratio(comparison.train)}, prediction ${ratio(comparison.infer)}`)
    } catch (error) {
      failures.push({ case: name, error: error instanceof Error ? error.message : String(error) })
    }
  }
  progress.end()
  const means = meansOf(comparisons)
  const text = [
    report(comparisons),
    '',
    `Ratio: PyTorch's time over ours. Geometric means over ${comparisons.length} of ${names.length} cases: training ${ratio(means.train)}, ` +
      `prediction ${ratio(means.infer)}, memory ${ratio(means.memory)}, above the libraries' own ${ratio(means.own_memory)}.`,
    `${engine}; PyTorch ${version}; ${rounds} rounds.`,
    ...failures.map(({ error }) => error),
  ]
  return {
    data: { cases: [...comparisons, ...failures], means, rounds, engine, torch: version },
    text: text.join('\n'),
    exitCode: failures.length === 0 ? 0 : 1,
  }
}

/** @param {string} name @param {readonly [Measurement, Measurement][]} pairs @returns {Comparison} */
function compare(name, pairs) {
  const ratios = (/** @type {(figures: Measurement) => number | undefined} */ figure) =>
    median(pairs.map(([ours, torch]) => (figure(torch) ?? Number.NaN) / (figure(ours) ?? Number.NaN)))
  const middle = (/** @type {0 | 1} */ side, /** @type {'train_ms' | 'infer_ms'} */ key) =>
    median(pairs.map((pair) => pair[side][key] ?? Number.NaN))
  const trained = pairs.every(([ours, torch]) => ours.train_ms !== undefined && torch.train_ms !== undefined)
  return {
    case: name,
    ...(trained && {
      train: ratios((figures) => figures.train_ms),
      ours_train_ms: middle(0, 'train_ms'),
      torch_train_ms: middle(1, 'train_ms'),
    }),
    infer: ratios((figures) => figures.infer_ms),
    memory: ratios((figures) => figures.peak_rss_mb),
    // At least 1 MB, lest a model that fits into what the libraries had left over gives any ratio at all.
    own_memory: ratios((figures) => Math.max(1, figures.peak_rss_mb - figures.base_rss_mb)),
    ours_infer_ms: middle(0, 'infer_ms'),
    torch_infer_ms: middle(1, 'infer_ms'),
  }
}

/** @param {readonly Comparison[]} comparisons */
function meansOf(comparisons) {
  const mean = (/** @type {'train' | 'infer' | 'memory' | 'own_memory'} */ key) =>
    geometricMean(comparisons.flatMap((comparison) => comparison[key] ?? []))
  return { train: mean('train'), infer: mean('infer'), memory: mean('memory'), own_memory: mean('own_memory') }
}

const ratio = (/** @type {number | undefined} */ value) => value?.toFixed(2) ?? '-'
const ms = (/** @type {number | undefined} */ value) => value?.toFixed(value < 1 ? 3 : 2) ?? '-'

/** @param {readonly Comparison[]} comparisons */
function report(comparisons) {
  const columns = ['train, ms', 'PyTorch', 'ratio', 'predict, ms', 'PyTorch', 'ratio', 'memory', "above the libraries'"]
  const rows = comparisons.map((c) => [
    ...[c.case, ms(c.ours_train_ms), ms(c.torch_train_ms), ratio(c.train)],
    ...[ms(c.ours_infer_ms), ms(c.torch_infer_ms), ratio(c.infer), ratio(c.memory), ratio(c.own_memory)],
  ])
  return table('case', columns, rows)
}
