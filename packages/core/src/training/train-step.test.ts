import '@tensorflow/tfjs-backend-cpu'
import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { nativeStatus, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Batch } from '../data/batches.js'
import { BatchNormalization } from '../layers/batch-normalization.js'
import { Random } from '../runtime/random.js'
import type { OptimizerOptions } from './optimizers.js'
import { TrainStep, type StepOptions } from './train-step.js'
import { restoreSnapshot, snapshot, variableOf, type Values } from './weights.js'

/** Against PyTorch over 20 steps of float32: sums in another order. */
const GOLDEN_DIGITS = 5

interface Golden {
  steps: number
  learningRate: number
  lossesAtSteps: number[]
  x: number[][]
  y: number[][]
  kernel: number[]
  cases: {
    name: string
    optimizer: OptimizerOptions
    trainer: Partial<StepOptions>
    losses: number[]
    weights: number[]
  }[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('golden/optimizers.json', import.meta.url), 'utf8'))

function linearModel(options: { kernelRegularizer?: 'l1l2'; kernelConstraint?: 'nonNeg' } = {}): tfl.Sequential {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [3], ...options })] })
  restoreSnapshot(model, [Float32Array.from(golden.kernel), new Float32Array(1)])
  return model
}

/** The dense layer of `linearModel`, whose bias takes part only in calls for which `biased` says so. */
class SometimesBiased extends tfl.layers.Layer {
  static readonly className = 'SometimesBiased'
  readonly #biased: () => boolean
  readonly kernel: tfl.LayerVariable
  readonly bias: tfl.LayerVariable

  constructor(biased: () => boolean) {
    super({ inputShape: [3] })
    this.#biased = biased
    this.kernel = this.addWeight('kernel', [3, 1], 'float32', tfl.initializers.zeros())
    this.bias = this.addWeight('bias', [1], 'float32', tfl.initializers.zeros())
  }

  override computeOutputShape(shape: tfl.Shape): tfl.Shape {
    return [shape[0] ?? null, 1]
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training }: { training?: boolean }): tf.Tensor {
    const [x] = Array.isArray(inputs) ? inputs : [inputs]
    if (!x) throw new Error('no input')
    const product = tf.matMul(x, tf.reshape(this.kernel.read(), [3, 1]))
    return training && this.#biased() ? tf.add(product, this.bias.read()) : product
  }
}

function sometimesBiased(biased: () => boolean): [SometimesBiased, tfl.Sequential] {
  const layer = new SometimesBiased(biased)
  const model = tfl.sequential({ layers: [layer] })
  restoreSnapshot(model, [Float32Array.from(golden.kernel), new Float32Array(1)])
  return [layer, model]
}

const batchOf = (from: number, to: number): Batch => ({
  x: tf.tensor2d(golden.x.slice(from, to)),
  y: tf.tensor2d(golden.y.slice(from, to)),
})

const flat = (model: tfl.LayersModel) => snapshot(model).flatMap((values) => [...values])

function expectClose(values: readonly number[], wanted: readonly number[], digits = GOLDEN_DIGITS): void {
  expect(values).toHaveLength(wanted.length)
  wanted.forEach((value, i) => expect(values[i]).toBeCloseTo(value, digits))
}

function randomNet(): tfl.Sequential {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 6, inputShape: [4], activation: 'tanh' }),
      new BatchNormalization(),
      tfl.layers.dense({ units: 3 }),
    ],
  })
  const random = new Random(5)
  restoreSnapshot(
    model,
    snapshot(model).map((values) => (values.length > 6 ? values.map(() => random.normal() / 2) : values)),
  )
  return model
}

function randomBatch(items: number, index: number): Batch {
  const random = new Random(11, index)
  const x = tf.tensor2d(
    Array.from({ length: items * 4 }, () => random.normal()),
    [items, 4],
  )
  const classes = tf.tensor1d(
    Array.from({ length: items }, () => random.int(3)),
    'int32',
  )
  return { x, y: tf.cast(tf.oneHot(classes, 3), 'float32') }
}

