export { anomalyPlot } from './anomaly-plot.js'
export type { AnomalyPlotData } from './anomaly-plot.js'
export { reliabilityPlot } from './calibration-plot.js'
export type { ReliabilityBin, ReliabilityOptions } from './calibration-plot.js'
export { classScoresPlot, probabilityPlot } from './class-plots.js'
export type { ClassFigures, ProbabilityOptions } from './class-plots.js'
export { columnHeatMap } from './column-heat-map.js'
export type { ColumnHeatMapOptions, ReadImage, ReadSpan } from './column-heat-map.js'
export { confusionPlot } from './confusion-plot.js'
export { precisionRecallPlot, rocPlot } from './curve-plots.js'
export type { Curve, CurvesOptions } from './curve-plots.js'
export { drawdown, equityPlot } from './equity-plot.js'
export type { EquityOptions, EquityPlotData } from './equity-plot.js'
export { coverageByLeadPlot, coverageByLevelPlot, errorsByLeadPlot, forecastPlot } from './forecast-plots.js'
export type {
  ByLeadOptions,
  CoverageByLead,
  CoverageLevel,
  ForecastPlotData,
  NamedValues,
  PlotSize,
  TimeLine,
} from './forecast-plots.js'
export {
  anomalySection,
  baselinesSection,
  forecastSection,
  intervalsSection,
  residualsSection,
  strategySection,
} from './forecast-sections.js'
export type { BaselinesSectionOptions, Captioned, ForecasterScores, Intervals } from './forecast-sections.js'
export { escapeHtml, Html, html, trusted } from './html.js'
export type { HtmlValue } from './html.js'
export { encodePng, heatMapPng, mapColour, toDataUri } from './image.js'
export type { ColourMap, HeatMapPixels } from './image.js'
export { errorRatePlot, errorsByLength, errorsByPosition, readingSection, symbolConfusions } from './reading-section.js'
export type { ErrorBin, ReadingResults, ReadingSectionOptions, SymbolConfusion } from './reading-section.js'
export { renderReport, writeReport } from './report.js'
export type { Example, Figure, Footer, KeyFigure, Report, ReportTable, Section } from './report.js'
export { autocorrelationPlot, residualPlots } from './residual-plots.js'
export type { ResidualOptions, ResidualPlots } from './residual-plots.js'
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
export { axisX, axisY, FULL_WIDTH, HALF_WIDTH, renderPlot, stackPlots, svgFile } from './svg.js'
export type { LegendEntry } from './svg.js'
export { colour, series } from './theme.js'
export type { ColourName } from './theme.js'
export { heatMapPlot, timelinePlot } from './time-plots.js'
export type { HeatMapOptions, TimelineEvent, TimelineOptions } from './time-plots.js'
export { epochCurves, figureName, learningRatePlot, lossPlot, metricKeys } from './training-plots.js'
export type { CurveOptions, EpochFigures } from './training-plots.js'
