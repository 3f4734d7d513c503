/**
 * One optimizer step of Adam for all variables in one call.
 *
 * `m ← β₁ m + (1 - β₁) g`, `v ← β₂ v + (1 - β₂) g²`,
 * `w ← (1 - η λ) w - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε')`, written with the bias corrections as the paper's algorithm 1:
 * `w ← (1 - η λ) w - η / (1 - β₁ᵗ) · m / (√(v / (1 - β₂ᵗ)) + ε)`.
 *
 * @see Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; Loshchilov and Hutter 2019, arXiv:1711.05101, for the decay λ.
 */
import * as tf from '@tensorflow/tfjs-core'
import { NativeBackend } from '../backend.js'
import { nativeFunction } from '../binding.js'
import { ShapeError } from '../shape-error.js'

export interface AdamUpdateOptions {
  /** η */
  learningRate: number
  beta1: number
  beta2: number
  epsilon: number
  /** t, counted from 1. */
  step: number
  /** λ, decoupled; one for all or one for each variable. */
  weightDecay?: number | readonly number[]
  /** Each gradient is multiplied by this first (clipping by norm). */
  gradientScale?: number
  /** Then clipped to ± this. */
  gradientClipValue?: number
}

const updateNative = nativeFunction(
  'adam_update',
  ['variable', 'gradient', 'm', 'v'],
  ['stepSize', 'beta1', 'beta2', 'epsilon', 'inverseBias2', 'decay', 'scale', 'clip'],
)
const sumOfSquaresNative = nativeFunction('sum_of_squares', ['x', 'out'], [])

function currentNativeBackend(): NativeBackend | undefined {
  const backend = tf.backend()
  return backend instanceof NativeBackend ? backend : undefined
}

/**
 * Updates `variables` and their moments `m` and `v` in place.
 *
 * @throws ShapeError when the lists differ in length or a gradient's shape is not its variable's.
 */
export function adamUpdate(
  variables: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  m: readonly tf.Variable[],
  v: readonly tf.Variable[],
  options: AdamUpdateOptions,
): void {
  const {
    learningRate,
    beta1,
    beta2,
    epsilon,
    step,
    weightDecay = 0,
    gradientScale = 1,
    gradientClipValue = 0,
  } = options
  const stepSize = learningRate / (1 - beta1 ** step)
  const inverseBias2 = 1 / (1 - beta2 ** step)
  const backend = currentNativeBackend()
  variables.forEach((variable, i) => {
    const [gradient, first, second] = [gradients[i], m[i], v[i]]
    if (!gradient || !first || !second)
      throw new ShapeError(
        `adamUpdate: expected ${variables.length} gradients and moments, received ${gradients.length}, ${m.length}, ${v.length}`,
      )
    for (const [name, tensor] of Object.entries({ gradient, m: first, v: second }))
      if (!tf.util.arraysEqual(tensor.shape, variable.shape))
        throw new ShapeError(
          `adamUpdate: expected shape [${variable.shape}] for the ${name} of ${variable.name}, received [${tensor.shape}]`,
        )
    const decay = learningRate * (typeof weightDecay === 'number' ? weightDecay : (weightDecay[i] ?? 0))
    const numbers = {
      stepSize,
      beta1,
      beta2,
      epsilon,
      inverseBias2,
      decay,
      scale: gradientScale,
      clip: gradientClipValue,
    }
    if (backend && [variable, gradient, first, second].every((tensor) => tensor.dtype === 'float32')) {
      updateNative({
        variable: ownMemory(backend, variable),
        gradient: backend.array(gradient),
        m: ownMemory(backend, first),
        v: ownMemory(backend, second),
        ...numbers,
      })
    } else {
      updateReference(variable, gradient, first, second, numbers)
    }
  })
}

/** The variable's memory, moved to a place of its own when another tensor or reader shares it: it is changed in place. */
function ownMemory(backend: NativeBackend, variable: tf.Variable): Float32Array {
  if (backend.sharers(variable) > 1) {
    const copy = backend.allocate(variable.shape)
    backend.array(copy).set(backend.array(variable))
    const moved = tf.engine().makeTensorFromTensorInfo(copy)
    variable.assign(moved)
    moved.dispose()
  }
  return backend.mutableArray(variable)
}

interface UpdateNumbers {
  stepSize: number
  beta1: number
  beta2: number
  epsilon: number
  inverseBias2: number
  decay: number
  scale: number
  clip: number
}

function updateReference(
  variable: tf.Variable,
  gradient: tf.Tensor,
  m: tf.Variable,
  v: tf.Variable,
  n: UpdateNumbers,
): void {
  tf.tidy(() => {
    const scaled = tf.mul(gradient, n.scale)
    const g = n.clip > 0 ? tf.clipByValue(scaled, -n.clip, n.clip) : scaled
    const newM = tf.add(tf.mul(m, n.beta1), tf.mul(g, 1 - n.beta1))
    const newV = tf.add(tf.mul(v, n.beta2), tf.mul(tf.square(g), 1 - n.beta2))
    const direction = tf.div(newM, tf.add(tf.sqrt(tf.mul(newV, n.inverseBias2)), n.epsilon))
    m.assign(newM)
    v.assign(newV)
    variable.assign(tf.sub(tf.mul(variable, 1 - n.decay), tf.mul(direction, n.stepSize)))
  })
}

/** The square root of the sum of the squares of all elements of all tensors, in float64 between blocks. */
export function globalNorm(tensors: readonly tf.Tensor[]): number {
  const backend = currentNativeBackend()
  if (!backend || tensors.some((tensor) => tensor.dtype !== 'float32')) {
    let total = 0
    for (const tensor of tensors) total += tf.tidy(() => tf.sum(tf.square(tensor)).dataSync()[0] ?? 0)
    return Math.sqrt(total)
  }
  const out = new Float64Array(1)
  for (const tensor of tensors) sumOfSquaresNative({ x: backend.array(tensor), out })
  return Math.sqrt(out[0] ?? 0)
}
