/**
 * Keras's initialisers with our randomness, under TensorFlow.js's class names. Three reasons why TensorFlow.js's are not used: its
 * orthogonal one takes 20 seconds for 128 x 512, seed 0 means unseeded there, and its normal ones do not correct for truncation as
 * Keras does. What is saved is what TensorFlow.js itself would save, so it reads it.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type {
  Initializer,
  Orthogonal,
  RandomNormal,
  RandomUniform,
  TruncatedNormal,
  VarianceScaling,
} from '@tensorflow/tfjs-layers/dist/initializers.js'
import { hash, Random, TRUNCATED_NORMAL_DEVIATION } from '../runtime/random.js'
import { classOf } from './stock.js'

type Shape = (number | null)[]
type Seeded = { seed?: number | null }

const StockVarianceScaling = classOf<typeof VarianceScaling>(tfl.initializers.varianceScaling({}))
const StockOrthogonal = classOf<typeof Orthogonal>(tfl.initializers.orthogonal({}))
const StockRandomUniform = classOf<typeof RandomUniform>(tfl.initializers.randomUniform({}))
const StockRandomNormal = classOf<typeof RandomNormal>(tfl.initializers.randomNormal({}))
const StockTruncatedNormal = classOf<typeof TruncatedNormal>(tfl.initializers.truncatedNormal({}))

let unseeded = 0

/** The generator for one weight. Without a seed every weight gets another stream, the same ones in every run of the program. */
function generator(seed: number | null | undefined, className: string): Random {
  return seed === null || seed === undefined
    ? new Random(unseeded++, 'unseeded', className)
    : new Random(seed, className)
}

function filled(shape: Shape, dtype: tf.DataType | undefined, draw: () => number): tf.Tensor {
  const sizes = shape.map((size) => size ?? 0)
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(sizes) }, draw), sizes, dtype ?? 'float32')
}

/** How many inputs and outputs a unit of a weight has: Keras's `compute_fans`. */
function fans(shape: number[]): { fanIn: number; fanOut: number } {
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 }
  if (shape.length === 1) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 }
  const receptiveField = shape.slice(0, -2).reduce((product, size) => product * size, 1)
  return { fanIn: (shape.at(-2) ?? 1) * receptiveField, fanOut: (shape.at(-1) ?? 1) * receptiveField }
}

interface VarianceScalingConfig extends Seeded {
  scale?: number
  mode?: 'fanIn' | 'fanOut' | 'fanAvg'
  distribution?: 'normal' | 'uniform' | 'truncatedNormal'
}

/** Variance `scale / n`, n the inputs, outputs or their mean. Shapes: any. See Glorot and Bengio 2010, He et al. 2015. */
class SeededVarianceScaling extends StockVarianceScaling {
  static override className = 'VarianceScaling'
  readonly #config: VarianceScalingConfig

  constructor(config: VarianceScalingConfig = {}) {
    super({ ...config, seed: config.seed ?? undefined })
    this.#config = config
  }

  override apply(shape: Shape, dtype?: tf.DataType): tf.Tensor {
    const { scale = 1, mode = 'fanIn', distribution = 'normal', seed } = this.#config
    const { fanIn, fanOut } = fans(shape.map((size) => size ?? 0))
    const n = mode === 'fanIn' ? fanIn : mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2
    const variance = scale / Math.max(1, n)
    const random = generator(seed, 'VarianceScaling')
    if (distribution === 'uniform') {
      const limit = Math.sqrt(3 * variance)
      return filled(shape, dtype, () => random.uniform(-limit, limit))
    }
    const deviation = Math.sqrt(variance) / TRUNCATED_NORMAL_DEVIATION
    return filled(shape, dtype, () => deviation * random.truncatedNormal())
  }

  // Keras saves its named variants as the class they are made of.
  override getClassName(): string {
    return 'VarianceScaling'
  }
}

