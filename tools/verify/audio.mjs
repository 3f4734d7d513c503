// @ts-check
// Results of @weft/audio-events on public data sets. Each accuracy is of models loaded again from disk, or of the fold that a model
// was not trained on; nothing is chosen by what tests.
import { join } from 'node:path'
import { crossValidateSounds, evaluate, train } from '@weft/audio-events'

const FSDD_SEEDS = [1, 2, 3]

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** @param {import('./verify.mjs').Circumstances} circumstances */
const hooks = ({ note }) => ({
  note,
  /** @param {{ epoch: number, loss: number, val_accuracy?: number }} log */
  onEpoch: ({ epoch, loss, val_accuracy }) =>
    note(
      `epoch ${epoch}, loss ${loss.toFixed(4)}${val_accuracy === undefined ? '' : `, validation ${val_accuracy.toFixed(4)}`}`,
    ),
})

/** @type {Record<string, import('./verify.mjs').Result>} */
export const audio = {
  // The Free Spoken Digit Dataset, takes 0 to 4 of each speaker and digit for testing; the mean over three seeds.
  fsdd: {
    data: 'fsdd',
    measure: 'accuracy',
    least: 0.98,
    async run(circumstances) {
      const { data, out, device, note } = circumstances
      /** @type {{ seed: number, accuracy: number, minutes: number, epochs: number, parameters: number }[]} */
      const runs = []
      let items = 0
      let ranOn = {}
      for (const seed of FSDD_SEEDS) {
        const model = join(out, `seed-${seed}`)
        const reading = { data, dataset: /** @type {const} */ ('fsdd'), device: /** @type {'auto'} */ (device) }
        const result = await train({ ...reading, preset: 'spoken-digits', out: model, seed }, hooks(circumstances))
        const { judgement, runtime } = await evaluate({ ...reading, model, part: 'test' })
        const { figures } = judgement
        const accuracy = ('accuracy' in figures ? figures.accuracy : undefined) ?? Number.NaN
        items = judgement.items.length
        ranOn = { trainedOn: result.runtime.device, judgedOn: runtime.device, threads: result.runtime.threads }
        runs.push({
          seed,
          accuracy,
          minutes: result.seconds / 60,
          epochs: result.epochs,
          parameters: result.parameters,
        })
        note(`seed ${seed}: accuracy ${accuracy.toFixed(4)} of ${items}`)
      }
      return { accuracy: mean(runs.map((run) => run.accuracy)), items, runs, ...ranOn }
    },
  },

  // ESC-10, cross-validated over the folds that are there.
  esc10: {
    data: 'esc10',
    measure: 'accuracy',
    least: 0.8,
    async run(circumstances) {
      const { data, out, device } = circumstances
      const { result, folds, runtime } = await crossValidateSounds(
        { data, dataset: 'esc10', out, device: /** @type {'auto'} */ (device), crossValidate: true },
        hooks(circumstances),
      )
      const runs = folds.map(({ name, run }, at) => ({
        fold: name,
        accuracy: result.folds[at]?.accuracy,
        items: run.items.test,
        minutes: run.seconds / 60,
        epochs: run.epochs,
        parameters: run.parameters,
      }))
      return {
        accuracy: result.mean.accuracy ?? Number.NaN,
        deviation: result.std.accuracy,
        items: folds.reduce((items, { run }) => items + run.items.test, 0),
        runs,
        trainedOn: runtime.device,
        threads: runtime.threads,
      }
    },
  },
}
