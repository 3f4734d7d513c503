/**
 * What decoders of CTC give, and the frame that they share: a batch of logits becomes log probabilities on the host, item by item. Also
 * the alignment of a text that is known: on the most probable path that spells it, where does each symbol stand?
 */
import * as tf from '@weft/kernels/tfjs-core'
import { shapeCheck } from '../shape-error.js'
import { logSoftmax } from '../softmax/softmax.js'
import { blankOf, lengthsOf } from './targets.js'

/** Where a symbol of a text stands, and how sure the network is of it. */
export interface CtcSpan {
  /** First of its steps. */
  firstStep: number
  /** Last of its steps. */
  lastStep: number
  /** The largest probability of the symbol in these steps. */
  confidence: number
}

/** A text that was read from an item. */
export interface CtcReading {
  /** Class of each symbol. */
  labels: number[]
  /** Of each symbol, in the same order; they never overlap. */
  spans: CtcSpan[]
  /** Greedy: of the best path. Beam search: log p(text | logits), summed over the paths that stayed in the beam. */
  logProbability: number
}

export interface CtcDecodeOptions {
  /** Steps of each item, [B]; all T by default. */
  logitLengths?: tf.Tensor | ArrayLike<number>
  /** The class that stands for no symbol; negative ones count from the end. Default 0. */
  blank?: number
}

/** One item's log probabilities, row after row, [steps, classes]. */
export interface CtcSteps {
  logs: Float32Array
  steps: number
  classes: number
  blank: number
}

/** Runs `read` on every item of logits [B, T, V]. */
export function readItems<Result>(
  op: string,
  logits: tf.Tensor,
  options: CtcDecodeOptions,
  read: (item: CtcSteps) => Result,
): Result[] {
  shapeCheck(op)('logits', logits, ['B', 'T', 'V'])
  const [batch = 0, most = 0, classes = 0] = logits.shape
  const blank = blankOf(op, options.blank ?? 0, classes)
  const lengths = lengthsOf(op, 'logitLengths', options.logitLengths, batch, most)
  let logs = new Float32Array(0)
  // Not as the scope's result, in which it would look at every number for tensors.
  tf.tidy(() => {
    logs = new Float32Array(logSoftmax(tf.cast(logits, 'float32')).dataSync())
  })
  return Array.from(lengths, (steps, item) => {
    const from = item * most * classes
    return read({ logs: logs.subarray(from, from + steps * classes), steps, classes, blank })
  })
}

/**
 * The spans of a text's symbols on the most probable path that spells it (Viterbi); when no path does they hold no step.
 */
export function alignItem({ logs, steps, classes, blank }: CtcSteps, labels: readonly number[]): CtcSpan[] {
  const states = 2 * labels.length + 1
  const classOf = (state: number) => (state % 2 === 0 ? blank : (labels[state >> 1] ?? blank))
  const log = (step: number, state: number) => logs[step * classes + classOf(state)] ?? -Infinity
  let best = new Float64Array(states).fill(-Infinity)
  let next = new Float64Array(states)
  // How many states back a path came from, by step and state.
  const came = new Uint8Array(steps * states)
  best[0] = 0
  for (let t = 0; t < steps; t++) {
    for (let s = 0; s < states; s++) {
      const furthest = s % 2 === 1 && s > 1 && classOf(s) !== classOf(s - 2) ? 2 : Math.min(s, 1)
      let back = 0
      for (let by = 1; by <= furthest; by++) if ((best[s - by] ?? 0) > (best[s - back] ?? 0)) back = by
      came[t * states + s] = back
      next[s] = (best[s - back] ?? 0) + log(t, s)
    }
    ;[best, next] = [next, best]
  }
  const spans = labels.map((): CtcSpan => ({ firstStep: 0, lastStep: -1, confidence: 0 }))
  let state = states > 1 && (best[states - 2] ?? 0) > (best[states - 1] ?? 0) ? states - 2 : states - 1
  if (best[state] === -Infinity) return spans
  for (let t = steps - 1; t >= 0; t--) {
    const span = state % 2 === 1 ? spans[state >> 1] : undefined
    if (span) {
      if (span.lastStep < 0) span.lastStep = t
      span.firstStep = t
      span.confidence = Math.max(span.confidence, Math.exp(log(t, state)))
    }
    state -= came[t * states + state] ?? 0
  }
  return spans
}
