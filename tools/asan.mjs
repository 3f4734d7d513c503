#!/usr/bin/env node
// @ts-check
// The kernel tests on an addon that was built with AddressSanitizer and UndefinedBehaviorSanitizer, on each instruction set of this
// machine: a read or write beyond a tensor or a piece of scratch memory, or undefined arithmetic, ends the test's process with a
// report. Needs g++ with its sanitizer libraries. WEFT_ISA restricts it to one instruction set, arguments to some files.
// usage: npm run test:asan [-- lstm conv2d]
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const kernels = join(root, 'packages/kernels')
const addon = join(kernels, 'build/weft-sanitized.node')
const compiler = process.env.CXX ?? 'g++'

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`test:asan: ${message}\n`)
  process.exit(1)
}

const found = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' })
const runtime = found.stdout?.trim() ?? ''
if (!existsSync(runtime)) fail(`expected a ${compiler} with libasan.so, received ${runtime || 'no such compiler'}`)

const built = spawnSync(process.execPath, [join(kernels, 'native/build.mjs'), '--sanitize'], { stdio: 'inherit' })
if (built.status !== 0) fail('the sanitized addon was not built')

const sanitized = {
  ...process.env,
  // Node itself is not built for it, so the runtime must be there first; leaks would be Node's.
  LD_PRELOAD: runtime,
  // What no kernel has written is NaN (all bits set).
  ASAN_OPTIONS: 'detect_leaks=0:max_malloc_fill_size=1073741824:malloc_fill_byte=255',
  UBSAN_OPTIONS: 'print_stacktrace=1',
  WEFT_ADDON: addon,
  WEFT_REQUIRE_NATIVE: '1',
}

/** Tests that start processes of their own; those of senseless calls are about what the ordinary addon has for empty tensors. */
const EXCLUDED = '**/{instruction-sets,robustness}.test.ts'

/** Whether the addon runs on an instruction set here. @param {string} isa */
function offers(isa) {
  const asked = spawnSync(process.execPath, ['-p', `require(${JSON.stringify(addon)}).isa`], {
    env: { ...sanitized, WEFT_ISA: isa },
    encoding: 'utf8',
  })
  if (asked.status !== 0) fail(`the sanitized addon does not load:\n${asked.stderr}`)
  return asked.stdout.trim() === isa
}

const all = ['avx512', 'avx2', 'neon', 'baseline']
const sets = (process.env.WEFT_ISA ? [process.env.WEFT_ISA] : all).filter(offers)
if (sets.length === 0) fail(`expected one of ${all.join(', ')} that this machine has, received ${process.env.WEFT_ISA}`)

const failed = sets.filter((isa) => {
  process.stdout.write(`\n== sanitized kernels, ${isa}\n`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const options = ['run', '--project', 'kernels', '--exclude', EXCLUDED, '--silent=true']
  const { status } = spawnSync(process.execPath, [vitest, ...options, ...process.argv.slice(2)], {
    cwd: root,
    env: { ...sanitized, WEFT_ISA: isa },
    stdio: 'inherit',
  })
  return status !== 0
})
process.stdout.write(
  failed.length === 0
    ? `\nno error on ${sets.join(', ')}\n`
    : `\nfailed on ${failed.join(', ')}; the reports are above\n`,
)
process.exitCode = failed.length === 0 ? 0 : 1
