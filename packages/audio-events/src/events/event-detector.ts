/**
 * From what a network says of window after window to events with a beginning and an end: the median over a few windows, a higher
 * threshold to begin than to end (hysteresis), nothing in silence. A window that reaches half into a sound is as sure of it as one
 * that lies in its middle, so ends are taken from where the sound becomes audible within the first and the last window of an event.
 * Works as windows come, with bounded memory; knows nothing of networks.
 */

/** The network's answer for one window. */
export interface WindowVerdict {
  readonly startSeconds: number
  readonly endSeconds: number
  /** Of each label. */
  readonly probabilities: Float32Array
  /** Stretches within the window that stand out of its quieter parts, in order; none in silence. */
  readonly audible: readonly { readonly startSeconds: number; readonly endSeconds: number }[]
}

export interface DetectedEvent {
  readonly label: string
  readonly startSeconds: number
  readonly endSeconds: number
  /** Largest smoothed probability while it lasted. */
  readonly probability: number
}

/** The beginning of an event, as soon as it is heard, or a whole event once it is over. */
export type Detection =
  | { readonly kind: 'onset'; readonly label: string; readonly startSeconds: number; readonly probability: number }
  | ({ readonly kind: 'event' } & DetectedEvent)

export interface DetectOptions {
  readonly threshold: number
  readonly release: number
  /** Windows in the running median, an odd number. */
  readonly smoothing: number
}

/** A stretch that fills at least this share of its window says nothing of where a sound begins or ends. */
const FILLING_SHARE = 0.9

interface Running {
  startSeconds: number
  probability: number
  /** The last window in which it was still on. */
  last: WindowVerdict
}

export class EventDetector {
  readonly #labels: readonly string[]
  readonly #options: DetectOptions
  /** The last windows, as many as the median needs. */
  readonly #recent: WindowVerdict[] = []
  readonly #running: (Running | undefined)[]
  /** Where the last event of each label ended. */
  readonly #ended: Float64Array

  constructor(labels: readonly string[], options: DetectOptions) {
    this.#labels = labels
    this.#options = options
    this.#running = labels.map(() => undefined)
    this.#ended = new Float64Array(labels.length)
  }

  /** Takes the next window in order of time. */
  push(verdict: WindowVerdict): Detection[] {
    const { smoothing } = this.#options
    this.#recent.push(verdict)
    if (this.#recent.length > smoothing) this.#recent.shift()
    if (this.#recent.length < Math.ceil(smoothing / 2)) return []
    const centre = this.#recent[Math.max(0, this.#recent.length - Math.ceil(smoothing / 2))]
    return centre === undefined ? [] : this.#decide(centre, this.#recent)
  }

  /** Ends what goes on when no more windows come. */
  flush(): Detection[] {
    const detections: Detection[] = []
    for (let late = 1; late < Math.ceil(this.#options.smoothing / 2) && this.#recent.length > 1; late++) {
      this.#recent.shift()
      const centre = this.#recent[Math.max(0, this.#recent.length - Math.ceil(this.#options.smoothing / 2) + late)]
      if (centre !== undefined) detections.push(...this.#decide(centre, this.#recent))
    }
    this.#running.forEach((running, c) => {
      if (running !== undefined) detections.push(this.#end(c, running))
    })
    this.#recent.length = 0
    return detections
  }

  #decide(centre: WindowVerdict, around: readonly WindowVerdict[]): Detection[] {
    const detections: Detection[] = []
    this.#labels.forEach((label, c) => {
      const p = median(around.map((verdict) => (verdict.audible.length === 0 ? 0 : (verdict.probabilities[c] ?? 0))))
      const running = this.#running[c]
      if (running === undefined) {
        if (p < this.#options.threshold || centre.audible.length === 0) return
        const startSeconds = Math.max(this.#ended[c] ?? 0, beginning(centre))
        this.#running[c] = { startSeconds, probability: p, last: centre }
        detections.push({ kind: 'onset', label, startSeconds, probability: p })
      } else if (p < this.#options.release || centre.audible.length === 0) {
        detections.push(this.#end(c, running))
      } else {
        running.last = centre
        running.probability = Math.max(running.probability, p)
      }
    })
    return detections
  }

  #end(c: number, { startSeconds, probability, last }: Running): Detection {
    const endSeconds = Math.max(startSeconds, ending(last))
    this.#running[c] = undefined
    this.#ended[c] = endSeconds
    return { kind: 'event', label: this.#labels[c] ?? '', startSeconds, endSeconds, probability }
  }
}

/** Where an event begins whose first window this is: what became audible last. */
function beginning({ startSeconds, endSeconds, audible }: WindowVerdict): number {
  const stretch = audible.at(-1)
  const middle = (startSeconds + endSeconds) / 2
  return stretch === undefined || fills(stretch, startSeconds, endSeconds) ? Math.max(0, middle) : stretch.startSeconds
}

/** Where an event ends whose last window this is: what becomes inaudible first. */
function ending({ startSeconds, endSeconds, audible }: WindowVerdict): number {
  const [stretch] = audible
  return stretch === undefined || fills(stretch, startSeconds, endSeconds)
    ? (startSeconds + endSeconds) / 2
    : stretch.endSeconds
}

function fills(
  stretch: { startSeconds: number; endSeconds: number },
  startSeconds: number,
  endSeconds: number,
): boolean {
  return stretch.endSeconds - stretch.startSeconds >= FILLING_SHARE * (endSeconds - startSeconds)
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
