/**
 * A trained detector on disk, and on a stream that begins where training ended. A detector's folder is a model's: the network, and beside it
 * all that the detector has learnt and carries, so that one saved after any row goes on as if it had never stopped. Where rows come from
 * is in watching/follow.ts.
 */
import { expected } from '@weft/core/errors'
import { loadModel, saveModel } from '@weft/core/models'
import { detectionOptions } from '../options/anomaly.js'
import { type Detection, type DetectorSetup, type DetectorState, NetworkDetector } from './detector.js'

/** The detection of a row, and the forecast of the next. */
export interface RowDetection extends Detection {
  readonly time: number
  /** What the next row should be, in the table's units, [D]; only where the detector forecasts. */
  readonly forecast: Float64Array | undefined
}

const FORMAT = 'weft detector 1'

/** Saves a detector where it is in its series; see `saveModel` for what may be in the folder. */
export async function saveDetector(detector: NetworkDetector, dir: string, lastTime?: number): Promise<void> {
  const { setup } = detector
  await saveModel(detector.model, dir, { format: FORMAT, setup, state: detector.state(), lastTime })
}

/**
 * Loads what `saveDetector` wrote.
 *
 * @throws UserError for a folder that holds no model, or another.
 */
export async function loadDetector(dir: string): Promise<{ detector: NetworkDetector; lastTime: number | undefined }> {
  const { model, extras } = await loadModel(dir)
  const { format, setup, state, lastTime } = extras
  if (format !== FORMAT || !isSetup(setup) || !isState(state))
    throw expected({
      doing: 'loading a detector',
      want: `a folder with a ${FORMAT}`,
      of: 'the model',
      got: dir,
      hint: 'weft-forecast detect --out makes one.',
    })
  const detector = new NetworkDetector(setup, model)
  detector.restore(state)
  return { detector, lastTime: typeof lastTime === 'number' ? lastTime : undefined }
}

/** Takes the rows of one series one at a time, in order. */
export class Watcher {
  readonly detector: NetworkDetector
  #lastTime: number

  /** @param lastTime Of the last row the detector has seen. */
  constructor(detector: NetworkDetector, lastTime = -Infinity) {
    this.detector = detector
    this.#lastTime = lastTime
  }

  /** Of the last row that the detector has seen, -Infinity before the first. */
  get lastTime(): number {
    return this.#lastTime
  }

  /** Begins where the detector of a folder stopped. */
  static async load(dir: string): Promise<Watcher> {
    const { detector, lastTime } = await loadDetector(dir)
    return new Watcher(detector, lastTime)
  }

  /**
   * Takes a row.
   *
   * @param time Milliseconds since 1970 UTC, after that of the row before.
   * @param values In the table's units, [D]; NaN where missing.
   * @throws UserError for a row of another width or out of order, which then changes nothing.
   */
  update(time: number, values: ArrayLike<number>): RowDetection {
    if (!(time > this.#lastTime)) {
      const [last, now] = [this.#lastTime, time].map((ms) => (Number.isFinite(ms) ? new Date(ms).toISOString() : ms))
      throw expected({
        doing: 'watching a series',
        want: `a time after ${last}`,
        of: 'a row',
        got: now,
        hint: 'Rows must come in order.',
      })
    }
    const detection = this.detector.update(time, values)
    this.#lastTime = time
    return { ...detection, time, forecast: this.detector.forecast }
  }

  /** Saves the detector in its present state. */
  async save(dir: string): Promise<void> {
    await saveDetector(this.detector, dir, Number.isFinite(this.#lastTime) ? this.#lastTime : undefined)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function isSetup(value: unknown): value is DetectorSetup {
  if (!isRecord(value)) return false
  const { kind, spreads, silence, seasonLength } = value
  const isKind = detectionOptions.detector.choices.some((one) => one === kind)
  return isKind && Array.isArray(spreads) && [silence, seasonLength].every(Number.isInteger)
}

function isState(value: unknown): value is DetectorState {
  return isRecord(value) && [value.network, value.level, value.evidence].every(isRecord)
}
