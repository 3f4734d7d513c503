// @ts-check
// Core's set: a model of each layer, with its output for a given input, and a stopped run of a Trainer with the end that it must reach.
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const MASKED_STEPS = 2
const TRAINING = { items: 12, batch: 4, epochs: 6, stoppedAfter: 8, steps: 5, channels: 3 }

/** Every layer that core registers: the shapes of its inputs, without the batch, and what it is made of. */
const LAYERS = {
  AdditiveAttention: {
    inputs: [
      [3, 4],
      [5, 4],
    ],
  },
  AlphaDropout: { inputs: [[4]], args: { rate: 0.2 } },
  Attention: {
    inputs: [
      [3, 4],
      [5, 4],
    ],
    args: { useScale: true },
  },
  AttentionPooling1D: { inputs: [[5, 3]], args: { units: 2 } },
  AveragePooling1D: { inputs: [[6, 2]], args: { poolSize: 2 } },
  AveragePooling2D: { inputs: [[4, 4, 2]], args: { poolSize: 2 } },
  AveragePooling3D: { inputs: [[4, 4, 2, 1]], args: { poolSize: 2 } },
  BatchNormalization: { inputs: [[5, 3]] },
  Bidirectional: {
    inputs: [[5, 3]],
    wraps: { GRU: { units: 2, returnSequences: true, resetAfter: true } },
    args: { mergeMode: 'sum' },
  },
  BlankPadding: { inputs: [[5, 3]], args: { blank: -1 }, masked: true },
  ChannelDense: { inputs: [[5, 3]], args: { units: 2 } },
  Conv1D: { inputs: [[6, 2]], args: { filters: 3, kernelSize: 3, padding: 'causal', activation: 'relu' } },
  Conv2D: {
    inputs: [[5, 4, 2]],
    args: { filters: 3, kernelSize: [3, 2], strides: 2, padding: 'same', useBias: false },
  },
  Conv3D: { inputs: [[4, 4, 3, 1]], args: { filters: 2, kernelSize: 2, activation: 'tanh' } },
  ConvLSTM2D: { inputs: [[3, 4, 4, 2]], args: { filters: 2, kernelSize: 3, padding: 'same', peepholes: true } },
  Cropping1D: { inputs: [[6, 2]], args: { cropping: [2, 1] } },
  Dense: { inputs: [[4]], args: { units: 3, activation: 'sigmoid' } },
  DepthwiseConv2D: { inputs: [[5, 4, 2]], args: { kernelSize: 3, depthMultiplier: 2, activation: 'relu' } },
  Dropout: { inputs: [[4]], args: { rate: 0.2 } },
  Embedding: { inputs: [[5]], args: { inputDim: 6, outputDim: 3 }, integers: 6 },
  GRU: { inputs: [[5, 3]], args: { units: 2, returnSequences: true, goBackwards: true, resetAfter: true } },
  GaussianDropout: { inputs: [[4]], args: { rate: 0.2 } },
  GaussianNoise: { inputs: [[4]], args: { stddev: 0.2 } },
  GlobalAveragePooling1D: { inputs: [[5, 3]], masked: true },
  GlobalAveragePooling3D: { inputs: [[3, 4, 2, 2]] },
  GlobalMaxPooling1D: { inputs: [[5, 3]], masked: true },
  GlobalMaxPooling3D: { inputs: [[3, 4, 2, 2]] },
  HilbertWalk: { inputs: [[4, 4, 2]], args: { stepPixels: 3 } },
  LSTM: {
    inputs: [[5, 3]],
    args: { units: 2, returnSequences: true, recurrentActivation: 'hardSigmoid' },
    masked: true,
  },
  LayerNormLSTM: { inputs: [[5, 3]], args: { units: 2 } },
  LayerNormalization: { inputs: [[5, 3]], args: { epsilon: 0.01 } },
  MaxPooling1D: { inputs: [[6, 2]], args: { poolSize: 3, strides: 2 } },
  MaxPooling2D: { inputs: [[4, 4, 2]], args: { poolSize: [2, 1] } },
  MaxPooling3D: { inputs: [[4, 4, 2, 1]], args: { poolSize: 2 } },
  MovingAverage1D: { inputs: [[6, 2]], args: { kernelSize: 3 } },
  ParallelDecoding: { inputs: [[5, 3], [1]], wraps: { GRU: { units: 2, resetAfter: true } }, args: { steps: 4 } },
  PeepholeLSTM: { inputs: [[5, 3]], args: { units: 2 } },
  Permute: { inputs: [[4, 3]], args: { dims: [2, 1] } },
  RepeatVector: { inputs: [[4]], args: { n: 3 } },
  Reshape: { inputs: [[4, 3]], args: { targetShape: [2, 6] } },
  SeparableConv2D: { inputs: [[5, 4, 2]], args: { filters: 3, kernelSize: 3 } },
  SequenceMask: { inputs: [[5, 3]], masked: true },
  SimpleRNN: { inputs: [[5, 3]], args: { units: 2 } },
  SpatialDropout1D: { inputs: [[5, 3]], args: { rate: 0.2 } },
  TimeDistributed: { inputs: [[5, 3]], wraps: { Dense: { units: 2, activation: 'tanh' } } },
  ZeroMasked: { inputs: [[5, 3]], args: { multipleOf: 4 }, masked: true },
  ZeroPadding1D: { inputs: [[4, 2]], args: { padding: [1, 2] } },
}

