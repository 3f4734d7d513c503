/**
 * NAB's windowed score of anomaly detectors that stream: a detection counts once in a labelled window, the earlier the more; a false
 * alarm costs the more the farther it lies behind a window; a missed window costs. One threshold serves a whole corpus, the one that
 * scores best. From Lavin and Ahmad 2015, arXiv:1510.03336, sections II-C and II-D, with the details of the Numenta Anomaly Benchmark v1.1
 * where the paper is silent. It judges scores; what makes them is an application's.
 */
import { expected } from '@weft/core/errors'

/** What right and wrong are worth: a detected window, a false alarm, a missed window. */
export interface NabProfile {
  readonly tpWeight: number
  readonly fpWeight: number
  readonly fnWeight: number
}

/** The benchmark's three profiles. */
export const nabProfiles = {
  standard: { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 },
  rewardLowFpRate: { tpWeight: 1, fpWeight: 0.22, fnWeight: 1 },
  rewardLowFnRate: { tpWeight: 1, fpWeight: 0.11, fnWeight: 2 },
} as const satisfies Record<string, NabProfile>

/** What a detector said of one series, and the truth. */
export interface NabFile {
  /** The higher, the more anomalous, [T]. */
  readonly scores: ArrayLike<number>
  /** Ascending, in any unit, [T]. */
  readonly times: ArrayLike<number>
  /** First and last instant of each anomalous window, ascending, none touching another. */
  readonly windows: readonly (readonly [start: number, end: number])[]
  /** Rows at the beginning that are not scored; see `nabProbation`. */
  readonly probation: number
}

export interface NabFileScore {
  /** What the file adds to the corpus's raw score. */
  readonly raw: number
  readonly detectedWindows: number
  readonly missedWindows: number
  /** Rows outside the windows that raised an alarm. */
  readonly falseAlarms: number
}

export interface NabScore {
  /** 0 for a detector that never alarms, 100 for one that alarms in the first row of each window alone; NaN without a window. */
  readonly score: number
  /** Rows that score at least this raise an alarm; Infinity when silence scores best. */
  readonly threshold: number
  /** Before it is normalised. */
  readonly raw: number
  readonly perFile: readonly NabFileScore[]
}

/** The benchmark's probationary rows: 15 % of a series, but at most 750. */
export function nabProbation(rows: number): number {
  return Math.floor(Math.min(0.15 * rows, 0.15 * 5000))
}

const DOING = 'computing the NAB score'

/** Where false alarms cost all they can, in widths of the window before them. */
const FAR_BEHIND = 3

/** Lavin and Ahmad's equation 1 without its weights: 0 at a window's right end, towards 1 before it and -1 behind it. */
const scaledSigmoid = (position: number) => (position >= FAR_BEHIND ? -1 : 2 / (1 + Math.exp(5 * position)) - 1)

/** What an alarm in each row is worth, and in which window it lies. */
interface RowValues {
  /** Unweighted: (0, 1] within a window, [-1, 0) outside, [T]. */
  readonly value: Float64Array
  /** Number of the window, -1 outside, [T]. */
  readonly window: Int32Array
}

/** Rows [first, last] of each window of a file. */
function windowRows({ times, windows }: NabFile): [number, number][] {
  let row = 0
  return windows.map(([start, end]) => {
    while (row < times.length && (times[row] ?? 0) < start) row++
    const first = row
    while (row < times.length && (times[row] ?? 0) <= end) row++
    if (row === first)
      throw expected({
        doing: DOING,
        want: 'ascending windows that each hold a row',
        of: 'windows',
        got: `${start} to ${end}`,
      })
    return [first, row - 1]
  })
}

function rowValues(file: NabFile): RowValues {
  const rows = file.times.length
  const value = new Float64Array(rows).fill(-1) // before the first window: as far behind one as can be
  const window = new Int32Array(rows).fill(-1)
  const windows = windowRows(file)
  windows.forEach(([first, last], index) => {
    const width = last - first + 1
    for (let row = first; row <= last; row++) {
      value[row] = scaledSigmoid(-(last - row + 1) / width) / scaledSigmoid(-1)
      window[row] = index
    }
    const next = windows[index + 1]?.[0] ?? rows
    for (let row = last + 1; row < next; row++) value[row] = scaledSigmoid((row - last) / (width - 1))
  })
  return { value, window }
}

