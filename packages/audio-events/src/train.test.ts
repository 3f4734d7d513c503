import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crossValidateSounds } from './cross-validate.js'
import { evaluate } from './evaluate.js'
import { SoundModel } from './model.js'
import { predict } from './predict.js'
import { FIXTURE_OPTIONS, FIXTURE_RATE_HZ, fixtureTone, writeFixtureSounds } from './testing/fixture-sounds.js'
import { train, type TrainResult } from './train.js'
import { encodeWav } from './sound/wav.js'

let folder = ''
const at = (...names: string[]) => join(folder, ...names)
let result: TrainResult

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-audio-'))
  writeFixtureSounds(at('sounds'), 8)
  result = await train({ ...FIXTURE_OPTIONS, data: at('sounds'), out: at('run') })
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Log {
  loss: number
  val_loss: number
  val_accuracy: number
}
const logs = (run: string): Log[] =>
  readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line): Log => JSON.parse(line))

describe('train', () => {
  it('lowers the loss', () => {
    const losses = logs(at('run')).map(({ loss }) => loss)
    expect(losses).toHaveLength(12)
    expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0))
  })

  it('leaves the folder of a run', () => {
    expect(readdirSync(at('run')).sort()).toEqual([
      'checkpoint',
      'events',
      'metrics.jsonl',
      'model',
      'options.json',
      'report.html',
    ])
    expect(readdirSync(at('run', 'model')).sort()).toEqual(['model.json', 'weft.json', 'weights.bin'])
    expect(result.items).toEqual({ train: 9, validation: 3, test: 4 })
    expect(readFileSync(at('run', 'report.html'), 'utf8')).toContain('Training report')
  })

  it('saves only layers that TensorFlow.js has, under the presets’ network', () => {
    const stock = new Set([
      'InputLayer',
      'Conv2D',
      'BatchNormalization',
      'Activation',
      'MaxPooling2D',
      'Dropout',
      'Reshape',
      'LSTM',
      'Bidirectional',
      'GlobalAveragePooling1D',
      'Dense',
    ])
    const saved: { modelTopology: { config: { layers: { class_name: string }[] } } } = JSON.parse(
      readFileSync(at('run', 'model', 'model.json'), 'utf8'),
    )
    const names = saved.modelTopology.config.layers.map((layer) => layer.class_name)
    expect(names.filter((name) => !stock.has(name))).toEqual([])
  })

  it('begins no run where one is', async () => {
    await expect(train({ ...FIXTURE_OPTIONS, data: at('sounds'), out: at('run') })).rejects.toThrow(
      /a new or empty folder for out/,
    )
  })

  it('goes on after a stop and ends with the same weights, bit for bit', async () => {
    const controller = new AbortController()
    const stopped = await train(
      { ...FIXTURE_OPTIONS, data: at('sounds'), out: at('resumed') },
      { signal: controller.signal, onProgress: ({ epoch, batch }) => epoch === 2 && batch === 1 && controller.abort() },
    )
    expect(stopped.stopped).toBe(true)
    expect(existsSync(at('resumed', 'model'))).toBe(false)
    await expect(
      train({ ...FIXTURE_OPTIONS, data: at('sounds'), out: at('resumed'), resume: true, epochs: 5 }),
    ).rejects.toThrow(/resuming .*: expected 12 as in the run begun there for --epochs, received "5"/)
    const resumed = await train({ ...FIXTURE_OPTIONS, data: at('sounds'), out: at('resumed'), resume: true })
    expect(resumed.stopped).toBe(false)
    const weights = (run: string) => readFileSync(join(run, 'model', 'weights.bin'))
    expect(weights(at('resumed')).equals(weights(at('run')))).toBe(true)
  })

  it('takes over a model’s convolutions for other labels', async () => {
    for (const take of [0, 1, 2, 3, 4, 5]) {
      for (const hz of [600, 1100, 2100]) {
        mkdirSync(at('three', String(hz)), { recursive: true })
        writeFileSync(at('three', String(hz), `${take}.wav`), encodeWav(fixtureTone(hz, take), FIXTURE_RATE_HZ))
      }
    }
    const notes: string[] = []
    const { epochs, batchSize, device, workers, cache } = { ...FIXTURE_OPTIONS, epochs: 1 }
    const given = {
      epochs,
      batchSize,
      device,
      workers,
      cache,
      data: at('three'),
      out: at('transfer'),
      init: at('run'),
      freeze: 'cnn',
    } as const
    await train(given, { note: (line) => notes.push(line) })
    expect(notes.join('\n')).toMatch(/conv_1.*new: head; frozen: conv_1, norm_1/)
    const [before, after] = [await SoundModel.load(at('run')), await SoundModel.load(at('transfer'))]
    const kernel = (model: SoundModel) => model.network.getLayer('conv_1').getWeights()[0]?.dataSync()
    expect(kernel(after)).toEqual(kernel(before))
    expect(after.labels.names).toEqual(['600', '1100', '2100'])
  })

  it('cross-validates', async () => {
    const given = {
      ...FIXTURE_OPTIONS,
      testWhere: undefined,
      crossValidate: true,
      folds: 2,
      epochs: 1,
      data: at('sounds'),
      out: at('cv'),
    }
    const { result: folds, folds: runs } = await crossValidateSounds(given)
    expect(folds.folds).toHaveLength(2)
    expect(runs.reduce((items, { run }) => items + run.items.test, 0)).toBe(16)
    expect(existsSync(at('cv', 'fold-1', 'report.html'))).toBe(true)
  })
})