/** TensorFlow.js as the code that writes has it. @type {typeof import('@tensorflow/tfjs-core')} */
let tf
/** @type {typeof import('@tensorflow/tfjs-layers')} */
let tfl

/** @param {string} from @param {string} folder @param {{ device: string }} writtenBy */
export async function writeCore(from, folder, writtenBy) {
  const load = createRequire(join(from, 'packages/core/package.json'))
  tf = load('@tensorflow/tfjs-core')
  tfl = load('@tensorflow/tfjs-layers')
  const weft = await rooms(from)
  await weft.setupRuntime({ device: writtenBy.device, threads: 1 })
  weft.registerLayers()
  const temporary = mkdtempSync(join(tmpdir(), 'weft-saved-'))
  try {
    const layers = {}
    for (const [className, recipe] of Object.entries(LAYERS)) {
      const dir = join(temporary, className)
      const { model, inputs } = layerModel(weft, className, recipe)
      await weft.saveModel(model, dir, { className })
      layers[className] = {
        model: JSON.parse(readFileSync(join(dir, 'model.json'), 'utf8')),
        weights: readFileSync(join(dir, 'weights.bin')).toString('base64'),
        extras: JSON.parse(readFileSync(join(dir, 'weft.json'), 'utf8')),
        inputs: inputs.map(plain),
        output: plain(model.predict(inputs.length === 1 ? inputs[0] : inputs)),
      }
    }
    writeFileSync(join(folder, 'layers.json'), lines({ writtenBy, layers }))
    await writeRun(weft, folder, temporary, writtenBy)
  } finally {
    rmSync(temporary, { recursive: true })
  }
}

/** What core exports, from whichever of its subpaths. @param {string} from @returns {Promise<any>} */
async function rooms(from) {
  const paths = ['', 'layers', 'training', 'runtime'].map((room) => join(from, 'packages/core/dist', room, 'index.js'))
  const all = await Promise.all(
    paths.filter((path) => existsSync(path)).map((path) => import(pathToFileURL(path).href)),
  )
  return Object.assign({}, ...all)
}

/** A function of its place, between -1 and 1. @param {number} i */
const value = (i) => Math.round(1e4 * Math.sin(1.7 * i + 0.4)) / 1e4

/** @param {number[]} shape @param {boolean} masked */
function inputOf(shape, masked = false) {
  const [steps, ...rest] = shape
  const size = rest.reduce((product, length) => product * length, 1)
  const values = Float32Array.from({ length: 2 * steps * size }, (_, i) => value(i))
  // The second row ends early.
  if (masked) values.fill(0, (2 * steps - MASKED_STEPS) * size)
  return tf.tensor(values, [2, ...shape])
}

