/** A few entry points in plain JavaScript, for the executor of the tests. Loops as they stand in a textbook. */
import type { BlockValues } from '../executor.js'

/** A call's arguments by the names of its FIELDS. */
export interface PlainArguments {
  tensor(name: string): BlockValues | undefined
  list(name: string): readonly (BlockValues | undefined)[]
  number(name: string): number
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

/** `out = activation(a · b + bias)`, of one matrix each; only linear and relu. */
function matmul({ tensor, number }: PlainArguments): void {
  const [a, b, bias, out] = ['a', 'b', 'bias', 'out'].map(tensor)
  const [rows, cols, depth] = ['rows', 'cols', 'depth'].map(number)
  if (!a || !b || !out || rows === undefined || cols === undefined || depth === undefined) throw new Error('matmul')
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      let sum = bias?.[j] ?? 0
      for (let k = 0; k < depth; k++) {
        const left = number('transposeA') ? a[k * rows + i] : a[i * depth + k]
        const right = number('transposeB') ? b[j * depth + k] : b[k * cols + j]
        sum += (left ?? 0) * (right ?? 0)
      }
      out[i * cols + j] = number('activation') === 1 ? Math.max(0, sum) : sum
    }
}

function relu({ tensor }: PlainArguments): void {
  const [x, out] = [tensor('x'), tensor('out')]
  x?.forEach((value, i) => {
    if (out) out[i] = Math.max(0, value)
  })
}

/** An LSTM with sigmoid gates and tanh, without mask and peepholes: gates i, f, c, o. Keeps nothing for a gradient. */
function lstmForward({ tensor, number }: PlainArguments): void {
  const [x, kernel, recurrent, bias] = ['x', 'kernel', 'recurrentKernel', 'bias'].map(tensor)
  const [output, lastHidden, lastCell] = ['output', 'lastHidden', 'lastCell'].map(tensor)
  if (!x || !kernel || !recurrent || !output || !lastHidden || !lastCell) throw new Error('lstm_forward')
  const [batch = 0, steps = 0, features = 0, units = 0] = ['batch', 'steps', 'features', 'units'].map(number)
  for (let b = 0; b < batch; b++) {
    let h = new Float32Array(units)
    const c = new Float32Array(units)
    for (let t = 0; t < steps; t++) {
      const gate = (g: number, u: number) => {
        const column = g * units + u
        let sum = bias?.[column] ?? 0
        for (let d = 0; d < features; d++)
          sum += (x[(b * steps + t) * features + d] ?? 0) * (kernel[d * 4 * units + column] ?? 0)
        for (let v = 0; v < units; v++) sum += (h[v] ?? 0) * (recurrent[v * 4 * units + column] ?? 0)
        return sum
      }
      const next = new Float32Array(units)
      for (let u = 0; u < units; u++) {
        c[u] = sigmoid(gate(1, u)) * (c[u] ?? 0) + sigmoid(gate(0, u)) * Math.tanh(gate(2, u))
        next[u] = sigmoid(gate(3, u)) * Math.tanh(c[u] ?? 0)
      }
      h = next
      if (number('returnSequences')) output.set(h, (b * steps + t) * units)
    }
    if (!number('returnSequences')) output.set(h, b * units)
    lastHidden.set(h, b * units)
    lastCell.set(c, b * units)
  }
}

/** `w ← (1 - η λ) w - η s g`, plain, without clipping. */
function sgdUpdate({ tensor, list, number }: PlainArguments): void {
  const [rate, scale] = [number('learningRate'), number('scale')]
  const gradients = list('gradients')
  list('variables').forEach((variable, i) => {
    const decay = tensor('decays')?.[i] ?? 0
    variable?.forEach((w, j) => {
      variable[j] = (1 - rate * decay) * w - rate * scale * (gradients[i]?.[j] ?? 0)
    })
  })
}

export const plainKernels: Readonly<Record<string, (args: PlainArguments) => void>> = {
  matmul,
  unary_relu: relu,
  lstm_forward: lstmForward,
  sgd_update: sgdUpdate,
}