describe('evaluate', () => {
  it('finds the test part again and says what training said', async () => {
    const { judgement } = await evaluate({
      model: at('run'),
      data: at('sounds'),
      part: 'test',
      workers: 0,
      cache: 'none',
      device: 'cpu',
    })
    expect(judgement.items.map(({ id }) => id)).toEqual(['high_0.wav', 'high_1.wav', 'low_0.wav', 'low_1.wav'])
    expect(judgement.figures).toEqual(result.test?.figures)
  })

  it('judges everything without a part, and writes a report', async () => {
    const { judgement, report } = await evaluate({
      model: at('run'),
      data: at('sounds'),
      out: at('judged'),
      workers: 0,
      cache: 'none',
      device: 'cpu',
    })
    expect(judgement.items).toHaveLength(16)
    expect(report).toBe(at('judged', 'report.html'))
    expect(readFileSync(at('judged', 'predictions.csv'), 'utf8').split('\n')[0]).toBe('file,truth,predicted,high,low')
  })

  it('names a label that is none of the model’s', async () => {
    writeFixtureSounds(at('strange'), 1)
    writeFileSync(at('strange', 'middle_0.wav'), encodeWav(fixtureTone(900, 0), FIXTURE_RATE_HZ))
    await expect(
      evaluate({ model: at('run'), data: at('strange'), workers: 0, cache: 'none', device: 'cpu' }),
    ).rejects.toThrow(/one of the model's labels \(high, low\) for middle_0\.wav, received "middle"/)
  })
})

describe('predict', () => {
  it('judges files and folders', async () => {
    const { predictions } = await predict([at('sounds', 'low_0.wav'), at('strange')], {
      model: at('run'),
      device: 'cpu',
    })
    expect(predictions).toHaveLength(4)
    for (const { probabilities, labels } of predictions) {
      expect(Object.values(probabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
      const [best] = Object.entries(probabilities).sort(([, a], [, b]) => b - a)
      expect(labels).toEqual([best?.[0]])
    }
  })

  it('leaves out what is no sound, with a count, or refuses with strict', async () => {
    mkdirSync(at('mixed'))
    writeFileSync(at('mixed', 'a.wav'), encodeWav(fixtureTone(400, 1), FIXTURE_RATE_HZ))
    writeFileSync(at('mixed', 'b.wav'), 'no sound')
    const { predictions, skipped } = await predict([at('mixed')], { model: at('run'), device: 'cpu' })
    expect([predictions.length, skipped.length]).toEqual([1, 1])
    await expect(predict([at('mixed')], { model: at('run'), device: 'cpu', strict: true })).rejects.toThrow(
      /b\.wav: expected WAV/,
    )
  })

  it('refuses a model of another application', async () => {
    const model = await SoundModel.load(at('run'))
    await model.save(at('other'))
    const path = at('other', 'weft.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"audio-events"', '"image-seq"'))
    await expect(predict([at('mixed')], { model: at('other'), device: 'cpu' })).rejects.toThrow(
      /expected a model of audio-events for app in weft\.json, received "image-seq"/,
    )
  })
})
