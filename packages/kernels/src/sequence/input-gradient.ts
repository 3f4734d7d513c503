/** The gradient of a sequence op's input, which one entry point gives for every kind of cell. */
import { entry } from '../executor.js'

/** dx [B, T, D] from the gates' gradients [rows, width] and the kernel [D, width], added to what is there or not. */
export const sequenceInputGradientEntry = entry(
  'sequence_input_gradient',
  ['gatesGradient', 'kernel', 'mask', 'dropoutMask', 'inputGradient'],
  ['batch', 'steps', 'features', 'width', 'goBackwards', 'accumulate'],
  (n) => 2 * Number(n.batch) * Number(n.steps) * Number(n.features) * Number(n.width),
)
