/**
 * Where in a sequence a symbol came from, as opposed to where it was written: a bidirectional network may write a symbol far from the
 * evidence for it, such as the last one always at the end. The score of each symbol is attributed to the steps that enter the
 * recurrence, by integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365, section 3) with an empty sequence as baseline and the
 * integral approximated at its midpoint. The layers before the recurrence run once per item, not once per symbol.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'
import { asMask, single } from '../layers/stock.js'
import { isRecurrent } from '../models/transfer.js'
import { type LayerInput, captureInput } from './layer-gradient.js'
import { checkClass, preActivation, type ScoreSpan } from './scores.js'

/** The class of a symbol and its steps in one item of a batch. */
export interface ItemSpan extends ScoreSpan {
  readonly item: number
}

/** Where a symbol came from. */
export interface SpanOrigin {
  /** First and last of the steps around the most relevant one that are at least half as relevant. */
  readonly firstStep: number
  readonly lastStep: number
  /** What each of the T steps adds to the score of the symbol, 0 where it lowers it. */
  readonly relevance: Float32Array
}

/** What enters the recurrence of a model for a batch: `input` [B, T, …] and its mask. The caller disposes of the tensors. */
export type RecurrenceInput = LayerInput

/**
 * The score of a symbol is differentiated together with that of the eighth symbol after it in the same item, the sixteenth and so on:
 * an item then takes at most this many rows, and the evidence for symbols so far apart does not overlap.
 */
const APART = 8

export interface SpanOriginsOptions {
  /** Rows (up to 8 per item) times steps to differentiate at once (default: 8192, about 50 MB for an LSTM of 2 x 96 units). */
  readonly stepsAtOnce?: number
}

const doing = 'finding where symbols came from'

/**
 * Calls `run`, which runs the model once, and returns its result with what entered the recurrence.
 *
 * @throws UserError when no recurrent layer is followed by a chain of layers to the output.
 */
export function recurrenceInput<Result>(
  model: tfl.LayersModel,
  run: () => Result,
): RecurrenceInput & { result: Result } {
  const [first] = recurrentPart(model)
  return captureInput(first, run)
}

/**
 * Where the symbols of a batch came from. The score of a symbol is the margin of its class over the mean of all classes, before the last
 * softmax, summed over the steps at which it was written; an empty step is the mean of the first and the last step of an item. Padding
 * has no relevance. A symbol without any evidence gets the steps at which it was written.
 *
 * @param spans In the order of the steps within each item.
 * @param entering The result of `recurrenceInput` for the batch.
 * @throws UserError for items, classes or steps that the model or the batch does not have.
 */
export function spanOrigins(
  model: tfl.LayersModel,
  entering: RecurrenceInput,
  spans: readonly ItemSpan[],
  { stepsAtOnce = 8192 }: SpanOriginsOptions = {},
): SpanOrigin[] {
  const layers = recurrentPart(model)
  const [batch = 0, steps = 0] = entering.input.shape
  for (const { item, firstStep, lastStep } of spans) {
    if (!Number.isInteger(item) || item < 0 || item >= batch)
      throw expected({ doing, want: `an integer from 0 to ${batch - 1}`, of: 'item', got: item })
    if (!(firstStep >= 0 && lastStep < steps && firstStep <= lastStep))
      throw expected({ doing, want: `steps from 0 to ${steps - 1}`, of: 'a span', got: `${firstStep} to ${lastStep}` })
  }
  const empty = emptySteps(entering)
  const atOnce = Math.max(1, Math.floor(stepsAtOnce / Math.max(1, steps)))
  const rows = rowsOf(spans)
  const origins: SpanOrigin[] = []
  try {
    for (let from = 0; from < rows.length; from += atOnce) {
      const some = rows.slice(from, from + atOnce)
      const gains = attribution(layers, preActivation(model), entering, empty, some)
      const values = gains.dataSync()
      gains.dispose()
      some.forEach((row, at) => {
        const own = values.subarray(at * steps, (at + 1) * steps)
        for (const span of row) origins[span.at] = originOf(own, span)
      })
    }
  } finally {
    empty.dispose()
  }
  return origins
}

/** A symbol in a row with others: its index among all symbols, and the steps that are nearer to it than to the others. */
interface RowSpan extends ItemSpan {
  readonly at: number
  readonly from: number
  readonly to: number
}

/** The symbols that are differentiated together. */
function rowsOf(spans: readonly ItemSpan[]): RowSpan[][] {
  const counts = new Map<number, number>()
  const rows = new Map<string, (ItemSpan & { at: number })[]>()
  spans.forEach((span, at) => {
    const count = counts.get(span.item) ?? 0
    counts.set(span.item, count + 1)
    const key = `${span.item} ${count % APART}`
    rows.set(key, [...(rows.get(key) ?? []), { ...span, at }])
  })
  const middle = ({ firstStep, lastStep }: ItemSpan) => (firstStep + lastStep) / 2
  return [...rows.values()].map((row) =>
    row.map((span, i) => {
      const [before, after] = [row[i - 1], row[i + 1]]
      const from = before ? Math.ceil((middle(before) + middle(span)) / 2) : 0
      return { ...span, from, to: after ? Math.floor((middle(span) + middle(after)) / 2) : Infinity }
    }),
  )
}

