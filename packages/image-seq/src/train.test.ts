import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluate } from './evaluate.js'
import { ImageModel } from './model.js'
import { predict, type Prediction } from './predict.js'
import {
  FIXTURE_CLASSIFIER,
  FIXTURE_READER,
  fixtureBar,
  fixtureText,
  writeFixtureBars,
  writeFixtureTexts,
} from './testing/fixture-images.js'
import type { ReadSymbol } from './reading/reader.js'
import { train, type TrainResult } from './train.js'

let folder = ''
const at = (...names: string[]) => join(folder, ...names)
let reader: TrainResult
let classifier: TrainResult
const offline = { device: 'cpu', workers: 0 } as const

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-image-'))
  await writeFixtureTexts(at('texts'), 60)
  await writeFixtureBars(at('bars'), 15)
  reader = await train({ ...FIXTURE_READER, data: at('texts'), out: at('reader') })
  classifier = await train({ ...FIXTURE_CLASSIFIER, data: at('bars'), out: at('classifier') })
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Log {
  loss: number
  val_loss: number
  val_cer?: number
}
const logs = (run: string): Log[] =>
  readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line): Log => JSON.parse(line))

const symbolsIn = (prediction: Prediction | undefined) =>
  prediction !== undefined && 'symbols' in prediction ? prediction.symbols : []

describe('train', () => {
  it('lowers the loss of a reader and its character errors', () => {
    const all = logs(at('reader'))
    expect(all).toHaveLength(12)
    expect(all.at(-1)?.loss).toBeLessThan(0.5 * (all[0]?.loss ?? 0))
    expect(all.at(-1)?.val_cer).toBeLessThan(0.8 * (all[0]?.val_cer ?? 0))
    expect(reader.labels).toEqual(['l', 'o', 'v'])
    expect(reader.items).toEqual({ train: 42, validation: 9, test: 9 })
  })

  it('tells upright from lying bars', () => {
    expect(logs(at('classifier')).at(-1)?.loss).toBeLessThan(0.5)
    expect(classifier.labels).toEqual(['lying', 'upright'])
    expect(classifier.test?.task === 'classify' && classifier.test.figures).toMatchObject({ accuracy: 1 })
  })

  it('leaves the folder of a run, with a report of readings', () => {
    expect(readdirSync(at('reader')).sort()).toEqual([
      'checkpoint',
      'events',
      'metrics.jsonl',
      'model',
      'options.json',
      'report.html',
    ])
    const report = readFileSync(at('reader', 'report.html'), 'utf8')
    for (const words of ['Training report', 'Exact match', 'character error rate', 'Columns'])
      expect(report).toContain(words)
    expect(readFileSync(at('classifier', 'report.html'), 'utf8')).toContain('Grad-CAM')
  })

  it('goes on after a stop and ends with the same weights, bit for bit', async () => {
    const given = { ...FIXTURE_READER, epochs: 3, data: at('texts') }
    await train({ ...given, out: at('straight') })
    const controller = new AbortController()
    const stopped = await train(
      { ...given, out: at('resumed') },
      { signal: controller.signal, onProgress: ({ epoch, batch }) => epoch === 2 && batch === 2 && controller.abort() },
    )
    expect(stopped.stopped).toBe(true)
    expect(existsSync(at('resumed', 'model'))).toBe(false)
    await train({ ...given, out: at('resumed'), resume: true })
    const weights = (run: string) => readFileSync(join(run, 'model', 'weights.bin'))
    expect(weights(at('resumed')).equals(weights(at('straight')))).toBe(true)
  })

  it('takes over a reader for another alphabet, symbol by symbol', async () => {
    mkdirSync(at('other'))
    for (let take = 0; take < 12; take++)
      writeFileSync(
        at('other', `${'vol'.slice(0, 1 + (take % 3))}w_${take}.png`),
        await fixtureText('vol'.slice(0, 1 + (take % 3)), 90 + take),
      )
    const notes: string[] = []
    const given = {
      data: at('other'),
      pattern: '{label}_{take}',
      out: at('transfer'),
      init: at('reader'),
      freeze: 'cnn',
    } as const
    await train(
      {
        ...given,
        ...offline,
        epochs: 1,
        batchSize: 4,
        learningRate: 1e-6,
        augment: false,
        testShare: 0,
        validationShare: 0.2,
        weightDecay: 0,
      },
      { note: (line) => notes.push(line) },
    )
    expect(notes.join('\n')).toMatch(/outputs of the same name: 4 of 5; frozen: conv_1, norm_1/)
    const [before, after] = [await ImageModel.load(at('reader')), await ImageModel.load(at('transfer'))]
    const head = (model: ImageModel) => model.network.getLayer('head').getWeights()[1]?.dataSync() ?? []
    // Blank, l, o, v were known; w, the last, is new.
    expect(head(after)).toHaveLength(5)
    Array.from(head(before)).forEach((bias, output) => expect(head(after)[output]).toBeCloseTo(bias, 4))
    const kernel = (model: ImageModel) => model.network.getLayer('conv_1').getWeights()[0]?.dataSync()
    expect(kernel(after)).toEqual(kernel(before))
  })

  it('trains on folders of frames', async () => {
    for (const label of ['lying', 'upright'] as const) {
      for (let sample = 0; sample < 8; sample++) {
        mkdirSync(at('frames', label, String(sample)), { recursive: true })
        for (let frame = 0; frame < 2 + (sample % 2); frame++)
          writeFileSync(
            at('frames', label, String(sample), `${frame}.png`),
            await fixtureBar(label, 40 + sample + frame),
          )
      }
    }
    mkdirSync(at('frames', 'lying', 'none'))
    const given = { ...FIXTURE_CLASSIFIER, frames: true, epochs: 3, imagePooling: 'average' } as const
    const result = await train({ ...given, data: at('frames'), out: at('sequences') })
    expect(result.skipped).toEqual([{ path: at('frames', 'lying', 'none'), reason: 'the folder holds no images' }])
    expect(result.items).toEqual({ train: 10, validation: 3, test: 3 })
    const { predictions } = await predict([at('frames', 'upright')], { model: at('sequences'), ...offline })
    expect(predictions).toHaveLength(8)
  })

  it('takes no training image that is judged too', async () => {
    mkdirSync(at('twins'))
    const rows = ['file,label,part']
    for (const [name, text, part] of [
      ['a', 'lo', 'train'],
      ['b', 'ov', 'train'],
      ['c', 'lo', 'validation'],
    ]) {
      writeFileSync(at('twins', `${name}.png`), await fixtureText(text ?? '', 5))
      rows.push(`${name}.png,${text},${part}`)
    }
    writeFileSync(at('twins', 'labels.csv'), rows.join('\n'))
    const { skipped, items } = await train({ ...FIXTURE_READER, epochs: 1, data: at('twins'), out: at('twins-run') })
    expect(skipped).toEqual([{ path: 'a.png', reason: 'it is the same image as c.png of the validation part' }])
    expect(items).toEqual({ train: 1, validation: 1, test: 0 })
  })

  it('says which text does not fit its columns, and what to change', async () => {
    mkdirSync(at('narrow'))
    const rows = ['file,label', 'a.png,lo', 'b.png,llllllll', 'c.png,ov']
    for (const name of ['a', 'b', 'c'])
      writeFileSync(at('narrow', `${name}.png`), await fixtureText(name === 'a' ? 'lo' : 'ov', 6))
    writeFileSync(at('narrow', 'labels.csv'), rows.join('\n'))
    const given = { ...FIXTURE_READER, validationShare: 0, testShare: 0, epochs: 1, data: at('narrow') }
    const { skipped } = await train({ ...given, out: at('narrow-run') })
    expect(skipped[0]?.reason).toMatch(
      /b\.png: expected at least 15 steps for the text "llllllll", received 10 \(20 columns, 2 a step\)\. Pool less over columns \(--pool-width\), or make images larger \(--height\)\./,
    )
    await expect(train({ ...given, strict: true, out: at('narrow-strict') })).rejects.toThrow(/at least 15 steps/)
  })
})

