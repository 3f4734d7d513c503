/**
 * A table read for a saved model: the columns that it was trained on, in its scales, divided by the moments that divided its own. Reading
 * tables in general is in data.ts.
 */
import { UserError } from '@weft/core/errors'
import { enrich, layoutOf, readData, type EnrichedSeries } from '../data.js'
import { forecastSet, type ForecastSet } from './forecast-set.js'
import type { ForecastModel } from '../model.js'
import type { Table } from '../series/series.js'
import { joinStations } from '../series/station-grid.js'
import { readHolidays } from '../table/holidays.js'
import { stepName } from '../table/step.js'
import { partsBetween } from '../windows/parts.js'

export interface TableForModel {
  readonly table: Table
  readonly enriched: readonly EnrichedSeries[]
  /** As `readHolidays` gives them; undefined where the model knows none. */
  readonly holidays: ReadonlySet<number> | undefined
  readonly set: ForecastSet
}

/** @throws UserError for a column that vanished, another step, or a series that the model does not know. */
export async function readTableForModel(model: ForecastModel, data: string): Promise<TableForModel> {
  const { options, layout, categories, borders, step, statics, timeColumn, grid } = model.spec
  // The model holds the places of its stations.
  const places = { gridRow: undefined, gridColumn: undefined }
  const asTrained = { ...options, ...places, target: model.targetNames, step: stepName(step), time: timeColumn }
  const read = await readData(data, asTrained, categories).catch(explain)
  const { table, layout: plain } = joinStations(read, layoutOf(read, asTrained), grid)
  const holidays = await readHolidays(options.holidays)
  const enriched = enrich(table, plain, asTrained, statics, holidays)
  const specs = enriched.map(({ series }) => model.seriesSpec(series.key))
  const [validation = 0, test = 0, end = Infinity] = borders
  const times = table.series.map((one) => one.times)
  const parts = partsBetween(times, [validation, test, end])
  return { table, enriched, holidays, set: forecastSet(enriched, layout, specs, parts, grid) }
}

/** An error with options in its hint, which only training has. */
function explain(error: unknown): never {
  if (!(error instanceof UserError) || !/column|--/.test(`${error.message} ${error.hint ?? ''}`)) throw error
  const hint =
    'A model reads a table as the one it was trained on: the same columns, read by the options of its training.'
  throw new UserError(error.message, error.hint === undefined ? hint : `${error.hint}\n${hint}`)
}
