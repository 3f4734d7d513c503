import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { nativeStatus, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../runtime/random.js'
import { ctcCrossentropy } from '../training/ctc-loss.js'
import { TrainStep } from '../training/train-step.js'
import { snapshot } from '../training/weights.js'
import { buildCrnn, type CrnnOptions } from './crnn.js'

/** The same sums in another order. */
const TOLERANCE = 1e-5
const PADDING = -9
const HEIGHT = 6

const reader = (more: Partial<CrnnOptions> = {}) =>
  buildCrnn({
    inputShape: [HEIGHT, null, 2],
    timeAxis: 'columns',
    padding: PADDING,
    convolutions: [{ filters: 3, pool: [3, 2] }, { filters: 3 }, { filters: 4, pool: [2, 1] }],
    recurrent: { units: 3 },
    head: { units: 4, ctc: true },
    ...more,
  })

/** An image of random numbers, [H, W, 2] flat, in an array of `padded` columns whose last ones are padding. */
function image(width: number, padded: number, seed: number): Float32Array {
  const random = new Random(seed)
  const values = new Float32Array(HEIGHT * padded * 2).fill(PADDING)
  const drawn = Array.from({ length: width * HEIGHT * 2 }, () => random.normal())
  for (let column = 0; column < width; column++)
    for (let row = 0; row < HEIGHT; row++)
      for (let c = 0; c < 2; c++) values[(row * padded + column) * 2 + c] = drawn[(column * HEIGHT + row) * 2 + c] ?? 0
  return values
}
function batch(widths: number[], padded: number, seed = 0): tf.Tensor {
  const images = widths.map((width, i) => image(width, padded, seed + i))
  return tf.tensor(images.flatMap((values) => Array.from(values)), [widths.length, HEIGHT, padded, 2]) // prettier-ignore
}
/** The logits of each image of a batch, [B][T · V]. */
function logits(model: tfl.LayersModel, x: tf.Tensor): number[][] {
  return tf.tidy(() => {
    const y = model.predict(x) as tf.Tensor
    return tf.unstack(y).map((row) => Array.from(row.dataSync()))
  })
}
/** Moving averages unlike their initial values, so that batch normalisation shifts zeros. */
function unsettle(model: tfl.LayersModel): void {
  const random = new Random(7)
  model.setWeights(
    model.getWeights().map((weight) =>
      tf.tensor(
        Array.from(weight.dataSync(), (value) => value + 0.1 + 0.2 * random.next()),
        weight.shape,
      ),
    ),
  )
}

describe.each(['cpu', 'native'])('a reader on %s', (backend) => {
  const available = backend === 'cpu' || nativeStatus().available || process.env['WEFT_REQUIRE_NATIVE'] === '1'
  beforeAll(async () => {
    if (available && backend === 'native') registerNativeBackend()
    if (available) await tf.setBackend(backend)
  })

  it.runIf(available)('gives an image the same logits whatever shares its batch and however far it is padded', () => {
    const random = new Random(1)
    for (let round = 0; round < 12; round++) {
      const stride = random.int(4) + 1
      const model = reader({
        convolutions: [
          { filters: 3, kernelSize: [random.int(5) + 1, 3], pool: [stride, 2], batchNorm: round % 3 > 0 },
          { filters: 3, activation: round % 2 ? 'relu' : 'tanh', dilation: [random.int(2) + 1, 1] },
          { filters: 4, pool: [random.int(2) + 1, 1], dropout: 0.2 },
        ],
        denseUnits: round % 4 === 0 ? 5 : undefined,
      })
      unsettle(model)
      const widths = Array.from({ length: 4 }, () => random.int(20) + 1)
      const padded = Math.max(...widths) + random.int(5)
      const together = logits(model, batch(widths, padded, 10 * round))
      widths.forEach((width, i) => {
        const [alone = []] = logits(model, batch([width], width, 10 * round + i))
        const label = `round ${round}, width ${width} of ${padded}`
        alone.forEach((value, j) => expect(Math.abs(value - (together[i]?.[j] ?? NaN)), label).toBeLessThan(TOLERANCE))
        // Blank for certain past the end.
        const rest = together[i]?.slice(alone.length) ?? []
        rest.forEach((value, j) => expect(value).toBe(j % 4 === 0 ? 0 : -Infinity))
      })
      model.dispose()
    }
  })

  it.runIf(available)('learns the same from a batch whatever its padding', () => {
    const train = (padded: number) => {
      const model = reader()
      const step = new TrainStep(model, { loss: ctcCrossentropy(), optimizer: 'sgd', learningRate: 0.1 })
      const y = tf.tensor2d([1, 2, -1, 3, 1, 1, 2, -1, -1], [3, 3])
      const losses = [0, 1, 2].map(() => step.run({ x: batch([9, 14, 5], padded), y }))
      return { losses, weights: snapshot(model).flatMap((values) => Array.from(values)) }
    }
    const [narrow, wide] = [train(14), train(21)]
    narrow.losses.forEach((loss, i) => expect(Math.abs(loss - (wide.losses[i] ?? NaN))).toBeLessThan(1e-4))
    narrow.weights.forEach((value, i) => expect(Math.abs(value - (wide.weights[i] ?? NaN))).toBeLessThan(1e-4))
    expect(narrow.losses[2]).toBeLessThan(narrow.losses[0] ?? 0)
  })
})

describe('options of a reader', () => {
  it('divide the width by the pooling, rounded up', () => {
    const steps = (width: number) => logits(reader(), batch([width], width))[0]?.length
    expect([1, 6, 7, 12, 13].map(steps)).toEqual([4, 4, 8, 8, 12]) // of 4 classes
  })
  it('are checked', () => {
    expect(() => reader({ pooling: 'mean' })).toThrow("expected 'none', an output at every step, for CTC for pooling")
    expect(() => reader({ head: { units: 3, ctc: true, activation: 'softmax' } })).toThrow(
      "expected 'linear', logits, for CTC for head.activation",
    )
    expect(() => reader({ padding: NaN })).toThrow('building a CRNN: expected a finite number for padding')
    expect(() => reader({ inputShape: [null, 8, 1] })).toThrow('expected known sizes of all axes but time')
    expect(() => reader({ recurrent: { units: [3, 2], layers: 3 } })).toThrow(
      'building a recurrent stack: expected one number for each layer for units, received 3,2',
    )
  })
})
