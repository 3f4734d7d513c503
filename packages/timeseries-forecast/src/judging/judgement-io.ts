/** How a judgement is written: as JSON, and as CSV with a line for each window. */
import { toCsv } from '@weft/core/app'
import type { Judgement } from './judgement.js'

/** A judgement as JSON prints it: `mse` and `mae` of standardised values. */
export function judgementJson({ items, standardised, lines, verdict }: Judgement): object {
  const [model, ...baselines] = standardised
  return {
    mse: model?.mse,
    mae: model?.mae,
    items: items.length,
    baselines,
    verdict: verdict?.verdict,
    sentence: verdict?.sentence,
    lines: lines.map(({ line, model: own, baselines: others, verdict: said }) => ({
      ...(line.key !== '' && { series: line.key }),
      target: line.name,
      ...own.figures,
      baselines: others.map(({ name, figures, note, verdict: compared }) => ({
        name,
        ...figures,
        pValue: compared.test.pValue,
        ...(note !== undefined && { note }),
      })),
      verdict: said?.verdict,
      sentence: said?.sentence,
    })),
  }
}

/** A line for each window and target: what was forecast for the first row, and the errors of all. */
export function forecastsCsv({ lines }: Judgement): string {
  const rows = lines.flatMap(({ line, residuals, ahead, model }) =>
    Array.from(residuals.rows, (row, at) => [
      line.key,
      line.name,
      new Date(line.times[row] ?? 0).toISOString(),
      String(ahead[at] ?? ''),
      String(line.values[row] ?? ''),
      String(model.losses.absolute[at] ?? ''),
    ]),
  )
  return toCsv([['series', 'target', 'origin', 'first_forecast', 'first_truth', 'mean_absolute_error'], ...rows])
}
