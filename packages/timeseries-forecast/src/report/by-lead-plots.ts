/**
 * Plots by lead: the errors of several forecasters, and how often intervals hold the truth; and that share by the level of the interval.
 */
import * as Plot from '@observablehq/plot'
import { axisX, colour, HALF_WIDTH, type LegendEntry, renderPlot, series } from '@weft/core/report'
import { DOTTED_LEADS, lineMarks, type NamedValues, type PlotSize } from './line-marks.js'
import { extentOf, linePoints, valueAxis, valueMarks, type Values } from './time-axis.js'

export interface ByLeadOptions extends PlotSize {
  /** What is drawn, with its unit, such as `MAE (MW)`. */
  readonly label: string
  /** What a lead is, such as `lead (hours)`. */
  readonly lead?: string
}

/** Lines of a plot by lead: as many as there are styles. */
export const DRAWN_FORECASTERS = 6
/** An error this many times the model's highest leaves the plot. */
const CUT = 3

/**
 * The error by lead of several forecasters; the first is the model. Of more than `DRAWN_FORECASTERS` those with the lowest mean error
 * are drawn, and a line leaves the plot above three times the model's largest error.
 */
export function errorsByLeadPlot(forecasters: readonly NamedValues[], options: ByLeadOptions): string {
  const [model, ...others] = forecasters
  const mean = ({ values }: NamedValues) => {
    const sum = Array.from(values).reduce((total, value) => total + value, 0)
    return Number.isFinite(sum) ? sum / values.length : Infinity
  }
  const best = others.sort((a, b) => (mean(a) < mean(b) ? -1 : 1)).slice(0, DRAWN_FORECASTERS - 1)
  const drawn = model === undefined ? best : [model, ...best]
  const most = extentOf(...drawn.map(({ values }) => values))?.[1] ?? 1
  return byLeadPlot(drawn, { domain: [0, Math.min(most, errorLimit(forecasters)) || 1], ...options })
}

/** Above which errors leave the plot. */
export function errorLimit([model]: readonly NamedValues[]): number {
  const most = extentOf(model?.values)?.[1] ?? 0
  return most > 0 ? CUT * most : Infinity
}

/** Leads as lines from 1 to H. */
function byLeadPlot(
  lines: readonly NamedValues[],
  options: ByLeadOptions & {
    domain: [number, number]
    percent?: boolean
    below?: Plot.Markish[]
    extra?: LegendEntry[]
  },
): string {
  const { label, lead = 'lead', width = HALF_WIDTH, height = 280, domain, percent = false, below = [] } = options
  const leads = Math.max(1, ...lines.map(({ values }) => values.length))
  const dots = leads <= DOTTED_LEADS
  const axis = percent ? { margin: 52, tickFormat: wholePercent } : valueAxis(domain)
  const x = Float64Array.from({ length: leads }, (_, at) => at + 1)
  const marks = lines.map(({ values }, at) =>
    lineMarks(linePoints(x, values, width), { ...series(at), name: 'curve', weight: at === 0 ? 2.2 : 1.5, dots }),
  )
  const entries = lines.map(({ name }, at): LegendEntry => ({ label: name, ...series(at) }))
  return renderPlot(
    {
      width,
      height,
      marginLeft: axis.margin,
      marginRight: 14,
      marginTop: 26,
      marginBottom: 44,
      x: { domain: leads === 1 ? [0.5, 1.5] : [1, leads] },
      y: { domain, nice: percent ? false : 5 },
      marks: [
        ...valueMarks(label, axis),
        ...axisX({ label: lead, ticks: leadTicks(leads), tickFormat: 'd' }),
        ...below,
        ...marks.reverse().flat(),
      ],
    },
    `${label} by lead of ${lines.map(({ name }) => name).join(', ')}`,
    [...entries, ...(options.extra ?? [])],
  )
}

function wholePercent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Lead 1, the last, and multiples of 12 or of round numbers between them. */
function leadTicks(leads: number): number[] {
  const steps = leads % 12 === 0 ? [1, 2, 3, 6, 12, 24, 48, 96, 120, 240, 480] : [1, 2, 5, 10, 20, 50, 100, 200, 500]
  const step = steps.find((candidate) => leads / candidate <= 8) ?? Math.ceil(leads / 8)
  const ticks = [1]
  for (let lead = step; lead <= leads; lead += step) if (lead > 1 && lead - 1 > step / 2) ticks.push(lead)
  if (leads - (ticks.at(-1) ?? 1) > step / 2) ticks.push(leads)
  return ticks
}

const PROMISED: LegendEntry = { label: 'promised', stroke: colour('muted'), dash: '2,4' }

/** How often intervals of one level held the truth, by lead. */
export interface CoverageByLead {
  readonly name: string
  /** What share they are to hold. */
  readonly nominal: number
  /** What share they held, [H]. */
  readonly values: Values
}

/** The share of the truth that intervals held, by lead; the dotted rules are what they promise. */
export function coverageByLeadPlot(intervals: readonly CoverageByLead[], options: Partial<ByLeadOptions> = {}): string {
  const low = extentOf(...intervals.map(({ nominal, values }) => [nominal, ...Array.from(values)]))?.[0] ?? 0
  const promised = Plot.ruleY(
    intervals.map(({ nominal }) => nominal),
    { stroke: colour('muted'), strokeDasharray: '2,4', strokeWidth: 1.5, className: 'nominal' },
  )
  return byLeadPlot(intervals, {
    label: 'coverage',
    ...options,
    domain: [Math.min(0.5, Math.floor(low * 10) / 10), 1],
    percent: true,
    below: [promised],
    extra: [PROMISED],
  })
}

/** The share that intervals are to hold and the share that they held. */
export interface CoverageLevel {
  readonly nominal: number
  readonly actual: number
}

/** Actual by nominal coverage; on the diagonal, intervals hold what they promise; below it, they are too narrow. */
export function coverageByLevelPlot(levels: readonly CoverageLevel[], size: PlotSize = {}): string {
  const { width = HALF_WIDTH, height = 280 } = size
  const points = [...levels]
    .sort((a, b) => a.nominal - b.nominal)
    .map(({ nominal, actual }) => ({ x: nominal, y: actual }))
  const ends = [0, 1].map((share) => ({ x: share, y: share }))
  const diagonal = { stroke: colour('muted'), dash: '2,4', name: 'as-promised', weight: 1.5, dots: false }
  return renderPlot(
    {
      width,
      height,
      marginLeft: 52,
      marginRight: 24,
      marginTop: 26,
      marginBottom: 44,
      x: { domain: [0, 1] },
      y: { domain: [0, 1] },
      marks: [
        ...valueMarks('actual coverage', { margin: 52, tickFormat: wholePercent }),
        ...axisX({ label: 'nominal coverage', ticks: 5, tickFormat: wholePercent }),
        ...lineMarks(ends, diagonal),
        ...lineMarks(points, { ...series(0), name: 'coverage', weight: 1.6, dots: false }),
        Plot.dot(points, { x: 'x', y: 'y', r: 4, fill: colour('blue'), stroke: colour('paper'), className: 'level' }),
      ],
    },
    'actual by nominal coverage of intervals',
    [{ label: 'intervals', ...series(0) }, PROMISED],
  )
}
