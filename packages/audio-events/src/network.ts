/** The network that the options describe: convolutions over time and frequency, an LSTM over time, a head. The builder is core's. */
import type * as tfl from '@tensorflow/tfjs-layers'
import { type OptionsOf } from '@weft/core/cli'
import { expected } from '@weft/core/errors'
import { buildCrnn } from '@weft/core/models'
import type { modelOptions } from './options/network.js'

/**
 * The network with new weights.
 *
 * @param inputShape [T, D, C]
 */
export function buildNetwork(
  options: OptionsOf<typeof modelOptions> & { readonly seed: number },
  inputShape: [number, number, number],
  labels: number,
  multiLabel: boolean,
): tfl.LayersModel {
  const { filters, poolTime, poolFrequency, kernelSize, convDropout, pooling } = options
  for (const [name, list] of Object.entries({ poolTime, poolFrequency })) {
    if (list.length !== filters.length) {
      throw expected({
        doing: 'building the network',
        want: `${filters.length} numbers, one for each of the filters,`,
        of: name,
        got: list.join(','),
      })
    }
  }
  const [frames, columns] = inputShape
  for (const [name, list, size] of [
    ['poolTime', poolTime, frames],
    ['poolFrequency', poolFrequency, columns],
  ] as const) {
    const pooled = list.reduce((product, pool) => product * pool, 1)
    if (pooled <= size) continue
    throw expected({
      doing: 'building the network',
      want: `pooling by at most ${size} together, as many as there are ${name === 'poolTime' ? 'frames' : 'bands or coefficients'},`,
      of: name,
      got: `${list.join(',')}, which is ${pooled}`,
      hint: 'Pool less, use fewer blocks (--filters), or take more frames or bands.',
    })
  }
  return buildCrnn({
    inputShape,
    convolutions: filters.map((count, block) => ({
      filters: count,
      kernelSize,
      pool: [poolTime[block] ?? 1, poolFrequency[block] ?? 1],
      dropout: convDropout,
    })),
    recurrent: {
      units: options.lstmUnits,
      layers: options.lstmLayers,
      bidirectional: options.bidirectional,
      dropout: options.lstmDropout,
    },
    pooling,
    head: { units: labels, activation: multiLabel ? 'sigmoid' : 'softmax', dropout: options.headDropout },
    seed: options.seed,
    name: 'audio_crnn',
  })
}
