/**
 * A run killed by SIGKILL again and again, at the moments that are hardest, ends with the weights and figures of one that never was.
 * The runs are processes of their own on the build (`npm run build` first, as `npm test` does).
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../test/killed-run.mjs', import.meta.url))
const execute = promisify(execFile)

let root = ''
let straight = { output: '', metrics: '' }

/** Runs to its end. */
async function finish(dir: string): Promise<{ output: string; metrics: string }> {
  const { stdout } = await execute(process.execPath, [script, dir])
  const metrics = readFileSync(join(dir, 'metrics.jsonl'), 'utf8')
  return { output: stdout, metrics: metrics.replaceAll(/"(seconds|time)":[\d.e-]+/g, '"$1":0') }
}

async function kill(dir: string, moment: string, count: number): Promise<void> {
  const killed = execute(process.execPath, [script, dir, moment, String(count)])
  await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' })
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'weft-killed-'))
  straight = await finish(join(root, 'straight'))
})
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

describe('a run that SIGKILL ended', () => {
  it('before its first checkpoint, then in the middle of its first one, begins again', async () => {
    const dir = join(root, 'early')
    await kill(dir, 'batch', 1)
    await kill(dir, 'half-write', 1)
    expect(readdirSync(join(dir, 'checkpoint'))).toEqual([expect.stringMatching(/\.tmp$/)])
    expect(await finish(dir)).toEqual(straight)
  })

  it('between updates, while writing a checkpoint, after it, and between a log and its checkpoint goes on alike', async () => {
    const dir = join(root, 'often')
    await kill(dir, 'batch', 7) // an accumulated gradient is lost with it
    await kill(dir, 'half-write', 3)
    await kill(dir, 'logged', 1)
    await kill(dir, 'written', 4)
    await kill(dir, 'logged', 1)
    expect(readFileSync(join(dir, 'metrics.jsonl'), 'utf8')).toMatch(/\{"epoch":$/)
    const result = await finish(dir)
    expect(result).toEqual(straight)
    expect(result.metrics.trim().split('\n')).toHaveLength(4)
    expect(readdirSync(join(dir, 'checkpoint')).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})
