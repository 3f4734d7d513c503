/** A forecast of the rows after the end of a table, as it is printed and drawn. Types only. */

/** The forecast of one target of one series. */
export interface Prediction {
  readonly series: string
  readonly target: string
  /** One for each row of the horizon. */
  readonly rows: readonly PredictedRow[]
}

export interface PredictedRow {
  /** ISO 8601 in UTC; of rows that have only an order `+1`, `+2`, … after the last. */
  readonly time: string
  readonly forecast: number
  readonly lower?: number
  readonly upper?: number
}

/** What is drawn of a forecast. */
export interface ForecastWithHistory extends Prediction {
  readonly history: { readonly times: Float64Array; readonly values: Float64Array }
  /** Undefined where rows have only an order. */
  readonly times: Float64Array | undefined
}