/** A file's score while rows raise an alarm one by one, in any order. */
class Tally {
  raw: number
  falseAlarms = 0
  readonly #rows: RowValues
  readonly #best: Float64Array
  readonly #profile: NabProfile

  constructor(file: NabFile, profile: NabProfile) {
    this.#rows = rowValues(file)
    this.#best = new Float64Array(file.windows.length) // 0 until the window is detected
    this.#profile = profile
    this.raw = -profile.fnWeight * file.windows.length
  }

  alarm(row: number): void {
    const { tpWeight, fpWeight, fnWeight } = this.#profile
    const value = this.#rows.value[row] ?? 0
    const window = this.#rows.window[row] ?? -1
    if (window < 0) {
      this.falseAlarms++
      this.raw += fpWeight * value
      return
    }
    const best = this.#best[window] ?? 0
    if (value <= best) return
    this.raw += tpWeight * (value - best) + (best === 0 ? fnWeight : 0)
    this.#best[window] = value
  }

  result(): NabFileScore {
    const detectedWindows = this.#best.reduce((sum, value) => sum + Number(value > 0), 0)
    const missedWindows = this.#best.length - detectedWindows
    return { raw: this.raw, detectedWindows, missedWindows, falseAlarms: this.falseAlarms }
  }
}

/**
 * Scores a detector on a corpus.
 *
 * @param threshold From which score on a row raises an alarm. When it is left out, the one that scores best over all files.
 * @throws UserError for scores that are not numbers or not as many as the times, and for windows that hold no row.
 */
export function nabScore(files: readonly NabFile[], profile: NabProfile, threshold?: number): NabScore {
  files.forEach(checkFile)
  const chosen = threshold ?? bestThreshold(files, profile)
  const perFile = files.map((file) => {
    const tally = new Tally(file, profile)
    for (let row = file.probation; row < file.scores.length; row++)
      if ((file.scores[row] ?? 0) >= chosen) tally.alarm(row)
    return tally.result()
  })
  const raw = perFile.reduce((sum, file) => sum + file.raw, 0)
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0)
  const silent = -profile.fnWeight * windows
  const perfect = profile.tpWeight * windows
  return { score: (100 * (raw - silent)) / (perfect - silent), threshold: chosen, raw, perFile }
}

function checkFile({ scores, times, probation }: NabFile): void {
  if (scores.length !== times.length)
    throw expected({ doing: DOING, want: `${times.length} numbers`, of: 'scores', got: scores.length })
  if (!(Number.isInteger(probation) && probation >= 0))
    throw expected({ doing: DOING, want: 'a whole number of at least 0', of: 'probation', got: probation })
  const bad = Array.prototype.findIndex.call(scores, (score: number) => Number.isNaN(score))
  if (bad >= 0) throw expected({ doing: DOING, want: 'a number', of: `the score of row ${bad}`, got: Number.NaN })
}

/** Lowers the threshold from score to score through all rows of all files; of equally good ones the highest is kept. */
function bestThreshold(files: readonly NabFile[], profile: NabProfile): number {
  const tallies = files.map((file) => new Tally(file, profile))
  const rows = files.flatMap((file, index) =>
    Array.from({ length: Math.max(0, file.scores.length - file.probation) }, (_, i) => {
      const row = file.probation + i
      return { score: file.scores[row] ?? 0, file: tallies[index], row }
    }),
  )
  rows.sort((a, b) => b.score - a.score)
  let raw = tallies.reduce((sum, tally) => sum + tally.raw, 0)
  let best = { raw, threshold: Infinity }
  rows.forEach(({ score, file, row }, i) => {
    const before = file?.raw ?? 0
    file?.alarm(row)
    raw += (file?.raw ?? 0) - before
    if (raw > best.raw && rows[i + 1]?.score !== score) best = { raw, threshold: score }
  })
  return best.threshold
}
