/**
 * A network that learns to give back the window it was given through a narrow vector: what it cannot give back is unlike what it was
 * trained on, an anomaly. The errors' distribution and the threshold are the application's. After Malhotra et al. 2016,
 * arXiv:1607.00148, with the decoder given the vector at every step instead of its own last output.
 */
import * as tfl from '@tensorflow/tfjs-layers'
import { Dense } from '@weft/core/layers'
import { registerLayers } from '@weft/core/layers'
import { RepeatVector } from '@weft/core/layers'
import { type Cell, chain, kernel, type ModelOptions, recurrentLayer, weightsOf } from '@weft/core/models'
import { checkSize } from './forecast-shape.js'

export interface SequenceAutoencoderOptions extends ModelOptions {
  /** Steps L of a window. */
  lookBack: number
  /** Values D at each of them. */
  inputs: number
  /** Units of the encoder's layers, the last the size of the vector; the decoder's are the same in reverse. */
  units: readonly [number, ...number[]]
  /** Default 'lstm'. */
  cell?: Cell
  /** Share of each layer's inputs dropped. Default 0. */
  dropout?: number
}

const DOING = 'building a sequence autoencoder'

/**
 * Shapes: past [B, L, D] → [B, L, D].
 * @throws UserError when a size is out of range.
 */
export function buildSequenceAutoencoder(options: SequenceAutoencoderOptions): tfl.LayersModel {
  registerLayers()
  const { lookBack, inputs, units, cell = 'lstm', dropout = 0 } = options
  checkSize(DOING, 'lookBack', lookBack)
  checkSize(DOING, 'inputs', inputs)
  units.forEach((size, i) => checkSize(DOING, `units[${i}]`, size))
  const weights = weightsOf(options)
  const layers = (side: string, sizes: readonly number[], lastOnly: boolean) =>
    sizes.map((size, i) => {
      const returnSequences = !lastOnly || i < sizes.length - 1
      return recurrentLayer(cell, `${side}_${i + 1}`, { units: size, returnSequences, dropout }, weights)
    })

  const past = tfl.input({ shape: [lookBack, inputs], name: 'past' })
  const output = chain(
    past,
    ...layers('encoder', units, true),
    new RepeatVector({ n: lookBack, name: 'vector_steps' }),
    ...layers('decoder', units.toReversed(), false),
    new Dense({ units: inputs, ...kernel('head', weights), name: 'head' }),
  )
  return tfl.model({ inputs: past, outputs: output, name: options.name ?? 'sequence_autoencoder' })
}
