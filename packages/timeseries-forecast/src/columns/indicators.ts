/**
 * The indicators of technical analysis by name. Those defined by recursion (EMA, RSI, MACD, ATR, ADX, …) come from the package
 * `technicalindicators`, fed row by row, so that row t depends on rows up to t alone. What is defined on a window is computed here, since the
 * lists of that package stop at a value of 0, take the highest of negative values for 0, keep running sums whose rounding errors stay,
 * and round money flow to two decimals. Nothing here knows of names of columns; feature-columns.ts does.
 */
import { ADX, ATR, AverageGain, AverageLoss, EMA, MACD, OBV, VWAP, WMA } from 'technicalindicators'

export interface Indicator {
  /** Columns it is computed from, as tables of prices call them; a single one may be any column. */
  readonly columns: readonly string[]
  /** Its parameters by name with the usual values. */
  readonly parameters: Readonly<Record<string, number>>
  /** Names of its columns when there are several. */
  readonly outputs?: readonly string[]
  /** Each [T] → each [T]; inputs are NaN only in the first rows, outputs wherever they are not defined. */
  compute(columns: readonly Float64Array[], parameters: readonly number[]): Float64Array[]
}

/** Mean of the last n rows [T]. */
export function rollingMean(values: Float64Array, n: number): Float64Array {
  return overWindows(values.length, n, (from, to) => meanOf(values, from, to))
}

/** Standard deviation of the last n rows, divided by n [T]. */
export function rollingDeviation(values: Float64Array, n: number): Float64Array {
  return overWindows(values.length, n, (from, to) => {
    const mean = meanOf(values, from, to)
    let squares = 0
    for (let t = from; t < to; t++) squares += ((values[t] ?? NaN) - mean) ** 2
    return Math.sqrt(squares / n)
  })
}

/** The numbers of the last n rows [from, to) of each row; NaN for rows with fewer, and for what is not finite. */
function overWindows(rows: number, n: number, compute: (from: number, to: number) => number): Float64Array {
  const out = new Float64Array(rows).fill(NaN)
  for (let t = n - 1; t < rows; t++) {
    const value = compute(t - n + 1, t + 1)
    if (Number.isFinite(value)) out[t] = value
  }
  return out
}

function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let t = from; t < to; t++) sum += values[t] ?? NaN
  return sum / (to - from)
}

function extremes(high: Float64Array, low: Float64Array, from: number, to: number): [highest: number, lowest: number] {
  let [highest, lowest] = [-Infinity, Infinity]
  for (let t = from; t < to; t++) {
    highest = Math.max(highest, high[t] ?? NaN)
    lowest = Math.min(lowest, low[t] ?? NaN)
  }
  return [highest, lowest]
}

/** `(close - low of n rows) / (high of n rows - low of n rows)`, undefined where prices did not move. */
function positionInRange(high: Float64Array, low: Float64Array, close: Float64Array, n: number): Float64Array {
  return overWindows(close.length, n, (from, to) => {
    const [highest, lowest] = extremes(high, low, from, to)
    return ((close[to - 1] ?? NaN) - lowest) / (highest - lowest)
  })
}

function typicalPrice(high: Float64Array, low: Float64Array, close: Float64Array): Float64Array {
  return close.map((price, t) => ((high[t] ?? NaN) + (low[t] ?? NaN) + price) / 3)
}

/** Money of days whose typical price rose, of 100 of all days; the first day neither rises nor falls. */
function moneyFlow(typical: Float64Array, volume: Float64Array, n: number): Float64Array {
  return overWindows(typical.length, n, (from, to) => {
    let [up, down] = [0, 0]
    for (let t = from; t < to; t++) {
      const price = typical[t] ?? NaN
      const change = price - (typical[t - 1] ?? NaN)
      const money = price * (volume[t] ?? NaN)
      // A day before which there is none has no change, so that its window has no value.
      if (Number.isNaN(change)) return NaN
      if (change > 0) up += money
      else if (change < 0) down += money
    }
    return (100 * up) / (up + down)
  })
}

