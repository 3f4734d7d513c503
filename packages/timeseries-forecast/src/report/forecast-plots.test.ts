import { Window } from 'happy-dom'
import { describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { anomalyPlot } from './anomaly-plot.js'
import { drawdown, equityPlot } from './equity-plot.js'
import { coverageByLeadPlot, coverageByLevelPlot, errorsByLeadPlot } from './by-lead-plots.js'
import { forecastPlot } from './forecast-plot.js'
import { anomalySection, baselinesSection, forecastSection, residualsSection } from './forecast-sections.js'
import { residualPlots } from './residual-plots.js'
import { renderPlot } from '@weft/core/report'
import { linePoints, thinRows, timeTicks } from './time-axis.js'

const HOUR = 3_600_000
const START = Date.UTC(2024, 1, 27)

/** Parses a plot back, checking what holds for every plot. */
function parse(svg: string) {
  const root = new Window().document.createElement('div')
  root.innerHTML = svg
  const plot = root.firstElementChild
  if (plot === null || root.children.length !== 1) throw new Error('expected one element')
  const [width, height] = [Number(plot.getAttribute('width')), Number(plot.getAttribute('height'))]
  expect(plot.getAttribute('viewBox')).toBe(`0 0 ${width} ${height}`)
  expect(plot.getAttribute('aria-label')).toMatch(/\w/)
  expect(svg).not.toMatch(/NaN|undefined|Infinity|null/)
  const all = (selector: string) => [...plot.querySelectorAll(selector)]
  const texts = (selector = 'text') => all(selector).map((element) => element.textContent)
  const subpaths = (selector: string) =>
    all(selector).reduce((sum, path) => sum + (path.getAttribute('d')?.match(/M/g)?.length ?? 0), 0)
  const points = (selector: string) =>
    all(selector).flatMap((path) =>
      [...(path.getAttribute('d') ?? '').matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [
        Number(x),
        Number(y),
      ]),
    )
  return { width, height, all, texts, subpaths, points }
}

const wave = (length: number, from = 0) => Array.from({ length }, (_, t) => 50 + 10 * Math.sin((from + t) / 4))
const hours = (length: number, from = 0) => Array.from({ length }, (_, t) => START + (from + t) * HOUR)

describe('ticks along time', () => {
  const texts = (span: number, width = 900) => timeTicks(START, START + span, true, width).map(({ text }) => text)

  it('stand at round times, with the day or year where it changes', () => {
    expect(texts(36 * HOUR, 620)).toEqual([
      '00:00\n27 Feb 2024 UTC',
      '06:00',
      '12:00',
      '18:00',
      '00:00\n28 Feb',
      '06:00',
      '12:00',
    ])
    expect(texts(4 * 24 * HOUR, 500)).toEqual(['27 Feb\n2024', '28 Feb', '29 Feb', '1 Mar', '2 Mar'])
    expect(texts(50 * 24 * HOUR)).toEqual(['4 Mar\n2024', '11 Mar', '18 Mar', '25 Mar', '1 Apr', '8 Apr', '15 Apr'])
    expect(texts(400 * 24 * HOUR)).toEqual(['Apr\n2024', 'Jul', 'Oct', 'Jan\n2025', 'Apr'])
    expect(texts(12 * 366 * 24 * HOUR)).toEqual(['2026', '2028', '2030', '2032', '2034', '2036'])
  })

  it('are few and increase, whatever the span', () => {
    const random = new Random(3, 'ticks')
    for (let round = 0; round < 200; round++) {
      const low = random.uniform(-1e12, 3e12)
      const dates = random.next() < 0.7
      const high = low + 10 ** random.uniform(dates ? 3.5 : 0.5, dates ? 12.5 : 7)
      const ticks = timeTicks(low, high, dates, 900)
      expect(ticks.length).toBeLessThanOrEqual(11)
      expect(ticks.length).toBeGreaterThanOrEqual(1)
      ticks.forEach(({ at }, i) => {
        expect(at).toBeGreaterThan(i === 0 ? low - 1e-6 : (ticks[i - 1]?.at ?? 0))
        expect(at).toBeLessThanOrEqual(high)
      })
    }
  })
})

describe('thinning', () => {
  it('keeps the lowest and highest of every stretch, gaps, and the indices to keep', () => {
    const random = new Random(4, 'thinning')
    const values = Float64Array.from({ length: 20_000 }, () => random.normal())
    values[7003] = 40
    values[12_345] = -50
    values.fill(Number.NaN, 15_000, 15_400)
    const rows = thinRows(values, 500, [4321, 4322, 99_999])
    expect(rows.length).toBeLessThan(1600)
    for (const row of [0, 4321, 4322, 7003, 12_345, 19_999]) expect(rows).toContain(row)
    expect(rows).toEqual([...rows].sort((a, b) => a - b))
    for (let bucket = 0; bucket < 500; bucket++) {
      const all = values.slice(bucket * 40, bucket * 40 + 40)
      const kept = rows.filter((row) => row >= bucket * 40 && row < bucket * 40 + 40).map((row) => values[row] ?? 0)
      expect(Math.max(...kept)).toBe(Math.max(...all))
      expect(Math.min(...kept)).toBe(Math.min(...all))
    }
  })

  it('leaves short series alone', () => {
    expect(linePoints([5, 6, 7], [1, NaN, 3], 600)).toEqual([
      { x: 5, y: 1 },
      { x: 6, y: NaN },
      { x: 7, y: 3 },
    ])
  })
})

describe('a forecast', () => {
  const data = {
    history: { times: hours(72), values: wave(72) },
    truth: wave(24, 72),
    forecast: { times: hours(24, 72), values: wave(24, 73) },
    lower: wave(24, 72).map((value) => value - 5),
    upper: wave(24, 72).map((value) => value + 5),
    level: 0.9,
    baselines: [{ name: 'seasonal last value', values: wave(24, 48) }],
    label: 'demand',
    unit: 'MW',
  }

  it('is drawn beside what was known, what came, its interval and the baselines', () => {
    const { texts, all, subpaths, points } = parse(forecastPlot(data))
    expect(texts('[aria-label="legend"] text')).toEqual([
      'observed',
      'forecast',
      '90 % interval',
      'seasonal last value',
    ])
    expect(texts('.axis-name text')).toEqual(['demand (MW)'])
    expect(all('.interval path').length).toBe(1)
    expect(subpaths('.observed path')).toBe(1)
    expect(points('.observed path').length).toBe(96)
    // The rule lies between what was known and the first lead.
    const rule = Number(all('.origin line')[0]?.getAttribute('x1'))
    const [first = []] = points('.forecast path')
    const last = points('.observed path')[71] ?? []
    expect(rule).toBeGreaterThan(last[0] ?? 0)
    expect(rule).toBeLessThan(first[0] ?? 0)
  })

  it('breaks its lines where a value is missing', () => {
    const values = wave(72)
    values[10] = NaN
    values[40] = NaN
    const truth = wave(24, 72).fill(NaN, 20)
    expect(
      parse(forecastPlot({ ...data, history: { times: hours(72), values }, truth })).subpaths('.observed path'),
    ).toBe(3)
  })

  it('of one lead has a dot and a bar, and numbers its rows where there are no times', () => {
    const one = {
      history: { values: wave(30) },
      forecast: { values: [48] },
      lower: [44],
      upper: [53],
      origin: 530,
      label: 'x',
    }
    const { all, texts } = parse(forecastPlot(one))
    expect(all('.forecast-dot circle').length).toBe(1)
    expect(all('.interval line').length).toBe(1)
    expect(texts()).toEqual(expect.arrayContaining(['500', '530', 'row']))
  })

  it('draws a flat series, no history, and values in millions', () => {
    parse(forecastPlot({ history: { values: [3, 3, 3] }, forecast: { values: [3, 3] }, label: 'flat' }))
    parse(forecastPlot({ history: { values: [] }, forecast: { values: [1, 2] }, label: 'none' }))
    const { texts } = parse(
      forecastPlot({ history: { values: [2e6, 9e6] }, forecast: { values: [5e6] }, label: 'volume' }),
    )
    expect(texts()).toContain('4 M')
  })

  it('has a small picture of a long history', () => {
    const long = { times: hours(100_000), values: wave(100_000) }
    const svg = forecastPlot({ ...data, history: long, forecast: { ...data.forecast, times: hours(24, 100_000) } })
    expect(svg.length).toBeLessThan(60_000)
  })
})

describe('errors and coverage by lead', () => {
  it('draw the model and the best five of the others, cut at three times the model', () => {
    const names = ['model', 'a', 'b', 'c', 'd', 'e', 'worst', 'f']
    const forecasters = names.map((name, at) => ({ name, values: [1, 2, name === 'worst' ? 90 : 2 + at / 10] }))
    const { texts, all } = parse(errorsByLeadPlot(forecasters, { label: 'MAE (MW)', lead: 'lead (hours)' }))
    expect(texts('[aria-label="legend"] text')).toEqual(['model', 'a', 'b', 'c', 'd', 'e'])
    expect(all('.curve path').length).toBe(6)
    const section = baselinesSection([], { byLead: { label: 'MAE', forecasters: forecasters.slice(0, 7) } })
    expect(section.figures?.[0]?.caption).toContain('more than three times as wrong')
  })

  it('draw a single lead as dots', () => {
    const one = [{ name: 'model', values: [0.5] }]
    expect(parse(errorsByLeadPlot(one, { label: 'MAE' })).all('.curve-dot circle').length).toBe(1)
  })

  it('draw what intervals promise and hold', () => {
    const byLead = parse(coverageByLeadPlot([{ name: '90 %', nominal: 0.9, values: [0.92, 0.85, 0.31] }]))
    expect(byLead.texts()).toEqual(expect.arrayContaining(['30 %', '100 %', 'promised']))
    const levels = [0.95, 0.5, 0.8].map((nominal) => ({ nominal, actual: nominal - 0.03 }))
    expect(parse(coverageByLevelPlot(levels)).all('.level circle').length).toBe(3)
  })
})

describe('residuals', () => {
  const random = new Random(5, 'residuals')
  const residuals = Float64Array.from({ length: 3000 }, () => 2 + 3 * random.normal())

  it('are drawn along time, as a histogram and by their autocorrelation', () => {
    const plots = residualPlots(residuals, { times: hours(3000), unit: 'MW', season: 24 })
    expect(parse(plots.overTime).all('.residuals path').length).toBe(1)
    const histogram = parse(plots.histogram)
    const heights = histogram.all('.bin rect').map((bar) => Number(bar.getAttribute('height')))
    expect(heights.length).toBeGreaterThan(15)
    // Normal noise follows the curve: its top is as high as the highest bars.
    const top = Math.min(...histogram.points('.normal path').map(([, y]) => y ?? 0))
    const foot = Math.max(...histogram.points('.normal path').map(([, y]) => y ?? 0))
    expect(Math.max(...heights) / (foot - top)).toBeGreaterThan(0.85)
    expect(Math.max(...heights) / (foot - top)).toBeLessThan(1.25)
    expect(parse(plots.autocorrelation).all('.stem line').length).toBe(48)
    expect(plots.summary).toMatch(/^mean (1\.9|2\.0)\d MW, standard deviation (2\.9|3\.0)\d MW$/)
  })

  it('that lie far out are counted, not drawn', () => {
    const wild = Float64Array.from(residuals)
    wild[5] = 1e4
    expect(residualPlots(wild).summary).toContain('without 1 far outside')
  })

  it('may be missing, constant or none', () => {
    for (const values of [[], [NaN, NaN], [0, 0, 0, 0], [1, NaN, 2, 5]]) {
      const section = residualsSection(values)
      for (const { svg = '' } of section.figures ?? []) parse(svg)
    }
  })
})

describe('a paper strategy', () => {
  it('falls from its highest value', () => {
    expect([...drawdown([1, 2, 1.5, NaN, 3, 0.75])]).toEqual([0, 0, -0.25, NaN, 0, -0.75])
  })

  it('is drawn with what it is compared with, growth above and drawdown below', () => {
    const curves = [
      { name: 'strategy', values: [1, 1.1, 1.05, 1.3] },
      { name: 'buy and hold', values: [1, 2, 4, 8] },
    ]
    const { all, texts, height } = parse(equityPlot({ times: hours(4), curves }))
    expect([all('.growth path').length, all('.drawdown path').length]).toEqual([2, 2])
    expect(texts()).toEqual(expect.arrayContaining(['growth of 1 (logarithmic)', 'drawdown', 'buy and hold']))
    expect(height).toBeGreaterThan(400)
    expect(parse(equityPlot({ curves: curves.slice(0, 1) })).texts()).toContain('growth of 1')
  })
})

describe('alarms', () => {
  const values = wave(20_000)
  const scores = values.map((_, row) => (row % 1000 === 999 ? 30 + row / 1000 : 1))
  const alarms = [999, 1000, 1001, 7999, 19_999]
  const data = { times: hours(20_000), values, scores, threshold: 10, alarms, label: 'load' }

  it('are never thinned away', () => {
    const svg = anomalyPlot({ ...data, expected: values, windows: [[900, 1100]], probation: 500 })
    const { all, texts } = parse(svg)
    expect(all('.alarm circle').length).toBe(2 * alarms.length)
    expect([all('.window rect').length, all('.probation rect').length, all('.threshold line').length]).toEqual([
      2, 2, 1,
    ])
    expect(texts('[aria-label="legend"] text')).toEqual([
      'observed',
      'expected',
      'alarm',
      'threshold 10',
      'labelled anomaly',
    ])
    expect(svg.length).toBeLessThan(150_000)
  })

  it('lie on the line, or at the foot where the value is missing', () => {
    const gap = [1, NaN, 5, 3]
    const { all } = parse(anomalyPlot({ values: gap, scores: [0, 9, 0, 9], threshold: 4, alarms: [1, 3] }))
    const [missing, known] = all('.alarm circle').map((dot) => Number(dot.getAttribute('cy')))
    expect(missing).toBeGreaterThan(known ?? 0)
  })

  it('of enormous scores stay in the picture', () => {
    const huge = scores.map((score) => (score > 1 ? 1e9 : score))
    const { all, height } = parse(anomalyPlot({ ...data, scores: huge }))
    const inside = all('.alarm circle').every((dot) => Number(dot.getAttribute('cy')) <= height)
    expect(inside).toBe(true)
    expect(anomalyPlot({ ...data, scores: huge })).toContain('score (higher than 80 at the edge)')
  })
})

describe('sections', () => {
  it('say how their pictures are read, and what of that is there', () => {
    const plain = { history: { values: [1, 2] }, forecast: { values: [3] }, label: 'x' }
    expect(forecastSection([{ data: plain, caption: 'one' }]).text).toEqual([expect.not.stringContaining('band')])
    const banded = { ...plain, lower: [2], upper: [4] }
    expect(forecastSection([{ data: banded, caption: 'one' }], 'More.').text).toEqual([
      expect.stringContaining('band is the interval'),
      'More.',
    ])
    const watched = { values: [1, 2], scores: [0, 1], threshold: 0.5, alarms: [1] }
    expect(anomalySection([{ data: watched, caption: 'one' }]).text).toEqual([
      'A dot is an alarm: a row whose score is above the threshold.',
    ])
  })

  it('compare forecasters in columns of equal decimals, without those that nobody filled', () => {
    const { tables } = baselinesSection(
      [
        { name: 'model', mae: 0.8123, rmse: 12.3456, mase: 0.7 },
        { name: 'last value', mae: 10, rmse: Number.NaN, p: 0.0002, verdict: 'better' },
      ],
      { unit: 'MW', windows: 1234 },
    )
    expect(tables?.[0]?.columns.map(({ header }) => header)).toEqual([
      'forecaster',
      'MAE (MW)',
      'RMSE (MW)',
      'MASE',
      'p',
      'the model is',
    ])
    expect(tables?.[0]?.rows).toEqual([
      ['model', '0.812', '12.35', '0.700', '', ''],
      ['last value', '10.000', 'none', '', '<0.001', 'better'],
    ])
    expect(tables?.[0]?.caption).toContain('Of 1,234 windows.')
  })
})

describe('a legend', () => {
  it('takes as many rows as it needs, within the width', () => {
    const entries = Array.from({ length: 7 }, (_, at) => ({ label: `SARIMA(1,0,${at})(0,1,1)24`, stroke: 'red' }))
    const { all, height } = parse(renderPlot({ marks: [], height: 100, width: 460 }, 'x', entries))
    const places = all('[aria-label="legend"] g').map((entry) => entry.getAttribute('transform') ?? '')
    expect(new Set(places.map((place) => place.replace(/.*,/, ''))).size).toBeGreaterThan(2)
    expect(new Set(places).size).toBe(7)
    expect(height).toBeGreaterThan(160)
  })
})