describe('evaluate', () => {
  it('finds the test part again and says what training said', async () => {
    const { judgement } = await evaluate({ model: at('reader'), data: at('texts'), part: 'test', ...offline })
    expect(judgement.items).toHaveLength(9)
    expect(judgement.figures).toEqual(reader.test?.figures)
  })

  it('reads by beam search, with a lexicon, and writes a report and a table', async () => {
    writeFileSync(at('words.txt'), 'l\nlo\nov\nvol\nlov\nz\n')
    const given = { model: at('reader'), data: at('texts'), out: at('judged'), ...offline }
    const { judgement } = await evaluate({ ...given, lexicon: at('words.txt') })
    const texts = judgement.task === 'read' ? judgement.readings.map(({ text }) => text) : []
    expect(texts).toHaveLength(60)
    for (const text of texts) expect(['l', 'lo', 'ov', 'vol', 'lov', '']).toContain(text)
    expect(readFileSync(at('judged', 'predictions.csv'), 'utf8').split('\n')[0]).toBe(
      'file,truth,predicted,confidence,edits',
    )
    expect(existsSync(at('judged', 'report.html'))).toBe(true)
  })

  it('names texts with symbols that the model cannot write, and counts them wrong', async () => {
    mkdirSync(at('strange'))
    writeFileSync(at('strange', 'lé.png'), await fixtureText('lo', 1))
    const { judgement, warnings } = await evaluate({ model: at('reader'), data: at('strange'), ...offline })
    expect(warnings).toEqual([`lé.png: its text has "é", which the model's alphabet lacks, so it cannot be read right`])
    expect(judgement.figures).toMatchObject({ exactMatch: 0 })
  })

  it('names a class that is none of the model’s', async () => {
    mkdirSync(at('classes', 'slanted'), { recursive: true })
    writeFileSync(at('classes', 'slanted', '1.png'), await fixtureBar('lying', 1))
    await expect(evaluate({ model: at('classifier'), data: at('classes'), ...offline })).rejects.toThrow(
      /one of the model's labels \(lying, upright\) for slanted\/1\.png, received "slanted"/,
    )
  })
})

