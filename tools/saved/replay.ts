/**
 * Tests that an application still opens what an earlier version saved (tools/saved/write.mjs): every command gives the answer that it
 * gave then, and a run that was stopped then ends with the same weights now. Only the command line is used, on the build.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** Decimals that agree: instruction sets sum in another order, which shows in the sixth decimal of numbers of this size. */
const DECIMALS = 4
/** Relative difference of the last validation loss where a run goes on with another instruction set than it began with. */
const LOSS_TOLERANCE = 0.02
const TIMEOUT_MS = 120_000

interface Machine {
  readonly device: string
  readonly isa?: string
}

interface Expected {
  readonly writtenBy: Machine
  readonly answers: readonly { readonly args: readonly string[]; readonly input?: string; readonly printed: object }[]
  readonly resumed: {
    readonly args: readonly string[]
    readonly printed: { readonly out: string }
    readonly loss: number
    /** SHA-256 of weights.bin. */
    readonly weights: string
  }
}

/** Declares the tests for one set. @param bin The application's command. */
export function replaySaved(set: URL, bin: URL): void {
  const expected: Expected = JSON.parse(readFileSync(new URL('expected.json', set), 'utf8'))
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weft-saved-'))
    cpSync(set, folder, { recursive: true })
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  describe('what an earlier version saved', () => {
    it.each(expected.answers.map((answer) => ({ ...answer, command: answer.args.join(' ') })))(
      'answers as it did: $command',
      async ({ args, input, printed }) => {
        const answer: unknown = JSON.parse(await run(bin, args, folder, input))
        expect(answer).toMatchObject(nearly(printed))
      },
      TIMEOUT_MS,
    )

    it(
      'goes on with a stopped run to the same end',
      async () => {
        const { args, printed, loss, weights } = expected.resumed
        const answer: unknown = JSON.parse(await run(bin, args, folder))
        expect(answer).toMatchObject(printed)
        const read = (...names: string[]) => readFileSync(join(folder, printed.out, ...names))
        const { val_loss: last }: { val_loss: number } = JSON.parse(
          read('metrics.jsonl').toString().trim().split('\n').at(-1) ?? '',
        )
        expect(Math.abs(last / loss - 1)).toBeLessThan(LOSS_TOLERANCE)
        if (await isLike(expected.writtenBy))
          expect(createHash('sha256').update(read('model', 'weights.bin')).digest('hex')).toBe(weights)
      },
      TIMEOUT_MS,
    )
  })
}

/** Runs a command in a folder and gives what it printed. */
function run(bin: URL, args: readonly string[], cwd: string, input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(bin), ...args], { cwd })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdin.on('error', () => {}).end(input === undefined ? '' : readFileSync(join(cwd, input)))
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`exit code ${code}\n${stdout}${stderr}`)),
    )
  })
}

/** The same, each number within `DECIMALS`. */
function nearly<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, one: unknown) =>
    typeof one === 'number' ? expect.closeTo(one, DECIMALS) : one,
  )
}

/** Whether this machine promises the bits of that one. */
async function isLike({ device, isa }: Machine): Promise<boolean> {
  const doctor = new URL('../../packages/core/bin/weft-doctor.js', import.meta.url)
  const { machine }: { machine: { training: Machine } } = JSON.parse(await run(doctor, ['--json'], tmpdir()))
  return machine.training.device === device && machine.training.isa === isa
}
