/**
 * The frame of every command line: from what was typed, through checked options, to one call and what it prints. Exit codes: 0,
 * 2 for the user's mistakes (message and hint), 1 for ours (with the stack), 130 after Ctrl-C and a clean stop. What a command
 * does is the app's; here are no numerics and no knowledge of any domain.
 */
import { Argument, Command as Commander, CommanderError, Option } from 'commander'
import { styleText } from 'node:util'
import { refusalOf, UserError } from '../errors.js'
import { allFlags } from './flags.js'
import { INTERRUPTED_EXIT_CODE, onInterrupt } from './interrupt.js'
import type { Interrupt } from './interrupt.js'
import { checkGiven, COMMAND_LINE } from './options.js'
import type { GivenOptions, OptionSpecs, Presets } from './options.js'
import { endQuietlyOnBrokenPipe, reserveStdout, toJson, wantsColour } from './output.js'
import type { Sink } from './output.js'
import { createProgress } from './progress.js'
import type { Progress } from './progress.js'

/** What a command hands back: `data` is printed with `--json`, `text` without. */
export interface CommandOutput {
  readonly data: object
  readonly text?: string
  /** For a command whose answer is "no" without anything having failed, such as a check. */
  readonly exitCode?: number
}

export interface CommandContext {
  /** The words after the options, such as file names. */
  readonly args: readonly string[]
  /** The command as it was typed, for reports. */
  readonly commandLine: string
  readonly json: boolean
  readonly quiet: boolean
  readonly progress: Progress
  /** Aborted by the first Ctrl-C. A command that never reads it is ended by Ctrl-C at once. */
  readonly signal: AbortSignal
  /** A line of the result as it happens, on standard output; dropped with `--json`. */
  print(line: string): void
  /** A line about how things go, on standard error; dropped with `--quiet`. */
  note(line: string): void
  /** A line that should not be missed, on standard error. */
  warn(line: string): void
}

export interface CommandArgument {
  readonly name: string
  readonly help: string
  readonly required?: boolean
  readonly variadic?: boolean
}

export interface CommandSpec<S extends OptionSpecs> {
  /** One line. */
  readonly help: string
  readonly options: S
  /** Chosen with the option `preset`, which `options` must then declare. */
  readonly presets?: Presets<S>
  readonly arguments?: readonly CommandArgument[]
  /** Complete command lines that work as they stand. */
  readonly examples?: readonly string[]
  /**
   * Runs the command. It imports the code that it needs itself, so that help, a version and a typo load none of it.
   *
   * @param given What was typed, checked against `options`. Defaults and presets are filled in by the function that does the work.
   */
  run(given: GivenOptions<S>, context: CommandContext): Promise<CommandOutput> | CommandOutput
}

/** A command whose options' type is closed over. */
export interface Command {
  readonly help: string
  readonly options: OptionSpecs
  readonly presets: Readonly<Record<string, { readonly help: string }>>
  readonly arguments: readonly CommandArgument[]
  readonly examples: readonly string[]
  execute(given: object, context: CommandContext): Promise<CommandOutput>
}

export interface Program {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly commands: Readonly<Record<string, Command>>
  /** Runs when no command is named; without it, help is shown. */
  readonly main?: Command
  /** Where people report our mistakes. */
  readonly bugs?: string
}

/** The streams and the arguments, so that tests can give their own. */
export interface CliIo {
  readonly stdout: Sink
  readonly stderr: Sink
}

export function defineCommand<const S extends OptionSpecs>(spec: CommandSpec<S>): Command {
  return {
    help: spec.help,
    options: spec.options,
    presets: spec.presets ?? {},
    arguments: spec.arguments ?? [],
    examples: spec.examples ?? [],
    execute: async (given: GivenOptions<S>, context) => {
      checkGiven(spec.options, given, spec.presets, COMMAND_LINE)
      return spec.run(given, context)
    },
  }
}

/**
 * Runs the command that `argv` asks for and prints what it gives.
 *
 * @param argv What was typed after the program's name.
 * @returns The exit code, for `process.exitCode`.
 */
