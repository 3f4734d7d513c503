import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '@weft/core/errors'
import { flagOf } from '@weft/core/cli'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GivenTrainOptions } from './options.js'
import { predict } from './predict.js'
import { FIXTURE_FORECAST, fixtureCsv, fixtureTime, writeFixture } from './testing/fixture-tables.js'
import { train } from './train.js'

// The real command, on the build.
const command = fileURLToPath(new URL('../bin/weft-forecast.js', import.meta.url))

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** Writes the address of each module that is loaded to standard error. */
const LOAD_HOOKS = `
import { writeSync } from 'node:fs'
export async function load(url, context, next) {
  writeSync(2, 'loaded ' + url + '\\n')
  return next(url, context)
}`
const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`
const TRACE = dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(dataUrl(LOAD_HOOKS))})`)

interface Run {
  /** Ctrl-C is pressed once this is said. */
  readonly stopAt?: RegExp
  /** What comes on standard input. */
  readonly input?: string
  /** Says on standard error which modules are loaded. */
  readonly trace?: boolean
}

function weftForecast(args: readonly string[], { stopAt, input, trace = false }: Run = {}) {
  return new Promise<Outcome>((resolve) => {
    const child = spawn(process.execPath, [...(trace ? ['--import', TRACE] : []), command, ...args])
    const outcome: Outcome = { code: -1, stdout: '', stderr: '' }
    const heard = (text: string) => {
      if (stopAt?.test(text)) child.kill('SIGINT')
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      outcome.stdout += text
      heard(text)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      outcome.stderr += text
      heard(text)
    })
    child.stdin.on('error', () => {}).end(input ?? '')
    child.on('close', (code) => resolve({ ...outcome, code: code ?? -1 }))
  })
}

const flags = Object.entries(FIXTURE_FORECAST).flatMap(([key, value]) => [flagOf(key), String(value)])

let folder = ''
let data = ''
const at = (...names: string[]) => join(folder, ...names)
const lines = fixtureCsv({ rows: 200 }).trim().split('\n')

