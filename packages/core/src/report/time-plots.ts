/**
 * Plots along time: a heat map with axes (a spectrogram) and events as bars in a lane a label.
 */
import * as Plot from '@observablehq/plot'
import { formatNumber, formatPercent } from '../cli/format.js'
import { escapeHtml } from './html.js'
import { finiteRange, heatMapPng, mapColour, toDataUri } from './image.js'
import type { ColourMap } from './image.js'
import { axisX, axisY, fitText, FULL_WIDTH, labelMargin, renderPlot } from './svg.js'
import { colour } from './theme.js'

export interface HeatMapOptions {
  /** Name and range of the horizontal axis, such as `{ label: 'time (s)', range: [0, 2.5] }`. */
  readonly x: { readonly label: string; readonly range: readonly [number, number] }
  readonly y: { readonly label: string; readonly range: readonly [number, number] }
  /** What the colours stand for, such as `level (dB)`. */
  readonly legend?: string
  readonly map?: ColourMap
  /** Values at the ends of the colour map. */
  readonly range?: readonly [number, number]
  readonly width?: number
  readonly height?: number
}

/**
 * A matrix as a picture with axes and a colour bar; time runs to the right, features upwards.
 *
 * @param values [T, D], row by row.
 */
export async function heatMapPlot(
  values: ArrayLike<number>,
  steps: number,
  features: number,
  options: HeatMapOptions,
): Promise<string> {
  const { x, y, legend, map = 'magma', width = FULL_WIDTH, height = 280 } = options
  const range = options.range ?? finiteRange(values)
  const source = toDataUri(await heatMapPng(values, steps, features, { map, range }))
  const marginRight = 74
  const [marginLeft, marginTop, marginBottom] = [52, 26, 44]
  const [innerWidth, innerHeight] = [width - marginLeft - marginRight, height - marginTop - marginBottom]
  const bar = colourBar(map, range, width - marginRight + 14, marginTop, innerHeight)
  const name = `<text x="${width - 2}" y="14" text-anchor="end" fill="${colour('muted')}">${escapeHtml(legend ?? '')}</text>`
  return renderPlot(
    {
      width,
      height,
      marginLeft,
      marginRight,
      marginTop,
      marginBottom,
      x: { domain: x.range },
      y: { domain: y.range },
      marks: [
        Plot.image([0], {
          src: () => source,
          frameAnchor: 'middle',
          width: innerWidth,
          height: innerHeight,
          preserveAspectRatio: 'none',
          imageRendering: steps < innerWidth / 2 ? 'pixelated' : 'auto',
        }),
        ...axisY({ label: y.label, ticks: 5, grid: false }),
        ...axisX({ label: x.label }),
      ],
    },
    legend === undefined ? 'heat map' : `heat map: ${legend}`,
    [],
    bar + name,
  )
}

/** The colour map from top (highest) to bottom, with the values at its ends and middle. */
function colourBar(map: ColourMap, range: readonly [number, number], x: number, y: number, height: number): string {
  const levels = 48
  const tile = height / levels
  const tiles = Array.from({ length: levels }, (_, at) => {
    const rgb = mapColour(map, 1 - at / (levels - 1)).join(',')
    return `<rect x="${x}" y="${(y + at * tile).toFixed(2)}" width="10" height="${(tile + 0.5).toFixed(2)}" fill="rgb(${rgb})"/>`
  })
  const numbers = [0, 0.5, 1].map((t) => {
    const text = formatNumber(range[1] + t * (range[0] - range[1]), 2)
    return `<text x="${x + 15}" y="${(y + t * height).toFixed(2)}" dy="0.32em" fill="${colour('muted')}">${text}</text>`
  })
  return `<g aria-label="colours" text-anchor="start">${tiles.join('')}${numbers.join('')}</g>`
}

/** A stretch of time with a label. */
export interface TimelineEvent {
  readonly label: string
  readonly startSeconds: number
  readonly endSeconds: number
  /** How sure the model is, 0 to 1; fainter when less. */
  readonly confidence?: number
}

export interface TimelineOptions {
  readonly durationSeconds: number
  /** What is known to be there, drawn as outlines. */
  readonly reference?: readonly TimelineEvent[]
  readonly width?: number
}

/** `90` → `1:30`; with `step` below a second, tenths. */
function clock(seconds: number, step: number): string {
  const text = (seconds % 60).toFixed(step < 1 ? 1 : 0)
  if (seconds < 60 && step < 15) return `${text} s`
  return `${Math.floor(seconds / 60)}:${text.padStart(step < 1 ? 4 : 2, '0')}`
}

const STEPS_SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400]

/** Events as bars, a lane for each label, in the order in which the labels first occur. */
export function timelinePlot(events: readonly TimelineEvent[], options: TimelineOptions): string {
  const { durationSeconds, reference = [], width = FULL_WIDTH } = options
  const byStart = [...reference, ...events].sort((a, b) => a.startSeconds - b.startSeconds)
  const lanes = [...new Set(byStart.map(({ label }) => label))]
  const margin = labelMargin(lanes, 180)
  const step = STEPS_SECONDS.find((seconds) => durationSeconds / seconds <= 10) ?? durationSeconds
  const ticks = Array.from({ length: Math.floor(durationSeconds / step + 1e-6) + 1 }, (_, at) => at * step)
  const place = { x1: 'startSeconds', x2: 'endSeconds', y: 'label' }
  return renderPlot(
    {
      width,
      height: lanes.length * 30 + 60,
      marginLeft: margin,
      marginRight: 20,
      marginTop: 12,
      marginBottom: 32,
      x: { domain: [0, durationSeconds] },
      y: { type: 'band', domain: lanes, axis: null, padding: 0.3 },
      opacity: { type: 'identity' },
      marks: [
        Plot.gridX(ticks, { stroke: colour('rule'), strokeOpacity: 1 }),
        ...axisX({ label: null, ticks, tickFormat: (seconds: number) => clock(seconds, step) }),
        Plot.ruleY(lanes, { stroke: colour('rule') }),
        Plot.barX(events, {
          ...place,
          insetTop: reference.length > 0 ? 4 : 0,
          insetBottom: reference.length > 0 ? 4 : 0,
          fill: colour('blue'),
          fillOpacity: ({ confidence = 1 }: TimelineEvent) => 0.25 + 0.75 * confidence,
          title: describeEvent,
          className: 'detected',
        }),
        Plot.barX(reference, {
          ...place,
          fill: 'none',
          stroke: 'currentColor',
          strokeWidth: 1.2,
          className: 'reference',
        }),
        Plot.text(lanes, {
          y: (label: string) => label,
          text: (label: string) => fitText(label, margin - 10),
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -10,
          fill: 'currentColor',
        }),
      ],
    },
    `${events.length} events over ${clock(durationSeconds, 1)}`,
    reference.length === 0
      ? []
      : [
          { label: 'detected', stroke: colour('blue'), mark: 'bar' },
          { label: 'reference', stroke: 'currentColor', mark: 'outline' },
        ],
  )
}

function describeEvent({ label, startSeconds, endSeconds, confidence }: TimelineEvent): string {
  const sure = confidence === undefined ? '' : `, ${formatPercent(confidence)}`
  return `${label}: ${startSeconds.toFixed(2)} to ${endSeconds.toFixed(2)} s${sure}`
}