export async function runCli(
  program: Program,
  argv: readonly string[] = process.argv.slice(2),
  io?: CliIo,
): Promise<number> {
  const json = argv.includes('--json')
  if (io === undefined) endQuietlyOnBrokenPipe()
  const reserved = io === undefined && json ? reserveStdout() : undefined
  const stdout = io?.stdout ?? reserved?.sink ?? process.stdout
  const stderr = io?.stderr ?? process.stderr
  let interrupt: Interrupt | undefined
  const stopped = () => interrupt?.signal.aborted === true
  try {
    const request = parse(program, argv, stdout, json ? { write: () => {} } : stderr)
    if (request === undefined) return 0
    const progress = createProgress(
      json || request.quiet || io !== undefined ? { mode: 'silent' } : { stream: process.stderr },
    )
    const note = (line: string): void => {
      if (progress.mode === 'silent') stderr.write(`${line}\n`)
      else progress.line(line)
    }
    const context: CommandContext = {
      args: request.args,
      commandLine: [program.name, ...argv].map(quoted).join(' '),
      json,
      quiet: request.quiet,
      progress,
      get signal() {
        interrupt ??= onInterrupt(note)
        return interrupt.signal
      },
      print: (line) => {
        if (!json) stdout.write(`${line}\n`)
      },
      note: (line) => {
        if (!request.quiet) note(line)
      },
      warn: (line) => note(`${wantsColour(process.stderr) ? styleText('yellow', 'warning') : 'warning'}: ${line}`),
    }
    const output = await request.command.execute(request.given, context)
    if (json) stdout.write(`${toJson(output.data)}\n`)
    else if (output.text !== undefined && output.text !== '') stdout.write(`${output.text.replace(/\n$/, '')}\n`)
    return stopped() ? INTERRUPTED_EXIT_CODE : (output.exitCode ?? 0)
  } catch (error) {
    const failure = describeFailure(error, stopped())
    if (json) stdout.write(`${toJson({ error: { message: failure.message, hint: failure.hint } })}\n`)
    const head = wantsColour(process.stderr) ? styleText('red', 'error') : 'error'
    if (!json) stderr.write(`${head}: ${failure.message}\n${failure.hint === undefined ? '' : `${failure.hint}\n`}`)
    if (failure.stack !== undefined) {
      const where = program.bugs === undefined ? '' : `: ${program.bugs}`
      stderr.write(`${failure.stack}\nThis is a mistake in ${program.name} ${program.version}, not yours. `)
      stderr.write(`Please report it with the command and these lines${where}\n`)
    }
    return failure.exitCode
  } finally {
    interrupt?.dispose()
    reserved?.release()
  }
}

interface Request {
  readonly command: Command
  readonly given: object
  readonly args: readonly string[]
  readonly quiet: boolean
}

/** What is asked for; undefined when help or the version was printed instead. */
function parse(program: Program, argv: readonly string[], stdout: Sink, stderr: Sink): Request | undefined {
  let request: Request | undefined
  const offer = (commander: Commander, command: Command): void => {
    for (const option of allFlags(command.options)) commander.addOption(option)
    commander.addOption(
      new Option('--json', 'print one JSON object, and nothing else, on standard output').helpGroup('Output:'),
    )
    commander.addOption(new Option('--quiet', 'no progress and no notes').helpGroup('Output:'))
    for (const { name, help, required, variadic } of command.arguments) {
      const text = `${name}${variadic === true ? '...' : ''}`
      commander.addArgument(new Argument(required === true ? `<${text}>` : `[${text}]`, help))
    }
    commander.addHelpText('after', helpAfter(command))
    commander.action(() => {
      const typed = commander.opts<Record<string, unknown>>()
      const given = Object.fromEntries(Object.entries(typed).filter(([key]) => Object.hasOwn(command.options, key)))
      const quiet = typed['quiet'] === true
      request = { command, given, args: commander.args, quiet }
    })
  }
  const root = new Commander(program.name).description(program.description)
  const prepare = (commander: Commander): Commander =>
    commander
      .exitOverride()
      .configureOutput({
        writeOut: (text) => stdout.write(text),
        writeErr: (text) => stderr.write(text),
        outputError: () => {},
      })
      .helpOption('-h, --help', 'show this help')
  prepare(root).version(program.version, '-V, --version', 'show the version').helpCommand(false)
  if (program.main !== undefined) offer(root, program.main)
  for (const [name, command] of Object.entries(program.commands)) {
    offer(prepare(root.command(name)).summary(command.help).description(command.help), command)
  }
  try {
    root.parse(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version') return undefined
    if (error.code === 'commander.help')
      throw new UserError(
        'reading the command line: expected a command',
        `Commands are ${Object.keys(program.commands).join(', ')}.`,
      )
    const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n')
    const suggestion = /Did you mean (.*)\?\)/.exec(rest.join(' '))?.[1]
    const hint = suggestion === undefined ? `See ${program.name} --help.` : `Did you mean ${suggestion}?`
    throw new UserError(`${COMMAND_LINE.doing}: ${first}`, hint)
  }
  return request
}

function helpAfter(command: Command): string {
  const blocks: string[] = []
  const presets = Object.entries(command.presets)
  if (presets.length > 0) {
    const width = Math.max(...presets.map(([name]) => name.length))
    blocks.push(['Presets:', ...presets.map(([name, { help }]) => `  ${name.padEnd(width)}  ${help}`)].join('\n'))
  }
  if (command.examples.length > 0) blocks.push(['Examples:', ...command.examples.map((line) => `  ${line}`)].join('\n'))
  return blocks.map((block) => `\n${block}`).join('\n')
}

interface Failure {
  readonly message: string
  readonly hint?: string
  /** Only for our own mistakes. */
  readonly stack?: string
  readonly exitCode: number
}

function describeFailure(error: unknown, stopped: boolean): Failure {
  if (stopped && error instanceof Error && error.name === 'AbortError') {
    return { message: 'stopped by Ctrl-C', exitCode: INTERRUPTED_EXIT_CODE }
  }
  if (error instanceof UserError) return { message: error.message, hint: error.hint, exitCode: 2 }
  if (!(error instanceof Error)) return { message: String(error), stack: String(error), exitCode: 1 }
  const refusal = refusalOf(error)
  if (refusal !== undefined) {
    return { message: error.message, hint: `${refusal.charAt(0).toUpperCase()}${refusal.slice(1)}.`, exitCode: 2 }
  }
  return { message: error.message, stack: error.stack ?? error.message, exitCode: 1 }
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
