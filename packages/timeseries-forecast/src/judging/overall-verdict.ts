/** A judgement in one or two sentences, for a terminal and for a report. */
import { formatNumber, plural } from '@weft/core/cli'
import type { Judgement } from './judgement.js'

/** What a judgement comes to: against the best baseline, of one target or of all. */
export function overallVerdict({ lines, standardised, verdict }: Judgement): string[] {
  const [only] = lines
  if (lines.length === 1) return only?.verdict ? [only.verdict.sentence] : []
  const words = lines.flatMap((line) => line.verdict?.verdict ?? [])
  if (words.length === 0) return []
  const counts = (['better', 'no better', 'worse', 'undecided'] as const)
    .map((word) => [word, words.filter((one) => one === word).length] as const)
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${word} for ${count}`)
  const [model, ...baselines] = standardised
  const best = bestStandardised(baselines)
  const joint =
    verdict?.sentence ??
    `Standardised MAE ${formatNumber(model?.mae ?? Number.NaN)} against ${formatNumber(best?.mae ?? Number.NaN)} of the ${best?.name ?? ''}.`
  return [joint, `Against the best baseline of each, of ${plural(lines.length, 'target')}: ${counts.join(', ')}.`]
}

/** The baseline with the smallest standardised error of all targets. */
export function bestStandardised(baselines: Judgement['standardised']) {
  return [...baselines].filter(({ mae }) => Number.isFinite(mae)).sort((a, b) => a.mae - b.mae)[0]
}
