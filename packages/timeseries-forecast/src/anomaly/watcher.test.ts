import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { saveModel } from '@weft/core/models'
import { setupRuntime } from '@weft/core/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cut, wave } from './testing/wave.js'
import { detectRows, type Rows, trainDetector } from './train-detector.js'
import { Watcher } from './watcher.js'

let dir = ''
beforeAll(async () => {
  await setupRuntime({})
  dir = mkdtempSync(join(tmpdir(), 'watcher-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

const rows = wave(300, { spikeAt: 250 })
const trained = async (given: Rows = rows) => await trainDetector(cut(given, 0, 120), { epochs: 2, seed: 3 })

describe('Watcher', () => {
  it.each(['forecast', 'autoencoder', 'combined'] as const)('goes on with %s where it was saved', async (kind) => {
    const detector = await trainDetector(cut(rows, 0, 120), { kind, epochs: 2 })
    const watcher = new Watcher(detector, rows.times[119])
    for (let row = 120; row < 200; row++) watcher.update(rows.times[row] ?? 0, [rows.columns[0]?.[row] ?? 0])
    await watcher.save(join(dir, kind))
    const again = await Watcher.load(join(dir, kind))
    for (let row = 200; row < 300; row++) {
      const [time, values] = [rows.times[row] ?? 0, [rows.columns[0]?.[row] ?? 0]]
      expect(again.update(time, values)).toEqual(watcher.update(time, values))
    }
  })

  it('raises the alarm and forecasts the next row', async () => {
    const detector = await trained()
    detectRows(detector, cut(rows, 120, 200))
    const watcher = new Watcher(detector, rows.times[199])
    const said = Array.from({ length: 60 }, (_, i) =>
      watcher.update(rows.times[200 + i] ?? 0, [rows.columns[0]?.[200 + i] ?? 0]),
    )
    expect(said[50]).toMatchObject({ time: rows.times[250], alarm: true })
    said.slice(1).forEach((row, i) => expect(row.expected).toEqual(said[i]?.forecast))
  })

  it('refuses a row out of order or of another width, and goes on', async () => {
    const watcher = new Watcher(await trained(), rows.times[119])
    const time = rows.times[120] ?? 0
    expect(() => watcher.update(rows.times[119] ?? 0, [1])).toThrow(
      'watching a series: expected a time after 2024-01-01T09:55:00.000Z for a row, received "2024-01-01T09:55:00.000Z"',
    )
    expect(() => watcher.update(Number.NaN, [1])).toThrow('received NaN')
    expect(() => watcher.update(time, [1, 2])).toThrow('detecting anomalies: expected 1 values for a row, received 2')
    expect(watcher.update(time, [1]).time).toBe(time)
  })

  it('names a folder that holds another model', async () => {
    const detector = await trained()
    const other = join(dir, 'other')
    await saveModel(detector.model, other)
    await expect(Watcher.load(other)).rejects.toThrow(
      `loading a detector: expected a folder with a weft detector 1 for the model, received "${other}"`,
    )
    await expect(Watcher.load(join(dir, 'none'))).rejects.toThrow('expected a folder that holds model.json')
  })
})
