/**
 * Connectionist temporal classification: the loss of a network that says at each step which symbol it sees, or none (blank), when only
 * the text is known and not where its symbols stand. All paths are counted that spell the text once repetitions are joined and
 * blanks dropped; `loss = -log Σ_paths Π_t softmax(logits_t)[path_t]`, with the softmax in the same pass.
 *
 * When a gradient is recorded the kernel computes it together with the loss, and keeps it; going back only multiplies by dy.
 *
 * @see Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist temporal classification".
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, hasKernel } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { byName, type ListedAttrs, required, runListed } from '../listed-inputs.js'
import { shapeCheck } from '../shape-error.js'
import { ctcReference } from './reference.js'
import { type CtcTargetOptions, type CtcTargets, ctcTargets } from './targets.js'

export interface CtcOptions extends CtcTargetOptions {
  /**
   * The loss of an item that no path spells: more symbols and repetitions than steps, or logits of minus infinity. Its gradient is zero
   * in either case, so that one such item does not undo the training; `ctcInfeasible` names those with too few steps. Default 'zero',
   * which also leaves the mean finite; with 'infinity' the loss tells them.
   */
  infeasible?: 'zero' | 'infinity'
}

const KERNEL_NAME = 'CtcLoss'
const GRAD_NAME = `${KERNEL_NAME}Grad`

type CtcAttrs = ListedAttrs & CtcTargets & { impossible: number }

const lossEntry = entry(
  'ctc_loss',
  ['logits', 'labels', 'logitLengths', 'labelLengths', 'loss', 'gradient'],
  ['batch', 'steps', 'classes', 'labelWidth', 'blank', 'impossible'],
)
const gradientEntry = entry('ctc_gradient', ['kept', 'dy', 'out'], ['size'])

/**
 * CTC's loss of each item.
 *
 * Shapes: `logits` [B, T, V], before any softmax; `labels` [B, L], classes, of which those past an item's `labelLengths` do not count
 * → [B]. Steps past an item's `logitLengths` do not count either. A NaN among an item's logits makes its loss and gradient NaN.
 * @throws ShapeError when a shape, a length or the blank does not fit, or naming item and position of a label that is no symbol.
 */
export function ctcLoss(logits: tf.Tensor, labels: tf.Tensor, options: CtcOptions = {}): tf.Tensor {
  shapeCheck('ctcLoss')('logits', logits, ['B', 'T', 'V'])
  const targets = ctcTargets('ctcLoss', logits, labels, options)
  const impossible = options.infeasible === 'infinity' ? Infinity : 0
  return tf.tidy(() => {
    const x = logits.dtype === 'float32' ? logits : tf.cast(logits, 'float32')
    if (!hasKernel(KERNEL_NAME)) return ctcReference(x, targets, impossible)
    const [loss] = runListed(KERNEL_NAME, { logits: x }, { ...targets, impossible })
    if (!loss) throw new Error('ctcLoss: the kernel returned no output')
    return loss
  })
}

const lossKernel = overrideKernel<tf.NamedTensorInfoMap, CtcAttrs>({
  kernelName: KERNEL_NAME,
  entries: [lossEntry],
  run({ inputs, attrs, executor }) {
    const logits = required(byName(inputs, attrs.inputNames)('logits'), 'logits')
    const [batch = 0, steps = 0, classes = 0] = logits.shape
    const loss = executor.allocate([batch])
    const kept = attrs.keep ? [executor.take(batch * steps * classes)] : []
    executor.run(lossEntry, {
      logits: executor.floats(logits),
      labels: attrs.labels,
      logitLengths: attrs.logitLengths,
      labelLengths: attrs.labelLengths,
      loss: executor.floats(loss),
      gradient: kept[0],
      batch,
      steps,
      classes,
      labelWidth: attrs.labelWidth,
      blank: attrs.blank,
      impossible: attrs.impossible,
    })
    return [loss, executor.keep(kept)]
  },
})

const gradientKernel = overrideKernel<{ dy: tf.TensorInfo; reserve: tf.TensorInfo }, { shape: number[] }>({
  kernelName: GRAD_NAME,
  entries: [gradientEntry],
  run({ inputs: { dy, reserve }, attrs: { shape }, executor }) {
    const out = executor.allocate(shape)
    const [, steps = 0, classes = 0] = shape
    executor.run(gradientEntry, {
      kept: executor.kept(reserve)[0],
      dy: executor.floats(dy),
      out: executor.floats(out),
      size: steps * classes,
    })
    return out
  },
})

export const ctcKernels: readonly Kernel[] = [lossKernel, gradientKernel]

export const ctcGradient: tf.GradConfig = {
  kernelName: KERNEL_NAME,
  saveAllInputs: true,
  outputsToSave: [false, true],
  gradFunc: (gradients, saved) => {
    const [dy] = Array.isArray(gradients) ? gradients : [gradients]
    const [logits, reserve] = saved
    if (!dy || !logits || !reserve) throw new Error('ctcLoss gradient: expected what its forward pass saved')
    return { 0: () => tf.engine().runKernel<tf.Tensor>(GRAD_NAME, { dy, reserve }, { shape: logits.shape }) }
  },
}