function trainStepTests(backend: string): void {
  beforeAll(async () => {
    expect(await tf.setBackend(backend)).toBe(true)
  })

  describe('optimizers', () => {
    it.each(golden.cases)("$name takes PyTorch's path", ({ optimizer, trainer, losses, weights }) => {
      const model = linearModel()
      const { learningRate } = golden
      const step = new TrainStep(model, { loss: 'meanSquaredError', optimizer, learningRate, ...trainer })
      const batch = batchOf(0, 12)
      const stepLosses = Array.from({ length: golden.steps }, () => step.run(batch))
      expectClose(
        golden.lossesAtSteps.map((at) => stepLosses[at - 1] ?? Number.NaN),
        losses,
      )
      expectClose(flat(model), weights)
    })

    it.each(['adam', 'adamW', 'sgd', 'rmsprop'] as const)('%s solves the linear problem', (optimizer) => {
      const model = linearModel()
      const step = new TrainStep(model, { optimizer, loss: 'meanSquaredError', learningRate: 0.2, weightDecay: 0 })
      step.schedule = (update) => 0.99 ** update
      const batch = batchOf(0, 12)
      for (let i = 0; i < 500; i++) step.run(batch)
      // The targets are rounded to hundredths, so the solution is near the weights they came from.
      expectClose(flat(model), [1.5, -2, 0.5, 0.25], 1)
    })
  })

  describe('gradients', () => {
    it('accumulated over k batches are those of one big batch, unequal sizes included', () => {
      const weights = [1, 2].map((accumulate) => {
        const model = linearModel()
        const options: StepOptions = {
          loss: 'meanSquaredError',
          learningRate: 0.05,
          accumulate,
          l2: 0.01,
          clipNorm: 1,
        }
        const step = new TrainStep(model, options)
        for (let i = 0; i < 5; i++) {
          if (accumulate === 1) step.run(batchOf(0, 12))
          else for (const [from, to] of [[0, 8] as const, [8, 12] as const]) step.run(batchOf(from, to))
        }
        expect(step.updates).toBe(5)
        expect(step.pending).toBe(false)
        return flat(model)
      })
      expectClose(weights[1] ?? [], weights[0] ?? [], 6)
    })

    it('waiting ones are applied by flush', () => {
      const model = linearModel()
      const step = new TrainStep(model, { loss: 'meanSquaredError', accumulate: 3 })
      const before = flat(model)
      step.run(batchOf(0, 12))
      expect(flat(model)).toEqual(before)
      expect(() => step.capture(new Map())).toThrow('gradients are waiting')
      step.flush()
      expect(step.updates).toBe(1)
      expect(flat(model)).not.toEqual(before)
      step.flush()
      expect(step.updates).toBe(1)
    })

    it("contain the layers' own regularisers, which the loss shows", () => {
      const model = linearModel({ kernelRegularizer: 'l1l2' })
      const plain = new TrainStep(linearModel(), { loss: 'meanSquaredError' }).run(batchOf(0, 12))
      const penalty = 0.01 * (0.3 + 0.1 + 0.2) + 0.01 * (0.09 + 0.01 + 0.04)
      expect(new TrainStep(model, { loss: 'meanSquaredError' }).run(batchOf(0, 12))).toBeCloseTo(plain + penalty, 5)
    })

    it('leave frozen layers alone, whenever they are frozen', () => {
      const model = randomNet()
      const [first, normalisation] = model.layers
      if (!first || !normalisation) throw new Error('no layers')
      const step = new TrainStep(model, { loss: 'softmaxCrossentropy' })
      const kernel = () => [...first.getWeights().flatMap((weight) => [...weight.dataSync()])]
      const moving = () => normalisation.getWeights().flatMap((weight) => [...weight.dataSync()])
      const [kernelBefore, movingBefore] = [kernel(), moving()]
      step.run(randomBatch(8, 0))
      expect(kernel()).not.toEqual(kernelBefore)
      expect(moving()).not.toEqual(movingBefore)
      first.trainable = false
      normalisation.trainable = false
      const [kernelFrozen, movingFrozen] = [kernel(), moving()]
      const head = flat(model).slice(-21)
      step.run(randomBatch(8, 1))
      expect(kernel()).toEqual(kernelFrozen)
      expect(moving()).toEqual(movingFrozen)
      expect(flat(model).slice(-21)).not.toEqual(head)
      first.trainable = true
      step.run(randomBatch(8, 2))
      expect(kernel()).not.toEqual(kernelFrozen)
    })

    it.each([1, 2])('leave a weight alone that the loss does not depend on (%i batches an update)', (accumulate) => {
      const options: StepOptions = {
        loss: 'meanSquaredError',
        optimizer: 'adamW',
        clipNorm: 1,
        emaDecay: 0.5,
        accumulate,
      }
      const [layer, model] = sometimesBiased(() => false)
      const plain = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [3], useBias: false })] })
      restoreSnapshot(plain, [Float32Array.from(golden.kernel)])
      const step = new TrainStep(model, { ...options, weightDecay: 0.1 })
      const plainStep = new TrainStep(plain, { ...options, weightDecay: 0.1 })
      for (let i = 0; i < 4; i++) {
        expect(step.run(batchOf(3 * i, 3 * i + 3))).toBe(plainStep.run(batchOf(3 * i, 3 * i + 3)))
      }
      expect(flat(model)).toEqual([...flat(plain), 0])
      expect(step.optimizer.slots(variableOf(layer.bias))).toEqual([])
    })

    it('of a weight that only some batches depend on are averaged over all of them', () => {
      const options: StepOptions = { loss: 'meanSquaredError', optimizer: 'sgd', learningRate: 1 }
      const once = (accumulate: number, uses: boolean[]) => {
        let call = 0
        const [layer, model] = sometimesBiased(() => uses[call++] ?? false)
        const step = new TrainStep(model, { ...options, accumulate })
        for (let i = 0; i < uses.length; i++) step.run(batchOf(6 * i, 6 * i + 6))
        expect(step.updates).toBe(1)
        return layer.bias.read().dataSync()[0] ?? 0
      }
      const alone = once(1, [true])
      expect(alone).not.toBe(0)
      expect(once(2, [true, false])).toBeCloseTo(alone / 2, 6)
      expect(once(2, [false, false])).toBe(0)
    })

    it('keep constraints', () => {
      const model = linearModel({ kernelConstraint: 'nonNeg' })
      const step = new TrainStep(model, { loss: 'meanSquaredError', optimizer: 'sgd', learningRate: 0.1 })
      for (let i = 0; i < 10; i++) step.run(batchOf(0, 12))
      expect(Math.min(...flat(model).slice(0, 3))).toBe(0)
    })

    it('that are no numbers although the loss is one change nothing, when their norm is asked for', () => {
      const model = linearModel()
      const before = flat(model)
      const loss = (_: tf.Tensor, yPred: tf.Tensor) =>
        tf.mean<tf.Scalar>(
          tf.customGrad(() => ({ value: tf.ones([2, 1]), gradFunc: () => tf.fill([2, 1], Infinity) }))(yPred),
        )
      const step = new TrainStep(model, { loss, clipNorm: 1 })
      expect(step.run(batchOf(0, 2))).toBeNaN()
      expect(flat(model)).toEqual(before)
      expect(step.updates).toBe(0)
    })

    it('that come with a loss which is no number change nothing', () => {
      const model = linearModel()
      const before = flat(model)
      const step = new TrainStep(model, { loss: 'meanSquaredError' })
      const bad = { x: tf.tensor2d([[1, Number.NaN, 0]]), y: tf.tensor2d([[1]]) }
      expect(step.run(bad)).toBeNaN()
      expect(flat(model)).toEqual(before)
      expect(step.updates).toBe(0)
    })
  })

  describe('the moving average', () => {
    it('is worked by hand, and swap changes places with the weights', () => {
      const model = linearModel()
      const step = new TrainStep(model, { loss: 'meanSquaredError', learningRate: 0.05, emaDecay: 0.15 })
      const batch = batchOf(0, 12)
      let average = flat(model)
      for (let update = 0; update < 4; update++) {
        step.run(batch)
        const decay = [0.1, 0.15, 0.15, 0.15][update] ?? 0
        average = average.map((value, i) => decay * value + (1 - decay) * (flat(model)[i] ?? 0))
      }
      const raw = flat(model)
      step.average?.swap()
      expectClose(flat(model), average, 6)
      step.average?.swap()
      expect(flat(model)).toEqual(raw)
    })
  })

  describe('state', () => {
    const options: StepOptions = {
      loss: 'softmaxCrossentropy',
      emaDecay: 0.9,
      optimizer: { type: 'rmsprop', momentum: 0.5 },
    }

    it.each(['adam', 'rmsprop'] as const)('captured and restored goes on bit for bit (%s)', (optimizer) => {
      const straight = new TrainStep(randomNet(), { ...options, optimizer })
      for (let i = 0; i < 6; i++) straight.run(randomBatch(8, i))
      const first = new TrainStep(randomNet(), { ...options, optimizer })
      for (let i = 0; i < 3; i++) first.run(randomBatch(8, i))
      const arrays = new Map<string, Values>()
      const state = first.capture(arrays)
      for (let i = 0; i < 2; i++) first.run(randomBatch(8, 90 + i))
      const second = new TrainStep(randomNet(), { ...options, optimizer })
      second.restore(state, arrays)
      for (let i = 3; i < 6; i++) second.run(randomBatch(8, i))
      expect(flat(second.model)).toEqual(flat(straight.model))
      straight.average?.swap()
      second.average?.swap()
      expect(flat(second.model)).toEqual(flat(straight.model))
    })

    it('is no tensor more after 250 steps with everything on', () => {
      const step = new TrainStep(randomNet(), {
        ...options,
        optimizer: 'adamW',
        accumulate: 2,
        clipNorm: 0.5,
        clipValue: 0.1,
        l1: 1e-4,
        l2: 1e-4,
        labelSmoothing: 0.1,
        classWeights: [1, 2, 3],
      })
      const batch = { ...randomBatch(8, 0), sampleWeights: tf.tensor1d([1, 1, 1, 1, 2, 2, 2, 2]) }
      for (let i = 0; i < 2; i++) step.run(batch)
      const before = tf.memory().numTensors
      for (let i = 0; i < 250; i++) step.run(batch)
      expect(tf.memory().numTensors).toBe(before)
    })

    it('is freed by dispose', () => {
      const model = randomNet()
      const batch = randomBatch(8, 0)
      const before = tf.memory().numTensors
      const step = new TrainStep(model, { ...options, accumulate: 4 })
      for (let i = 0; i < 6; i++) step.run(batch)
      step.dispose()
      expect(tf.memory().numTensors).toBe(before)
    })
  })

  describe('errors', () => {
    it('name the option', () => {
      const model = linearModel()
      const make = (options: Partial<StepOptions>) => () =>
        new TrainStep(model, { loss: 'meanSquaredError', ...options })
      expect(make({ learningRate: 0 })).toThrow(
        'setting up the training: expected a number above 0 for learningRate, received 0',
      )
      expect(make({ accumulate: 1.5 })).toThrow('expected a whole number of at least 1 for accumulate, received 1.5')
      expect(make({ emaDecay: 1 })).toThrow('expected a number in (0, 1) for emaDecay, received 1')
      expect(make({ weightDecay: -1 })).toThrow('for weightDecay, received -1')
      expect(make({ optimizer: { type: 'adam', beta1: 1 } })).toThrow(
        'expected a number in [0, 1) for beta1, received 1',
      )
    })

    it('says so when nothing can be trained', () => {
      const model = linearModel()
      for (const layer of model.layers) layer.trainable = false
      expect(() => new TrainStep(model, { loss: 'meanSquaredError' }).run(batchOf(0, 2))).toThrow(
        'expected at least one trainable weight',
      )
    })
  })
}

describe('a training step on cpu', () => trainStepTests('cpu'))
// Updates happen in place there, so what must not share memory with the weights is tried again. Skipped with a counted line where
// there is no addon, unless it is required.
const { available, reason = 'the addon is there' } = nativeStatus()
const skipped = !available && process.env['WEFT_REQUIRE_NATIVE'] !== '1'
describe.skipIf(skipped)(`a training step on native (${reason})`, () => {
  registerNativeBackend()
  trainStepTests('native')
})
