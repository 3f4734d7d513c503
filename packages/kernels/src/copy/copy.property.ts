/** Copies in another order or extent, of one tensor or several, and their gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import { axis, shape, some } from '../testing/draw.js'
import type { Draw, Property } from '../testing/property.js'

interface Drawn {
  label: string
  op: (x: tf.Tensor) => tf.Tensor | tf.Tensor[]
}

/** The axes in another order. */
function permutation(random: Draw, rank: number): number[] {
  const left = Array.from({ length: rank }, (_, i) => i)
  return Array.from({ length: rank }, () => left.splice(random.int(0, left.length - 1), 1)[0] ?? 0)
}

const draws: Readonly<Record<string, (random: Draw, size: number[]) => Drawn>> = {
  transpose(random, size) {
    const perm = permutation(random, size.length)
    return { label: `by [${perm}]`, op: (x) => tf.transpose(x, perm) }
  },
  slice(random, size) {
    const begin = size.map((dim) => random.int(0, dim))
    const extent = size.map((dim, i) => random.int(0, dim - (begin[i] ?? 0)))
    return { label: `from [${begin}], [${extent}]`, op: (x) => tf.slice(x, begin, extent) }
  },
  stridedSlice(random, size) {
    const steps = size.map(() => random.pick([1, 1, 2, 3, -1, -2]))
    const begin = size.map((dim) => random.int(-dim, dim))
    const end = size.map((dim) => random.int(-dim, dim))
    const masks = [0, 0].map(() => random.int(0, 2 ** size.length - 1))
    return {
      label: `from [${begin}] to [${end}] by [${steps}], masks ${masks}`,
      op: (x) => tf.stridedSlice(x, begin, end, steps, ...masks),
    }
  },
  pad(random, size) {
    const paddings = size.map((): [number, number] => [random.int(0, 3), random.int(0, 3)])
    const value = random.pick([0, 7, NaN])
    return { label: `by ${JSON.stringify(paddings)} of ${value}`, op: (x) => tf.pad(x, paddings, value) }
  },
  tile(random, size) {
    const reps = size.map(() => random.pick([1, 1, 2, 3]))
    return { label: `by [${reps}]`, op: (x) => tf.tile(x, reps) }
  },
  reverse(random, size) {
    const axes = some(random, [...size.keys()])
    return { label: `over [${axes}]`, op: (x) => tf.reverse(x, axes) }
  },
  split(random, size) {
    const along = random.int(0, size.length - 1)
    const first = random.int(0, size[along] ?? 0)
    return {
      label: `after ${first} along ${along}`,
      op: (x) => tf.split(x, [first, (size[along] ?? 0) - first], along),
    }
  },
  unstack(random, size) {
    const along = random.int(0, size.length - 1)
    return { label: `along ${along}`, op: (x) => (size[along] === 0 ? x : tf.unstack(x, along)) }
  },
  stack(random, size) {
    const along = random.int(0, size.length)
    const count = random.int(1, 3)
    return { label: `${count} along ${along}`, op: (x) => tf.stack(Array.from({ length: count }, () => x), along) } // prettier-ignore
  },
}

/** TensorFlow.js has no gradient of a strided slice, of a tile of rank 5, and of taking apart what is one already. */
function hasGradient(name: string, size: readonly number[]): boolean {
  if (name === 'tile') return size.length < 5
  return name === 'unstack' ? !size.includes(1) : name !== 'stridedSlice'
}
const EXACT = { absolute: 0, relative: 0 }

export const properties: readonly Property[] = [
  {
    name: 'copies',
    draw(random) {
      const name = random.pick(Object.keys(draws))
      const size = shape(random, random.int(1, 5))
      const { label, op } = draws[name]?.(random, size) ?? { label: '', op: tf.clone }
      const x = random.tensor(size)
      const type = random.pick(['float32', 'float32', 'int32', 'bool'] as const)
      const differentiable = type === 'float32' && hasGradient(name, size) && !size.includes(0)
      // The last of several, so that the others' gradients are zeros.
      const last = (at: tf.Tensor) => [op(at)].flat().at(-1) ?? at
      return {
        label: `${name} of ${type} [${size}] ${label}`,
        run: () => {
          const input = type === 'float32' ? x : tf.cast(tf.mul(x, 100), type)
          return [...[op(input)].flat(), ...(differentiable ? [tf.grad(last)(input)] : [])]
        },
        tolerance: EXACT,
      }
    },
  },
  {
    name: 'concat',
    draw(random) {
      const size = shape(random, random.int(1, 4))
      const along = random.int(0, size.length - 1)
      const shapes = Array.from({ length: random.int(1, 4) }, () =>
        size.map((dim, i) => (i === along ? axis(random) : dim)),
      )
      const parts = shapes.map((part) => random.tensor(part))
      return {
        label: `of ${JSON.stringify(shapes)} along ${along}`,
        run: () => {
          const op = (...at: tf.Tensor[]) => tf.concat(at, along)
          return [op(...parts), ...(shapes.flat().includes(0) ? [] : tf.grads(op)(parts))]
        },
        tolerance: EXACT,
      }
    },
  },
]
