import { readFileSync } from 'node:fs'
import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { deriveColumns, parseFeature } from './feature-columns.js'
import type { Series } from '../series/series.js'

function seriesOf(columns: Readonly<Record<string, ArrayLike<number>>>): Series {
  const [first = []] = Object.values(columns)
  return {
    key: '',
    times: Float64Array.from({ length: first.length }, (_, t) => Date.UTC(2024, 0, 1 + t)),
    columns: new Map(Object.entries(columns).map(([name, values]) => [name, Float64Array.from(values)])),
  }
}
const derive = (columns: Readonly<Record<string, ArrayLike<number>>>, text: string) => [
  ...(deriveColumns(seriesOf(columns), [text]).get(text) ?? []),
]

interface Golden {
  readonly cases: readonly {
    readonly name: string
    readonly columns: Readonly<Record<string, readonly number[]>>
    readonly indicators: Readonly<Record<string, readonly (number | null)[]>>
  }[]
}
const golden = JSON.parse(readFileSync(new URL('golden/indicators.json', import.meta.url), 'utf8')) as Golden

describe('deriveColumns', () => {
  it('computes differences, lags, logarithms and returns', () => {
    expect(derive({ x: [1, 4, 9] }, 'difference(x)')).toEqual([NaN, 3, 5])
    expect(derive({ x: [1, 4, 9] }, 'difference(x, 2)')).toEqual([NaN, NaN, 8])
    expect(derive({ x: [1, 4, 9] }, 'lag(x,1)')).toEqual([NaN, 1, 4])
    expect(derive({ x: [1, Math.E] }, 'log(x)')).toEqual([0, 1])
    expect(derive({ x: [1, Math.E] }, 'logReturn(x)')).toEqual([NaN, 1])
  })

  it('keeps gaps of differences and lags, and carries values forward for averages and indicators', () => {
    const x = [NaN, 2, NaN, 5]
    expect(derive({ x }, 'difference(x)')).toEqual([NaN, NaN, NaN, NaN])
    expect(derive({ x }, 'lag(x)')).toEqual([NaN, NaN, 2, NaN])
    expect(derive({ x }, 'rollingMean(x,2)')).toEqual([NaN, NaN, 2, 3.5])
    expect(derive({ x }, 'sma(x,2)')).toEqual([NaN, NaN, 2, 3.5])
    expect(derive({ x }, 'ema(x,2)')).toEqual([NaN, NaN, 2, 4])
    expect(derive({ x }, 'rollingDeviation(x,2)')).toEqual([NaN, NaN, 0, 1.5])
  })

  it.each(golden.cases)('agrees with pandas on $name', ({ columns, indicators }) => {
    const series = seriesOf(columns)
    const texts = new Set(Object.keys(indicators).map((name) => name.replace(/\.[a-z]+$/, '')))
    const derived = deriveColumns(series, [...texts])
    for (const [name, wanted] of Object.entries(indicators)) {
      const values = derived.get(name) ?? new Float64Array(0)
      const [first] = wanted.flatMap((value, t) => (value === null ? [] : [t]))
      expect(first, name).toBeDefined()
      wanted.forEach((value, t) => {
        if (value === null) expect(values[t], `${name}, row ${t}`).toBeNaN()
        // Sums of 60 numbers below 1e6, in another order.
        else expect(values[t], `${name}, row ${t}`).toBeCloseTo(value, 8)
      })
    }
  })

  it('is not spoilt by a market that does not move at first', () => {
    const price = Array.from({ length: 80 }, (_, t) => (t < 30 ? 5 : 5 + Math.sin(t)))
    const volume = price.map((_, t) => (t < 30 ? 0 : 1))
    const columns = { High: price, Low: price, Close: price, Volume: volume }
    for (const name of ['rsi(5)', 'atr(5)', 'vwap', 'mfi(5)', 'cci(5)', 'williamsR(5)', 'obv']) {
      expect(derive(columns, name).at(-1), name).toSatisfy(Number.isFinite)
    }
    expect(deriveColumns(seriesOf(columns), ['adx(5)']).get('adx(5).adx')?.at(-1)).toSatisfy(Number.isFinite)
  })

  it('never looks ahead, nor back to before the first value', () => {
    const random = new Random(3)
    const names = ['High', 'Low', 'Close', 'Volume']
    const texts =
      'log(Close) logReturn(Close,3) difference(Close) lag(Low,4) rollingMean(Close,5) rollingDeviation(Close,5)'
    const indicators =
      'sma ema(9) wma(9) rsi macd(3,6,4) bollinger(5) atr(5) obv stochastic(5) adx(4) cci(5) roc williamsR(5)'
    const all = `${texts} ${indicators} mfi(5) vwap sma(Volume,3)`.split(' ')
    const rows = 60
    const draw = () => (random.next() < 0.1 ? NaN : 1 + random.next())
    for (let round = 0; round < 20; round++) {
      const before = Object.fromEntries(names.map((name) => [name, Array.from({ length: rows }, draw)]))
      const origin = random.int(rows)
      const after = Object.fromEntries(
        Object.entries(before).map(([name, values]) => [name, values.map((value, t) => (t < origin ? value : draw()))]),
      )
      const derived = deriveColumns(seriesOf(after), all)
      for (const [name, values] of deriveColumns(seriesOf(before), all)) {
        expect(derived.get(name)?.subarray(0, origin), name).toEqual(values.subarray(0, origin))
      }
    }
  })

  it('finds columns whatever their case, or by the names given', () => {
    const columns = { close: [1, 2], OT: [3, 5], '7, days': [4, 8] }
    expect(derive(columns, 'sma(2)')).toEqual([NaN, 1.5])
    expect(derive(columns, 'sma(OT,2)')).toEqual([NaN, 4])
    expect(derive(columns, 'sma("7, days",2)')).toEqual([NaN, 6])
    expect(derive({ 'wv (m/s)': [4, 8] }, 'difference(wv (m/s))')).toEqual([NaN, 4])
  })

  it('says what is wrong', () => {
    expect(() => derive({ x: [1] }, 'rsi(14)')).toThrow(
      'expected the column Close for "rsi(14)", received none of this name',
    )
    expect(() => derive({ x: [1, 0] }, 'log(x)')).toThrow(
      'taking logarithms: expected a number above 0 for x in row 1 (2024-01-02T00:00:00.000Z), received 0',
    )
  })
})

