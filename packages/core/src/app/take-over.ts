/**
 * Beginning with another model's weights (`--init`) and freezing a part of the network (`--freeze`). The other model is loaded by the
 * application, once: it also says how data is prepared and the network built.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import { flagOf } from '../cli/options.js'
import { expected, UserError } from '../errors.js'
import { freezeLayers, type TransferOptions, transferWeights } from '../models/transfer.js'
import type { Hooks } from './hooks.js'
import type { TrainingOptions } from './options.js'

/** The network to take weights from, and which of its outputs are this one's. Whoever loaded it disposes of it. */
export interface InitialWeights extends TransferOptions {
  readonly network: tfl.LayersModel
}

/** Takes over the weights of `source` where layers agree, then freezes what `freeze` names. */
export function takeOver(
  network: tfl.LayersModel,
  { init, freeze }: Pick<TrainingOptions, 'init' | 'freeze'>,
  source: InitialWeights | undefined,
  hooks: Hooks,
): void {
  if (source === undefined) {
    if (freeze === 'none') return
    throw expected({ doing: 'training', want: 'a model to take the weights from', of: flagOf('init'), got: 'nothing' })
  }
  const { network: from, ...transfer } = source
  const { copied, skipped, outputs } = transferWeights(from, network, transfer)
  if (copied.length === 0)
    throw new UserError(`taking over ${init}: expected layers of the same names and shapes, received none`)
  const fresh = skipped.length === 0 ? '' : `; new: ${skipped.map(({ layer }) => layer).join(', ')}`
  const frozen = freezeLayers(network, freeze)
  const kept = frozen.length === 0 ? '' : `; frozen: ${frozen.join(', ')}`
  const matched = outputs ? `; outputs of the same name: ${outputs.taken} of ${outputs.of}` : ''
  hooks.note?.(`From ${init}: ${copied.join(', ')}${matched}${fresh}${kept}.`)
}
