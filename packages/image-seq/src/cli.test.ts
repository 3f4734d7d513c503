import { execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { flagOf } from '@weft/core/cli'
import { encodePng } from '@weft/core/report'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FIXTURE_READER, fixtureBar, fixtureText, writeFixtureTexts } from './testing/fixture-images.js'

// The real command, on the build.
const command = fileURLToPath(new URL('../bin/weft-image.js', import.meta.url))

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function weftImage(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}

/** Options as flags. */
const flagsOf = (options: object) =>
  Object.entries(options).flatMap(([key, value]: [string, unknown]) =>
    value === false ? [flagOf(key).replace('--', '--no-')] : [flagOf(key), String(value)],
  )
const flags = flagsOf({ ...FIXTURE_READER, batchSize: 2, epochs: 12 })

let folder = ''
const at = (...names: string[]) => join(folder, ...names)

/** Writes files below a new folder and gives its path. */
function files(name: string, contents: Readonly<Record<string, Uint8Array | string>>): string {
  mkdirSync(at(name), { recursive: true })
  for (const [file, content] of Object.entries(contents)) {
    mkdirSync(dirname(at(name, file)), { recursive: true })
    writeFileSync(at(name, file), content)
  }
  return at(name)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-image-cli-'))
  await writeFixtureTexts(at('texts'), 24)
  const { code, stdout, stderr } = await weftImage('train', '--data', at('texts'), '--out', at('run'), ...flags)
  expect(stderr).toContain('24 images, texts of 3 symbols: 17 train, 4 validate, 3 test.')
  expect(stderr).toContain('epoch 12/12')
  expect(stdout).toMatch(/test exact match +[\d.]+ % of 3 texts/)
  expect(code).toBe(0)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('weft-image', () => {
  it('evaluates with --json: one object on standard output', async () => {
    const { code, stdout } = await weftImage(
      ...['evaluate', '--model', at('run'), '--data', at('texts'), '--part', 'test', '--device', 'cpu', '--json'],
    )
    const printed: Record<'exactMatch' | 'cer' | 'wer' | 'items', number> = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(printed.items).toBe(3)
    for (const share of [printed.exactMatch, printed.cer, printed.wer]) expect(share).toBeGreaterThanOrEqual(0)
    expect(printed.cer).toBeLessThan(1)
    expect(printed.wer).toBeCloseTo(1 - printed.exactMatch)
  })

  it('reads an image, says from which columns, and draws them', async () => {
    const image = at('texts', 'images', '0.png')
    const predict = ['predict', '--model', at('run'), '--device', 'cpu', image]
    const shown = await weftImage(...predict, '--explain', at('pictures'))
    expect(shown.code).toBe(0)
    expect(shown.stdout).toMatch(/0\.png {2}[lov]+ {2}[\d.]+ %\n {2}.*pictures\/0\.svg\n$/)
    expect(readFileSync(at('pictures', '0.svg'), 'utf8')).toMatch(/^<svg/)
    const { stdout } = await weftImage(...predict, '--json')
    const printed: {
      predictions: {
        text: string
        confidence: number
        symbols: { symbol: string; fromColumn: number; toColumn: number }[]
      }[]
    } = JSON.parse(stdout)
    const [reading] = printed.predictions
    expect(reading?.symbols.map(({ symbol }) => symbol).join('')).toBe(reading?.text)
    expect(reading?.confidence).toBeGreaterThan(0)
    for (const { fromColumn, toColumn } of reading?.symbols ?? []) expect(fromColumn).toBeLessThan(toColumn)
  })

  it('makes images of texts', async () => {
    const { code, stdout } = await weftImage('synth', '--out', at('synth'), '--count', '3', '--quiet')
    expect(code).toBe(0)
    expect(stdout).toContain(at('synth', 'labels.csv'))
    const [header, ...rows] = readFileSync(at('synth', 'labels.csv'), 'utf8').trim().split('\n')
    expect(header).toMatch(/^file,label/)
    expect(rows).toHaveLength(3)
    for (const row of rows) expect(existsSync(at('synth', row.split(',')[0] ?? ''))).toBe(true)
  })

  it('stops at Ctrl-C, says how to go on, and goes on', async () => {
    const data = files('few', { 'l.png': await fixtureText('l', 1), 'lo.png': await fixtureText('lo', 2) })
    const once = flagsOf({ ...FIXTURE_READER, testShare: 0, validationShare: 0, epochs: 600 })
    const args = ['train', '--data', data, '--out', at('stopped'), ...once]
    const run = (from: readonly string[], stopAt: RegExp) =>
      new Promise<Outcome>((resolve) => {
        const child = spawn(process.execPath, [command, ...from])
        const outcome: Outcome = { code: -1, stdout: '', stderr: '' }
        child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text))
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          outcome.stderr += text
          if (stopAt.test(text)) child.kill('SIGINT')
        })
        child.on('close', (code) => resolve({ ...outcome, code: code ?? -1 }))
      })
    const first = await run(args, /epoch +2\/600/)
    expect(first.code).toBe(130)
    expect(first.stdout).toMatch(/Stopped after \d+ epochs; nothing is lost\. Go on with:\n.*--resume/)
    expect(existsSync(at('stopped', 'checkpoint'))).toBe(true)
    expect(existsSync(at('stopped', 'model'))).toBe(false)
    const second = await run([...args, '--resume'], /epoch +\d+\/600/)
    expect(second.stderr).not.toMatch(/epoch +[12]\/600/)
    expect(second.code).toBe(130)
  })

  it('shows help of every command, each option once', async () => {
    const commands = ['train', 'evaluate', 'predict', 'synth', 'demo']
    const shown = await Promise.all(commands.map((name) => weftImage(name, '--help')))
    for (const [at, { stdout, code }] of shown.entries()) {
      expect(code).toBe(0)
      expect(stdout).toContain(`weft-image ${commands[at]}`)
      const named = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1])
      expect(named.length).toBeGreaterThan(6)
      expect(new Set(named).size).toBe(named.length)
    }
  })

  it('says its version', async () => {
    const { stdout, code } = await weftImage('--version')
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(code).toBe(0)
  })
})

