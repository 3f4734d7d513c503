/**
 * Which items an epoch visits, and in which order: shuffled, with classes balanced, or with items of similar length together.
 *
 * A pure function of the items, the options and the number of the epoch; nothing is remembered from one epoch to the next.
 */
import { expected, needs } from '../errors.js'
import { Random } from '../runtime/random.js'
import { indicesBy } from './split-rules.js'

export interface OrderOptions<Item> {
  batchSize: number
  seed: number
  /** Default: true; false visits items in the order of the list in every epoch. */
  shuffle?: boolean
  /**
   * Draws every class equally often: items of small classes occur several times in an epoch, those of large ones perhaps not at
   * all. Needs `classOf`.
   */
  balanced?: boolean
  /** Class of an item, for `balanced`. */
  classOf?: (item: Item) => string
  /** Number of items in an epoch (default: all, once). */
  itemsPerEpoch?: number
  /** Drops the last batch when it is not full. */
  dropRemainder?: boolean
  /**
   * Length of an item before it is loaded, used to batch items of similar length: they are sorted within stretches of
   * `bucketBatches` batches, so that little is padded and the order stays random.
   */
  lengthOf?: (item: Item) => number
  /** Default: 50. */
  bucketBatches?: number
}

/** `count` of the indices: all of them before any is repeated. */
function cycle(indices: ArrayLike<number>, count: number, random: Random | undefined): Uint32Array {
  const order = new Uint32Array(count)
  for (let at = 0; at < count; at += indices.length) {
    const round = Uint32Array.from(indices)
    random?.shuffle(round)
    order.set(round.subarray(0, count - at), at)
  }
  return order
}

function balancedOrder<Item>(
  items: readonly Item[],
  options: OrderOptions<Item>,
  count: number,
  random: Random,
): Uint32Array {
  const { classOf } = options
  if (classOf === undefined) throw needs({ doing: 'ordering an epoch', option: 'balanced', others: 'classOf' })
  // Each class gets the same share; each epoch draws anew which classes get one item more.
  const lists = random.shuffle(indicesBy(items.map(classOf)).map(([, indices]) => indices))
  const order = new Uint32Array(count)
  let at = 0
  lists.forEach((indices, i) => {
    const share = Math.floor(count / lists.length) + (i < count % lists.length ? 1 : 0)
    order.set(cycle(indices, share, random), at)
    at += share
  })
  return random.shuffle(order)
}

/** Sorts stretches of the order by length, cuts them into batches, and shuffles the batches; a last short batch stays last. */
function bucket(
  order: Uint32Array,
  lengths: Float64Array,
  options: OrderOptions<never>,
  random: Random | undefined,
): Uint32Array {
  const { batchSize, bucketBatches = 50 } = options
  const stretch = batchSize * bucketBatches
  for (let start = 0; start < order.length; start += stretch) {
    order.subarray(start, start + stretch).sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b)
  }
  const whole = Math.floor(order.length / batchSize)
  const batches = random?.permutation(whole) ?? Uint32Array.from({ length: whole }, (_, i) => i)
  const result = order.slice()
  batches.forEach((from, to) => {
    result.set(order.subarray(from * batchSize, (from + 1) * batchSize), to * batchSize)
  })
  return result
}

/** Indices of the items that `epoch` visits, in order. */
export function epochOrder<Item>(items: readonly Item[], options: OrderOptions<Item>, epoch: number): Uint32Array {
  const { seed, shuffle = true, balanced = false, itemsPerEpoch = items.length, lengthOf } = options
  if (!Number.isInteger(itemsPerEpoch) || itemsPerEpoch < 1) {
    throw expected({
      doing: 'ordering an epoch',
      want: 'a positive integer',
      of: 'itemsPerEpoch',
      got: itemsPerEpoch,
    })
  }
  if (balanced && !shuffle) throw needs({ doing: 'ordering an epoch', option: 'balanced', others: 'shuffle' })
  const random = shuffle ? new Random(seed, 'order', epoch) : undefined
  const all = Uint32Array.from({ length: items.length }, (_, index) => index)
  const order =
    balanced && random ? balancedOrder(items, options, itemsPerEpoch, random) : cycle(all, itemsPerEpoch, random)
  if (lengthOf === undefined) return order
  return bucket(
    order,
    Float64Array.from(items, lengthOf),
    { ...options, classOf: undefined, lengthOf: undefined },
    random,
  )
}
