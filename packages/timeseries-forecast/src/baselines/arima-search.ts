/**
 * Orders of a seasonal ARIMA searched by steps (Hyndman & Khandakar 2008): differences by the KPSS test, seasonal ones by how much of the
 * variance the season explains, the rest by the corrected Akaike criterion from four starting points to ever better neighbours. The
 * `arima` package's own search is not used: on hourly rows it takes half a minute a series and without a season ends in no numbers.
 */
import type { ArimaOrder } from './arima-model.js'
import { differenced, estimateArima, momentsOf, rowsNeeded } from './arima-estimation.js'

/** Rows, from the end, that the search looks at; at least `SEASONS` seasons. */
const ROWS = 2000
const SEASONS = 10
const MAX_FITS = 60
/** Of p and q, and of P and Q. */
const MAX_ORDER = 5
const MAX_SEASONAL_ORDER = 2
const MAX_DIFFERENCES = 2
/** At 5 %, of the test for a level (Kwiatkowski, Phillips, Schmidt & Shin 1992, table 1). */
const KPSS_CRITICAL = 0.463
/** Strength of a season from which on it is differenced (Wang, Smith & Hyndman 2006; threshold of R's `nsdiffs`). */
const STRONG_SEASON = 0.64

/** The KPSS statistic for stationarity around a level, with Bartlett weights up to `3 sqrt(n) / 13` lags. */
export function kpss(values: Float64Array): number {
  const n = values.length
  const { mean } = momentsOf(values)
  const errors = values.map((value) => value - mean)
  let partial = 0
  let sum = 0
  for (const error of errors) {
    partial += error
    sum += partial * partial
  }
  const lags = Math.trunc((3 * Math.sqrt(n)) / 13)
  let variance = 0
  for (let lag = 0; lag <= lags; lag++) {
    let product = 0
    for (let t = lag; t < n; t++) product += (errors[t] ?? 0) * (errors[t - lag] ?? 0)
    variance += (lag === 0 ? 1 : 2 * (1 - lag / (lags + 1))) * (product / n)
  }
  return variance > 0 ? sum / (n * n * variance) : 0
}

/** Share of the variance of the values, less a moving average over a season, that the mean season explains: 0 … 1. */
export function seasonalStrength(values: Float64Array, season: number): number {
  const half = Math.floor(season / 2)
  const inner = Array.from({ length: Math.max(0, values.length - 2 * half) }, (_, i) => {
    const window = values.subarray(i, i + 2 * half + 1)
    const sum = window.reduce((a, b) => a + b, 0)
    const ends = season % 2 === 0 ? ((window[0] ?? 0) + (window[2 * half] ?? 0)) / 2 : 0
    return (values[i + half] ?? 0) - (sum - ends) / season
  })
  const detrended = Float64Array.from(inner)
  const sums = new Float64Array(season)
  const counts = new Float64Array(season)
  for (const [t, value] of detrended.entries()) {
    sums[t % season] = (sums[t % season] ?? 0) + value
    counts[t % season] = (counts[t % season] ?? 0) + 1
  }
  const rest = detrended.map((value, t) => value - (sums[t % season] ?? 0) / (counts[t % season] ?? 1))
  const whole = momentsOf(detrended).deviation
  return whole > 0 ? Math.max(0, 1 - (momentsOf(rest).deviation / whole) ** 2) : 0
}

/** The orders around `order` that a step may go to. */
function neighbours(order: ArimaOrder): ArimaOrder[] {
  const steps: Partial<Record<'p' | 'q' | 'P' | 'Q', number>>[] = [
    { P: -1 },
    { P: 1 },
    { Q: -1 },
    { Q: 1 },
    { P: 1, Q: 1 },
    { P: -1, Q: -1 },
    { p: -1 },
    { p: 1 },
    { q: -1 },
    { q: 1 },
    { p: 1, q: 1 },
    { p: -1, q: -1 },
  ]
  return steps.map(({ p = 0, q = 0, P = 0, Q = 0 }) => ({
    ...order,
    p: order.p + p,
    q: order.q + q,
    P: order.P + P,
    Q: order.Q + Q,
  }))
}

function allowed({ p, q, P, Q, season }: ArimaOrder): boolean {
  const seasonal = season > 1 ? MAX_SEASONAL_ORDER : 0
  return Math.min(p, q, P, Q) >= 0 && Math.max(p, q) <= MAX_ORDER && Math.max(P, Q) <= seasonal
}

/**
 * The orders that suit a series best.
 *
 * @param series Without gaps and not constant.
 * @param season Rows of a season, 1 for none.
 */
export function searchArimaOrder(series: Float64Array, season: number): ArimaOrder {
  const rows = series.slice(-Math.max(ROWS, SEASONS * season))
  const seasonal = season > 1 && rows.length >= 3 * season ? season : 1
  const D = seasonal > 1 && seasonalStrength(rows, seasonal) > STRONG_SEASON ? 1 : 0
  let d = 0
  while (d < MAX_DIFFERENCES && kpss(differenced(rows, { d, D, season: seasonal })) > KPSS_CRITICAL) d++
  const P = seasonal > 1 ? 1 : 0
  const base = { d, D, season: seasonal }
  const tried = new Map<string, number>()
  let best: { order: ArimaOrder; aicc: number } = { order: { ...base, p: 0, q: 0, P: 0, Q: 0 }, aicc: Infinity }
  /** Fits an order that is allowed and new; true when it is the best so far. */
  const improves = (order: ArimaOrder) => {
    const key = JSON.stringify([order.p, order.q, order.P, order.Q])
    if (tried.has(key) || tried.size >= MAX_FITS || !allowed(order) || rows.length < rowsNeeded(order)) return false
    const { aicc } = estimateArima(rows, order, false)
    tried.set(key, aicc)
    if (!(aicc < best.aicc)) return false
    best = { order, aicc }
    return true
  }
  improves({ ...base, p: 2, q: 2, P, Q: P })
  improves({ ...base, p: 0, q: 0, P: 0, Q: 0 })
  improves({ ...base, p: 1, q: 0, P, Q: 0 })
  improves({ ...base, p: 0, q: 1, P: 0, Q: P })
  while (neighbours(best.order).some(improves));
  // A season without an order is none.
  const { order } = best
  return order.P + order.D + order.Q === 0 ? { ...order, season: 1 } : order
}
