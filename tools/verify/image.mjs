// @ts-check
// Results of @weft/image-seq on public data sets. Each figure is of models loaded again from disk, on images that nothing was chosen by:
// MNIST's test files, strings of digits of them; of the captchas, which come without a test part, on the validation part.
import { join } from 'node:path'
import { evaluate, predict, train } from '@weft/image-seq'

const CAPTCHA_SEEDS = [1, 2, 3]

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** @param {import('./verify.mjs').Circumstances} circumstances */
const hooks = ({ note }) => ({
  note,
  /** @param {Record<string, number | undefined>} log */
  onEpoch: ({ epoch, loss, val_accuracy, val_exact_match }) => {
    const watched = val_accuracy ?? val_exact_match
    note(`epoch ${epoch}, loss ${loss?.toFixed(4)}${watched === undefined ? '' : `, validation ${watched.toFixed(4)}`}`)
  },
})

/**
 * Trains, loads again and judges by a part.
 * @param {import('./verify.mjs').Circumstances} circumstances
 * @param {Parameters<typeof train>[0]} options
 * @param {'validation' | 'test'} part
 */
async function trainAndJudge(circumstances, options, part) {
  const { data, out, note } = circumstances
  const device = /** @type {'auto'} */ (circumstances.device)
  const model = join(out, `seed-${options.seed}`)
  const run = await train({ ...options, data, device, out: model }, hooks(circumstances))
  const { judgement, runtime } = await evaluate({ model, data, part, device })
  const { task, figures, items } = judgement
  const figure = task === 'read' ? { exactMatch: figures.exactMatch, cer: figures.cer } : { accuracy: figures.accuracy }
  note(`seed ${options.seed}: ${JSON.stringify(figure)} of ${items.length}`)
  return {
    model,
    figures: {
      seed: options.seed,
      ...figure,
      items: items.length,
      minutes: run.seconds / 60,
      epochs: run.epochs,
      parameters: run.parameters,
      trainedOn: run.runtime.device,
      judgedOn: runtime.device,
      threads: run.runtime.threads,
    },
  }
}

/**
 * A classifier of MNIST, judged by the test files.
 * @param {number} least @param {Parameters<typeof train>[0]} options @returns {import('./verify.mjs').Result}
 */
const mnist = (least, options) => ({
  data: 'mnist',
  measure: 'accuracy',
  least,
  run: async (circumstances) => (await trainAndJudge(circumstances, { ...options, seed: 1 }, 'test')).figures,
})

/** @type {Record<string, import('./verify.mjs').Result>} */
export const image = {
  // Every tenth of the rows sorted by label validates; the mean over three seeds, and how fast a saved model reads all images.
  captcha: {
    data: 'captcha',
    measure: 'exactMatch',
    least: 0.97,
    async run(circumstances) {
      const runs = []
      let model = ''
      for (const seed of CAPTCHA_SEEDS) {
        const result = await trainAndJudge(circumstances, { dataset: 'captcha', preset: 'captcha', seed }, 'validation')
        runs.push(result.figures)
        model = result.model
      }
      const { predictions, seconds } = await predict([join(circumstances.data, 'images')], { model })
      return {
        exactMatch: mean(runs.map((run) => run.exactMatch ?? Number.NaN)),
        cer: mean(runs.map((run) => run.cer ?? Number.NaN)),
        imagesPerSecond: predictions.length / seconds,
        runs,
      }
    },
  },
  'mnist-crnn': mnist(0.992, { preset: 'digits' }),
  'mnist-rows': mnist(0.989, { preset: 'rows' }),
  'mnist-columns': mnist(0.985, { preset: 'rows', walk: 'columns', epochs: 6 }),
  'mnist-hilbert': mnist(0.98, { preset: 'rows', walk: 'hilbert', epochs: 6 }),
  'mnist-parallel': mnist(0.992, { preset: 'digits', network: 'parallel', walk: 'rows' }),
  'mnist-parallel-gated': mnist(0.992, {
    preset: 'digits',
    network: 'parallel',
    walk: 'rows',
    fusion: 'gated',
    epochs: 4,
  }),
  'mnist-parallel-attention': mnist(0.992, {
    preset: 'digits',
    network: 'parallel',
    walk: 'rows',
    fusion: 'attention',
    epochs: 4,
  }),
  'mnist-hierarchical': mnist(0.98, { preset: 'rows', network: 'hierarchical', lstmUnits: [32, 64], epochs: 4 }),

  // Strings of 3 to 8 digits, those of the test part made of MNIST's test images only.
  'digit-strings': {
    data: 'mnist',
    measure: 'exactMatch',
    least: 0.95,
    run: async (circumstances) =>
      (await trainAndJudge(circumstances, { dataset: 'digit-strings', preset: 'lines', epochs: 5, seed: 1 }, 'test'))
        .figures,
  },
}
