/**
 * Transfer learning: freezing a part of a model and taking over the weights of another. Which part a layer belongs to is told from
 * its class and its place, so it works on any model that runs from convolutions through recurrence to a head.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'

/** The parts that can be frozen: all before the first recurrent layer; that and the recurrent layers; nothing. */
export const FREEZABLE = ['none', 'cnn', 'all-but-head'] as const
export type Freezable = (typeof FREEZABLE)[number]

const RECURRENT = new Set(['LSTM', 'GRU', 'SimpleRNN', 'RNN', 'Bidirectional', 'ConvLSTM2D'])

/**
 * Makes a part of the model untrainable (the other layers keep what they are) and names the frozen layers that have weights.
 *
 * @param part 'cnn' is every layer before the first recurrent one; 'all-but-head' every layer before the last that has weights.
 */
export function freezeLayers(model: tfl.LayersModel, part: Freezable): string[] {
  const withWeights = model.layers.filter((layer) => layer.weights.length > 0)
  const frozen = withWeights.slice(0, frozenCount(withWeights, part))
  for (const layer of frozen) layer.trainable = false
  return frozen.map((layer) => layer.name)
}

function frozenCount(layers: tfl.layers.Layer[], part: Freezable): number {
  if (part === 'none') return 0
  if (part === 'all-but-head') return layers.length - 1
  const first = layers.findIndex((layer) => RECURRENT.has(layer.getClassName()))
  if (first < 1)
    throw expected(
      'freezing layers',
      'a model with layers before a recurrent one',
      'the model',
      layers.map((layer) => layer.name).join(', '),
    )
  return first
}

export interface TransferReport {
  /** Layers that now have the other model's weights. */
  copied: string[]
  /** Layers that keep their own, with the reason. */
  skipped: { layer: string; reason: string }[]
}

/** Copies the weights of every layer that the other model has under the same name and with the same shapes. */
export function transferWeights(from: tfl.LayersModel, to: tfl.LayersModel): TransferReport {
  const report: TransferReport = { copied: [], skipped: [] }
  const sources = new Map(from.layers.map((layer) => [layer.name, layer]))
  for (const layer of to.layers) {
    if (layer.weights.length === 0) continue
    const source = sources.get(layer.name)
    const reason = source ? mismatch(source, layer) : 'the other model has no layer of this name'
    if (source && reason === undefined) {
      layer.setWeights(source.getWeights())
      report.copied.push(layer.name)
    } else {
      report.skipped.push({ layer: layer.name, reason: reason ?? '' })
    }
  }
  return report
}

function mismatch(source: tfl.layers.Layer, target: tfl.layers.Layer): string | undefined {
  const shapes = (layer: tfl.layers.Layer) =>
    layer
      .getWeights()
      .map((weight) => `[${weight.shape.join(', ')}]`)
      .join(' ')
  const [theirs, ours] = [shapes(source), shapes(target)]
  return theirs === ours ? undefined : `its weights are ${ours}, the other model's ${theirs}`
}
