/**
 * Nothing that a forecast is made from may depend on what comes after its origin. Here the future of random series is replaced, by other
 * values and by gaps, and every number that a network is given up to then must stay, bit for bit.
 */
import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { deriveColumns } from '../columns/feature-columns.js'
import {
  fillingOf,
  gappyColumns,
  type Layout,
  type MissingPolicy,
  prepareSeries,
  transformTargets,
} from '../features.js'
import { Scaler, type ScalingKind } from '../series/scaling.js'
import type { Series } from '../series/series.js'
import { fillGaps } from './fill-gaps.js'
import type { Centring } from './centring.js'
import type { WindowSetOptions } from './part-origins.js'
import { WindowSet } from './window-set.js'

const ROWS = 90
const [lookBack, horizon] = [8, 5]
const RAW = ['OT', 'load', 'High', 'Low', 'Close', 'Volume', 'rain', 'known']
const FEATURES = [
  ...[
    'log(load)',
    'logReturn(Close,2)',
    'difference(OT,3)',
    'lag(load,4)',
    'rollingMean(OT,6)',
    'rollingDeviation(OT,6)',
  ],
  ...[
    'sma(OT,5)',
    'ema(6)',
    'wma(6)',
    'rsi(5)',
    'macd(3,6,4)',
    'bollinger(6)',
    'atr(5)',
    'obv',
    'stochastic(5)',
    'adx(4)',
  ],
  ...['cci(6)', 'roc(4)', 'williamsR(5)', 'mfi(5)', 'vwap'],
]

/** Values above 0 with gaps, some of them long; what is known in advance has no long ones. */
function draw(random: Random, rows: number): Float64Array {
  let gap = 0
  return Float64Array.from({ length: rows }, () => {
    if (gap === 0 && random.next() < 0.08) gap = 1 + random.int(12)
    if (gap > 0) gap--
    return gap > 0 ? NaN : Math.exp(random.normal())
  })
}

function randomSeries(key: string, random: Random): Series {
  return {
    key,
    times: Float64Array.from({ length: ROWS }, (_, t) => t * 3_600_000),
    columns: new Map(RAW.map((name) => [name, draw(random, ROWS)])),
  }
}

/** The series with other values and gaps from row `origin` on; what is known in advance stays. */
function withOtherFuture(series: Series, origin: number, random: Random): Series {
  const columns = [...series.columns].map(([name, values]): [string, Float64Array] => {
    const other = draw(random, ROWS)
    return [name, name === 'known' ? values : values.map((value, t) => (t < origin ? value : (other[t] ?? NaN) * 100))]
  })
  return { ...series, columns: new Map(columns) }
}

interface Case {
  readonly missing: MissingPolicy
  readonly centring: Centring
  readonly channels: 'joint' | 'independent'
  readonly scaling: ScalingKind
}
const cases = (['interpolate', 'carry', 'mask'] as const).flatMap((missing) =>
  (['none', 'last', 'mean'] as const).flatMap((centring) =>
    (['joint', 'independent'] as const).flatMap((channels) =>
      (['standard', 'robust'] as const).map((scaling): Case => ({ missing, centring, channels, scaling })),
    ),
  ),
)

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array) =>
  Buffer.from(buffer, byteOffset, byteLength)

/** All that the product does to series before a network sees them, from the raw columns on; or with a mistake, if asked for one. */
function windowsOf(
  raw: readonly Series[],
  trained: number,
  origins: readonly number[],
  given: Case,
  leak?: 'gaps' | 'scaling',
): WindowSet {
  const train = { from: 0, to: trained }
  const all = raw.map((series) => ({
    ...series,
    columns: new Map([...series.columns, ...deriveColumns(series, FEATURES)]),
  }))
  const past = [...(all[0]?.columns.keys() ?? [])].filter((name) => !['OT', 'load', 'known'].includes(name))
  const layout: Layout = {
    targets: ['OT', 'load'],
    past,
    knownAhead: ['known'],
    missing: given.missing,
    transform: 'log',
  }
  const gappy = given.missing === 'mask' ? new Set(all.flatMap((series) => gappyColumns(series, layout, train))) : []
  const prepared = all.map((series) => {
    const columns = transformTargets(series, layout)
    const rows = leak === 'scaling' ? { from: 0, to: ROWS } : train
    const scaler = Scaler.from(columns, ['OT', 'load', ...past], rows, given.scaling)
    const one = prepareSeries(series, { ...layout, masked: [...gappy] }, scaler)
    const width = one.pastColumns.length
    if (leak === 'gaps')
      one.pastColumns.forEach((_, at) => {
        fillGaps(one.past, at, ROWS, width, 'interpolate')
      })
    return one
  })
  const options: WindowSetOptions = { ...given, lookBack, horizon, filling: fillingOf(given.missing) }
  return WindowSet.atOrigins(
    prepared,
    prepared.map(() => origins),
    options,
  )
}

describe('what a forecast is made from', () => {
  it.each(cases)('does not know the future: $missing, $centring, $channels, $scaling', (given) => {
    for (let round = 0; round < 3; round++) {
      const random = new Random(round, 'look-ahead', given.missing, given.centring, given.channels)
      const origin = 40 + random.int(ROWS - horizon - 40)
      const trained = 30 + random.int(origin - 29)
      const origins = Array.from({ length: origin - lookBack + 1 }, (_, at) => lookBack + at)
      const before = ['a', 'b'].map((key) => randomSeries(key, random))
      const after = before.map((series) => withOtherFuture(series, origin, random))
      const one = windowsOf(before, trained, origins, given)
      const other = windowsOf(after, trained, origins, given)
      const places = Uint32Array.from({ length: one.length }, (_, place) => place)
      const [seen, changed] = [one.gather(places), other.gather(places)]
      expect(seen.past.some(Number.isNaN)).toBe(false)
      for (const name of ['past', 'future', 'series', 'offsets'] as const) {
        expect(bytes(changed[name]).equals(bytes(seen[name])), name).toBe(true)
      }
      // The truth of the last origin is the future, which did change.
      expect(bytes(changed.y).equals(bytes(seen.y))).toBe(false)
    }
  })

  it.each(['gaps', 'scaling'] as const)('would be caught looking: %s over all rows', (leak) => {
    const random = new Random(1, leak)
    const before = ['a', 'b'].map((key) => randomSeries(key, random))
    const after = before.map((series) => withOtherFuture(series, 60, random))
    const origins = Array.from({ length: 50 }, (_, at) => 11 + at)
    const given = { missing: 'interpolate', centring: 'none', channels: 'joint', scaling: 'standard' } as const
    const past = [before, after].map((raw) => {
      const windows = windowsOf(raw, 40, origins, given, leak)
      return bytes(windows.gather(Uint32Array.from({ length: windows.length }, (_, place) => place)).past)
    })
    expect(past[0]?.equals(past[1] ?? bytes(new Float32Array(0)))).toBe(false)
  })
})