/** What each step adds to the scores of the symbols of each row. Shape: [rows, T]. */
function attribution(
  layers: readonly tfl.layers.Layer[],
  scores: (output: tf.Tensor) => tf.Tensor,
  { input, mask }: RecurrenceInput,
  empty: tf.Tensor,
  rows: readonly (readonly RowSpan[])[],
): tf.Tensor {
  return tf.tidy(() => {
    const items = tf.tensor1d(
      rows.map(([first]) => first?.item ?? 0),
      'int32',
    )
    const real = mask && tf.cast(tf.gather(tf.cast(mask, 'int32'), items), 'bool')
    const ground = tf.gather(empty, items)
    const difference = tf.sub(tf.gather(input, items), ground)
    const middle = tf.add(ground, tf.mul(difference, 0.5))
    const products = tf.mul(tf.grad((x) => total(scores(run(layers, x, real)), rows))(middle), difference)
    return tf.sum(tf.reshape(products, [rows.length, input.shape[1] ?? 0, -1]), 2)
  })
}

/** The margin of the class of each symbol over the mean of all classes, summed over all symbols and their steps. */
function total(output: tf.Tensor, rows: readonly (readonly RowSpan[])[]): tf.Scalar {
  const [, steps = 0, classes = 0] = output.shape
  if (output.rank !== 3)
    throw expected({ doing, want: '[B, T, V]', of: 'the output', got: `[${output.shape.join(', ')}]` })
  const isWritten = new Uint8Array(rows.length * steps)
  const weights = new Float32Array(rows.length * steps * classes)
  rows.forEach((row, at) => {
    for (const { label, firstStep, lastStep } of row) {
      checkClass(classes, label)
      for (let step = at * steps + firstStep; step <= at * steps + lastStep; step++) {
        isWritten[step] = 1
        weights.fill(-1 / classes, step * classes, (step + 1) * classes)
        weights[step * classes + label] = 1 - 1 / classes
      }
    }
  })
  // Selected, not only weighted: past the end of an item scores may be infinite.
  const scores = tf.where(tf.tensor3d(isWritten, [rows.length, steps, 1], 'bool'), output, tf.zerosLike(output))
  return tf.sum(tf.mul(scores, tf.tensor3d(weights, [rows.length, steps, classes])))
}

/** What an empty step looks like to the recurrence: the mean of the first and the last step of each item. Shape: [B, 1, …]. */
function emptySteps({ input, mask }: RecurrenceInput): tf.Tensor {
  const real = mask?.dataSync()
  return tf.tidy(() => {
    const [batch = 0, steps = 0, ...rest] = input.shape
    const ends = Array.from({ length: batch }, (_, item) => {
      const own = real?.subarray(item * steps, (item + 1) * steps)
      const [first, last] = own ? [own.indexOf(1), own.lastIndexOf(1)] : [0, steps - 1]
      return [item * steps + Math.max(0, first), item * steps + Math.max(0, last)]
    })
    const all = tf.reshape(input, [batch * steps, ...rest])
    const firstAndLast = tf.gather(all, tf.tensor1d(ends.flat(), 'int32'))
    return tf.mean(tf.reshape(firstAndLast, [batch, 2, ...rest]), 1, true)
  })
}

/** The steps around the largest value of a symbol that are at least half of it. */
function originOf(gains: ArrayLike<number>, { firstStep, lastStep, from, to }: RowSpan): SpanOrigin {
  const relevance = Float32Array.from(gains, (value, step) => (step < from || step > to ? 0 : Math.max(0, value)))
  const most = Math.max(...relevance)
  if (!(most > 0)) return { firstStep, lastStep, relevance }
  const peak = relevance.indexOf(most)
  const relevant = (step: number) => (relevance[step] ?? 0) >= most / 2
  let [first, last] = [peak, peak]
  while (relevant(first - 1)) first--
  while (relevant(last + 1)) last++
  return { firstStep: first, lastStep: last, relevance }
}

type Layers = readonly [tfl.layers.Layer, ...tfl.layers.Layer[]]

/** The first recurrent layer and the chain of layers after it, to the output. */
function recurrentPart(model: tfl.LayersModel): Layers {
  const first = model.layers.find(isRecurrent)
  if (first === undefined) {
    const names = model.layers.map(({ name }) => name).join(', ')
    throw expected({ doing, want: 'a network with a recurrent layer', of: 'the model', got: names })
  }
  const part: [tfl.layers.Layer, ...tfl.layers.Layer[]] = [first]
  const own = new Set(model.layers)
  for (let at = first; at.output !== model.outputs[0];) {
    const next = at.outboundNodes.map(({ outboundLayer }) => outboundLayer).filter((layer) => own.has(layer))
    const [only] = next
    if (only === undefined || next.length > 1 || Array.isArray(only.input))
      throw expected({
        doing,
        want: 'a chain of layers from the recurrence to the output',
        of: 'the model',
        got: `a branch after ${at.name}`,
      })
    part.push(only)
    at = only
  }
  return part
}

/** The output of a chain of layers, as the model would run them to predict. */
function run(layers: readonly tfl.layers.Layer[], x: tf.Tensor, mask: tf.Tensor | null): tf.Tensor {
  let [output, current] = [x, asMask(mask)]
  for (const layer of layers) {
    const next = single(layer.call(output, { mask: current, training: false }))
    current = layer.computeMask(output, current)
    output = next
  }
  return output
}
