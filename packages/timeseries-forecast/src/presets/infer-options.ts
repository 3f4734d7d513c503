/**
 * Sizes that suit a table where neither a preset nor a data set was named: a horizon of one natural cycle (a day of hourly rows, a year
 * of monthly ones), a look-back of eight, and a network that is no larger than so many windows can teach. What is given stands over
 * it. The rules are coarse and fixed, so that the same table always gives the same options; a preset or a trial of your own may do better.
 */
import { flagOf } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { seasonCandidates } from '../baselines/season.js'
import { layoutOf } from '../data.js'
import type { GivenTrainOptions, trainOptions, TrainOptions } from '../options.js'
import type { Step, Table } from '../series/series.js'

/** Rows of a horizon where the step of time suggests none. */
const USUAL_CYCLE = 12
/** A horizon is no shorter unless rows are few. */
const LEAST_CYCLE = 5
/** Share of the test part that a horizon takes at most: forecasts from several origins are to fit. */
const HORIZON_SHARE = 0.6
const LOOK_BACK_CYCLES = 8
/** Share of the training part that a look-back takes at most. */
const LOOK_BACK_SHARE = 0.25
/** Windows below which a linear network is taught rather than a recurrent one. */
const FEW_WINDOWS = 500
const MANY_WINDOWS = 5000
const MOST_WINDOWS_PER_EPOCH = 20_000
const DAY = 86_400_000

/** What sizes follow from. */
export interface TableSizes {
  readonly step: Step
  /** Rows of each series. */
  readonly rows: readonly number[]
  readonly validationShare: number
  readonly testShare: number
}

/**
 * The given options over those that suit a table; as they are where a preset or a data set is named.
 *
 * @param table The table that `options` describe.
 * @param note Receives a line that says which sizes were chosen.
 */
export function inferOptions(
  table: Table,
  options: TrainOptions,
  given: GivenTrainOptions,
  note?: (line: string) => void,
): GivenTrainOptions {
  if (given.preset !== undefined || given.dataset !== undefined) return given
  layoutOf(table, options)
  const { validationShare, testShare } = options
  const rows = table.series.map(({ times }) => times.length)
  const inferred = sizesFor({ step: table.step, rows, validationShare, testShare }, given)
  const { lookBack, horizon, network } = { ...inferred, ...given }
  note?.(
    `No ${flagOf('preset')} was named, so sizes follow the table: ${flagOf('network')} ${String(network)} ${flagOf('lookBack')} ${String(lookBack)} ${flagOf('horizon')} ${String(horizon)}.`,
  )
  return { ...inferred, ...given }
}

/** Sizes for series of so many rows. @param given What of it is settled. */
export function sizesFor(
  { step, rows, validationShare, testShare }: TableSizes,
  given: Pick<GivenOptions<typeof trainOptions>, 'horizon' | 'lookBack' | 'network'> = {},
) {
  const longest = Math.max(...rows)
  const training = (count: number) => count * (1 - validationShare - testShare)
  const judged = longest * (testShare || validationShare || 1)
  const cycle = seasonCandidates(step).find(([, length]) => length >= LEAST_CYCLE)?.[1] ?? USUAL_CYCLE
  const horizon = given.horizon ?? Math.max(1, Math.min(cycle, Math.floor(HORIZON_SHARE * judged)))
  const most = Math.max(1, Math.floor(LOOK_BACK_SHARE * training(longest)))
  // Whole horizons, where one fits.
  const cycles = Math.min(LOOK_BACK_CYCLES, Math.floor(most / horizon))
  const lookBack = given.lookBack ?? (cycles > 0 ? cycles * horizon : most)
  const windows = rows.reduce(
    (sum, count) => sum + Math.max(0, Math.floor(training(count)) - lookBack - horizon + 1),
    0,
  )
  const network = given.network ?? (windows < FEW_WINDOWS ? 'nlinear' : 'segment')
  return {
    horizon,
    lookBack,
    network,
    segmentLength: Math.min(segmentOf(horizon), lookBack),
    ...(network === 'nlinear' || network === 'dlinear'
      ? { batchSize: 16, epochs: 100, patience: 20, learningRate: 0.005 }
      : {
          units: 64,
          batchSize: windows < MANY_WINDOWS ? 64 : 256,
          epochs: 20,
          patience: 5,
          learningRate: 0.002,
          calendar: calendarOf(step, longest),
          ...(windows > MOST_WINDOWS_PER_EPOCH && { windowsPerEpoch: MOST_WINDOWS_PER_EPOCH }),
        }),
  } satisfies GivenTrainOptions
}

/** A segment of a horizon that divides it, 48 rows at most where that can be. */
function segmentOf(horizon: number): number {
  return horizon > 48 && horizon % 2 === 0 ? segmentOf(horizon / 2) : horizon
}

/** What of the calendar rows of this step can tell: the hour, the day of the week, and the season of the year after two years. */
function calendarOf({ unit, count }: Step, rows: number): NonNullable<GivenTrainOptions['calendar']> {
  if (unit !== 'ms') return []
  const ofYear = rows * count > 2 * 365 * DAY ? (['dayOfYear'] as const) : []
  if (count < DAY) return ['hourOfDay', 'dayOfWeek', ...ofYear]
  return count === DAY ? ['dayOfWeek', ...ofYear] : ofYear
}
