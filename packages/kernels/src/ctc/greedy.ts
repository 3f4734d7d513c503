/** Greedy decoding of CTC: the best path, not the best text; what a beam search gives is at least as probable, and takes longer. */
import type * as tf from '@tensorflow/tfjs-core'
import { type CtcDecodeOptions, type CtcReading, type CtcSpan, type CtcSteps, readItems } from './readings.js'

/**
 * The text of the most probable class of each step, repetitions joined and blanks dropped.
 *
 * Shapes: `logits` [B, T, V], before any softmax → a reading for each item. A step of NaN reads as class 0.
 * @throws ShapeError when a shape, a length or the blank does not fit.
 */
export function ctcGreedyDecode(logits: tf.Tensor, options: CtcDecodeOptions = {}): CtcReading[] {
  return readItems('ctcGreedyDecode', logits, options, readGreedily)
}

function readGreedily({ logs, steps, classes, blank }: CtcSteps): CtcReading {
  const labels: number[] = []
  const spans: CtcSpan[] = []
  let logProbability = 0
  let before = blank
  for (let t = 0; t < steps; t++) {
    const row = t * classes
    let best = 0
    for (let symbol = 1; symbol < classes; symbol++)
      if ((logs[row + symbol] ?? 0) > (logs[row + best] ?? 0)) best = symbol
    const log = logs[row + best] ?? 0
    logProbability += log
    if (best !== blank) {
      const span = spans.at(-1)
      if (best === before && span) {
        span.lastStep = t
        span.confidence = Math.max(span.confidence, Math.exp(log))
      } else {
        labels.push(best)
        spans.push({ firstStep: t, lastStep: t, confidence: Math.exp(log) })
      }
    }
    before = best
  }
  return { labels, spans, logProbability }
}
