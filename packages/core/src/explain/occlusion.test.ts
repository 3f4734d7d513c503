import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { Dense } from '../layers/core.js'
import { registerLayers } from '../layers/register.js'
import { Random } from '../runtime/random.js'
import { occlusion } from './occlusion.js'
import { classScore } from './scores.js'

const [HEIGHT, WIDTH] = [9, 14]

beforeAll(async () => {
  await tf.setBackend('cpu')
  registerLayers()
})

/** The sum of the pixels in rows 2 to 4 and columns 6 to 9, times 2. */
function watcher(frames: number[] = []): tfl.LayersModel {
  const inputs = tfl.input({ shape: [...frames, HEIGHT, WIDTH, 1] })
  const flat = tfl.layers.flatten().apply(inputs)
  const model = tfl.model({ inputs, outputs: new Dense({ units: 1 }).apply(flat) as tfl.SymbolicTensor })
  const size = HEIGHT * WIDTH * (frames[0] ?? 1)
  const kernel = Float32Array.from({ length: size }, (_, at) => (inside(at) ? 2 : 0))
  model.layers.at(-1)?.setWeights([tf.tensor2d(kernel, [size, 1]), tf.ones([1])])
  return model
}
const inside = (at: number) => {
  const [y, x] = [Math.floor(at / WIDTH) % HEIGHT, at % WIDTH]
  return y >= 2 && y <= 4 && x >= 6 && x <= 9
}

describe('occlusion', () => {
  it('finds the pixels that the network looks at, pixel by pixel', async () => {
    const model = watcher()
    const map = await occlusion(model, tf.ones([1, HEIGHT, WIDTH, 1]), classScore(model, 0), {
      size: 1,
      fill: [0],
      batchSize: 25,
    })
    expect([map.height, map.width, map.frames]).toEqual([HEIGHT, WIDTH, 1])
    expect(Array.from(map.values)).toEqual(Array.from(map.values, (_, at) => (inside(at) ? 2 : 0)))
  })

  it('spreads a larger patch over what it covers, to the very edges', async () => {
    const model = watcher()
    const options = { size: [4, 3], stride: [3, 2], fill: [0] } as const
    const map = await occlusion(model, tf.ones([1, HEIGHT, WIDTH, 1]), classScore(model, 0), options)
    // Row 3, column 7: patches from rows 0 and 3, columns 6 only; they hide 2 x 3 and 2 x 3 pixels.
    expect(map.values[3 * WIDTH + 7]).toBeCloseTo(2 * 6, 4)
    expect(map.values[8 * WIDTH + 13]).toBe(0)
    expect(Math.max(...map.values)).toBeLessThanOrEqual(2 * 9)
  })

  it('covers with the background, the mean or the value of the option', async () => {
    const model = watcher()
    const random = new Random(3)
    const values = Float32Array.from({ length: HEIGHT * WIDTH }, (_, at) => (inside(at) ? 1 + random.next() : 0.25))
    const x = tf.tensor4d(values, [1, HEIGHT, WIDTH, 1])
    const at = 3 * WIDTH + 7
    const drop = async (fill?: 'mean' | number[]) => {
      const map = await occlusion(model, x, classScore(model, 0), { size: 1, ...(fill === undefined ? {} : { fill }) })
      return map.values[at]
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    expect(await drop()).toBeCloseTo(2 * ((values[at] ?? 0) - 0.25), 3)
    expect(await drop('mean')).toBeCloseTo(2 * ((values[at] ?? 0) - mean), 3)
    expect(await drop([5])).toBeCloseTo(2 * ((values[at] ?? 0) - 5), 3)
    await expect(drop([5, 6])).rejects.toThrow('1 values for fill')
  })

  it('covers every frame of a sequence at once, and leaves no tensor', async () => {
    const model = watcher([3])
    const x = tf.ones([1, 3, HEIGHT, WIDTH, 1])
    const tensors = tf.memory().numTensors
    const map = await occlusion(model, x, classScore(model, 0), { size: 1, fill: [0] })
    expect(tf.memory().numTensors).toBe(tensors)
    expect(Array.from(map.values)).toEqual(Array.from(map.values, (_, at) => (inside(at) ? 6 : 0)))
  })

  it('names what does not fit', async () => {
    const model = watcher()
    const x = tf.ones([1, HEIGHT, WIDTH, 1])
    const score = classScore(model, 0)
    await expect(occlusion(model, x, score, { size: 0 })).rejects.toThrow(
      'positive integers for size, received "0 x 0"',
    )
    await expect(occlusion(model, x, score, { stride: 1.5 })).rejects.toThrow('for stride')
    await expect(occlusion(model, tf.ones([2, 3]), score)).rejects.toThrow('[1, H, W, C]')
  })
})
