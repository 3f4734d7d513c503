/**
 * What a paper strategy would have made of one unit of money, beside holding the same thing all the while; below it the drawdown, how
 * far each stood under its highest value so far. Growth is computed by whoever judges; here is only the picture.
 */
import * as Plot from '@observablehq/plot'
import { type NamedValues, lineMarks, type PlotSize } from './line-marks.js'
import { FULL_WIDTH, renderPlot, stackPlots, colour, series } from '@weft/core/report'
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

export interface EquityPlotData {
  /** Ms since 1970 UTC, [T]; rows are numbered where there are none. */
  readonly times?: Values
  /** Growth of 1, each [T]: the strategy first, then what it is compared with. */
  readonly curves: readonly NamedValues[]
}

export interface EquityOptions extends PlotSize {
  /** Equal steps are equal ratios. By default when the highest growth is more than three times the lowest. */
  readonly logarithmic?: boolean
}

/** How far each value lies below the highest so far, as a share: 0 or less, [T]; NaN stays missing. */
export function drawdown(growth: Values): Float64Array {
  let highest = -Infinity
  return Float64Array.from({ length: growth.length }, (_, at) => {
    const value = growth[at] ?? Number.NaN
    if (value > highest) highest = value
    return value / highest - 1
  })
}

/** Growth of 1 above, drawdown below. */
export function equityPlot({ times, curves }: EquityPlotData, options: EquityOptions = {}): string {
  const { width = FULL_WIDTH, height = 280 } = options
  const x = positionsOf(times, Math.max(0, ...curves.map(({ values }) => values.length)))
  const [low, high] = extentOf(x) ?? [0, 1]
  const extent = extentOf([1], ...curves.map(({ values }) => values)) ?? [1, 1]
  const logarithmic = (options.logarithmic ?? extent[1] > 3 * extent[0]) && extent[0] > 0
  const falls = curves.map(({ values }) => drawdown(values))
  const deepest = extentOf([-0.01], ...falls)?.[0] ?? -1
  const margin = Math.max(56, valueAxis(extent).margin)
  const frame = { width, marginLeft: margin, marginRight: 16, x: { domain: [low, high], axis: null } }
  const inner = width - margin - 16
  const lines = (rows: readonly Values[], name: string) =>
    rows
      .map((values, at) => lineMarks(linePoints(x, values, inner), { ...series(at), name, weight: 1.6, dots: false }))
      .reverse()
      .flat()
  const growth = renderPlot(
    {
      ...frame,
      height,
      marginTop: 26,
      marginBottom: 14,
      y: { domain: valueAxis(extent).domain, nice: logarithmic ? false : 5, type: logarithmic ? 'log' : 'linear' },
      marks: [
        ...valueMarks(
          logarithmic ? 'growth of 1 (logarithmic)' : 'growth of 1',
          { margin },
          logarithmic ? { ticks: ratioTicks(...extent), tickFormat: String } : {},
        ),
        Plot.ruleY([1], { stroke: colour('muted'), strokeWidth: 1.2 }),
        ...lines(
          curves.map(({ values }) => values),
          'growth',
        ),
      ],
    },
    'growth of 1',
    curves.map(({ name }, at) => ({ label: name, ...series(at) })),
  )
  const fall = renderPlot(
    {
      ...frame,
      height: 170,
      marginTop: 30,
      marginBottom: TIME_MARGIN,
      y: { domain: [deepest, 0], nice: 3 },
      marks: [
        ...valueMarks(
          'drawdown',
          { margin, tickFormat: (share) => `${Math.round(share * 100)} %`.replace('-', '−') },
          { ticks: 3 },
        ),
        ...timeAxis(low, high, times !== undefined, inner),
        ...lines(falls, 'drawdown'),
      ],
    },
    'drawdown',
  )
  return stackPlots([growth, fall], `growth of 1 and drawdown: ${curves.map(({ name }) => name).join(', ')}`)
}

/** Round ratios between two values: 1, 2 and 5 times powers of ten, more finely where there are few. */
function ratioTicks(low: number, high: number): number[] {
  const within = (factors: readonly number[]) => {
    const ticks: number[] = []
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const factor of factors) {
        const tick = Number((factor * 10 ** power).toPrecision(3))
        if (tick >= low && tick <= high) ticks.push(tick)
      }
    }
    return ticks
  }
  const finer = [[1], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]]
  return (
    finer.map(within).find((ticks) => ticks.length >= 4) ??
    within([1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2, 2.5, 3, 4, 5, 6, 7, 8, 9])
  )
}
