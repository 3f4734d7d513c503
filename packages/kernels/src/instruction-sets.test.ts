/**
 * Every other test of this package once more in child processes, on the instruction sets that this machine has but would not pick:
 * WEFT_ISA names the one to use.
 */
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { nativeStatus } from './executors/native/native.js'
import { describeNative } from './testing/native.js'

const MINUTES = 60_000
const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const run = promisify(execFile)

interface Report {
  numFailedTests: number
  numPassedTests: number
}

/** Runs the kernel tests in a process of their own. */
async function testsOn(isa: string): Promise<Report> {
  const { stdout } = await run(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      ...[
        'run',
        '--project',
        'kernels',
        '--reporter',
        'json',
        '--no-isolate',
        '--maxWorkers',
        '1',
        '--exclude',
        '**/{instruction-sets,robustness}.test.ts',
      ],
    ],
    { cwd: root, env: { ...process.env, WEFT_ISA: isa, WEFT_REQUIRE_NATIVE: '1' }, maxBuffer: 64 * 2 ** 20 },
  ).catch((error: { stdout: string }) => error)
  const report: unknown = JSON.parse(stdout.slice(stdout.indexOf('{"num')))
  if (typeof report !== 'object' || report === null || !('numFailedTests' in report) || !('numPassedTests' in report))
    throw new Error(`no report from vitest: ${stdout.slice(0, 500)}`)
  return { numFailedTests: Number(report.numFailedTests), numPassedTests: Number(report.numPassedTests) }
}

describeNative('kernels on the other instruction sets', () => {
  const order = ['avx512', 'avx2', 'baseline']
  const others = order.slice(order.indexOf(nativeStatus().isa ?? 'baseline') + 1)

  it.each(others)('%s: all their tests pass', { timeout: 5 * MINUTES }, async (isa) => {
    const { numFailedTests, numPassedTests } = await testsOn(isa)
    expect(numFailedTests).toBe(0)
    expect(numPassedTests).toBeGreaterThan(100)
  })
})
