/**
 * What the optimizers' steps share: all variables, gradients and slots go to the C++ kernel as lists in one call, which also takes
 * the gradients' common norm and clips by it. Each gradient is multiplied by `gradientScale`, then all are scaled down together to
 * `clipNorm`, then each element is clipped to ± `clipValue`; the decay is decoupled, `w ← (1 - η λ) w - η direction(g)`.
 *
 * @see Pascanu et al. 2013, arXiv:1211.5063, section 3.2, for clipping by norm; Loshchilov and Hutter 2019, arXiv:1711.05101, for λ.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { type AnyEntry, type Block, type Executor, executorWith } from '../executor.js'
import { sameShape } from '../shape.js'
import { ShapeError } from '../shape-error.js'

export interface UpdateOptions {
  /** η */
  learningRate: number
  /** λ, decoupled; one for all or one for each variable. */
  weightDecay?: number | readonly number[]
  /** Each gradient is multiplied by this first. */
  gradientScale?: number
  /** Gradients whose norm, over all variables together, is above this are then scaled down to it. */
  clipNorm?: number
  /** Then each element is clipped to ± this. */
  clipValue?: number
}

/** The lists and numbers that every kernel of optimizers.cc takes first. */
export const lists = ['variables', 'gradients', 'first', 'second', 'rows'] as const
export const tensors = ['widths', 'decays', 'out'] as const
export const numbers = ['learningRate', 'scale', 'clipNorm', 'clipValue'] as const

type Arguments = Record<(typeof lists)[number], readonly (Block | undefined)[]> &
  Record<(typeof tensors)[number], Block | undefined> &
  Record<(typeof numbers)[number], number>

/** One optimizer's formula. */
export interface Rule {
  op: string
  /** Tensors of each variable that it remembers, by name. */
  slots: Readonly<Record<string, readonly tf.Variable[]>>
  /** Whether a gradient of zero changes neither the slots nor, without decay, the variable. */
  skipsZeros: boolean
  readonly entry: AnyEntry
  /** Calls the rule's entry point. */
  run(executor: Executor, args: Arguments): void
  /** `η · direction(gradient)` in TensorFlow.js's ops; updates the slots of variable `i`. */
  reference(gradient: tf.Tensor, i: number): tf.Tensor
}

/**
 * Updates `variables` and the rule's slots in place.
 *
 * @returns The norm of all scaled gradients together, when `clipNorm` is given. Nothing was updated when it is not finite.
 * @throws ShapeError when the lists differ in length or a shape is not its variable's.
 */
export function updateAll(
  rule: Rule,
  variables: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  options: UpdateOptions,
): number | undefined {
  check(rule, variables, gradients)
  const executor = executorWith(rule.entry)
  const all = [variables, gradients, ...Object.values(rule.slots)]
  return executor && all.every((list) => list.every(isFloat))
    ? updateInOneCall(executor, rule, variables, gradients, options)
    : updateReference(rule, variables, gradients, options)
}

const isFloat = (tensor: tf.Tensor) => tensor.dtype === 'float32'

function check(rule: Rule, variables: readonly tf.Variable[], gradients: readonly tf.Tensor[]): void {
  for (const [name, list] of Object.entries({ gradient: gradients, ...rule.slots })) {
    if (list.length !== variables.length)
      throw new ShapeError(
        `${rule.op}: expected ${variables.length} tensors, one for each variable, for ${name}, received ${list.length}`,
      )
    list.forEach((tensor, i) => {
      const variable = variables[i]
      if (variable && !sameShape(tensor.shape, variable.shape))
        throw new ShapeError(
          `${rule.op}: expected shape [${variable.shape}] for the ${name} of ${variable.name}, received [${tensor.shape}]`,
        )
    })
  }
}

const decayOf = (decay: UpdateOptions['weightDecay'], i: number) =>
  typeof decay === 'number' ? decay : (decay?.[i] ?? 0)

function updateInOneCall(
  executor: Executor,
  rule: Rule,
  variables: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  options: UpdateOptions,
): number | undefined {
  const { learningRate, weightDecay, gradientScale = 1, clipNorm = 0, clipValue = 0 } = options
  const [first = [], second = []] = Object.values(rule.slots)
  const own = (variable: tf.Variable) => ownMemory(executor, variable)
  const rowsOf = (gradient: tf.Tensor, i: number) =>
    rule.skipsZeros && decayOf(weightDecay, i) === 0 ? executor.nonZeroRows(gradient) : undefined
  const widths = Int32Array.from(variables, ({ size, shape }) => size / Math.max(1, shape[0] ?? 1))
  const decays = weightDecay !== undefined && Float64Array.from(variables, (_, i) => decayOf(weightDecay, i))
  const out = executor.take(1, 'float64')
  rule.run(executor, {
    variables: variables.map(own),
    gradients: gradients.map((gradient) => executor.floats(gradient)),
    first: first.map(own),
    second: second.map(own),
    rows: gradients.map((gradient, i) => {
      const rows = rowsOf(gradient, i)
      return rows && executor.put(rows)
    }),
    widths: executor.put(widths),
    decays: decays ? executor.put(decays) : undefined,
    out,
    learningRate,
    scale: gradientScale,
    clipNorm,
    clipValue,
  })
  return clipNorm > 0 ? executor.read(out)[0] : undefined
}

/** The variable's memory, moved to a place of its own when another tensor or reader shares it: it is changed in place. */
function ownMemory(executor: Executor, variable: tf.Variable): Block {
  if (executor.sharers(variable) > 1) {
    const copy = executor.take(variable.size)
    executor.write(copy, (values) => values.set(executor.read(executor.floats(variable))))
    const moved = tf.engine().makeTensorFromTensorInfo(executor.tensor(copy, variable.shape))
    variable.assign(moved)
    moved.dispose()
  }
  return executor.own(variable)
}

function updateReference(
  rule: Rule,
  variables: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  options: UpdateOptions,
): number | undefined {
  const { learningRate, weightDecay, gradientScale = 1, clipNorm = 0, clipValue = 0 } = options
  const norm = clipNorm > 0 ? globalNorm(gradients) * gradientScale : undefined
  if (norm !== undefined && !Number.isFinite(norm)) return norm
  const scale = norm !== undefined && norm > clipNorm ? (gradientScale * clipNorm) / norm : gradientScale
  variables.forEach((variable, i) => {
    tf.tidy(() => {
      const scaled = tf.mul(gradients[i] ?? 0, scale)
      const gradient = clipValue > 0 ? tf.clipByValue(scaled, -clipValue, clipValue) : scaled
      const step = rule.reference(gradient, i)
      variable.assign(tf.sub(tf.mul(variable, 1 - learningRate * decayOf(weightDecay, i)), step))
    })
  })
  return norm
}

function globalNorm(tensors: readonly tf.Tensor[]): number {
  let total = 0
  for (const tensor of tensors) total += tf.tidy(() => tf.sum(tf.square(tensor)).dataSync()[0] ?? 0)
  return Math.sqrt(total)
}