describe('parseFeature', () => {
  it('reads names, columns and numbers, and knows the usual numbers', () => {
    expect(parseFeature('rsi(14)')).toEqual({ text: 'rsi(14)', name: 'rsi', columns: [], parameters: [14] })
    expect(parseFeature('macd')).toMatchObject({ parameters: [12, 26, 9] })
    expect(parseFeature('bollinger(OT, 24, 2.5)')).toMatchObject({ columns: ['OT'], parameters: [24, 2.5] })
    expect(parseFeature('atr(h,l,c)')).toMatchObject({ columns: ['h', 'l', 'c'], parameters: [14] })
  })

  it.each([
    ['rsx(14)', 'deriving columns: expected the name of a feature for "rsx(14)", received "rsx"'],
    ['14', 'deriving columns: expected a feature such as rsi(14) or log(Close) for a feature, received "14"'],
    ['log', 'deriving columns: expected one column for "log", received "none"'],
    ['atr(Close)', 'expected none or 3 columns (High, Low, Close) for "atr(Close)", received "Close"'],
    ['rsi(14,2)', 'expected at most 1 numbers (period) for "rsi(14,2)", received "14, 2"'],
    ['rsi(1.5)', 'expected a whole number of at least 1 for period of "rsi(1.5)", received 1.5'],
    ['rollingMean(x)', 'expected a whole number of at least 1 for rows of "rollingMean(x)", received "none"'],
  ])('refuses %j', (text, message) => {
    expect(() => parseFeature(text)).toThrow(message)
  })

  it('suggests the nearest name', () => {
    expect(() => parseFeature('bolinger')).toThrow(
      expect.objectContaining({ hint: 'Did you mean bollinger?' }) as Error,
    )
  })
})
