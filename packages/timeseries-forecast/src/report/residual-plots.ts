/**
 * What a forecast leaves unexplained: residuals along time, how they are spread beside the normal curve, and whether one tells of the
 * next. A good forecast leaves residuals around zero, alike at all times, and without autocorrelation.
 */
import * as Plot from '@observablehq/plot'
import { formatCount, formatNumber, plural } from '@weft/core/cli'
import { autocorrelation } from '../metrics/autocorrelation.js'
import { lineMarks, withUnit, type PlotSize } from './line-marks.js'
import { axisX, FULL_WIDTH, HALF_WIDTH, renderPlot, type LegendEntry, colour, series } from '@weft/core/report'
import {
  extentOf,
  linePoints,
  positionsOf,
  timeAxis,
  TIME_MARGIN,
  valueAxis,
  valueMarks,
  type Values,
} from './time-axis.js'

export interface ResidualOptions extends PlotSize {
  /** Ms since 1970 UTC, [T]; rows are numbered where there are none. */
  readonly times?: Values
  readonly unit?: string
  /** Rows of a season, at whose multiples the autocorrelation has its ticks. */
  readonly season?: number
  /** The largest lag. Default two seasons, or 40, and at most a third of the values. */
  readonly lags?: number
}

/** The three pictures of residuals: truth less forecast, [T], NaN where missing. */
export function residualPlots(residuals: Values, options: ResidualOptions = {}): ResidualPlots {
  const histogram = histogramOf(residuals)
  const { low, high, beyond } = histogram
  const near =
    beyond === 0
      ? residuals
      : Float64Array.from(residuals, (value) => (value >= low && value <= high ? value : Number.NaN))
  return {
    overTime: residualsOverTime(residuals, histogram, options),
    histogram: residualHistogram(histogram, options),
    autocorrelation: autocorrelationPlot(near, options),
    beyond: histogram.beyond,
    summary: summaryOf(histogram, options.unit),
  }
}

export interface ResidualPlots {
  readonly overTime: string
  readonly histogram: string
  readonly autocorrelation: string
  /** Mean and deviation, and how many lie outside the histogram, such as `mean 0.12 MW, standard deviation 3.40 MW`. */
  readonly summary: string
  /** Residuals far outside, which leave the first picture and count in neither of the others. */
  readonly beyond: number
}

const LABEL = 'residual'
const ZERO = { stroke: colour('muted'), strokeWidth: 1.2 }

function residualsOverTime(
  residuals: Values,
  { low: least, high: most }: Histogram,
  { times, unit, width = FULL_WIDTH, height = 220 }: ResidualOptions,
): string {
  const x = positionsOf(times, residuals.length)
  const [low, high] = extentOf(x) ?? [0, 1]
  const axis = valueAxis([Math.min(0, least), Math.max(0, most)])
  const inner = width - axis.margin - 16
  return renderPlot(
    {
      width,
      height,
      marginLeft: axis.margin,
      marginRight: 16,
      marginTop: 26,
      marginBottom: TIME_MARGIN,
      x: { domain: [low, high] },
      y: { domain: axis.domain, nice: 5 },
      marks: [
        ...valueMarks(withUnit(LABEL, unit), axis),
        ...timeAxis(low, high, times !== undefined, inner),
        Plot.ruleY([0], ZERO),
        ...lineMarks(linePoints(x, residuals, inner), { ...series(0), name: 'residuals', weight: 1, dots: false }),
      ],
    },
    `${plural(residuals.length, 'residual')} along time`,
  )
}

/** Deviations from the median that are shown, told by the quartiles: a few wild values must not squash the rest. */
const SHOWN_DEVIATIONS = 8
/** The spread between the quartiles of a normal distribution, in deviations. */
const QUARTILES = 1.349
const MOST_BINS = 60

interface Bin {
  readonly from: number
  readonly to: number
  count: number
}

/** Counts in bins after Freedman and Diaconis; what lies far outside is counted apart, and in neither mean nor deviation. */
function histogramOf(residuals: Values) {
  const sorted = Float64Array.from(residuals)
    .filter((value) => Number.isFinite(value))
    .sort()
  const quartile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const between = quartile(0.75) - quartile(0.25)
  const limit = between > 0 ? (SHOWN_DEVIATIONS * between) / QUARTILES : Infinity
  const near = sorted.filter((value) => Math.abs(value - quartile(0.5)) <= limit)
  const { length } = near
  const mean = near.reduce((sum, value) => sum + value, 0) / Math.max(1, length)
  const deviation = Math.sqrt(near.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, length))
  const [low = 0, high = 1] = extentOf(near) ?? []
  const spread = high - low || 1
  const width = (2 * between) / Math.cbrt(length)
  const count = Math.min(MOST_BINS, Math.max(1, width > 0 ? Math.ceil(spread / width) : 1))
  const bins = Array.from({ length: count }, (_, at): Bin => {
    return { from: low + (at * spread) / count, to: low + ((at + 1) * spread) / count, count: 0 }
  })
  for (const value of near) {
    const bin = bins[Math.min(count - 1, Math.floor(((value - low) / spread) * count))]
    if (bin !== undefined) bin.count++
  }
  return { bins, mean, deviation, length, low, high, beyond: sorted.length - length, binWidth: spread / count }
}

