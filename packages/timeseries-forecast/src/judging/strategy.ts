/**
 * What a forecast of prices would have earned on paper, after costs, beside buying and holding: at each close long where the forecast of
 * the next close lies above this one by more than a threshold, else flat (or short). The position is taken at the close at which the
 * forecast was made and earns the return to the next. No dividends, no interest on cash, no slippage but what the costs hold.
 */
import { expected } from '@weft/core/errors'
import { formatCount, formatNumber, formatPercent } from '@weft/core/cli'

/** The rules. */
export interface StrategyOptions {
  /** Paid on the share of the capital that changes hands, in basis points (0.01 %); from short to long counts twice. */
  readonly costBps: number
  /** Forecast return that must be exceeded, as a fraction; default 0. */
  readonly threshold?: number
  /** Whether a forecast fall is sold short; default false. */
  readonly short?: boolean
  /** Closes of a year, for annual figures; default 252. */
  readonly periodsPerYear?: number
}

/** What came of a sequence of positions; shares are fractions. */
export interface Performance {
  readonly totalReturn: number
  /** The yearly return that compounds to it; -1 after a total loss. */
  readonly annualReturn: number
  /** Standard deviation of the returns of a period, times the root of the periods of a year. */
  readonly annualVolatility: number
  /** Mean over standard deviation of the returns, per year; NaN when they do not vary. */
  readonly sharpe: number
  /** Largest fall from a height reached before, from 0 to 1. */
  readonly maxDrawdown: number
  /** Changes of position. */
  readonly trades: number
}

/** Both, and what to make of them. */
export interface StrategyReport {
  readonly strategy: Performance
  readonly buyAndHold: Performance
  /** Position of each period, 1 long, 0 flat, -1 short, [N]. */
  readonly positions: Int8Array
  /** What one unit of money has become after each period, [N]. */
  readonly growth: { readonly strategy: Float64Array; readonly buyAndHold: Float64Array }
  readonly sentence: string
}

const PERIODS_PER_YEAR = 252

/**
 * Plays the strategy and buy-and-hold over the same periods; both pay to get in, neither to get out at the end.
 *
 * @param closes Close at which each forecast was made, [N], above 0.
 * @param forecasts Forecast of the close after it, made with nothing later than `closes[t]`, [N]; NaN leaves the position as it is.
 * @param nextCloses The close after it, [N], above 0.
 */
export function paperStrategy(
  closes: ArrayLike<number>,
  forecasts: ArrayLike<number>,
  nextCloses: ArrayLike<number>,
  options: StrategyOptions,
): StrategyReport {
  check(closes, forecasts, nextCloses, options)
  const { costBps, threshold = 0, short = false, periodsPerYear = PERIODS_PER_YEAR } = options
  const positions = new Int8Array(closes.length)
  const returns = new Float64Array(closes.length)
  for (let t = 0; t < positions.length; t++) {
    const close = closes[t] ?? Number.NaN
    const said = (forecasts[t] ?? Number.NaN) / close - 1
    const held = positions[t - 1] ?? 0
    positions[t] = Number.isNaN(said) ? held : said > threshold ? 1 : short && said < -threshold ? -1 : 0
    returns[t] = (nextCloses[t] ?? Number.NaN) / close - 1
  }
  const { growth: grown, ...strategy } = perform(positions, returns, costBps, periodsPerYear)
  const holding = new Int8Array(closes.length).fill(1)
  const { growth: held, ...buyAndHold } = perform(holding, returns, costBps, periodsPerYear)
  const sentence = describe(strategy, buyAndHold, costBps)
  return { strategy, buyAndHold, positions, growth: { strategy: grown, buyAndHold: held }, sentence }
}

function check(
  closes: ArrayLike<number>,
  forecasts: ArrayLike<number>,
  nextCloses: ArrayLike<number>,
  { costBps, threshold = 0, periodsPerYear = PERIODS_PER_YEAR }: StrategyOptions,
): void {
  const doing = 'playing a strategy'
  for (const [name, values] of Object.entries({ forecasts, nextCloses }))
    if (values.length !== closes.length)
      throw expected({ doing, want: `${String(closes.length)} values`, of: name, got: values.length })
  for (const [name, values] of Object.entries({ closes, nextCloses })) {
    const at = Array.from(values).findIndex((value) => !(value > 0 && Number.isFinite(value)))
    if (at >= 0) throw expected({ doing, want: 'prices above 0', of: `${name}[${String(at)}]`, got: values[at] })
  }
  for (const [name, value] of Object.entries({ costBps, threshold }))
    if (!(value >= 0)) throw expected({ doing, want: 'a number from 0', of: name, got: value })
  if (!(periodsPerYear > 0))
    throw expected({ doing, want: 'a number above 0', of: 'periodsPerYear', got: periodsPerYear })
}

/** Returns of positions after costs, summed up. */
function perform(
  positions: Int8Array,
  market: Float64Array,
  costBps: number,
  periodsPerYear: number,
): Performance & { growth: Float64Array } {
  let wealth = 1
  let height = 1
  let maxDrawdown = 0
  let trades = 0
  const growth = new Float64Array(market.length)
  const returns = market.map((change, t) => {
    const position = positions[t] ?? 0
    const turned = Math.abs(position - (positions[t - 1] ?? 0))
    if (turned > 0) trades++
    // Costs leave the capital before the position is taken; a short position cannot lose more than all.
    const kept = Math.max(0, (1 - (turned * costBps) / 10_000) * (1 + position * change))
    wealth *= kept
    growth[t] = wealth
    height = Math.max(height, wealth)
    maxDrawdown = Math.max(maxDrawdown, 1 - wealth / height)
    return kept - 1
  })
  const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length
  const deviation = Math.sqrt(returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (returns.length - 1))
  return {
    totalReturn: wealth - 1,
    annualReturn: wealth ** (periodsPerYear / returns.length) - 1,
    annualVolatility: deviation * Math.sqrt(periodsPerYear),
    sharpe: deviation > 0 ? (mean / deviation) * Math.sqrt(periodsPerYear) : Number.NaN,
    maxDrawdown,
    trades,
    growth,
  }
}

function percent(share: number): string {
  return `${share < 0 ? '−' : ''}${formatPercent(Math.abs(share))}`
}

/** The plain statement. Whether the difference is more than luck is not tested, and it says so where the strategy earned more. */
function describe(strategy: Performance, buyAndHold: Performance, costBps: number): string {
  const counted = `${formatCount(strategy.trades)} ${strategy.trades === 1 ? 'trade' : 'trades'}`
  const figures =
    `After costs of ${formatNumber(costBps)} bp a trade the strategy earned ${percent(strategy.annualReturn)} a year ` +
    `in ${counted}, buy-and-hold ${percent(buyAndHold.annualReturn)}`
  if (!(strategy.annualReturn > buyAndHold.annualReturn)) return `${figures}: it does not beat buying and holding.`
  const calmer =
    strategy.sharpe > buyAndHold.sharpe ? '' : ', though not for the risk it took (its Sharpe ratio is no higher)'
  return `${figures}: it beat buying and holding over this time${calmer}; one history proves no more than that.`
}
