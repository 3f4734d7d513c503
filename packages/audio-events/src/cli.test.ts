import { execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { flagOf } from '@weft/core/cli'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FIXTURE_OPTIONS, FIXTURE_RATE_HZ, fixtureTone, writeFixtureSounds } from './testing/fixture-sounds.js'
import { encodeWav } from './sound/wav.js'

// The real command, on the build.
const command = fileURLToPath(new URL('../bin/weft-audio.js', import.meta.url))

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function weftAudio(...args: string[]): Promise<Outcome> {
  return run(args, process.env)
}

function run(args: string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { encoding: 'utf8', env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}

/** The fixture's options as flags. */
const flags = Object.entries(FIXTURE_OPTIONS).flatMap(([key, value]) => [flagOf(key), String(value)])

let folder = ''
const at = (...names: string[]) => join(folder, ...names)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-audio-cli-'))
  writeFixtureSounds(at('sounds'), 8)
  const { code, stderr } = await weftAudio(
    'train',
    '--data',
    at('sounds'),
    '--out',
    at('run'),
    ...flags,
    '--workers',
    '1',
  )
  expect(stderr).toContain('epoch 12/12')
  expect(code).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('weft-audio', () => {
  it('evaluates with --json: one object on standard output', async () => {
    const { code, stdout } = await weftAudio(
      'evaluate',
      '--model',
      at('run'),
      '--data',
      at('sounds'),
      '--part',
      'test',
      '--cache',
      'none',
      '--json',
    )
    const printed: { accuracy: number; items: number } = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(printed.items).toBe(4)
    expect(printed.accuracy).toBeGreaterThanOrEqual(0.5)
  })

  it('predicts a file, and the events of a recording', async () => {
    const one = await weftAudio('predict', '--model', at('run'), at('sounds', 'low_0.wav'))
    expect(one.stdout).toMatch(/low_0\.wav {2}(low|high)/)
    const pause = new Float32Array(FIXTURE_RATE_HZ)
    writeFileSync(
      at('recording.wav'),
      encodeWav(Float32Array.from([...pause, ...fixtureTone(400, 9), ...pause]), FIXTURE_RATE_HZ),
    )
    const { stdout } = await weftAudio(
      'predict',
      '--model',
      at('run'),
      '--events',
      '--step-seconds',
      '0.1',
      '--json',
      at('recording.wav'),
    )
    const printed: { predictions: { events: { startSeconds: number }[] }[] } = JSON.parse(stdout)
    expect(printed.predictions[0]?.events[0]?.startSeconds).toBeCloseTo(1, 1)
  })

  it('says once that it runs without the C++ kernels, also where one command trains several times', async () => {
    const without = { ...process.env, WEFT_NATIVE: '0' }
    const small = [...flags, '--device', 'auto', '--epochs', '1', '--workers', '0', '--cross-validate', '--folds', '2']
    const trained = await run(['train', '--data', at('sounds'), '--out', at('slow'), ...small], without)
    expect(trained.code).toBe(0)
    expect(trained.stderr.match(/Running on TensorFlow\.js's cpu backend, many times slower/g)).toHaveLength(1)
    const predicted = await run(['predict', '--model', at('run'), at('sounds', 'low_0.wav')], without)
    expect(predicted.code).toBe(0)
    expect(predicted.stderr.match(/Running on TensorFlow\.js's wasm backend, many times slower/g)).toHaveLength(1)
  })

  it('streams', async () => {
    const pause = new Float32Array(FIXTURE_RATE_HZ)
    const sound = Float32Array.from([...pause, ...fixtureTone(400, 9), ...pause])
    const child = spawn(process.execPath, [
      command,
      'stream',
      '--model',
      at('run'),
      '--sample-rate',
      String(FIXTURE_RATE_HZ),
      '--encoding',
      'f32le',
      '--step-seconds',
      '0.1',
    ])
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stdin.end(new Uint8Array(sound.buffer))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^0:0[01]\.\d+ {2}(low|high) begins/)
    expect(stdout).toMatch(/0:0[01]\.\d+ - 0:01\.\d+ {2}(low|high) \(/)
  })

  it('draws features', async () => {
    const { code, stdout } = await weftAudio(
      'features',
      '--model',
      at('run'),
      '--out',
      at('pictures'),
      at('sounds', 'high_3.wav'),
    )
    expect(code).toBe(0)
    expect(stdout).toContain('14 x 12')
    expect(readFileSync(at('pictures', 'high_3.png')).subarray(1, 4).toString()).toBe('PNG')
  })

  it('stops at Ctrl-C, says how to go on, and goes on', async () => {
    const args = ['train', '--data', at('sounds'), '--out', at('stopped'), ...flags, '--epochs', '400']
    const child = spawn(process.execPath, [command, ...args])
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('epoch   2/400')) child.kill('SIGINT')
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(130)
    expect(stdout).toMatch(/Stopped after \d+ epochs; nothing is lost\. Go on with:\n.*--resume/)
    expect(existsSync(at('stopped', 'checkpoint'))).toBe(true)
  })

  it('shows help with every option of train', async () => {
    const { stdout, code } = await weftAudio('train', '--help')
    expect(code).toBe(0)
    for (const flag of [
      '--data',
      '--preset',
      '--epochs',
      '--seed',
      '--device',
      '--init',
      '--freeze',
      '--resume',
      '--cross-validate',
    ]) {
      expect(stdout).toContain(flag)
    }
    expect(stdout).toContain('spoken-digits')
  })
})

describe('bad input', () => {
  const good = encodeWav(fixtureTone(400, 1), FIXTURE_RATE_HZ)

  /** A folder for each class; each file is `class/name` with its content. */
  function sounds(name: string, files: Readonly<Record<string, Uint8Array | string>>): string {
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(at(name, file, '..'), { recursive: true })
      writeFileSync(at(name, file), content)
    }
    mkdirSync(at(name), { recursive: true })
    return at(name)
  }
  const enough = Object.fromEntries(
    ['dog', 'cat'].flatMap((label) => [1, 2, 3, 4, 5].map((n) => [`${label}/${n}.wav`, good])),
  )
  const quick = [
    '--device',
    'cpu',
    '--sample-rate-hz',
    '8000',
    '--mel-bands',
    '12',
    '--filters',
    '4',
    '--pool-time',
    '2',
    '--pool-frequency',
    '2',
    '--epochs',
    '1',
    '--cache',
    'none',
  ]

  it.each([
    ['an empty folder', {}, /expected files ending in \.wav/],
    [
      'one class only',
      { 'dog/1.wav': good, 'dog/2.wav': good },
      /at least 2 labels to tell apart, received only "dog"/,
    ],
    ['a class with one file', { ...enough, 'emu/1.wav': good }, /at least 3 items of every label.*"emu" has 1/],
    [
      'files that are no sounds',
      Object.fromEntries(Object.keys(enough).map((name) => [name, 'text'])),
      /at least 1 file that can be used, received 10 that cannot/,
    ],
  ])('refuses %s with exit code 2', async (name, files, message) => {
    const data = sounds(name.replaceAll(' ', '-'), files)
    const { code, stderr } = await weftAudio('train', '--data', data, '--out', at('none'), ...quick)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(existsSync(at('none'))).toBe(false)
  })

  it.each([
    ['a text file', 'hello', /received text/],
    ['zero samples', encodeWav(new Float32Array(), 8000), /at least 1 sample, received 0/],
    ['a header alone', good.subarray(0, 30), /ends before them/],
  ])('refuses %s with --strict, and skips and counts it without', async (name, content, message) => {
    const data = sounds(`bad-${name.replaceAll(' ', '-')}`, { ...enough, 'dog/bad.wav': content })
    const strict = await weftAudio('train', '--data', data, '--out', at('none'), '--strict', ...quick)
    expect(strict.stderr).toMatch(/bad\.wav/)
    expect(strict.stderr).toMatch(message)
    expect(strict.code).toBe(2)
    const out = at(`lenient-${name.replaceAll(' ', '-')}`)
    const lenient = await weftAudio('train', '--data', data, '--out', out, ...quick)
    expect(lenient.stderr).toContain('1 file skipped')
    expect(lenient.code).toBe(0)
  })

  it('skips an unreadable file and counts it', async () => {
    writeFixtureSounds(at('some'), 2)
    writeFileSync(at('some', 'low_9.wav'), good)
    chmodSync(at('some', 'low_9.wav'), 0)
    writeFileSync(at('some', 'low_8.wav'), 'text')
    const { code, stdout } = await weftAudio(
      'evaluate',
      '--model',
      at('run'),
      '--data',
      at('some'),
      '--cache',
      'none',
      '--json',
    )
    const printed: { items: number; skipped: object[] } = JSON.parse(stdout)
    expect(code).toBe(0)
    // The superuser may read everything.
    expect(printed.skipped.length).toBe(process.getuid?.() === 0 ? 1 : 2)
    expect(printed.items + printed.skipped.length).toBe(6)
  })

  it.each([
    [['predict', '--model', 'nowhere', 'x.wav'], /"x\.wav"|nowhere/],
    [['train', '--data', '.', '--out', 'x', '--epoch', '3'], /Did you mean --epochs/],
    [['train', '--data', '.', '--out', 'x', '--preset', 'spoken-digit'], /Did you mean "?spoken-digits/i],
    [['train', '--out', 'x'], /--data/],
    [
      ['train', '--data', '.', '--out', 'x', '--freeze', 'cnn', '--mel-bands', 'many'],
      /an integer, at least 2 for --mel-bands/,
    ],
  ])('names the mistake in %j', async (args, message) => {
    const { code, stderr } = await weftAudio(...args)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })
})