/** @param {any} weft @param {string} className @param {any} recipe */
function layerModel(weft, className, { inputs: shapes, args = {}, wraps, masked, integers }) {
  const layer = wraps
    ? new weft[className]({
        ...args,
        layer: new weft[Object.keys(wraps)[0]]({ ...Object.values(wraps)[0], name: 'inner' }),
        name: 'layer',
      })
    : new weft[className]({ ...args, name: 'layer' })
  const symbols = shapes.map((shape, i) => tfl.input({ shape, name: `input${i}` }))
  const fed = masked ? [tfl.layers.masking({ name: 'mask' }).apply(symbols[0])] : symbols
  const model = tfl.model({ inputs: symbols, outputs: layer.apply(fed.length === 1 ? fed[0] : fed), name: className })
  // Weights of its own, positive, as a variance must be.
  let at = 0
  model.setWeights(
    model.getWeights().map(({ shape, size }) =>
      tf.tensor(
        Array.from({ length: size }, () => 0.5 + 0.45 * value(at++)),
        shape,
      ),
    ),
  )
  const inputs = integers
    ? [
        tf.tensor2d([
          [0, 1, 2, 3, 4],
          [5, 4, 3, 2, 1],
        ]),
      ]
    : shapes.map((shape) => inputOf(shape, masked))
  return { model, inputs }
}

/** Nine digits are enough for a float32 to read back as it was. @param {any} tensor */
const plain = (tensor) => ({
  shape: tensor.shape,
  values: Array.from(tensor.dataSync(), (x) => Number(x.toPrecision(9))),
})

/** A line for each entry. @param {{ writtenBy: object, layers: object }} content */
function lines({ writtenBy, layers }) {
  const rows = Object.entries(layers).map(([name, entry]) => `  ${JSON.stringify(name)}: ${JSON.stringify(entry)}`)
  return `{\n "writtenBy": ${JSON.stringify(writtenBy)},\n "layers": {\n${rows.join(',\n')}\n }\n}\n`
}

/**
 * A stopped run of the smallest network: `network/` as it began, `checkpoint/`, and in run.json the data and the weights at the end.
 * @param {any} weft @param {string} folder @param {string} temporary @param {object} writtenBy
 */
async function writeRun(weft, folder, temporary, writtenBy) {
  const { items, batch, epochs, stoppedAfter, steps, channels } = TRAINING
  const x = Array.from({ length: items * steps * channels }, (_, i) => value(i))
  const y = Array.from({ length: items }, (_, i) => Math.round(1e4 * Math.abs(value(3 * i))) / 1e4)
  const trainer = {
    loss: 'meanSquaredError',
    optimizer: 'adamW',
    learningRate: 0.02,
    schedule: 'cosine',
    weightDecay: 0.01,
    clipNorm: 1,
    emaDecay: 0.9,
    seed: 5,
  }
  const source = {
    items,
    batchesPerEpoch: items / batch,
    async *epoch(_, first = 0) {
      for (let at = first * batch; at < items; at += batch) {
        const size = steps * channels
        yield {
          x: tf.tensor(x.slice(at * size, (at + batch) * size), [batch, steps, channels]),
          y: tf.tensor(y.slice(at, at + batch), [batch, 1]),
        }
      }
    },
  }
  const begun = tfl.sequential({
    layers: [
      new weft.LSTM({ units: 2, inputShape: [steps, channels], name: 'lstm' }),
      new weft.Dropout({ rate: 0.2, name: 'dropout' }),
      new weft.Dense({ units: 1, name: 'head' }),
    ],
  })
  let place = 0
  begun.setWeights(
    begun.getWeights().map(({ shape, size }) =>
      tf.tensor(
        Array.from({ length: size }, () => 0.4 * value(place++)),
        shape,
      ),
    ),
  )
  await weft.saveModel(begun, join(folder, 'network'))

  /** @param {object} how */
  const fit = async (how) => {
    const { model } = await weft.loadModel(join(folder, 'network'))
    const { history, stopped } = await new weft.Trainer(model, trainer).fit(source, { epochs, ...how })
    return { model, stopped, loss: history.epochs.at(-1)?.loss }
  }
  const abort = new AbortController()
  let batches = 0
  const { stopped } = await fit({
    signal: abort.signal,
    checkpoint: { dir: join(folder, 'checkpoint') },
    onProgress: () => ++batches === stoppedAfter && abort.abort(),
  })
  if (!stopped) throw new Error('the run was not stopped')
  const { model, loss } = await fit({})
  const end = join(temporary, 'end')
  await weft.saveModel(model, end)
  const weights = createHash('sha256')
    .update(readFileSync(join(end, 'weights.bin')))
    .digest('hex')
  const run = { writtenBy, trainer, epochs, batch, x: { shape: [items, steps, channels], values: x }, y, loss, weights }
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(run)}\n`)
}