// Two at a time: what takes the time is starting the command.
describe.concurrent('bad input', () => {
  const quick = flagsOf({ ...FIXTURE_READER, testShare: 0, validationShare: 0, epochs: 1 })
  const trainOn = (data: string, ...more: string[]) =>
    weftImage('train', '--data', data, '--out', at('none'), ...quick, ...more)
  const predictIn = (...more: string[]) => weftImage('predict', '--model', at('run'), '--device', 'cpu', ...more)

  /** A table of two images, with these lines. */
  async function table(name: string, ...lines: string[]): Promise<string> {
    const images = { 'l.png': await fixtureText('l', 1), 'lo.png': await fixtureText('lo', 2) }
    return files(name, { ...images, 'labels.csv': `${lines.join('\n')}\n` })
  }

  it.each([
    ['a folder without images', { 'notes.txt': 'hello' }, /expected files ending in \.png/],
    [
      'images that are none',
      { 'a.png': 'text', 'b.png': '' },
      /at least 1 file that can be used, received 2 that cannot\nThe first: .*a\.png: expected PNG, .* received text/,
    ],
  ])('refuses %s', async (name, contents, message) => {
    const { code, stderr } = await trainOn(files(name.replaceAll(' ', '-'), contents))
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(existsSync(at('none'))).toBe(false)
  })

  it.each([
    ['an empty label', ['file,label', 'l.png,l', 'lo.png,'], /row 3 \(lo\.png\): expected a value for column "label"/],
    ['a row with a column too few', ['file,label', 'l.png,l', 'lo.png'], /row 3: expected 2 cells, .* received 1/],
  ])('refuses a table with %s', async (name, lines, message) => {
    const { code, stderr } = await trainOn(await table(name.replaceAll(' ', '-'), ...lines))
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  it('reads tables with a mark of byte order, semicolons and quotes, and counts files that are missing', async () => {
    const data = await table('odd-table', '\ufefffile;label', '"l.png";"l;l"', 'lo.png;lo', 'gone.png;o')
    const { code, stderr } = await weftImage('train', '--data', data, '--out', at('odd-run'), ...quick)
    expect(code).toBe(0)
    expect(stderr).toContain('2 images, texts of 3 symbols: 2 train, 0 validate, 0 test; 1 skipped.')
    expect(stderr).toContain('gone.png: row 4 of labels.csv names it, but there is no such file')
  })

  it('refuses images that are all alike', async () => {
    const grey = await encodePng(new Uint8Array(12 * 12).fill(128), 12, 12)
    const data = files('alike', Object.fromEntries([...'abcdef'].map((name) => [`${name}.png`, grey])))
    const { code, stderr } = await trainOn(data, '--validation-share', '0.3')
    expect(stderr).toMatch(/expected training images that are in no other part, received 4 that are\nThe first: /)
    expect(code).toBe(2)
  })

  it.each([
    ['a network that cannot read', ['--network', 'lstm'], /expected crnn, which texts need, for --network/],
    ['a walk that cannot be read', ['--walk', 'hilbert'], /expected columns, which texts need, for --walk/],
    ['frames of texts', ['--frames', '--task', 'read'], /expected a class for each sequence.*\n.*--task classify/],
    ['an option that does not exist', ['--epoch', '3'], /Did you mean --epochs/],
  ])('refuses %s', async (_, options, message) => {
    const data = options.includes('--frames')
      ? files('frames', { 's/1.png': await fixtureBar('lying', 1), 't/1.png': await fixtureBar('lying', 2) })
      : at('texts')
    const { code, stderr } = await trainOn(data, ...options)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(existsSync(at('none'))).toBe(false)
  })

  it('refuses a folder that is taken, and a file in its place', async () => {
    const taken = await weftImage('train', '--data', at('texts'), '--out', at('run'), ...quick)
    expect(taken.stderr).toMatch(/expected a new or empty folder.*\n.*--resume/)
    expect(taken.code).toBe(2)
    const file = await weftImage('train', '--data', at('texts'), '--out', at('texts', 'labels.csv'), ...quick)
    expect(file.stderr).toMatch(/^error: beginning a run in .*: it is a file; a folder was expected\n$/)
    expect(file.code).toBe(2)
  })

  it('refuses an image too large before it is decoded, and says where the limit is', async () => {
    // The header of 30,000 x 30,000 grey pixels, and none of them.
    const png = new Uint8Array(await encodePng(new Uint8Array(144), 12, 12))
    const view = new DataView(png.buffer)
    view.setUint32(16, 30_000)
    view.setUint32(20, 30_000)
    view.setUint32(29, crc32(png.subarray(12, 29)))
    const { code, stderr } = await predictIn(join(files('large', { 'huge.png': png }), 'huge.png'))
    expect(stderr).toMatch(/at most 100 megapixels, received 30000 x 30000 .*\n.*--max-megapixels/)
    expect(code).toBe(2)
  })

  it('refuses what a lexicon cannot do', async () => {
    const image = at('texts', 'images', '0.png')
    const words = join(files('words', { 'words.txt': 'zebra\n' }), 'words.txt')
    const useless = await predictIn('--lexicon', words, image)
    expect(useless.stderr).toMatch(/received none in 1 word\nThe model knows l o v/)
    const greedy = await predictIn('--decoder', 'greedy', '--lexicon', 'training', image)
    expect(greedy.stderr).toMatch(/expected beam, .* for --decoder, received "greedy"/)
    expect([useless.code, greedy.code]).toEqual([2, 2])
  })

  it('refuses a folder that holds no model, or another application’s', async () => {
    const none = await weftImage('predict', '--model', at('texts'), 'x.png')
    expect(none.stderr).toMatch(/expected a folder that holds model\.json/)
    cpSync(at('run', 'model'), at('other'), { recursive: true })
    const about = readFileSync(at('other', 'weft.json'), 'utf8').replace('image-seq', 'audio-events')
    writeFileSync(at('other', 'weft.json'), about)
    const other = await weftImage('predict', '--model', at('other'), '--device', 'cpu', 'x.png')
    expect(other.stderr).toMatch(/expected a model of image-seq .* received "audio-events"/)
    expect([none.code, other.code]).toEqual([2, 2])
  })

  it('tells a classifier’s labels from texts, and takes no lexicon for it', async () => {
    const bars: [string, Uint8Array][] = []
    for (const label of ['lying', 'upright'] as const)
      for (const take of [1, 2, 3]) bars.push([`${label}/${take}.png`, await fixtureBar(label, take)])
    const data = files('bars', Object.fromEntries(bars))
    const trained = await weftImage('train', '--data', data, '--out', at('bars-run'), ...quick)
    expect(trained.stderr).toContain('6 images, 2 classes: 6 train, 0 validate, 0 test.')
    const model = ['--model', at('bars-run'), '--device', 'cpu']
    const [texts, lexicon, frames] = await Promise.all([
      weftImage('evaluate', ...model, '--data', at('texts')),
      weftImage('predict', ...model, '--lexicon', 'training', at('bars', 'lying', '1.png')),
      trainOn(data, '--frames', '--init', at('bars-run')),
    ])
    expect(texts.stderr).toMatch(/expected one of the model's labels \(lying, upright\) for \d+\.png/)
    expect(lexicon.stderr).toMatch(/expected a model that reads for --lexicon, received one that classifies/)
    expect(frames.stderr).toMatch(/sequences of images, received one of single images\nLeave out --frames/)
    expect([texts.code, lexicon.code, frames.code]).toEqual([2, 2, 2])
  })

  it('refuses to go on with other options', async () => {
    const { code, stderr } = await weftImage(
      ...['train', '--data', at('texts'), '--out', at('run'), ...flags, '--seed', '2', '--resume'],
    )
    expect(stderr).toMatch(/expected 1 as in the run begun there for --seed, received "2"\nRepeat the command/)
    expect(code).toBe(2)
  })
})

/** The check sum of a PNG's chunk. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
