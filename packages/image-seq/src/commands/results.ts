/** A judgement of images as the commands print it. */
import { accuracyOf, judgementJson } from '@weft/core/app'
import { formatPercent, plural } from '@weft/core/cli'
import type { Judgement } from '../judge.js'

/** As JSON. */
export function imageJudgementJson(judgement: Judgement): object {
  return judgement.task === 'classify'
    ? judgementJson(judgement)
    : { ...judgement.figures, items: judgement.items.length }
}

/** As lines of names and values, each name after `prefix`. */
export function judgementPairs(judgement: Judgement, prefix: string): Record<string, string> {
  const count = judgement.items.length
  if (judgement.task === 'classify')
    return { [`${prefix}accuracy`]: `${formatPercent(accuracyOf(judgement.figures), 2)} of ${plural(count, 'image')}` }
  const { exactMatch, cer, wer } = judgement.figures
  return {
    [`${prefix}exact match`]: `${formatPercent(exactMatch)} of ${plural(count, 'text')}`,
    [`${prefix}character errors`]: formatPercent(cer, 2),
    [`${prefix}word errors`]: formatPercent(wer, 2),
  }
}
