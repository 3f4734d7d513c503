/**
 * Which items an epoch visits, in which order: shuffled, every class as often as every other, or items of like length together.
 *
 * A pure function of the items, the options and the epoch's number; nothing is remembered from one epoch to the next.
 */
import { expected } from '../errors.js'
import { Random } from '../runtime/random.js'
import { indicesBy } from './split-rules.js'

export interface OrderOptions<Item> {
  batchSize: number
  seed: number
  /** Default true; false visits items as listed, the same in every epoch. */
  shuffle?: boolean
  /**
   * Draws every class equally often: items of small classes occur several times in an epoch, of large ones perhaps not in each.
   * Needs `classOf`.
   */
  balanced?: boolean
  /** Class of an item, for `balanced`. */
  classOf?: (item: Item) => string
  /** Items an epoch visits, default all once. */
  itemsPerEpoch?: number
  /** Leaves out the last batch when it is not full. */
  dropRemainder?: boolean
  /**
   * Length of an item, known before loading: batches are then made of items of like length, sorted within stretches of
   * `bucketBatches` batches, so that little is padded and the order stays random.
   */
  lengthOf?: (item: Item) => number
  /** Default 50. */
  bucketBatches?: number
}

/** The items' places, all of them before any occurs again. */
function cycle(places: ArrayLike<number>, wanted: number, random: Random | undefined): Uint32Array {
  const order = new Uint32Array(wanted)
  for (let at = 0; at < wanted; at += places.length) {
    const round = Uint32Array.from(places)
    random?.shuffle(round)
    order.set(round.subarray(0, wanted - at), at)
  }
  return order
}

function balancedOrder<Item>(
  items: readonly Item[],
  options: OrderOptions<Item>,
  wanted: number,
  random: Random,
): Uint32Array {
  const { classOf } = options
  if (classOf === undefined)
    throw expected({
      doing: 'ordering an epoch',
      want: 'a function',
      of: 'classOf',
      got: undefined,
      hint: 'balanced needs it',
    })
  // Each class gets its share; which classes get one more is drawn anew in each epoch.
  const lists = random.shuffle(indicesBy(items.map(classOf)).map(([, places]) => places))
  const order = new Uint32Array(wanted)
  let at = 0
  lists.forEach((places, i) => {
    const share = Math.floor(wanted / lists.length) + (i < wanted % lists.length ? 1 : 0)
    order.set(cycle(places, share, random), at)
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

/** Places of the items that `epoch` visits, in order. */
export function epochOrder<Item>(items: readonly Item[], options: OrderOptions<Item>, epoch: number): Uint32Array {
  const { seed, shuffle = true, balanced = false, itemsPerEpoch = items.length, lengthOf } = options
  if (!Number.isInteger(itemsPerEpoch) || itemsPerEpoch < 1) {
    throw expected({
      doing: 'ordering an epoch',
      want: 'a whole number of at least 1',
      of: 'itemsPerEpoch',
      got: itemsPerEpoch,
    })
  }
  if (balanced && !shuffle)
    throw expected({
      doing: 'ordering an epoch',
      want: 'true',
      of: 'shuffle',
      got: shuffle,
      hint: 'balanced draws at random',
    })
  const random = shuffle ? new Random(seed, 'order', epoch) : undefined
  const all = Uint32Array.from({ length: items.length }, (_, place) => place)
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
