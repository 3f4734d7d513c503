/** The report of `predict`: forecasts whose truth is still to come. */
import { basename } from 'node:path'
import { reportFooter, type ReportSource } from '@weft/core/app/report'
import { writeReport } from '@weft/core/report'
import type { RuntimeReport } from '@weft/core/runtime'
import type { ForecastWithHistory } from '../forecasting/prediction.js'
import { FORMAT, type ForecastModel } from '../model.js'
import { futureSections } from './from-judgement.js'

/** How forecasts came to be. */
export interface ForecastOrigin extends ReportSource {
  readonly data: string
  readonly runtime: RuntimeReport
  readonly seconds: number
}

/** Writes the report of forecasts after the end of a table. */
export function writeFutureReport(
  path: string,
  forecasts: readonly ForecastWithHistory[],
  model: ForecastModel,
  { data, runtime, seconds, options, command }: ForecastOrigin,
): void {
  writeReport(path, {
    kicker: `Weft ${FORMAT.app}`,
    title: 'Forecast',
    subtitle: `${model.targetNames.join(', ')} after the end of ${basename(data)}`,
    sections: futureSections(forecasts, model.spec),
    footer: reportFooter({ runtime, seconds }, { options, command }),
  })
}