/** The variants of VarianceScaling that have a name in Keras. */
const VARIANTS = {
  GlorotUniform: { scale: 1, mode: 'fanAvg', distribution: 'uniform' },
  GlorotNormal: { scale: 1, mode: 'fanAvg', distribution: 'normal' },
  HeUniform: { scale: 2, mode: 'fanIn', distribution: 'uniform' },
  HeNormal: { scale: 2, mode: 'fanIn', distribution: 'normal' },
  LeCunUniform: { scale: 1, mode: 'fanIn', distribution: 'uniform' },
  LeCunNormal: { scale: 1, mode: 'fanIn', distribution: 'normal' },
} as const satisfies Record<string, VarianceScalingConfig>

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`; axes before the last are flattened.
 * Modified Gram-Schmidt in double precision on normal vectors, which gives every such matrix with equal density.
 *
 * @see Saxe et al. 2014, arXiv:1312.6120.
 */
class SeededOrthogonal extends StockOrthogonal {
  static override className = 'Orthogonal'
  readonly #config: Seeded & { gain?: number }

  constructor(config: Seeded & { gain?: number } = {}) {
    super({ gain: config.gain ?? 1, seed: config.seed ?? undefined })
    this.#config = config
  }

  override apply(shape: Shape, dtype?: tf.DataType): tf.Tensor {
    const sizes = shape.map((size) => size ?? 0)
    if (sizes.length < 2)
      throw new Error(
        `initialising a weight: expected at least 2 axes for an orthogonal one, received shape [${sizes.join(', ')}]`,
      )
    const columns = sizes.at(-1) ?? 0
    const rows = tf.util.sizeFromShape(sizes) / Math.max(1, columns)
    const vectors = orthonormalVectors(
      Math.min(rows, columns),
      Math.max(rows, columns),
      generator(this.#config.seed, 'Orthogonal'),
    )
    const gain = this.#config.gain ?? 1
    const values = new Float32Array(rows * columns)
    vectors.forEach((vector, i) => {
      const [start, step] = rows < columns ? [i * columns, 1] : [i, columns]
      for (let j = 0; j < vector.length; j++) values[start + j * step] = gain * (vector[j] ?? 0)
    })
    return tf.tensor(values, sizes, dtype ?? 'float32')
  }
}

function orthonormalVectors(count: number, length: number, random: Random): Float64Array[] {
  const vectors = Array.from({ length: count }, () => Float64Array.from({ length }, () => random.normal()))
  for (const [i, vector] of vectors.entries()) {
    const norm = Math.sqrt(dot(vector, vector))
    for (let j = 0; j < length; j++) vector[j] = (vector[j] ?? 0) / norm
    for (const later of vectors.slice(i + 1)) {
      const projection = dot(later, vector)
      for (let j = 0; j < length; j++) later[j] = (later[j] ?? 0) - projection * (vector[j] ?? 0)
    }
  }
  return vectors
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** Uniform in [minval, maxval). */
class SeededRandomUniform extends StockRandomUniform {
  static override className = 'RandomUniform'
  readonly #config: Seeded & { minval?: number; maxval?: number }

  constructor(config: Seeded & { minval?: number; maxval?: number } = {}) {
    super({ ...config, seed: config.seed ?? undefined })
    this.#config = config
  }

  override apply(shape: Shape, dtype?: tf.DataType): tf.Tensor {
    const { minval = this.DEFAULT_MINVAL, maxval = this.DEFAULT_MAXVAL, seed } = this.#config
    const random = generator(seed, 'RandomUniform')
    return filled(shape, dtype, () => random.uniform(minval, maxval))
  }
}

type Normal = Seeded & { mean?: number; stddev?: number }

/** Normal with mean `mean` and deviation `stddev`. */
class SeededRandomNormal extends StockRandomNormal {
  static override className = 'RandomNormal'
  readonly #config: Normal

  constructor(config: Normal = {}) {
    super({ ...config, seed: config.seed ?? undefined })
    this.#config = config
  }

  override apply(shape: Shape, dtype?: tf.DataType): tf.Tensor {
    const { mean = this.DEFAULT_MEAN, stddev = this.DEFAULT_STDDEV, seed } = this.#config
    const random = generator(seed, 'RandomNormal')
    return filled(shape, dtype, () => mean + stddev * random.normal())
  }
}

/** Normal, drawn again until within two deviations of the mean; as in Keras, `stddev` is the deviation before truncation. */
class SeededTruncatedNormal extends StockTruncatedNormal {
  static override className = 'TruncatedNormal'
  readonly #config: Normal

  constructor(config: Normal = {}) {
    super({ ...config, seed: config.seed ?? undefined })
    this.#config = config
  }

  override apply(shape: Shape, dtype?: tf.DataType): tf.Tensor {
    const { mean = this.DEFAULT_MEAN, stddev = this.DEFAULT_STDDEV, seed } = this.#config
    const random = generator(seed, 'TruncatedNormal')
    return filled(shape, dtype, () => mean + stddev * random.truncatedNormal())
  }
}

/** The registered class of a named variant, for files in which it is written by its own name (Keras 3). */
function variant(className: string, config: VarianceScalingConfig) {
  return class extends SeededVarianceScaling {
    static override className = className
    constructor({ seed }: Seeded = {}) {
      super({ ...config, seed })
    }
  }
}

/** Every class that `registerInitializers` registers. */
const CLASSES = [
  SeededVarianceScaling,
  SeededOrthogonal,
  SeededRandomUniform,
  SeededRandomNormal,
  SeededTruncatedNormal,
  ...Object.entries(VARIANTS).map(([className, config]) => variant(className, config)),
]

/**
 * Puts our initialisers in place of TensorFlow.js's, for its layers and for loading. Names like 'glorotUniform' given to one of its
 * layers never reach the registry: pass `seededInitializer('GlorotUniform', seed)` there.
 */
export function registerInitializers(): void {
  for (const initializer of CLASSES) tf.serialization.registerClass(initializer)
}

/** `RandomNormal` has mean 0 and deviation 1. */
export type InitializerName = keyof typeof VARIANTS | 'Orthogonal' | 'RandomNormal'

/**
 * An initialiser that gives the same weights for the same seed and path.
 *
 * @param path What identifies this weight, such as the layer's name and the weight's.
 */
export function seededInitializer(name: InitializerName, seed: number, ...path: (number | string)[]): Initializer {
  // Keras reads seeds as 32-bit signed integers.
  const own = hash(seed, 'weight', ...path) >>> 1
  if (name === 'RandomNormal') return new SeededRandomNormal({ mean: 0, stddev: 1, seed: own })
  return name === 'Orthogonal'
    ? new SeededOrthogonal({ seed: own })
    : new SeededVarianceScaling({ ...VARIANTS[name], seed: own })
}

/**
 * Our initialiser for a named variant, in any spelling ('glorotUniform', 'HeNormal', 'orthogonal'); anything else as it is. Our layers
 * pass their arguments through it, because TensorFlow.js makes its own unseeded initialiser for such a name.
 */
export function ownInitializer<T>(identifier: T): T | Initializer {
  if (typeof identifier !== 'string') return identifier
  const name = identifier.toLowerCase()
  if (name === 'orthogonal') return new SeededOrthogonal()
  const variantName = Object.keys(VARIANTS).find((known) => known.toLowerCase() === name)
  return variantName === undefined
    ? identifier
    : new SeededVarianceScaling(VARIANTS[variantName as keyof typeof VARIANTS])
}
