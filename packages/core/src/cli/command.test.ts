import { describe, expect, it } from 'vitest'
import { defineCommand, runCli } from './command.js'
import type { CommandContext } from './command.js'
import { defineOptions, definePresets, resolveOptions } from './options.js'

const options = defineOptions({
  out: { type: 'path', short: 'o', help: 'where results go' },
  epochs: { type: 'integer', default: 40, min: 1, help: 'passes over the data', group: 'Training' },
  learningRate: { type: 'number', default: 1e-3, above: 0, help: 'step size', group: 'Training' },
  gainDb: { type: 'number', unit: 'dB', default: 0, min: -60, max: 20, help: 'level', group: 'Sound' },
  features: {
    type: 'choice',
    choices: ['mfcc', 'log-mel'],
    default: 'log-mel',
    help: 'what the net hears',
    group: 'Sound',
  },
  filters: { type: 'list', items: 'integer', default: [32, 64], help: 'filters by block' },
  terms: { type: 'list', default: [], help: 'what is computed' },
  augment: { type: 'boolean', default: true, help: 'vary the training part' },
  strict: { type: 'boolean', default: false, help: 'stop at the first bad file' },
  preset: { type: 'string', help: 'named settings' },
})
const presets = definePresets(options, { plain: { help: 'no variation', options: { augment: false, epochs: 9 } } })

async function cli(...argv: string[]) {
  let stdout = ''
  let stderr = ''
  let seen: { options: unknown; context: CommandContext } | undefined
  const train = defineCommand({
    help: 'train a model',
    options,
    presets,
    arguments: [{ name: 'files', help: 'recordings', variadic: true }],
    examples: ['weft-x train a.wav'],
    run: (given, context) => {
      const complete = resolveOptions(options, given, presets)
      seen = { options: complete, context }
      return { data: { epochs: complete.epochs }, text: 'trained' }
    },
  })
  const io = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  }
  const program = { name: 'weft-x', description: 'A program', version: '1.2.3', commands: { train } }
  const code = await runCli(program, argv, io)
  return { code, stdout, stderr, options: seen?.options, context: seen?.context }
}

describe('runCli', () => {
  it('gives the handler defaults when nothing is typed', async () => {
    const { code, options: given, stdout } = await cli('train')
    expect(code).toBe(0)
    expect(stdout).toBe('trained\n')
    expect(given).toEqual({
      out: undefined,
      epochs: 40,
      learningRate: 1e-3,
      gainDb: 0,
      features: 'log-mel',
      filters: [32, 64],
      terms: [],
      augment: true,
      strict: false,
      preset: undefined,
    })
  })

  it('reads flags of every type, short names, negative numbers, equals signs and repeated lists', async () => {
    const { options: given, context } = await cli(
      ...['train', 'a.wav', '-o', 'runs/a', '--epochs=3', '--gain-db', '-6', '--learning-rate', '1e-4'],
      ...['--filters', '8,16', '--filters', '32', '--no-augment', '--strict', '--features', 'mfcc', 'b c.wav'],
    )
    expect(given).toMatchObject({ out: 'runs/a', epochs: 3, gainDb: -6, learningRate: 1e-4, filters: [8, 16, 32] })
    expect(given).toMatchObject({ augment: false, strict: true, features: 'mfcc' })
    expect(context?.args).toEqual(['a.wav', 'b c.wav'])
    expect(context?.commandLine).toMatch(/^weft-x train a\.wav .* 'b c\.wav'$/)
  })

  it('divides a list at commas that are not within brackets', async () => {
    const { options: given } = await cli('train', '--terms', 'rsi(14),difference(load, 24),arima(1,0,1)(1,1,1),load')
    expect(given).toMatchObject({ terms: ['rsi(14)', 'difference(load, 24)', 'arima(1,0,1)(1,1,1)', 'load'] })
  })

  it('lets a flag stand over the preset, both ways', async () => {
    expect((await cli('train', '--preset', 'plain')).options).toMatchObject({ augment: false, epochs: 9 })
    expect((await cli('train', '--preset', 'plain', '--augment')).options).toMatchObject({ augment: true, epochs: 9 })
  })

  it.each([
    [['train', '--epohcs', '3'], "unknown option '--epohcs'", 'Did you mean --epochs?'],
    [['trian'], "unknown command 'trian'", 'Did you mean train?'],
    [['train', '--epochs', 'many'], 'expected an integer, at least 1 for --epochs, received "many"', undefined],
    [['train', '--epochs', '0x10'], 'expected an integer, at least 1 for --epochs, received "0x10"', undefined],
    [['train', '--filters', '8,x'], 'expected a list, each item an integer for --filters, received 8,x', undefined],
    [
      ['train', '--features', 'mfc'],
      'expected one of mfcc, log-mel for --features, received "mfc"',
      'Did you mean mfcc?',
    ],
    [['train', '--preset', 'plian'], 'expected a known preset for --preset, received "plian"', 'Did you mean plain?'],
    [
      ['train', '--out', '--strict'],
      'expected a path for --out, received "--strict"',
      '--out takes a value; --strict looks like the next option.',
    ],
    [['train', '--out'], "option '-o, --out <path>' argument missing", 'See weft-x --help.'],
  ])('%j exits with 2 and says why', async (argv, message, hint) => {
    const { code, stdout, stderr, options: given } = await cli(...argv)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(given).toBeUndefined()
    expect(stderr).toBe(`error: reading the command line: ${message}\n${hint === undefined ? '' : `${hint}\n`}`)
  })

  it('shows unit, range, default, groups, presets and examples in help', async () => {
    const { code, stdout } = await cli('train', '--help')
    expect(code).toBe(0)
    const text = stdout.replace(/\s+/g, ' ')
    expect(text).toContain('--gain-db <dB> level (dB; -60 to 20; default 0)')
    expect(text).toContain('--features <name> what the net hears (mfcc | log-mel; default log-mel)')
    expect(text).toContain('--filters <n,n,...> filters by block (default 32,64)')
    expect(text).toContain('--no-augment turn off: vary the training part')
    expect(text).not.toMatch(/ --augment /)
    expect(text).not.toMatch(/--no-strict/)
    expect(stdout).toMatch(/\nTraining:\n +--epochs/)
    expect(stdout).toMatch(/\nSound:\n +--gain-db/)
    expect(stdout).toMatch(/\nPresets:\n {2}plain {2}no variation\n/)
    expect(stdout).toMatch(/\nExamples:\n {2}weft-x train a\.wav\n/)
  })

  it('shows the version, and help when no command is named', async () => {
    expect((await cli('--version')).stdout).toBe('1.2.3\n')
    const { code, stdout, stderr } = await cli()
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: weft-x')
    expect(stderr).toContain('Commands are train.')
  })

  it('prints the data with --json', async () => {
    const { stdout, context } = await cli('train', '--json', '--epochs', '2')
    expect(stdout).toBe('{"epochs":2}\n')
    expect(context?.progress.mode).toBe('silent')
  })
})
