/** Cross-validation: one training for each fold, each judged by the fold that it has not seen. */
import { join } from 'node:path'
import { accuracyOf, foldsOf, keepUsable, type Hooks } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import { writeJsonAtomic } from '@weft/core/files'
import type { RuntimeReport } from '@weft/core/runtime'
import { crossValidate, type CrossValidationResult } from '@weft/core/training'
import { prepareFeatures } from './features/feature-store.js'
import { trainOptions, type GivenTrainOptions, type TrainOptions } from './options.js'
import { presets } from './presets/index.js'
import { trainOn, withInit, type Beginning, type TrainResult } from './train.js'
import { listSounds, type SoundList } from './training-set.js'

/** The rounds of a cross-validation, each a run in its own folder below `out`. */
export interface CrossValidation {
  readonly out: string
  readonly runtime: RuntimeReport
  readonly result: CrossValidationResult
  readonly folds: readonly { readonly name: string; readonly run: TrainResult }[]
  readonly seconds: number
}

/**
 * Trains once for each fold on all others and judges by it. Nothing is chosen by the fold that tests: there is no validation part,
 * and the last weights are kept.
 */
export async function crossValidateSounds(given: GivenTrainOptions, hooks: Hooks = {}): Promise<CrossValidation> {
  const started = performance.now()
  const options: TrainOptions = { ...resolveOptions(trainOptions, given, presets), keep: 'last', patience: 0 }
  return withInit(options, hooks, async (begin, inner) => {
    const rounds = await trainRounds(listSounds(begin.options), begin, inner)
    return { out: options.out, runtime: begin.runtime, ...rounds, seconds: (performance.now() - started) / 1000 }
  })
}

async function trainRounds(list: SoundList, begin: Beginning, hooks: Hooks) {
  const { folds: count, seed, group, out } = begin.options
  const folds = foldsOf(list.items, { folds: count, seed, byGroup: group !== undefined })
  const store = await prepareFeatures(list.items, begin.options, hooks)
  try {
    const runs: { name: string; run: TrainResult }[] = []
    const result = await crossValidate(folds, async (fold) => {
      const take = (places: readonly number[]) => places.flatMap((at) => list.items[at] ?? [])
      const parts = keepUsable({ train: take(fold.train), validation: [], test: take(fold.test) }, store.items)
      hooks.note?.(`Fold ${fold.name}: ${parts.train.length} sounds train, ${parts.test.length} test.`)
      const set = { ...list, parts, store, skipped: [...list.skipped, ...store.skipped] }
      const options = { ...begin.options, out: join(out, `fold-${fold.name}`) }
      const run = await trainOn(set, { ...begin, options }, hooks)
      if (run.stopped) throw new DOMException('stopped', 'AbortError')
      runs.push({ name: fold.name, run })
      const accuracy = run.test ? accuracyOf(run.test.figures) : Number.NaN
      hooks.note?.(`Fold ${fold.name}: accuracy ${accuracy.toFixed(4)}.`)
      return { accuracy, macroF1: run.test?.figures.macro.f1 ?? Number.NaN }
    })
    writeJsonAtomic(join(out, 'cross-validation.json'), { names: folds.map((fold) => fold.name), ...result })
    return { result, folds: runs }
  } finally {
    await store.close()
  }
}
