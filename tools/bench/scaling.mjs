// @ts-check
// How the time of a training step of LSTM layers grows with batch, time steps, layers and units, beside how the arithmetic grows. The
// first three should grow it as much as themselves; units should cost no more than the arithmetic says.
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { setupRuntime, Trainer } from '@weft/core'
import { LSTM } from '@weft/core/layers'
import { table } from './backends.mjs'
import { noise } from './inputs.mjs'
import { medianMs } from './timing.mjs'

/**
 * @typedef {{ batch: number, steps: number, layers: number, units: number }} Sizes
 * @typedef {{ of: string, value: number, ms: number, times: number, arithmetic: number, gflops: number }} Point
 */

/** As many features as units, so that all layers are alike. @type {Sizes} */
const BASE = { batch: 32, steps: 50, layers: 1, units: 128 }

/** @type {Record<keyof Sizes, readonly number[]>} */
const SWEEPS = {
  batch: [16, 32, 64, 128, 256],
  steps: [25, 50, 100, 200, 400],
  layers: [1, 2, 3, 4],
  units: [32, 64, 128, 256, 512],
}

/** Forward, and about twice as much backward; the first layer needs no gradient of its input. @param {Sizes} sizes */
function flops({ batch, steps, layers, units }) {
  const product = 2 * batch * steps * 4 * units * units
  return product * (6 * layers - 1)
}

/** @param {Sizes} sizes @param {number} seconds */
function trainingMs({ batch, steps, layers, units }, seconds) {
  const input = tfl.input({ shape: [steps, units] })
  const stack = Array.from({ length: layers }, (_, at) => new LSTM({ units, returnSequences: at < layers - 1 }))
  const output = stack.reduce((x, layer) => /** @type {tfl.SymbolicTensor} */ (layer.apply(x)), input)
  const model = tfl.model({ inputs: input, outputs: output })
  const [x, y] = [noise([batch, steps, units]), noise([batch, units])]
  const trainer = new Trainer(model, { loss: 'meanSquaredError' })
  const ms = medianMs(() => trainer.step({ x, y }), { seconds })
  trainer.dispose()
  model.dispose()
  tf.dispose([x, y])
  return ms
}

/** @param {number} seconds For each point. @param {import('@weft/core/cli').CommandContext} context */
export async function scaleLstm(seconds, context) {
  const { isa, threads } = await setupRuntime({ device: 'native', purpose: 'train' })
  const wanted = Object.entries(SWEEPS).flatMap(([of, values]) => values.map((value) => ({ of, value })))
  const progress = context.progress.start('scaling', wanted.length, 'points')
  /** @type {Point[]} */
  const points = []
  for (const { of, value } of wanted) {
    progress.update(points.length, { [of]: value })
    const sizes = { ...BASE, [of]: value }
    const ms = trainingMs(sizes, seconds)
    const first = points.find((point) => point.of === of)
    const times = first ? ms / first.ms : 1
    const arithmetic = first ? flops(sizes) / flops({ ...BASE, [of]: first.value }) : 1
    points.push({ of, value, ms, times, arithmetic, gflops: flops(sizes) / ms / 1e6 })
    await new Promise((resolve) => setImmediate(resolve))
  }
  progress.end()
  const columns = ['', 'train, ms', 'times the first', 'arithmetic', 'GFLOP/s']
  const rows = points.map((point, at) => [
    ...[points[at - 1]?.of === point.of ? '' : point.of, String(point.value), point.ms.toFixed(2)],
    ...[point.times.toFixed(2), point.arithmetic.toFixed(2), point.gflops.toFixed(0)],
  ])
  const { batch, steps, layers, units } = BASE
  const base = `LSTM, ${batch} rows, ${steps} steps, ${layers} layer of ${units} units and features, where not said otherwise (${isa}, ${threads} threads)`
  return { data: { base: BASE, points }, text: `${base}\n${table('', columns, rows)}` }
}
