/**
 * Tests that an application's command line still takes what it took: every command, option, default, choice and preset in its record
 * is there and means the same. More of each may be added, and help may say it in other words.
 *
 * The record is fixtures/options.json. When an option changes on purpose, write the record again and name the change in the commit:
 * `WEFT_RECORD_OPTIONS=1 npx vitest run option-record`.
 */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Command, OptionSpec, Program } from '@weft/core/cli'
import { describe, expect, it, vi } from 'vitest'

const execute = promisify(execFile)
const TIMEOUT_MS = 60_000

interface OptionRecord {
  readonly choices: readonly string[]
  /** Type, short letter, default, bounds, unit. */
  readonly meaning: Readonly<Record<string, unknown>>
}
interface CommandRecord {
  readonly arguments: readonly object[]
  readonly options: Readonly<Record<string, OptionRecord>>
  /** Name → the values that it sets. */
  readonly presets: Readonly<Record<string, object>>
  /** What `--help` lists. */
  readonly flags: readonly string[]
}
type Commands = Readonly<Record<string, CommandRecord>>

/** A command as its application declares it. */
type Declared = Command & { readonly presets: Readonly<Record<string, { readonly options?: object }>> }

/** Declares the tests. @param cli The application's module that has `main`. */
export async function compareOptions(record: URL, bin: URL, cli: URL): Promise<void> {
  const now = await commandsOf(cli, bin)
  if (process.env['WEFT_RECORD_OPTIONS'] === '1') writeFileSync(record, `${JSON.stringify(now, null, 1)}\n`)
  const before: Commands = JSON.parse(readFileSync(record, 'utf8'))

  describe.each(Object.entries(before))('the command %s', (name, { options, ...others }) => {
    const command = now[name]
    it('takes its arguments, lists its flags and has its presets', () => {
      expect(command?.arguments).toEqual(others.arguments)
      expect(command?.flags).toEqual(expect.arrayContaining([...others.flags]))
      expect(command?.presets).toMatchObject(others.presets)
    })

    it.each(Object.entries(options))('takes the option %s as it did', (key, { choices, meaning }) => {
      expect(command?.options[key]?.meaning).toEqual(meaning)
      expect(command?.options[key]?.choices).toEqual(expect.arrayContaining([...choices]))
    })
  })
}

/** The flags that the help of a program, or of one of its commands, lists. */
export async function listedFlags(bin: URL, ...command: string[]): Promise<string[]> {
  const { stdout } = await execute(process.execPath, [fileURLToPath(bin), ...command, '--help'], {
    timeout: TIMEOUT_MS,
  })
  return [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag = '']) => flag)
}

/** An application's commands, as it hands them to `runCli`. */
async function commandsOf(cli: URL, bin: URL): Promise<Commands> {
  const programs: Program[] = []
  vi.doMock('@weft/core/cli', async (original) => ({
    ...(await original<object>()),
    runCli: async (program: Program) => programs.push(program),
  }))
  // A copy of its own: test files share a process, and the others need the real one.
  const { main }: { main(argv: readonly string[]): Promise<number> } = await import(`${fileURLToPath(cli)}?recorded`)
  await main([])
  vi.doUnmock('@weft/core/cli')
  const commands = Object.entries<Declared>(programs[0]?.commands ?? {})
  return Object.fromEntries(
    await Promise.all(
      commands.map(async ([name, command]) => [name, commandRecord(command, await listedFlags(bin, name))]),
    ),
  )
}

function commandRecord({ arguments: words, options, presets }: Declared, flags: readonly string[]): CommandRecord {
  return {
    arguments: words.map(({ name, required = false, variadic = false }) => ({ name, required, variadic })),
    options: Object.fromEntries(Object.entries(options).map(([key, spec]) => [key, recordOf(spec)])),
    presets: Object.fromEntries(Object.entries(presets).map(([name, { options: values = {} }]) => [name, values])),
    flags,
  }
}

function recordOf(spec: OptionSpec): OptionRecord {
  const unsaid = ['help', 'group', 'choices']
  const meaning = Object.fromEntries(
    Object.entries(spec).filter(([key, value]) => !unsaid.includes(key) && value !== undefined),
  )
  return { choices: 'choices' in spec && spec.choices !== undefined ? spec.choices : [], meaning }
}
