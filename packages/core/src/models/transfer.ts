/**
 * Transfer learning: freezing a part of a model and taking over the weights of another. A layer's class and its place in the graph
 * decide which part it belongs to, so this works on any model that runs from convolutions and recurrence, one after the other or
 * side by side, to a head. A head whose outputs mean the same under other numbers is taken over output by output.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'
import { Recurrent } from '../layers/recurrent.js'
import { allLayers } from '../training/weights.js'
import type { Freezable } from './freezable.js'

/** TensorFlow.js's recurrent layers and the one of ours that is no `Recurrent`; layers of a model loaded without ours are known by name. */
const RECURRENT = new Set(['LSTM', 'GRU', 'SimpleRNN', 'RNN', 'Bidirectional', 'ConvLSTM2D'])

/**
 * Makes a part of the model untrainable (the other layers keep what they are) and names the frozen layers that have weights.
 *
 * @param part 'cnn' is every layer that neither is recurrent nor comes after one that is: all before the recurrence, or the branch
 * beside it; 'all-but-head' every layer before the last that has weights.
 */
export function freezeLayers(model: tfl.LayersModel, part: Freezable): string[] {
  const withWeights = model.layers.filter((layer) => layer.weights.length > 0)
  const frozen = layersOf(withWeights, part)
  // Inner layers, too: TensorFlow.js freezes a nested model's weights, but leaves its batch normalisations to learn their averages.
  for (const layer of allLayers({ layers: frozen })) layer.trainable = false
  return frozen.map((layer) => layer.name)
}

function layersOf(layers: tfl.layers.Layer[], part: Freezable): tfl.layers.Layer[] {
  if (part === 'none') return []
  if (part === 'all-but-head') return layers.slice(0, -1)
  const recurrent = layers.filter((layer) => allLayers({ layers: [layer] }).some(isRecurrent))
  const reached = ancestorTest(recurrent)
  const before = layers.filter((layer) => !reached(layer))
  if (recurrent.length === 0 || before.length === 0)
    throw expected({
      doing: 'freezing layers',
      want: 'a model with layers before a recurrent one or beside it',
      of: 'the model',
      got: layers.map((layer) => layer.name).join(', '),
    })
  return before
}

/** Whether it is a recurrent layer, of one direction or both. */
export const isRecurrent = (layer: tfl.layers.Layer) =>
  layer instanceof Recurrent || RECURRENT.has(layer.getClassName())

/** Whether a layer is among `sources` or fed by one of them, however far back. */
function ancestorTest(sources: readonly tfl.layers.Layer[]): (layer: tfl.layers.Layer) => boolean {
  const known = new Map(sources.map((layer) => [layer, true]))
  const test = (layer: tfl.layers.Layer): boolean => {
    const found =
      known.get(layer) ?? layer.inboundNodes.some((node) => node.inboundLayers.some((before) => test(before)))
    known.set(layer, found)
    return found
  }
  return test
}

export interface TransferOptions {
  /**
   * For each output of the receiving model, the number of the other model's output that means the same; undefined leaves an
   * output its own weights. The heads, a Dense layer each, then match output by output, whatever their sizes.
   */
  outputs?: readonly (number | undefined)[]
}

export interface TransferReport {
  /** Layers that now have the other model's weights. */
  copied: string[]
  /** Layers that keep their own weights, with the reason. */
  skipped: { layer: string; reason: string }[]
  /** How many of the head's outputs were taken over, where they were matched one by one. */
  outputs?: { taken: number; of: number }
}

/**
 * Copies the weights of every layer that the other model has under the same name and with the same shapes, and with
 * `options.outputs` the head's by output.
 *
 * @throws UserError when `outputs` does not fit the two heads.
 */
export function transferWeights(
  from: tfl.LayersModel,
  to: tfl.LayersModel,
  { outputs }: TransferOptions = {},
): TransferReport {
  const report: TransferReport = { copied: [], skipped: [] }
  const sources = new Map(from.layers.map((layer) => [layer.name, layer]))
  const head = outputs && headOf(to)
  for (const layer of to.layers) {
    if (layer.weights.length === 0) continue
    const source = layer === head ? headOf(from) : sources.get(layer.name)
    const reason = source ? mismatch(source, layer, layer === head) : 'the other model has no layer of this name'
    if (source === undefined || reason !== undefined) {
      report.skipped.push({ layer: layer.name, reason: reason ?? '' })
      continue
    }
    if (outputs && layer === head) report.outputs = { taken: takeOutputs(source, layer, outputs), of: outputs.length }
    else layer.setWeights(source.getWeights())
    report.copied.push(layer.name)
  }
  return report
}

/** The last layer that has weights. */
function headOf(model: tfl.LayersModel): tfl.layers.Layer | undefined {
  return model.layers.findLast((layer) => layer.weights.length > 0)
}

function mismatch(source: tfl.layers.Layer, target: tfl.layers.Layer, byOutput: boolean): string | undefined {
  const shapes = (layer: tfl.layers.Layer) =>
    layer
      .getWeights()
      .map((weight) => `[${(byOutput ? weight.shape.slice(0, -1) : weight.shape).join(', ')}]`)
      .join(' ')
  const [theirs, ours] = [shapes(source), shapes(target)]
  if (byOutput && [source, target].some((layer) => layer.getClassName() !== 'Dense'))
    return 'the outputs can only be matched between two Dense layers'
  if (byOutput && theirs !== ours) return `its weights for each output are ${ours}, the other model's ${theirs}`
  return theirs === ours ? undefined : `its weights are ${ours}, the other model's ${theirs}`
}

/** Copies the columns of a Dense layer's kernel and bias. @returns how many outputs were taken over. */
function takeOutputs(
  source: tfl.layers.Layer,
  target: tfl.layers.Layer,
  outputs: readonly (number | undefined)[],
): number {
  const doing = `taking over layer ${target.name}`
  const [theirs = 0, ours = 0] = [source, target].map((layer) => layer.getWeights()[0]?.shape.at(-1) ?? 0)
  if (outputs.length !== ours)
    throw expected({ doing, want: `${ours} numbers, one for each output,`, of: 'outputs', got: outputs.length })
  for (const output of outputs)
    if (output !== undefined && !(Number.isInteger(output) && output >= 0 && output < theirs))
      throw expected({ doing, want: `numbers from 0 to ${theirs - 1}`, of: 'outputs', got: output })
  const own = target.getWeights()
  const mixed = source.getWeights().map((weight, i) => {
    const [given, values] = [weight.dataSync(), Float32Array.from(own[i]?.dataSync() ?? [])]
    for (let row = 0; row < values.length / ours; row++)
      outputs.forEach((output, column) => {
        if (output !== undefined) values[row * ours + column] = given[row * theirs + output] ?? 0
      })
    return tf.tensor(values, own[i]?.shape)
  })
  target.setWeights(mixed)
  tf.dispose(mixed)
  return outputs.filter((output) => output !== undefined).length
}
