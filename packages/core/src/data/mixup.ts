/**
 * Mixup: blends every item of a batch with another, inputs, targets and weights alike, by a share drawn from Beta(alpha, alpha).
 *
 * Zhang et al. 2017, arXiv:1710.09412; the share is drawn per item and folded to [0.5, 1], so that each row stays mostly itself.
 */
import { expected } from '../errors.js'
import type { Random } from '../runtime/random.js'
import type { BatchTransform } from './dataset.js'
import { sizeOf, type NdArray } from './pad.js'

/** Gamma(shape, 1) for any positive shape (Marsaglia and Tsang 2000, with their boost below 1). */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random.next()) ** (1 / shape)
  const d = shape - 1 / 3
  for (;;) {
    const x = random.normal()
    const v = (1 + x / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

/** A draw from Beta(alpha, alpha). */
export function betaShare(alpha: number, random: Random): number {
  const a = gamma(alpha, random)
  const b = gamma(alpha, random)
  return a + b === 0 ? 0.5 : a / (a + b)
}

function blend({ data, shape }: NdArray, partner: Uint32Array, share: Float32Array): NdArray {
  const inner = sizeOf(shape.slice(1))
  const mixed = new Float32Array(data.length)
  for (let row = 0; row < share.length; row++) {
    const own = share[row] ?? 1
    const other = (partner[row] ?? row) * inner
    for (let i = 0; i < inner; i++)
      mixed[row * inner + i] = own * (data[row * inner + i] ?? 0) + (1 - own) * (data[other + i] ?? 0)
  }
  return { data: mixed, shape }
}

/**
 * A batch transform that mixes each item with a partner in the same batch; targets must be one-hot or quantities. A mixed row is as
 * long as the longer of the two.
 *
 * @param alpha Strength, above 0; 0.2 to 0.4 is usual.
 */
export function mixup(alpha: number): BatchTransform {
  if (!(alpha > 0)) throw expected({ doing: 'setting up mixup', want: 'a number above 0', of: 'alpha', got: alpha })
  return (batch, random) => {
    const partner = random.permutation(batch.indices.length)
    const share = Float32Array.from(partner, () => {
      const value = betaShare(alpha, random)
      return Math.max(value, 1 - value)
    })
    const weights = batch.weights && { data: batch.weights, shape: [batch.weights.length] }
    return {
      ...batch,
      x: batch.x.map((x) => blend(x, partner, share)),
      y: blend(batch.y, partner, share),
      weights: weights && Float32Array.from(blend(weights, partner, share).data),
      lengths: batch.lengths.map((lengths) =>
        lengths.map((length, row) => Math.max(length, lengths[partner[row] ?? row] ?? 0)),
      ),
    }
  }
}