function summaryOf({ mean, deviation, beyond }: Histogram, unit: string | undefined): string {
  const quantity = (value: number) => `${formatNumber(value, 3)}${unit === undefined ? '' : ` ${unit}`}`
  const outside = beyond > 0 ? `; without ${formatCount(beyond)} far outside` : ''
  return `mean ${quantity(mean)}, standard deviation ${quantity(deviation)}${outside}`
}

type Histogram = ReturnType<typeof histogramOf>

function residualHistogram(
  { bins, mean, deviation, length, binWidth }: Histogram,
  { unit, width = HALF_WIDTH, height = 260 }: ResidualOptions,
): string {
  const [from, to] = [bins[0]?.from ?? 0, bins.at(-1)?.to ?? 1]
  const normal =
    deviation > 0
      ? Array.from({ length: 121 }, (_, at) => {
          const x = from + ((to - from) * at) / 120
          const density = Math.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * Math.sqrt(2 * Math.PI))
          return { x, y: density * length * binWidth }
        })
      : []
  const axis = valueAxis([0, Math.max(1, ...bins.map(({ count }) => count), ...normal.map(({ y }) => y))])
  const legend: LegendEntry[] = [
    { label: 'residuals', stroke: colour('blue'), mark: 'bar' },
    { label: 'normal curve', ...series(1) },
  ]
  return renderPlot(
    {
      width,
      height,
      marginLeft: axis.margin,
      marginRight: 14,
      marginTop: 26,
      marginBottom: TIME_MARGIN,
      x: { domain: [from, to] },
      y: { domain: axis.domain, nice: 4 },
      marks: [
        ...valueMarks('number', axis, { ticks: 4 }),
        ...axisX({ label: withUnit(LABEL, unit), ticks: 6 }),
        Plot.rect(bins, {
          x1: 'from',
          x2: 'to',
          y1: 0,
          y2: 'count',
          insetLeft: 0.5,
          insetRight: 0.5,
          fill: colour('blue'),
          fillOpacity: 0.35,
          className: 'bin',
        }),
        ...lineMarks(normal, { ...series(1), name: 'normal', weight: 1.6, dots: false }),
      ],
    },
    `histogram of ${plural(length, 'residual')}`,
    legend,
  )
}

/** Autocorrelation by lag with the band in which white noise stays 19 times of 20. */
export function autocorrelationPlot(values: Values, options: ResidualOptions = {}): string {
  const { season, width = HALF_WIDTH, height = 260 } = options
  const count = Array.from(values).filter((value) => !Number.isNaN(value)).length
  const wanted = options.lags ?? (season === undefined ? 40 : Math.max(40, 2 * season))
  const lags = Math.max(1, Math.min(wanted, Math.floor(count / 3)))
  const stems = Array.from(autocorrelation(Array.from(values), lags), (r, lag) => ({ lag, r }))
    .slice(1)
    .filter(({ r }) => Number.isFinite(r))
  const band = 1.96 / Math.sqrt(Math.max(1, count))
  const [low, high] = extentOf(
    stems.map(({ r }) => r),
    [-2 * band, 2 * band, 0.2],
  ) ?? [-1, 1]
  return renderPlot(
    {
      width,
      height,
      marginLeft: 48,
      marginRight: 14,
      marginTop: 26,
      marginBottom: TIME_MARGIN,
      x: { domain: [0, lags + 0.5] },
      y: { domain: [Math.max(-1, low), Math.min(1, high)], nice: 5 },
      marks: [
        ...valueMarks('autocorrelation', { margin: 48 }),
        ...axisX({ label: 'lag (rows)', ticks: lagTicks(lags, season), tickFormat: 'd' }),
        Plot.rect([0], {
          x1: 0,
          x2: lags + 0.5,
          y1: -band,
          y2: band,
          fill: colour('muted'),
          fillOpacity: 0.2,
          className: 'band',
        }),
        Plot.ruleY([0], ZERO),
        Plot.ruleX(stems, {
          x: 'lag',
          y1: 0,
          y2: 'r',
          stroke: colour('blue'),
          strokeWidth: Math.max(1, Math.min(4, (0.5 * width) / lags)),
          className: 'stem',
        }),
      ],
    },
    `autocorrelation at the lags 1 to ${lags}`,
    [
      { label: 'of the residuals', stroke: colour('blue') },
      { label: '95 % of white noise', stroke: colour('muted'), mark: 'bar' },
    ],
  )
}

/** At most ten ticks: whole seasons, or parts of one where they are long. */
function lagTicks(lags: number, season: number | undefined): number[] {
  const steps =
    season !== undefined && season > 1 && season <= lags
      ? [season / 4, season / 2, season, 2 * season, 4 * season].filter(Number.isInteger)
      : [1, 2, 5, 10, 20, 50, 100, 200, 500]
  const step = steps.find((candidate) => lags / candidate <= 9) ?? Math.ceil(lags / 9)
  return Array.from({ length: Math.floor(lags / step) }, (_, at) => (at + 1) * step)
}
