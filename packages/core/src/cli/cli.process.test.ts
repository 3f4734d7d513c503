import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('./fixtures/greet.js', import.meta.url))
const build = fileURLToPath(new URL('../../dist/cli/index.js', import.meta.url))

interface Result {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the fixture; `onOutput` sees the child whenever it writes. */
function run(
  args: string[],
  onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString()
      onStderr?.(stderr, (signal) => child.kill(signal))
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

describe('a program on the command line', () => {
  beforeAll(() => {
    if (!existsSync(build)) throw new Error('this test runs on the build: npm run build first')
  })

  it('prints its result on stdout and everything else on stderr', async () => {
    const { code, stdout, stderr } = await run(['greet', '--times', '2', 'Ada'])
    expect(code).toBe(0)
    expect(stdout).toBe('a library that writes where it should not\nhello Ada\nhello Ada\ndone\n')
    expect(stderr).toContain('a note')
    expect(stderr).toContain('warning: a warning')
  })

  it('prints exactly one JSON object with --json, even when a library writes to stdout', async () => {
    const { code, stdout, stderr } = await run(['greet', '--json', 'Ada'])
    expect(code).toBe(0)
    expect(stdout.endsWith('}\n')).toBe(true)
    expect(JSON.parse(stdout)).toEqual({ times: 1, numbers: [1, null] })
    expect(stderr).toContain('a library that writes where it should not')
    expect(stderr).toContain('warning: a warning')
  })

  it("exits with 2 for the user's mistake, with its hint and without a stack", async () => {
    const { code, stdout, stderr } = await run(['mistake'])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toBe('error: greeting: expected a name for name, received nothing\nSay who.\n')
  })

  it('prints errors as JSON with --json', async () => {
    const { code, stdout } = await run(['mistake', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      error: { message: 'greeting: expected a name for name, received nothing', hint: 'Say who.' },
    })
    const unknown = await run(['greet', '--json', '--tmies', '3'])
    expect(unknown.code).toBe(2)
    expect(JSON.parse(unknown.stdout)).toEqual({
      error: { message: "reading the command line: unknown option '--tmies'", hint: 'Did you mean --times?' },
    })
  })

  it('exits with 1 for our own, with the stack and where to report it', async () => {
    const { code, stdout, stderr } = await run(['bug'])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/TypeError: a bug\n +at /)
    expect(stderr).toContain('Please report it')
  })

  it('exits with 2 when the machine refuses a file', async () => {
    const { code, stderr } = await run(['missing'])
    expect(code).toBe(2)
    expect(stderr).toContain('/nowhere/at/all')
    expect(stderr).toContain('There is no such file or folder.')
    expect(stderr).not.toContain('    at ')
  })

  it('ends quietly when the reader goes away', async () => {
    const child = spawn(process.execPath, [program, 'greet', '--times', '200000'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(0)
    expect(stderr).not.toContain('EPIPE')
  })

  it('lets the work end cleanly at the first Ctrl-C and exits with 130', async () => {
    let sent = false
    const { code, signal, stdout, stderr } = await run(['wait'], (text, kill) => {
      if (sent || !text.includes('ready')) return
      sent = true
      kill('SIGINT')
    })
    expect({ code, signal }).toEqual({ code: 130, signal: null })
    expect(stdout).toBe('stopped cleanly\n')
    expect(stderr).toContain('press Ctrl-C again to stop at once')
  })

  it('ends at once at the second Ctrl-C', async () => {
    let sent = 0
    const { code, signal, stdout } = await run(['stubborn'], (text, kill) => {
      if (sent === 0 && text.includes('ready')) kill('SIGINT')
      else if (sent === 1 && text.includes('heard')) kill('SIGINT')
      else return
      sent++
    })
    expect({ code, signal, stdout }).toEqual({ code: 130, signal: null, stdout: '' })
  })
})
