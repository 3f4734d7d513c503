/** A judgement as the terminal shows it: the model beside the baselines, and what that means in words. */
import { formatNumber, formatPercent, formatTable } from '@weft/core/cli'
import { nameOfLine } from '../forecasting/forecast-set.js'
import type { Judgement, LineJudgement } from '../judging/judgement.js'
import { overallVerdict } from '../judging/overall-verdict.js'

/** Targets whose verdicts are printed one by one. */
const PRINTED_LINES = 12

/** The model beside the baselines, and what that means in words. */
export function judgementText(judgement: Judgement): string {
  const { lines } = judgement
  const [only] = lines
  const verdicts = lines.slice(0, PRINTED_LINES).flatMap((line) => {
    if (line.verdict === undefined) return []
    return [`${nameOfLine(line.line)}: ${line.verdict.sentence}`]
  })
  const more = lines.length > PRINTED_LINES ? [`and ${lines.length - PRINTED_LINES} more, in the report`] : []
  const table = only !== undefined && lines.length === 1 ? lineTable(only) : standardisedTable(judgement)
  const named = lines.length > 1 ? ['', ...verdicts, ...more] : []
  return [table, '', ...notesOf(judgement), ...overallVerdict(judgement), ...named].join('\n')
}

function lineTable({ model, baselines }: LineJudgement): string {
  return formatTable(
    [
      { header: 'forecaster' },
      ...['MAE', 'RMSE', 'sMAPE', 'MASE', 'direction', 'p'].map((header) => ({ header, align: 'right' as const })),
    ],
    [{ ...model, verdict: undefined }, ...baselines].map((one) => {
      const { mae, rmse, smape, mase, direction } = one.figures
      return [
        one.name,
        figure(mae, 4),
        figure(rmse, 4),
        formatPercent(smape),
        figure(mase, 4),
        formatPercent(direction),
        probability(one.verdict?.test.pValue),
      ]
    }),
  )
}

function probability(p: number | undefined): string {
  if (p === undefined || Number.isNaN(p)) return ''
  return p < 0.001 ? '<0.001' : p.toFixed(3)
}

function figure(value: number, digits: number): string {
  return Number.isFinite(value) ? formatNumber(value, digits) : 'n/a'
}

/** What was odd about baselines, each thing once. */
function notesOf({ lines }: Judgement): string[] {
  const notes = lines.flatMap(({ baselines }) => baselines.flatMap(({ note }) => note ?? []))
  return [...new Set(notes)].slice(0, PRINTED_LINES)
}

function standardisedTable({ standardised }: Judgement): string {
  return formatTable(
    [{ header: 'forecaster' }, ...['MSE', 'MAE'].map((header) => ({ header, align: 'right' as const }))],
    standardised.map(({ name, mse, mae }) => [name, mse.toFixed(4), mae.toFixed(4)]),
  )
}
