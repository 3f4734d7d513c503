/**
 * Baselines by name, as a person gives them on the command line.
 */
import { expected } from '@weft/core/errors'
import { didYouMean } from '@weft/core/cli'
import { ArimaForecaster } from './arima.js'
import { ARIMA_KINDS, parseArimaOrder } from './arima-order.js'
import type { Forecaster } from './forecaster.js'
import { Drift, LastValue, MeanValue, SeasonalLastValue } from './naive.js'

export type { BaselineForecast, Forecaster } from './forecaster.js'

/** What baselines may need to know of the series. */
export interface BaselineContext {
  /** Rows of a season (`inferSeason`), 1 where there is none. */
  readonly season: number
}

const NAMED: Readonly<Record<string, (context: BaselineContext) => Forecaster>> = {
  last: () => new LastValue(),
  seasonal: ({ season }) => new SeasonalLastValue(season),
  drift: () => new Drift(),
  mean: () => new MeanValue(),
  'auto-arima': ({ season }) => new ArimaForecaster({ search: true, season }),
}

/** The names of baselines without orders. */
export const BASELINES: readonly string[] = Object.keys(NAMED)

/**
 * A baseline by its specification: `last`, `seasonal`, `drift`, `mean`, `auto-arima`, `ar(p)`, `ma(q)`, `arma(p,q)`, `arima(p,d,q)`,
 * `sarima(p,d,q)(P,D,Q)` or `sarima(p,d,q)(P,D,Q,season)`.
 *
 * @throws UserError for an unknown name, with the nearest one; for `seasonal` without a season.
 */
export function makeBaseline(spec: string, context: BaselineContext): Forecaster {
  const word = spec.trim().toLowerCase()
  const make = Object.hasOwn(NAMED, word) ? NAMED[word] : undefined
  if (make) return make(context)
  const kind = /^[a-z-]*/.exec(word)?.[0] ?? ''
  if (ARIMA_KINDS.includes(kind)) return new ArimaForecaster(parseArimaOrder(word, context.season))
  const forms = [...BASELINES, ...ARIMA_KINDS.map((name) => `${name}(…)`)].join(', ')
  throw expected({
    doing: 'choosing a baseline',
    want: `one of ${forms}`,
    of: '--baselines',
    got: spec,
    hint: didYouMean(kind, [...BASELINES, ...ARIMA_KINDS]),
  })
}

/** Several of them. A table without a season has no seasonal last value. */
export function makeBaselines(specs: readonly string[], context: BaselineContext): Forecaster[] {
  return specs
    .filter((spec) => spec.trim().toLowerCase() !== 'seasonal' || context.season > 1)
    .map((spec) => makeBaseline(spec, context))
}
