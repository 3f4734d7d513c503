export { reliabilityPlot } from './calibration-plot.js'
export type { ReliabilityBin, ReliabilityOptions } from './calibration-plot.js'
export { classScoresPlot, probabilityPlot } from './class-plots.js'
export type { ClassFigures, ProbabilityOptions } from './class-plots.js'
export { confusionPlot } from './confusion-plot.js'
export { precisionRecallPlot, rocPlot } from './curve-plots.js'
export type { Curve, CurvesOptions } from './curve-plots.js'
export { Html, escapeHtml, html, trusted } from './html.js'
export type { HtmlValue } from './html.js'
export { encodePng, finiteRange, heatMapPng, mapColour, toDataUri } from './image.js'
export type { ColourMap, HeatMapPixels } from './image.js'
export { renderReport, writeReport } from './report.js'
export type { Example, Figure, Footer, KeyFigure, Report, ReportTable, Section } from './report.js'
export {
  classesSection,
  examplesSection,
  metricsSection,
  multilabelSection,
  probabilitiesSection,
  trainingSection,
  worstConfusions,
} from './sections.js'
export type { ClassifierResults, MultilabelResults, TrainingSectionOptions } from './sections.js'
export { FULL_WIDTH, HALF_WIDTH, axisX, axisY, labelMargin, renderPlot, stackPlots, svgFile, textWidth } from './svg.js'
export type { LegendEntry } from './svg.js'
export { colour, series } from './theme.js'
export type { ColourName } from './theme.js'
export { epochCurves, figureName, learningRatePlot, lossPlot, metricKeys } from './training-plots.js'
export type { CurveOptions, EpochFigures } from './training-plots.js'
