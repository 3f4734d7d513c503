/**
 * A model one time step at a time, the state carried from call to call: for streams that never end and for text written symbol by
 * symbol. LSTM and Dense run without making a tensor; other recurrent layers take a sequence of one step, and layers that treat each
 * step by itself run as they are.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { dense, type DenseActivation, isDenseActivation } from '@weft/kernels'
import { expected } from '../errors.js'
import type { LayerStep } from '../layers/layer-step.js'
import { Recurrent } from '../layers/recurrent.js'

export interface StatefulStep {
  /** One step. Shapes: [B, D] (or [B] symbols for a model that begins with an Embedding) → [B, U], the same array at every call. */
  step(x: Float32Array): Float32Array
  /** Back to the start of a sequence. */
  reset(): void
  /** A copy of the states, to return to. */
  save(): Float32Array[]
  restore(saved: readonly Float32Array[]): void
}

/** Layers that do nothing outside training. */
const IDENTITIES: readonly string[] = [
  ...['InputLayer', 'Dropout', 'SpatialDropout1D', 'GaussianDropout', 'GaussianNoise', 'AlphaDropout'],
]
const EACH_STEP: readonly string[] = ['Activation', 'Dense', 'Embedding', 'LayerNormalization', 'TimeDistributed']

/**
 * Makes a chain of layers run step by step; it reads the model's weights where they lie, so it follows them.
 *
 * @param batch How many sequences run side by side.
 * @throws UserError for a model with branches, or with a layer that needs more than one step at once.
 */
export function statefulStep(model: tfl.LayersModel, batch = 1): StatefulStep {
  const steps = chainOf(model).flatMap((layer) => stepOf(layer, batch) ?? [])
  const states = steps.flatMap((step) => step.states)
  return {
    step(x) {
      let values = x
      for (const step of steps) values = step.run(values)
      return values
    },
    reset: () => states.forEach((state) => state.fill(0)),
    save: () => states.map((state) => state.slice()),
    restore: (saved) => states.forEach((state, i) => state.set(saved[i] ?? [])),
  }
}

const DOING = 'running a model step by step'

/** The layers in order; each must have one input and one output, that of the layer before it. */
function chainOf(model: tfl.LayersModel): tfl.layers.Layer[] {
  let at: tfl.SymbolicTensor | undefined = model.inputs[0]
  const chain: tfl.layers.Layer[] = []
  for (const layer of model.layers) {
    const alone = layer.inboundNodes.length === 1 && !Array.isArray(layer.output)
    const follows = layer.getClassName() === 'InputLayer' || (!Array.isArray(layer.input) && layer.input === at)
    if (!alone || !follows)
      throw expected({
        doing: DOING,
        want: 'one layer after another',
        of: 'the model',
        got: `a branch at layer ${layer.name}`,
      })
    at = Array.isArray(layer.output) ? undefined : layer.output
    chain.push(layer)
  }
  return chain
}

function stepOf(layer: tfl.layers.Layer, batch: number): LayerStep | undefined {
  const name = layer.getClassName()
  if (IDENTITIES.includes(name) || makesStep(layer)) return undefined
  if (layer instanceof Recurrent && layer.isFused() && !layer.goBackwards) return layer.statefulStep(batch)
  const { activation } = layer.getConfig()
  if (name === 'Dense' && typeof activation === 'string' && isDenseActivation(activation))
    return denseStep(layer, activation, batch)
  if (EACH_STEP.includes(name)) return eachStep(layer, batch)
  throw expected({
    doing: DOING,
    want: 'layers that can take one step at a time',
    of: `layer ${layer.name}`,
    got: name,
  })
}

/** Whether a layer only turns a vector into a sequence of one step, as the last layer of a forecaster of one row does. Shapes: [B, D] → [B, 1, D]. */
function makesStep(layer: tfl.layers.Layer): boolean {
  if (layer.getClassName() !== 'Reshape' || Array.isArray(layer.input) || Array.isArray(layer.output)) return false
  return layer.input.shape.length === 2 && layer.output.shape.length === 3 && layer.output.shape[1] === 1
}

/** A layer as it is, on a sequence of one step. */
function eachStep(layer: tfl.layers.Layer, batch: number): LayerStep {
  return {
    states: [],
    run: (x) =>
      tf.tidy(() => {
        const symbols = layer.getClassName() === 'Embedding'
        const input = tf.tensor(x, symbols ? [batch, 1] : [batch, 1, x.length / batch])
        const output = layer.call(input, { training: false })
        const values = (Array.isArray(output) ? output[0] : output)?.dataSync()
        return Float32Array.from(values ?? [])
      }),
  }
}

function denseStep(layer: tfl.layers.Layer, activation: DenseActivation, batch: number): LayerStep {
  const [kernel, bias] = layer.weights.map((weight) => weight.read())
  if (!kernel) throw new Error(`${DOING}: layer ${layer.name} has not been built`)
  const out = new Float32Array(batch * (kernel.shape[1] ?? 0))
  return {
    states: [],
    run: (x) => dense(x, kernel, bias, activation, out),
  }
}