describe('predict', () => {
  it('reads images of any width, alone as in a batch, with places and confidence', async () => {
    const { predictions } = await predict([at('texts', 'images')], { model: at('reader'), ...offline })
    expect(predictions).toHaveLength(60)
    for (const { file, ...reading } of predictions.slice(0, 6)) {
      const alone = await predict([file], { model: at('reader'), ...offline })
      const [again] = alone.predictions
      if (!('text' in reading) || again === undefined || !('text' in again)) throw new Error('expected texts')
      expect(again.text).toBe(reading.text)
      expect(again.confidence).toBeCloseTo(reading.confidence, 4)
      for (const { fromColumn, toColumn, confidence } of reading.symbols) {
        expect(fromColumn).toBeGreaterThanOrEqual(0)
        expect(toColumn).toBeGreaterThan(fromColumn)
        expect(confidence).toBeGreaterThan(0)
      }
    }
  })

  it('tells where symbols were seen, alone as in a batch', async () => {
    const given = { model: at('reader'), places: 'seen', ...offline } as const
    const { predictions } = await predict([at('texts', 'images')], given)
    const written = await predict([at('texts', 'images')], { ...given, places: 'written' })
    for (const [i, prediction] of predictions.entries()) {
      const { file } = prediction
      const [symbols, others] = [symbolsIn(prediction), symbolsIn(written.predictions[i])]
      expect({ ...prediction, symbols }).toEqual({ ...written.predictions[i], symbols })
      const inPlace = ({ symbol, confidence, firstStep, lastStep }: ReadSymbol) => ({
        ...{ symbol, confidence, firstStep, lastStep },
      })
      expect(symbols.map(inPlace)).toEqual(others.map(inPlace))
      const { width = 0 } = await sharp(file).metadata()
      for (const { fromColumn, toColumn } of symbols) {
        expect(fromColumn).toBeGreaterThanOrEqual(0)
        expect(toColumn).toBeGreaterThan(fromColumn)
        expect(toColumn).toBeLessThanOrEqual(width)
      }
    }
    const places = (prediction: Prediction) =>
      symbolsIn(prediction).map(({ fromColumn, toColumn }) => [fromColumn, toColumn])
    expect(predictions.map(places)).not.toEqual(written.predictions.map(places))
    for (const prediction of predictions.slice(0, 4)) {
      const alone = await predict([prediction.file], given)
      expect(alone.predictions.map(places)).toEqual([places(prediction)])
    }
  })

  it('draws what answers came from, and other weights draw another map', async () => {
    const { predictions } = await predict([at('bars', 'upright', '0.png')], {
      model: at('classifier'),
      explain: at('explained'),
      ...offline,
    })
    expect(predictions[0]?.pictures).toEqual([at('explained', '0.grad-cam.png'), at('explained', '0.occlusion.png')])
    const model = await ImageModel.load(at('classifier'))
    await ImageModel.create({ ...model.spec, options: { ...model.spec.options, seed: 99 } }).save(at('random'))
    await predict([at('bars', 'upright', '0.png')], { model: at('random'), explain: at('other-weights'), ...offline })
    const picture = (where: string, what: string) => readFileSync(at(where, `0.${what}.png`))
    for (const what of ['grad-cam', 'occlusion'])
      expect(picture('explained', what).equals(picture('other-weights', what))).toBe(false)
    const read = await predict([at('texts', 'images', '0.png')], {
      model: at('reader'),
      explain: at('explained'),
      ...offline,
    })
    expect(read.predictions[0]?.pictures).toEqual([at('explained', '0.svg')])
    expect(readFileSync(at('explained', '0.svg'), 'utf8')).toMatch(/^<svg xmlns=[^]*class="origin"/)
  })

  it('leaves out what is no image, with the reason, or refuses with strict', async () => {
    mkdirSync(at('mixed'))
    writeFileSync(at('mixed', 'a.png'), await fixtureText('lo', 1))
    writeFileSync(at('mixed', 'b.png'), 'no image')
    const { predictions, skipped } = await predict([at('mixed')], { model: at('reader'), ...offline })
    expect([predictions.length, skipped.length]).toEqual([1, 1])
    await expect(predict([at('mixed')], { model: at('reader'), ...offline, strict: true })).rejects.toThrow(/b\.png/)
  })

  it('refuses a model of another application', async () => {
    const path = at('random', 'weft.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"image-seq"', '"audio-events"'))
    await expect(predict([at('mixed')], { model: at('random'), ...offline })).rejects.toThrow(
      /expected a model of image-seq for app in weft\.json, received "audio-events"/,
    )
  })
})
