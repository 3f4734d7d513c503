/** Running a model over prepared sounds: the probabilities of its labels against the truth. The figures are core's. */
import { judgeClassifier, type Judgement, type JudgeOptions } from '@weft/core/app'
import type { LabelledFile } from '@weft/core/data'
import type { FeatureStore } from './features/feature-store.js'
import type { SoundModel } from './model.js'

/** Judges a model by sounds whose frames the store has. */
export function judgeSounds(
  model: SoundModel,
  items: readonly LabelledFile[],
  store: FeatureStore,
  options: Pick<JudgeOptions<LabelledFile>, 'batchSize' | 'onProgress'>,
): Promise<Judgement> {
  const { labels, multiLabel } = model.spec
  return judgeClassifier(items, {
    ...options,
    labels,
    multiLabel,
    predict: async (batch) => model.predict(await Promise.all(batch.map((item) => store.get(item)))),
  })
}
