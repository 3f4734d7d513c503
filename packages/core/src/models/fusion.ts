/**
 * Joining two branches' vectors, one of a convolution and one of a recurrence: side by side, by a gate, or by attention. All three
 * use only layers that TensorFlow.js has.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { Dense, Reshape } from '../layers/core.js'
import { chain, join, kernel, type Weights } from './blocks.js'

/** Side by side; `g · a + (1 - g) · b` with a gate for each feature; or the same with one learnt weight for each branch. */
export type Fusion = 'concat' | 'gated' | 'attention'

/**
 * The vector of both branches.
 *
 * Shapes: a [B, U], b [B, V] → [B, U + V] with 'concat', else [B, fusionUnits].
 * @param fusionUnits Default: the smaller of U and V.
 */
export function fuse(
  a: tfl.SymbolicTensor,
  b: tfl.SymbolicTensor,
  fusion: Fusion,
  fusionUnits: number | undefined,
  weights: Weights,
): tfl.SymbolicTensor {
  if (fusion === 'concat') return join([a, b], tfl.layers.concatenate({ name: 'fusion' }))
  const units = fusionUnits ?? Math.min(a.shape.at(-1) ?? 1, b.shape.at(-1) ?? 1)
  const project = (x: tfl.SymbolicTensor, name: string) => chain(x, dense(name, units, 'tanh', weights))
  const projected: [tfl.SymbolicTensor, tfl.SymbolicTensor] = [project(a, 'fusion_cnn'), project(b, 'fusion_lstm')]
  if (fusion === 'attention') return attend(projected, units, weights)
  const both = join([a, b], tfl.layers.concatenate({ name: 'fusion' }))
  return gate(projected, chain(both, dense('fusion_gate', units, 'sigmoid', weights)))
}

/**
 * `g · a + (1 - g) · b`, the gated multimodal unit: `a` and `b` the branches through a tanh layer each, `g` from both branches.
 *
 * Shapes: each [B, U] → [B, U].
 * @see Arevalo et al. 2017, arXiv:1702.01992, section 3.1.
 */
function gate([a, b]: [tfl.SymbolicTensor, tfl.SymbolicTensor], g: tfl.SymbolicTensor): tfl.SymbolicTensor {
  const other = chain(g, tfl.layers.rescaling({ scale: -1, offset: 1, name: 'fusion_other_gate' }))
  return join(
    [
      join([g, a], tfl.layers.multiply({ name: 'fusion_gated_cnn' })),
      join([other, b], tfl.layers.multiply({ name: 'fusion_gated_lstm' })),
    ],
    tfl.layers.add({ name: 'fusion_sum' }),
  )
}

/**
 * The mean of both branches by weights that an additive attention gives them: `softmax(v · tanh(W x))`, x being each branch's vector.
 *
 * Shapes: each [B, U] → [B, U]; the weights, layer `fusion_weights`, [B, 2].
 * @see Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2.
 */
function attend(branches: tfl.SymbolicTensor[], units: number, weights: Weights): tfl.SymbolicTensor {
  const stacked = chain(
    join(branches, tfl.layers.concatenate({ name: 'fusion_pair' })),
    new Reshape({ targetShape: [branches.length, units], name: 'fusion_stack' }),
  )
  const scores = chain(
    stacked,
    dense('fusion_hidden', units, 'tanh', weights),
    new Dense({ units: 1, useBias: false, ...kernel('fusion_score', weights), name: 'fusion_score' }),
    new Reshape({ targetShape: [branches.length], name: 'fusion_scores' }),
    tfl.layers.activation({ activation: 'softmax', name: 'fusion_weights' }),
  )
  return join([scores, stacked], tfl.layers.dot({ axes: 1, name: 'fusion_mean' }))
}

function dense(name: string, units: number, activation: 'tanh' | 'sigmoid', weights: Weights): Dense {
  return new Dense({ units, activation, ...kernel(name, weights), name })
}
