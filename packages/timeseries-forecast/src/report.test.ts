import { describe, expect, it } from 'vitest'
import { forecastFigures, forecastSections, type TargetReport, leadName, type WindowReport } from './report.js'

const HOUR_MS = 3_600_000
const START = Date.UTC(2024, 5, 1)
const times = (from: number, count: number) => Array.from({ length: count }, (_, at) => START + (from + at) * HOUR_MS)

const window: WindowReport = {
  series: 'north',
  origin: 24,
  history: { times: times(0, 24), values: times(0, 24).map((_, at) => at) },
  forecast: { times: times(24, 3), values: [24, 25, 26] },
  truth: [24, NaN, 25],
  interval: { level: 0.8, lower: [23, 23, 23], upper: [25, 27, 29] },
  baselines: [{ name: 'last value', values: [23, 23, 23] }],
  note: 'the worst',
}

const shown: TargetReport = {
  target: 'load',
  unit: 'MW',
  step: { unit: 'ms', count: HOUR_MS },
  windows: [window],
  judged: 1200,
  scores: [
    { name: 'model', mae: 0.9, rmse: 1.2 },
    { name: 'drift', mae: 2, rmse: 3, p: 0.01, verdict: 'better' },
    { name: 'last value', mae: 1, rmse: 1.5, p: 0.2, verdict: 'no better' },
    { name: 'broken', mae: Number.NaN, rmse: Number.NaN },
  ],
  maeByLead: [
    { name: 'model', values: [0.5, 0.9, 1.3] },
    { name: 'last value', values: [0.6, 1, 1.4] },
  ],
  intervals: {
    levels: [
      { nominal: 0.5, actual: 0.55 },
      { nominal: 0.8, actual: 0.741 },
    ],
  },
  residuals: { times: times(24, 60), values: times(0, 60).map((_, at) => Math.sin(at * at)) },
  season: 24,
}

describe('what is shown of forecasts', () => {
  it('begins with the error, how it stands to the best baseline, and the widest interval', () => {
    expect(forecastFigures(shown, 'test')).toEqual([
      { label: 'Mean absolute error', value: '0.9000 MW', note: 'load, test, 1,200 windows' },
      { label: 'Beside the best baseline', value: '−10.0 %', note: 'error against last value' },
      { label: 'Interval', value: '74.1 %', note: 'of the truth is within; promised 80 %' },
    ])
    const worse = { ...shown, scores: [{ name: 'model', mae: 1.25, rmse: 2 }, ...shown.scores.slice(1)] }
    expect(forecastFigures(worse, 'test')[1]?.value).toBe('+25.0 %')
    expect(forecastFigures({ ...shown, scores: [] }, 'test')).toEqual([])
  })

  it('goes from the verdict over windows to what is left over', () => {
    const sections = forecastSections(shown)
    expect(sections.map(({ title }) => title)).toEqual(['Beside the baselines', 'Forecasts', 'Intervals', 'Residuals'])
    const [baselines, forecasts] = sections
    expect(forecasts?.figures?.[0]?.caption).toBe('north, from 2024-06-02 00:00 UTC. The worst.')
    expect(forecasts?.figures?.[0]?.svg).toContain('load (MW)')
    expect(sections[2]?.text).toEqual(expect.arrayContaining([expect.stringMatching(/74\.1 %/)]))
    expect(baselines?.figures?.[0]?.svg).toContain('lead (hours)')
    expect(baselines?.tables?.[0]?.rows.at(-1)?.slice(0, 2)).toEqual(['broken', 'none'])
    for (const { svg } of sections.flatMap(({ figures = [] }) => figures)) expect(svg).not.toMatch(/NaN|undefined/)
  })

  it('leaves out what was not judged, and shows a strategy where there is one', () => {
    const { target, step, judged, scores, maeByLead } = shown
    const strategy = { curves: [{ name: 'strategy', values: [1, 1.1] }], text: 'It gained 10 %.' }
    const bare = { target, step, judged, maeByLead }
    const sections = forecastSections({ ...bare, scores, windows: [], strategy })
    expect(sections.map(({ title }) => title)).toEqual(['Beside the baselines', 'Paper strategy'])
    expect(sections[1]?.text).toBe('It gained 10 %.')
    // A forecast whose truth is still to come.
    const { truth: past, ...coming } = window
    expect(past).toBeDefined()
    const [ahead, ...more] = forecastSections({ ...bare, maeByLead: [], scores: [], windows: [coming] })
    expect(more).toEqual([])
    expect(ahead?.text).toEqual([expect.not.stringContaining('what then came')])
  })

  it('numbers rows where there are no times, and gives no clock to days', () => {
    const plain = { ...window, series: '', history: { values: [1, 2] }, forecast: { values: [1, 2, 3] } }
    const caption = (one: WindowReport, count: number) =>
      forecastSections({ ...shown, windows: [one], step: { unit: 'ms', count } })[1]?.figures?.[0]?.caption
    expect(caption(plain, HOUR_MS)).toBe('From row 24. The worst.')
    expect(caption(window, 24 * HOUR_MS)).toBe('north, from 2024-06-02. The worst.')
  })

  it('calls a lead what it is', () => {
    const names = [
      leadName({ unit: 'ms', count: HOUR_MS }),
      leadName({ unit: 'ms', count: 15 * 60_000 }),
      leadName({ unit: 'month', count: 1 }),
      leadName({ unit: 'month', count: 6 }),
      leadName({ unit: 'month', count: 12 }),
      leadName({ unit: 'row', count: 1 }),
    ]
    const expected = ['hours', 'steps of 15 min', 'months', 'steps of 6 months', 'years', 'rows']
    expect(names).toEqual(expected.map((name) => `lead (${name})`))
  })
})
