/**
 * One step of an LSTM at a time, for streams: the state lives in arrays of the caller's and is changed in place, and no tensor is made.
 * It reads the weights where they lie, so it follows them while they are being trained.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, executorWith, readBack } from '../executor.js'
import { activationCodes, type CellActivation, type GateActivation } from '../sequence/activations.js'
import { ShapeError } from '../shape-error.js'
import { lstm } from './lstm.js'

export interface LstmStepWeights {
  /** [D, 4U] */
  kernel: tf.Tensor
  /** [U, 4U] */
  recurrentKernel: tf.Tensor
  /** [4U] */
  bias?: tf.Tensor | undefined
  /** [3, U] */
  peepholes?: tf.Tensor | undefined
}

export interface LstmStepOptions {
  /** tanh by default. */
  activation?: CellActivation
  /** sigmoid by default. */
  recurrentActivation?: GateActivation
}

export const lstmStepEntry = entry(
  'lstm_step',
  ['x', 'kernel', 'recurrentKernel', 'bias', 'peepholes', 'hidden', 'cell'],
  ['batch', 'features', 'units', 'activation', 'hardGates'],
  (n) => 8 * Number(n.batch) * Number(n.units) * (Number(n.features) + Number(n.units)),
)

/**
 * Takes one step; see lstm.ts for the formula.
 *
 * Shapes: `x` [B, D]; `hidden` and `cell` [B, U], changed in place. The step's output is `hidden`.
 * @throws ShapeError when the arrays do not fit the weights and one another.
 */
export function lstmStep(
  x: Float32Array,
  weights: LstmStepWeights,
  hidden: Float32Array,
  cell: Float32Array,
  options: LstmStepOptions = {},
): void {
  const { activation = 'tanh', recurrentActivation = 'sigmoid' } = options
  const { kernel, recurrentKernel, bias, peepholes } = weights
  const [features = 0, width = 0] = kernel.shape
  const units = width / 4
  const batch = units === 0 ? 0 : hidden.length / units
  const sizes: [string, number, number][] = [
    ['recurrentKernel', recurrentKernel.size, units * width],
    ['bias', bias?.size ?? width, width],
    ['peepholes', peepholes?.size ?? 3 * units, 3 * units],
    ['x', x.length, batch * features],
    ['cell', cell.length, hidden.length],
    ['hidden', hidden.length, Math.floor(batch) * units],
  ]
  for (const [name, received, wanted] of sizes)
    if (received !== wanted)
      throw new ShapeError(`lstmStep: expected ${wanted} numbers for ${name}, received ${received}`)
  const executor = executorWith(lstmStepEntry)
  if (executor) {
    const [h, c] = [executor.put(hidden), executor.put(cell)]
    executor.run(lstmStepEntry, {
      x: executor.put(x),
      kernel: executor.floats(kernel),
      recurrentKernel: executor.floats(recurrentKernel),
      bias: bias && executor.floats(bias),
      peepholes: peepholes && executor.floats(peepholes),
      ...{ hidden: h, cell: c, batch, features, units },
      activation: activationCodes[activation],
      hardGates: recurrentActivation === 'hardSigmoid',
    })
    readBack(executor, h, hidden)
    readBack(executor, c, cell)
    return
  }
  tf.tidy(() => {
    const result = lstm(tf.tensor3d(x.slice(), [batch, 1, features]), kernel, recurrentKernel, bias ?? null, {
      ...{ activation, recurrentActivation, peepholes },
      initialState: [tf.tensor2d(hidden.slice(), [batch, units]), tf.tensor2d(cell.slice(), [batch, units])],
    })
    hidden.set(result.lastHidden.dataSync())
    cell.set(result.lastCell.dataSync())
  })
}
