/**
 * Orders of ARIMA models as a person writes them: `ar(3)`, `ma(1)`, `arma(2,1)`, `arima(2,1,2)`, `sarima(1,1,1)(1,0,1)` with the season
 * that was given or found, `sarima(1,1,1)(1,0,1,24)` with its own.
 */
import { expected } from '@weft/core/errors'
import type { ArimaOrder } from './arima-model.js'

const FORMS: Readonly<Record<string, { readonly first: number; readonly example: string }>> = {
  ar: { first: 1, example: 'ar(3)' },
  ma: { first: 1, example: 'ma(1)' },
  arma: { first: 2, example: 'arma(2,1)' },
  arima: { first: 3, example: 'arima(2,1,2)' },
  sarima: { first: 3, example: 'sarima(1,1,1)(1,0,1,24)' },
}

/** Above these a fit takes minutes and means nothing. */
const LIMITS: Readonly<Record<string, number>> = { p: 10, d: 2, q: 10, P: 3, D: 2, Q: 3 }

/** Names of the kinds of models. */
export const ARIMA_KINDS: readonly string[] = Object.keys(FORMS)

/**
 * The orders that a text names.
 *
 * @param season Rows of a season for a `sarima` that names none.
 */
export function parseArimaOrder(text: string, season = 1): ArimaOrder {
  const doing = 'reading the orders of a model'
  const [, kind = '', first = '', second] = /^\s*([a-z]+)\s*\(([^()]*)\)\s*(?:\(([^()]*)\))?\s*$/i.exec(text) ?? []
  const form = FORMS[kind.toLowerCase()]
  const example = form?.example ?? 'arima(2,1,2) or sarima(1,1,1)(1,0,1,24)'
  const numbers = (list: string) => list.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  const given = numbers(first)
  const seasonal = second === undefined ? [] : numbers(second)
  const fits =
    given.length === form?.first && (kind.toLowerCase() === 'sarima' ? /^[34]$/ : /^0$/).test(String(seasonal.length))
  if (!fits || [...given, ...seasonal].some((value) => !Number.isInteger(value) || value < 0))
    throw expected({ doing, want: `orders such as ${example}`, of: '--baselines', got: text })
  const [a = 0, b = 0, c = 0] = given
  const [P = 0, D = 0, Q = 0, length = season] = seasonal
  const plain = { p: 0, d: 0, q: 0, P, D, Q, season: P + D + Q > 0 ? length : 1 }
  const order =
    form?.first === 3
      ? { ...plain, p: a, d: b, q: c }
      : kind.toLowerCase() === 'ma'
        ? { ...plain, q: a }
        : { ...plain, p: a, q: b }
  for (const [name, limit] of Object.entries(LIMITS)) {
    const value = order[name as keyof typeof order]
    if (value > limit) throw expected({ doing, want: `at most ${String(limit)}`, of: `${name} of ${text}`, got: value })
  }
  if (P + D + Q > 0 && order.season < 2)
    throw expected({
      doing,
      want: 'a season of at least 2 rows',
      of: `season of ${text}`,
      got: order.season,
      hint: `Name it, as in ${example}.`,
    })
  return order
}

/** The orders as text, in the shortest of the forms. */
export function formatArimaOrder({ p, d, q, P, D, Q, season }: ArimaOrder): string {
  if (P + D + Q > 0) return `sarima(${[p, d, q].join(',')})(${[P, D, Q, season].join(',')})`
  if (d > 0) return `arima(${[p, d, q].join(',')})`
  if (q === 0) return `ar(${String(p)})`
  return p === 0 ? `ma(${String(q)})` : `arma(${String(p)},${String(q)})`
}