type Step = (tick: Tick) => readonly (number | undefined)[]

/** A row as `technicalindicators` takes it. */
interface Tick {
  readonly value: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

/**
 * Feeds rows to one of the package's indicators from the first that has all values. An indicator that divides 0 by 0 (a market that has
 * not moved yet) would never recover, so it is then started anew.
 */
function stream(names: readonly (keyof Tick)[], outputs: number, start: (parameters: readonly number[]) => Step) {
  return (columns: readonly Float64Array[], parameters: readonly number[]): Float64Array[] => {
    const rows = columns[0]?.length ?? 0
    const results = Array.from({ length: outputs }, () => new Float64Array(rows).fill(NaN))
    let step = start(parameters)
    const tick = { value: 0, high: 0, low: 0, close: 0, volume: 0 }
    for (let t = 0; t < rows; t++) {
      let known = true
      names.forEach((name, column) => {
        const value = columns[column]?.[t] ?? NaN
        known &&= !Number.isNaN(value)
        tick[name] = value
      })
      if (!known) continue
      const values = step({ ...tick })
      values.forEach((value = NaN, at) => {
        const result = results[at]
        if (result !== undefined && Number.isFinite(value)) result[t] = value
      })
      if (values.some((value) => Number.isNaN(value))) step = start(parameters)
    }
    return results
  }
}

/** The package takes a value of 0 for none in places; the least number above is none of them and changes no sum. */
const notZero = (value: number) => (value === 0 ? Number.MIN_VALUE : value)

/** The unrounded next value of an indicator. */
interface Generating<In, Out> {
  readonly generator: Iterator<Out | undefined, unknown, In>
}
function next<In, Out>({ generator }: Generating<In, Out>, input: In): Out | undefined {
  const { value, done } = generator.next(input)
  return done === true ? undefined : value
}

const PRICES = ['High', 'Low', 'Close'] as const
const prices = ['high', 'low', 'close'] as const
const none = { values: [], high: [], low: [], close: [], volume: [] }

/** Relative strength (Wilder 1978): of its averages the package gives all digits, of the index two decimals. */
function relativeStrength([period = NaN]: readonly number[]): Step {
  const gain = new AverageGain({ period, values: [] })
  const loss = new AverageLoss({ period, values: [] })
  return ({ value }) => {
    const up = gain.nextValue(value)
    const down = loss.nextValue(value)
    if (up === undefined || down === undefined) return [undefined]
    // A price that has not moved is neither strong nor weak.
    return [up + down === 0 ? 50 : (100 * up) / (up + down)]
  }
}

/** The indicators by name. All look back only. */
export const INDICATORS: ReadonlyMap<string, Indicator> = new Map(
  Object.entries<Indicator>({
    sma: {
      columns: ['Close'],
      parameters: { period: 20 },
      compute: ([values = new Float64Array(0)], [n = NaN]) => [rollingMean(values, n)],
    },
    ema: {
      columns: ['Close'],
      parameters: { period: 20 },
      compute: stream(['value'], 1, ([period = NaN]) => {
        const average = new EMA({ ...none, period })
        return ({ value }) => [next(average, notZero(value))]
      }),
    },
    wma: {
      columns: ['Close'],
      parameters: { period: 20 },
      compute: stream(['value'], 1, ([period = NaN]) => {
        const average = new WMA({ ...none, period })
        return ({ value }) => [next(average, value)]
      }),
    },
    rsi: {
      columns: ['Close'],
      parameters: { period: 14 },
      compute: stream(['value'], 1, relativeStrength),
    },
    roc: {
      columns: ['Close'],
      parameters: { period: 12 },
      compute: ([values = new Float64Array(0)], [n = NaN]) => [
        overWindows(values.length, n + 1, (from, to) => 100 * ((values[to - 1] ?? NaN) / (values[from] ?? NaN) - 1)),
      ],
    },
    macd: {
      columns: ['Close'],
      parameters: { fast: 12, slow: 26, signal: 9 },
      outputs: ['macd', 'signal', 'histogram'],
      compute: stream(['value'], 3, ([fastPeriod = NaN, slowPeriod = NaN, signalPeriod = NaN]) => {
        const simple = { SimpleMAOscillator: false, SimpleMASignal: false }
        const oscillator = new MACD({ ...none, ...simple, fastPeriod, slowPeriod, signalPeriod })
        return ({ value }) => {
          const { MACD: difference, signal, histogram } = next(oscillator, notZero(value)) ?? {}
          return [difference, signal, histogram]
        }
      }),
    },
    bollinger: {
      columns: ['Close'],
      parameters: { period: 20, deviations: 2 },
      outputs: ['middle', 'upper', 'lower'],
      compute: ([values = new Float64Array(0)], [n = NaN, deviations = NaN]) => {
        const middle = rollingMean(values, n)
        const deviation = rollingDeviation(values, n)
        const band = (sign: number) => middle.map((mean, t) => mean + sign * deviations * (deviation[t] ?? NaN))
        return [middle, band(1), band(-1)]
      },
    },
    atr: {
      columns: PRICES,
      parameters: { period: 14 },
      compute: stream(prices, 1, ([period = NaN]) => {
        const range = new ATR({ ...none, period })
        return (tick) => [next(range, tick)]
      }),
    },
    adx: {
      columns: PRICES,
      parameters: { period: 14 },
      outputs: ['adx', 'plus', 'minus'],
      compute: stream(prices, 3, ([period = NaN]) => {
        const index = new ADX({ ...none, period })
        return (tick) => {
          const { adx, pdi, mdi } = next(index, tick) ?? {}
          return [adx, pdi, mdi]
        }
      }),
    },
    stochastic: {
      columns: PRICES,
      parameters: { period: 14, signal: 3 },
      outputs: ['k', 'd'],
      compute: ([high = new Float64Array(0), low = high, close = high], [n = NaN, signal = NaN]) => {
        const k = positionInRange(high, low, close, n).map((position) => 100 * position)
        return [k, rollingMean(k, signal)]
      },
    },
    williamsR: {
      columns: PRICES,
      parameters: { period: 14 },
      compute: ([high = new Float64Array(0), low = high, close = high], [n = NaN]) => [
        positionInRange(high, low, close, n).map((position) => 100 * (position - 1)),
      ],
    },
    cci: {
      columns: PRICES,
      parameters: { period: 20 },
      compute: ([high = new Float64Array(0), low = high, close = high], [n = NaN]) => {
        const typical = typicalPrice(high, low, close)
        return [
          overWindows(typical.length, n, (from, to) => {
            const mean = meanOf(typical, from, to)
            let deviation = 0
            for (let t = from; t < to; t++) deviation += Math.abs((typical[t] ?? NaN) - mean)
            return ((typical[to - 1] ?? NaN) - mean) / ((0.015 * deviation) / n)
          }),
        ]
      },
    },
    obv: {
      columns: ['Close', 'Volume'],
      parameters: {},
      compute: stream(['close', 'volume'], 1, () => {
        const balance = new OBV(none)
        return (tick) => [next(balance, { ...tick, close: notZero(tick.close) })]
      }),
    },
    mfi: {
      columns: [...PRICES, 'Volume'],
      parameters: { period: 14 },
      compute: ([high = new Float64Array(0), low = high, close = high, volume = high], [n = NaN]) => [
        moneyFlow(typicalPrice(high, low, close), volume, n),
      ],
    },
    vwap: {
      columns: [...PRICES, 'Volume'],
      parameters: {},
      compute: stream([...prices, 'volume'], 1, () => {
        const average = new VWAP(none)
        return (tick) => [next(average, tick)]
      }),
    },
  }),
)
