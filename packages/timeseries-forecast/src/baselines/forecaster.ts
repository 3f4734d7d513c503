/**
 * What a baseline is: a method that a statistician would have used, trained once on the training part and then asked for a forecast at
 * each origin. One forecaster serves one column of one series.
 */

/** Forecasts of the rows after a history, in the units of the table. */
export interface BaselineForecast {
  /** Expected values, [H]. */
  readonly mean: Float64Array
  /** Standard deviation of their errors, [H], where the method has one. */
  readonly deviation?: Float64Array
}

/** A baseline. NaN is a missing value; without any value in the history all forecasts are NaN. */
export interface Forecaster {
  /** What it is in words, such as `seasonal last value (24)`. */
  readonly name: string
  /** What a person should know of the fit, in a whole sentence: why it fell back on something simpler, which orders were found. */
  readonly note?: string
  /** Learns from the training part, oldest row first. */
  train(history: Float64Array): void
  /** Forecasts `horizon` rows from all rows before the origin; looks at nothing else. */
  forecast(history: Float64Array, horizon: number): BaselineForecast
}