/** Writes a table of these lines. */
function table(name: string, changed: readonly string[]): string {
  writeFileSync(at(name), `${changed.join('\n')}\n`)
  return at(name)
}
/** The fixture with one line changed; line 0 is the header, line n is row n + 1 of the file. */
const withLine = (name: string, line: number, text: string) => table(name, lines.with(line, text))
/** What the library says of a table or an option that a user can mend; the command prints it. */
async function refusal(path: string, options: GivenTrainOptions = {}): Promise<string> {
  const error: unknown = await train({ ...FIXTURE_FORECAST, ...options, data: path, out: at('none') }).catch((e) => e)
  expect(error).toBeInstanceOf(UserError)
  return error instanceof UserError ? `${error.message}\n${error.hint ?? ''}` : ''
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-forecast-cli-'))
  data = writeFixture(folder, { rows: 200 })
  const { code, stdout, stderr } = await weftForecast(['train', '--data', data, '--out', at('run'), ...flags])
  expect(stderr).toContain('The time is in column time, inferred.')
  expect(stderr).toContain('111 windows train, 25 validate, 25 test;')
  expect(stdout).toMatch(/MAE [\d.]+ against [\d.]+ of the .*: (better|no better|worse|undecided) \(/)
  expect(code).toBe(0)
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('weft-forecast', () => {
  it('prints one JSON object with --json, whatever the command', async () => {
    const model = ['--model', at('run'), '--json']
    const all = [
      await weftForecast(['evaluate', ...model, '--data', data, '--part', 'test']),
      await weftForecast(['predict', ...model, data]),
      await weftForecast(['detect', '--data', data, '--json']),
      await weftForecast(['watch', ...model], { input: `${lines.slice(0, 30).join('\n')}\n` }),
      await weftForecast(['predict', ...model, at('nowhere.csv')]),
    ]
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0, 2])
    const [judged, predicted, detected, watched, refused] = all.map(({ stdout }) => JSON.parse(stdout))
    expect(judged).toMatchObject({ items: 25, part: 'test' })
    expect(judged.lines[0].baselines.map(({ name }: { name: string }) => name)).toEqual(['last value', 'mean'])
    expect(predicted.predictions[0].rows).toHaveLength(6)
    expect(predicted.predictions[0].rows[0].time).toBe('2024-01-09T08:00:00.000Z')
    expect(detected.tables[0]).toMatchObject({ rows: 200, probation: 60 })
    expect(watched).toMatchObject({ rows: 29, refused: 0 })
    expect(refused.error.message).toContain('nowhere.csv')
  }, 120_000)

  it('writes a forecast and says its bounds; --quiet says nothing else', async () => {
    const quietly = ['predict', '--model', at('run'), data, '--quiet', '--out', at('tomorrow')]
    const { stdout, stderr } = await weftForecast(quietly)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^time +value +lower +upper\n/)
    expect(stdout).toMatch(/2024-01-09 08:00 +[\d.]+ +[\d.]+ +[\d.]+\n/)
    const [header, ...rows] = readFileSync(at('tomorrow', 'forecast.csv'), 'utf8').trim().split('\n')
    expect(header).toBe('series,target,time,forecast,lower,upper')
    expect(rows).toHaveLength(6)
  }, 120_000)

  it('stops at Ctrl-C, says how to go on, and ends with the weights of a run that was not stopped', async () => {
    const args = (out: string) => ['train', '--data', data, ...flags, '--epochs', '25', '--out', at(out)]
    const stopped = await weftForecast(args('stopped'), { stopAt: /epoch +3\/25/ })
    await weftForecast(args('straight'))
    expect(stopped.code).toBe(130)
    expect(stopped.stdout).toMatch(/Stopped after \d+ epochs; nothing is lost\. Go on with:\n.*--resume/)
    expect(existsSync(at('stopped', 'model'))).toBe(false)
    const resumed = await weftForecast([...args('stopped'), '--resume'])
    expect(resumed.stderr).toContain('going on from')
    expect(resumed.code).toBe(0)
    const weights = (run: string) => readFileSync(at(run, 'model', 'weights.bin'))
    expect(weights('stopped').equals(weights('straight'))).toBe(true)
  }, 120_000)

  it('backtests in as many folds as are asked for, and trades on paper', async () => {
    const sizes = ['--epochs', '1', '--horizon', '4', '--look-back', '12', '--target', 'value', '--test-share', '0.3']
    const backtest = (...args: string[]) => weftForecast(['backtest', '--data', data, ...sizes, '--json', ...args])
    const folds = await backtest('--folds', '6', '--out', at('folds'))
    expect(folds.stderr).toContain('No --preset was named, so sizes follow the table')
    expect(JSON.parse(folds.stdout).folds).toHaveLength(6)
    const paper = ['--folds', '2', '--paper-trade']
    const trades = [
      await backtest(...paper, '--out', at('paper')),
      await backtest(...paper, '--cost-basis-points', '500', '--out', at('costly')),
    ].map(({ stdout }) => JSON.parse(stdout).paperTrade[0].strategy)
    expect(trades[0]).not.toEqual(trades[1])
    expect(folds.code).toBe(0)
  }, 120_000)

  it('watches a file until Ctrl-C', async () => {
    const watching = ['watch', '--model', at('run'), '--data', data]
    const { code, stdout } = await weftForecast(watching, { stopAt: /value/ })
    expect(stdout).toMatch(/^2024-01-09T07:00:00\.000Z {2}value( [\d.]+){6}\n$/)
    expect(code).toBeLessThanOrEqual(130)
  }, 120_000)

  it('predicts without loading what draws plots', async () => {
    const { stderr, code } = await weftForecast(['predict', '--model', at('run'), data], { trace: true })
    expect(code).toBe(0)
    expect(stderr).toMatch(/^loaded .*dist\/predict\.js$/m)
    expect(stderr).not.toMatch(/^loaded .*(observablehq|timeseries-forecast\/dist\/report)/m)
  }, 120_000)

  it('shows help of every command, each option once', async () => {
    const commands = ['train', 'evaluate', 'predict', 'backtest', 'detect', 'watch', 'demo']
    for (const name of commands) {
      const { stdout, code } = await weftForecast([name, '--help'])
      expect(code).toBe(0)
      expect(stdout).toContain(`weft-forecast ${name}`)
      const named = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1])
      expect(named.length).toBeGreaterThan(6)
      expect(new Set(named).size).toBe(named.length)
    }
  }, 120_000)
})

