import { describe, expect, expectTypeOf, it } from 'vitest'
import { UserError } from '../errors.js'
import { nearest } from '../nearest.js'
import { checkOptions, defineOptions, definePresets, resolveOptions } from './options.js'
import type { OptionsOf } from './options.js'

const specs = defineOptions({
  data: { type: 'path', required: true, help: 'folder of recordings' },
  epochs: { type: 'integer', default: 40, min: 1, max: 1000, help: 'passes over the data' },
  learningRate: { type: 'number', default: 1e-3, above: 0, help: 'step size' },
  dropout: { type: 'number', default: 0, min: 0, below: 1, help: 'share of units dropped' },
  features: { type: 'choice', choices: ['mfcc', 'log-mel'], default: 'log-mel', help: 'what the net hears' },
  filters: { type: 'list', items: 'integer', default: [32, 64], min: 1, help: 'filters by block' },
  labels: { type: 'list', help: 'classes' },
  parts: { type: 'list', choices: ['train', 'validation'], help: 'parts of the data' },
  strict: { type: 'boolean', default: false, help: 'stop at the first bad file' },
  preset: { type: 'string', help: 'named settings' },
  windowMs: { type: 'number', unit: 'ms', min: 1, help: 'analysis window' },
})

const presets = definePresets(specs, { fast: { help: 'to try things', options: { epochs: 3, features: 'mfcc' } } })

describe('the type of the options', () => {
  it('follows from the declarations', () => {
    type Options = OptionsOf<typeof specs>
    expectTypeOf<Options['data']>().toEqualTypeOf<string>()
    expectTypeOf<Options['epochs']>().toEqualTypeOf<number>()
    expectTypeOf<Options['features']>().toEqualTypeOf<'mfcc' | 'log-mel'>()
    expectTypeOf<Options['filters']>().toEqualTypeOf<readonly number[]>()
    expectTypeOf<Options['labels']>().toEqualTypeOf<readonly string[] | undefined>()
    expectTypeOf<Options['strict']>().toEqualTypeOf<boolean>()
    expectTypeOf<Options['windowMs']>().toEqualTypeOf<number | undefined>()
  })
})

describe('resolveOptions', () => {
  it('fills in defaults, lets the preset stand over them and what is given over both', () => {
    const options = resolveOptions(specs, { data: 'sounds', preset: 'fast', epochs: 5, strict: undefined }, presets)
    expect(options).toMatchObject({ data: 'sounds', epochs: 5, features: 'mfcc', learningRate: 1e-3, strict: false })
    expect(resolveOptions(specs, { data: 'sounds' }, presets)).toMatchObject({ epochs: 40, features: 'log-mel' })
  })

  it.each([
    [{ epochs: 0 }, 'reading options: expected an integer, 1 to 1000 for epochs, received 0'],
    [{ epochs: 1.5 }, 'reading options: expected an integer, 1 to 1000 for epochs, received 1.5'],
    [{ epochs: '7' }, 'reading options: expected an integer, 1 to 1000 for epochs, received "7"'],
    [{ learningRate: 0 }, 'reading options: expected a number, above 0 for learningRate, received 0'],
    [{ learningRate: NaN }, 'reading options: expected a number, above 0 for learningRate, received NaN'],
    [{ dropout: 1 }, 'reading options: expected a number, at least 0 and below 1 for dropout, received 1'],
    [{ windowMs: 0 }, 'reading options: expected a number in ms, at least 1 for windowMs, received 0'],
    [
      { filters: [8, 0] },
      'reading options: expected a list, each item an integer, at least 1 for filters, received 8,0',
    ],
    [{ strict: 'yes' }, 'reading options: expected true or false for strict, received "yes"'],
    [{ data: '' }, 'reading options: expected a path for data, received ""'],
    [{ preset: 'slow' }, 'reading options: expected a known preset for preset, received "slow"'],
    [{}, 'reading options: expected a path for data, received nothing'],
  ])('rejects %j by name', (given, message) => {
    const complete = 'data' in given || message.endsWith('nothing') ? given : { data: 'sounds', ...given }
    expect(() => resolveOptions(specs, complete, presets)).toThrow(message)
  })

  it.each([
    [{ data: 'd', epoch: 3 }, 'Did you mean epochs?'],
    [{ data: 'd', learning_rate: 3 }, 'Did you mean learningRate?'],
    [{ data: 'd', preset: 'fsat' }, 'Did you mean fast?'],
    [{ data: 'd', features: 'logmel' }, 'Did you mean log-mel?'],
    [{ data: 'd', parts: ['train', 'validate'] }, 'Did you mean validation?'],
  ])('suggests the nearest for %j', (given, hint) => {
    try {
      resolveOptions(specs, given, presets)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(UserError)
      expect(error).toMatchObject({ hint })
    }
  })

  it('does not take inherited names for options', () => {
    expect(() => checkOptions(specs, { constructor: 1 })).toThrow(/expected a known option/)
    expect(() => resolveOptions(specs, { data: 'd', preset: 'toString' }, presets)).toThrow(/known preset/)
  })

  it('names the file for values that came from one', () => {
    expect(() => checkOptions(specs, { epochs: -1 }, { doing: 'reading options.json' })).toThrow(
      'reading options.json: expected an integer, 1 to 1000 for epochs, received -1',
    )
  })
})

describe('declarations', () => {
  it('reject a default or preset that is not itself allowed', () => {
    expect(() => defineOptions({ a: { type: 'integer', default: 0, min: 1, help: '' } })).toThrow('the default of a')
    expect(() => definePresets(specs, { odd: { help: '', options: { epochs: 0 } } })).toThrow(
      'reading preset odd: expected an integer, 1 to 1000 for epochs, received 0',
    )
  })
})

describe('nearest', () => {
  it('forgives case, dashes, swaps and one wrong letter in a short word', () => {
    expect(nearest('EPOHCS', ['batch-size', 'epochs'])).toBe('epochs')
    expect(nearest('batchsize', ['batch-size', 'epochs'])).toBe('batch-size')
    expect(nearest('dog', ['cat', 'dot'])).toBe('dot')
  })

  it('prefers what begins with the word, the shortest first', () => {
    expect(nearest('lstm-med', ['lstm-seed', 'lstm-medium'])).toBe('lstm-medium')
    expect(nearest('batch', ['bath', 'batch-size-of-all', 'batch-size'])).toBe('batch-size')
    expect(nearest('lstm', ['lstm-large', 'LSTM'])).toBe('LSTM')
    // One or two letters are the beginning of too much.
    expect(nearest('ep', ['ex', 'epochs'])).toBe('ex')
  })
  it('stays silent when nothing is near', () => {
    expect(nearest('zebra', ['cat', 'dot'])).toBeUndefined()
    expect(nearest('zebra', [])).toBeUndefined()
  })
})
