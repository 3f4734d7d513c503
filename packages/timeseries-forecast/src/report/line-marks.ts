/** Lines of a plot, and what all plots of series share: sizes, named lines, labels with units. */
import * as Plot from '@observablehq/plot'
import type { Values } from './time-axis.js'

/** Up to this many leads, each is marked with a dot. */
export const DOTTED_LEADS = 12

/** A forecaster's numbers, one a lead. */
export interface NamedValues {
  readonly name: string
  readonly values: Values
}

export interface PlotSize {
  readonly width?: number
  readonly height?: number
}

/** `demand (MW)`. */
export function withUnit(label: string, unit: string | undefined): string {
  return unit === undefined || unit === '' ? label : `${label} (${unit})`
}

export interface LineStyle {
  readonly stroke: string
  readonly dash: string | undefined
  /** The marks' class. */
  readonly name: string
  readonly weight: number
  readonly dots: boolean
}

/** A line that breaks where y is NaN. */
export function lineMarks(points: readonly { x: number; y: number }[], style: LineStyle): Plot.Markish[] {
  const { stroke, dash, name, weight, dots } = style
  const line = { x: 'x', y: 'y', stroke, strokeWidth: weight, clip: true, className: name }
  return [
    Plot.line(points, dash === undefined ? line : { ...line, strokeDasharray: dash }),
    ...(dots ? [Plot.dot(points, { x: 'x', y: 'y', fill: stroke, r: 2.5, clip: true, className: `${name}-dot` })] : []),
  ]
}
