/**
 * Learning-rate schedules: pure functions from the number of updates so far to a factor of the base learning rate, so that they need
 * no place in a checkpoint. Every schedule can start with a linear warm-up, after which its own course begins. A learning rate that
 * depends on how training goes (ReduceLearningRateOnPlateau) is a callback, in `callbacks.ts`.
 */
import { expected } from '../errors.js'

interface WarmUp {
  /** Epochs, or a fraction of one, over which the factor rises from 0 to 1. Default: 0. */
  warmupEpochs?: number
}

/** A schedule's name and numbers. */
export type ScheduleOptions =
  | ({ type: 'constant' } & WarmUp)
  /** Half a cosine down to `finalFactor` (default: 0) at the last update. */
  | ({ type: 'cosine'; finalFactor?: number } & WarmUp)
  /** Multiplied by `factor` (default: 0.1) every `everyEpochs` epochs. */
  | ({ type: 'step'; everyEpochs: number; factor?: number } & WarmUp)
  /** Multiplied by `factor` (default: 0.95) per epoch, smoothly. */
  | ({ type: 'exponential'; factor?: number } & WarmUp)
  /**
   * Up from 1 / `initialDivisor` (25) to 1 at the share `peakAt` (0.3) of the run, then down to 1 / `initialDivisor` / `finalDivisor`
   * (10,000), both along half a cosine. Smith and Topin 2017, arXiv:1708.07120, as in PyTorch's OneCycleLR.
   */
  | ({ type: 'oneCycle'; peakAt?: number; initialDivisor?: number; finalDivisor?: number } & WarmUp)

export type ScheduleName = ScheduleOptions['type']

/** The length of a run, in updates of the weights. */
export interface RunLength {
  updatesPerEpoch: number
  totalUpdates: number
}

/** Number of updates so far → factor of the base learning rate. */
export type Schedule = (update: number) => number

/** @throws UserError when a number is out of its range. */
export function makeSchedule(options: ScheduleOptions, run: RunLength): Schedule {
  const warmupEpochs = options.warmupEpochs ?? 0
  if (!(warmupEpochs >= 0))
    throw expected({
      doing: 'setting up the schedule',
      want: 'a number of at least 0',
      of: 'warmupEpochs',
      got: warmupEpochs,
    })
  const warmup = Math.min(Math.round(warmupEpochs * run.updatesPerEpoch), run.totalUpdates)
  const course = makeCourse(options, Math.max(1, run.totalUpdates - warmup), run.updatesPerEpoch)
  return (update) => (update < warmup ? (update + 1) / warmup : course(update - warmup))
}

function makeCourse(options: ScheduleOptions, total: number, updatesPerEpoch: number): Schedule {
  switch (options.type) {
    case 'constant':
      return () => 1
    case 'cosine': {
      const { finalFactor = 0 } = options
      return (update) => halfCosine(1, finalFactor, Math.min(1, update / total))
    }
    case 'step': {
      const { everyEpochs, factor = 0.1 } = options
      if (!(everyEpochs > 0))
        throw expected({
          doing: 'setting up the schedule',
          want: 'a number above 0',
          of: 'everyEpochs',
          got: everyEpochs,
        })
      return (update) => factor ** Math.floor(update / (everyEpochs * updatesPerEpoch))
    }
    case 'exponential': {
      const { factor = 0.95 } = options
      return (update) => factor ** (update / updatesPerEpoch)
    }
    case 'oneCycle': {
      const { peakAt = 0.3, initialDivisor = 25, finalDivisor = 1e4 } = options
      if (!(peakAt > 0 && peakAt < 1))
        throw expected({ doing: 'setting up the schedule', want: 'a share in (0, 1)', of: 'peakAt', got: peakAt })
      const low = 1 / initialDivisor
      const peak = Math.max(1e-9, peakAt * total - 1)
      const last = Math.max(peak + 1e-9, total - 1)
      return (update) =>
        update <= peak
          ? halfCosine(low, 1, update / peak)
          : halfCosine(1, low / finalDivisor, Math.min(1, (update - peak) / (last - peak)))
    }
    default:
      throw expected({
        doing: 'setting up the schedule',
        want: 'constant, cosine, step, exponential or oneCycle',
        of: 'type',
        got: JSON.stringify(options),
      })
  }
}

function halfCosine(from: number, to: number, share: number): number {
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share))
}