describe('bad input', () => {
  const timeless = () => lines.map((line) => line.split(',').slice(1).join(','))
  const [before = '', after = ''] = lines.slice(101, 103)

  it.each([
    [
      'no column of times',
      () => table('a.csv', timeless()),
      /a\.csv: expected a column of dates or times .*\n.*--time/,
    ],
    [
      'two columns of times',
      () =>
        table(
          'b.csv',
          lines.map((line, i) => `${i === 0 ? 'sent' : line.split(',')[0]},${line}`),
        ),
      /b\.csv: expected one column of times for the time column, received "sent and time"/,
    ],
    [
      'rows that are not sorted',
      () => table('c.csv', lines.with(101, after).with(102, before)),
      /c\.csv, row 103: expected times in ascending order for column "time"/,
    ],
    [
      'times in two formats',
      () => withLine('d.csv', 100, '05/01/2024 03:00,1,2'),
      /d\.csv, row 101: expected times written as in the first row for column "time", received "05\/01\/2024 03:00"/,
    ],
    [
      'texts among numbers',
      () => withLine('e.csv', 100, `${fixtureTime(99)},twelve,2`),
      /e\.csv, row 101: expected a finite number for column "value", received "twelve"/,
    ],
    [
      'infinity',
      () => withLine('f.csv', 100, `${fixtureTime(99)},inf,2`),
      /f\.csv, row 101: expected a finite number for column "value", received "inf"/,
    ],
    [
      'a constant series',
      () => writeFixture(folder, { rows: 200, change: () => 5 }, 'g.csv'),
      /expected a target that varies for value, received 5 in all 140 rows/,
    ],
    ['a series shorter than its window', () => table('h.csv', lines.slice(0, 31)), /h\.csv: expected at least 30 rows/],
    [
      'missing values alone',
      () => writeFixture(folder, { rows: 200, change: () => Number.NaN }, 'i.csv'),
      /i\.csv: expected at least 1 number for column "value", received "only missing values"/,
    ],
    ['an empty file', () => (writeFileSync(at('j.csv'), ''), at('j.csv')), /j\.csv: .*received "an empty file"/],
    [
      'one column',
      () =>
        table(
          'k.csv',
          lines.map((line) => line.split(',')[0] ?? ''),
        ),
      /k\.csv: .*beside the time/,
    ],
    [
      'decimal commas',
      () =>
        table(
          'l.csv',
          lines.map((line, i) => (i === 0 ? line : line.replaceAll('.', ',')).replace(/,/, ';')),
        ),
      /l\.csv/,
    ],
    [
      'a name that occurs twice',
      () => withLine('m.csv', 0, 'time,value,value'),
      /m\.csv, row 1: expected each name once/,
    ],
    ['no file', () => at('nowhere.csv'), /expected a file, a folder or a glob for data, received ".*nowhere\.csv"/],
  ])(
    'refuses %s',
    async (_, make, message) => {
      expect(await refusal(make())).toMatch(message)
      expect(existsSync(at('none'))).toBe(false)
    },
    120_000,
  )

  it.each([
    [{ baselines: ['lsat'] }, /one of last, .* for --baselines, received "lsat"\nDid you mean last\?/],
    [{ baselines: ['arima(1,0)'] }, /orders such as arima\(2,1,2\) for --baselines, received "arima\(1,0\)"/],
    [{ season: 150 }, /expected less than the 140 rows of the training part for --season, received 150/],
    [{ features: ['rsii(14)'] }, /expected the name of a feature for "rsii\(14\)".*\nDid you mean rsi\?/],
    [{ horizon: 0 }, /at least 1 for horizon, received 0/],
    [{ validationShare: 0.6, testShare: 0.5 }, /left to train on for --validation-share and --test-share/],
    [{ timeZone: 'Mars/Phobos' }, /a time zone of the IANA database for --time-zone/],
  ] satisfies [GivenTrainOptions, RegExp][])('refuses the options %j', async (options, message) => {
    expect(await refusal(data, options)).toMatch(message)
    expect(existsSync(at('none'))).toBe(false)
  })

  it('ends with code 2 and no trace', async () => {
    const path = withLine('n.csv', 100, `${fixtureTime(99)},inf,2`)
    const args = ['train', '--data', path, '--out', at('none'), ...flags]
    const { code, stdout, stderr } = await weftForecast(args)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^error: reading .*n\.csv, row 101: expected a finite number for column "value", received "inf"\n/,
    )
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(code).toBe(2)
    const unknown = await weftForecast([...args, '--epoch', '3'])
    expect(unknown.stderr).toMatch(/Did you mean --epochs/)
    expect(unknown.code).toBe(2)
  }, 120_000)

  it('refuses folders that are taken, that hold no model, another one, or a damaged one', async () => {
    const refused = (model: string) => expect(predict(data, { model })).rejects
    const about = readFileSync(at('run', 'model', 'weft.json'), 'utf8')
    const copy = (name: string, changed: string) => {
      cpSync(at('run', 'model'), at(name), { recursive: true })
      writeFileSync(at(name, 'weft.json'), changed)
      return at(name)
    }
    await expect(train({ ...FIXTURE_FORECAST, data, out: at('run') })).rejects.toThrow('expected a new or empty folder')
    await refused(folder).toThrow('expected a folder that holds model.json')
    const other = copy('other', about.replace('timeseries-forecast', 'image-seq'))
    await refused(other).toThrow(/expected a model of timeseries-forecast .* received "image-seq"/)
    await refused(copy('half', about.slice(0, 100))).toThrow('weft.json')
    await refused(copy('bent', about.replace(/"lookBack": *24/, '"lookBack": 23'))).toThrow(
      /bent: expected the columns, series and borders that the network needs in weft\.json, received/,
    )
  })

  it('names a column that vanished', async () => {
    const cut = lines.map((line) => line.split(',').toSpliced(1, 1).join(','))
    await expect(predict(table('without.csv', cut), { model: at('run') })).rejects.toThrow(
      /without\.csv: expected one of the columns warmth .* received "value"/,
    )
  })

  it('reads marks of byte order, semicolons and Windows line ends', async () => {
    writeFileSync(at('odd.csv'), `\uFEFF${lines.map((line) => line.replaceAll(',', ';')).join('\r\n')}\r\n`)
    const [plain, odd] = [await predict(data, { model: at('run') }), await predict(at('odd.csv'), { model: at('run') })]
    expect(odd.predictions).toEqual(plain.predictions)
  })
})
