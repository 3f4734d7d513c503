/**
 * Targets of CTC on the host: labels and lengths are read, checked and, where they are left out, derived once, for the kernel, the
 * reference and whoever asks which items no path can spell.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { ShapeError, shapeCheck } from '../shape-error.js'

/** What fills labels past their length; so does the blank, as in Keras. */
export const LABEL_PADDING = -1

export interface CtcTargetOptions {
  /** Steps of each item, [B]; all T by default. */
  logitLengths?: tf.Tensor | ArrayLike<number>
  /** Symbols of each item, [B]; by default those before the padding of -1 or blank at the end of its labels. */
  labelLengths?: tf.Tensor | ArrayLike<number>
  /** The class that stands for no symbol; negative ones count from the end. Default 0, as in Keras 3, TensorFlow 2 and PyTorch. */
  blank?: number
}

/** Checked targets. */
export interface CtcTargets {
  /** [B, L], row after row */
  labels: Int32Array
  /** [B] */
  logitLengths: Int32Array
  /** [B] */
  labelLengths: Int32Array
  /** L */
  labelWidth: number
  /** In [0, V). */
  blank: number
}

/**
 * The blank's class, counted from 0.
 *
 * @throws ShapeError when it is none of the V classes.
 */
export function blankOf(op: string, blank: number, classes: number): number {
  const index = blank < 0 ? blank + classes : blank
  if (!Number.isInteger(blank) || index < 0 || index >= classes)
    throw new ShapeError(`${op}: expected an integer in [${-classes}, ${classes}) for blank, received ${blank}`)
  return index
}

/** Numbers of a small tensor or array as integers. */
function integers(values: tf.Tensor | ArrayLike<number>): Int32Array {
  const read = values instanceof tf.Tensor ? values.dataSync() : values
  return read instanceof Int32Array ? read : Int32Array.from(read)
}

/**
 * Lengths [B] in [0, most].
 *
 * @throws ShapeError naming the first item whose length does not fit.
 */
export function lengthsOf(
  op: string,
  name: string,
  given: tf.Tensor | ArrayLike<number> | undefined,
  batch: number,
  most: number,
): Int32Array {
  if (given === undefined) return new Int32Array(batch).fill(most)
  const lengths = integers(given)
  if (lengths.length !== batch) throw new ShapeError(`${op}: expected ${batch} ${name}, received ${lengths.length}`)
  lengths.forEach((length, item) => {
    if (length < 0 || length > most)
      throw new ShapeError(`${op}: expected ${name} in [0, ${most}], received ${length} for item ${item}`)
  })
  return lengths
}

/** How many labels stand before the padding at the end of each row. */
function lengthsBeforePadding(labels: Int32Array, batch: number, width: number, blank: number): Int32Array {
  const lengths = new Int32Array(batch)
  for (let item = 0; item < batch; item++) {
    let length = width
    const at = (i: number) => labels[item * width + i]
    while (length > 0 && (at(length - 1) === LABEL_PADDING || at(length - 1) === blank)) length--
    lengths[item] = length
  }
  return lengths
}

/**
 * Reads and checks the targets of logits [B, T, V].
 *
 * @throws ShapeError when a shape or length does not fit, or naming item and position of a label that is no symbol.
 */
export function ctcTargets(
  op: string,
  logits: tf.TensorInfo,
  labels: tf.Tensor,
  options: CtcTargetOptions,
): CtcTargets {
  const [batch = 0, steps = 0, classes = 0] = logits.shape
  shapeCheck(op)('labels', labels, [batch, 'L'])
  const labelWidth = labels.shape[1] ?? 0
  const blank = blankOf(op, options.blank ?? 0, classes)
  const symbols = integers(labels)
  const logitLengths = lengthsOf(op, 'logitLengths', options.logitLengths, batch, steps)
  const labelLengths =
    options.labelLengths === undefined
      ? lengthsBeforePadding(symbols, batch, labelWidth, blank)
      : lengthsOf(op, 'labelLengths', options.labelLengths, batch, labelWidth)
  for (let item = 0; item < batch; item++)
    for (let i = 0; i < (labelLengths[item] ?? 0); i++) {
      const symbol = symbols[item * labelWidth + i] ?? LABEL_PADDING
      if (symbol < 0 || symbol >= classes || symbol === blank)
        throw new ShapeError(
          `${op}: expected a class in [0, ${classes}) other than the blank ${blank} for labels, ` +
            `received ${symbol} in item ${item} at position ${i}`,
        )
    }
  return { labels: symbols, logitLengths, labelLengths, labelWidth, blank }
}

/** Steps that a text takes at least: one for each symbol, and a blank between equal neighbours. */
export function ctcStepsNeeded(symbols: ArrayLike<number | string>): number {
  let needed = symbols.length
  for (let i = 1; i < symbols.length; i++) if (symbols[i] === symbols[i - 1]) needed++
  return needed
}

/**
 * The items of a batch whose labels take more steps than they have, which no network can learn: `ctcLoss` gives them the loss that its
 * option `infeasible` says, and no gradient.
 *
 * Shapes: `logits` [B, T, V], of which only the shape counts; `labels` [B, L] → numbers of items.
 * @throws ShapeError as `ctcLoss`.
 */
export function ctcInfeasible(
  logits: { shape: readonly number[] },
  labels: tf.Tensor,
  options: CtcTargetOptions = {},
): number[] {
  const info: tf.TensorInfo = { dataId: {}, shape: [...logits.shape], dtype: 'float32' }
  const targets = ctcTargets('ctcInfeasible', info, labels, options)
  const found: number[] = []
  targets.labelLengths.forEach((length, item) => {
    const from = item * targets.labelWidth
    if (ctcStepsNeeded(targets.labels.subarray(from, from + length)) > (targets.logitLengths[item] ?? 0))
      found.push(item)
  })
  return found
}
