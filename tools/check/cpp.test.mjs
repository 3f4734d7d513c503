// @ts-check
/** `cpp.mjs` on C++ with planted faults: it must find each of them, and nothing where there is none. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const command = fileURLToPath(new URL('cpp.mjs', import.meta.url))

const FIELDS = `#define FIELDS(TENSOR, NUMBER)      \\
  TENSOR(x)   /* [B, T, D] */        \\
  TENSOR(out) /* out: [B, T, D] */   \\
  NUMBER(batch)
`
const lines = (/** @type {number} */ count) => '  count++;\n'.repeat(count)

describe('the check of the C++ sources', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weft-cpp-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  /** The lines that the command prints about one source. */
  function check(/** @type {string} */ text) {
    const path = join(folder, 'packages/kernels/src/scale.cc')
    mkdirSync(join(folder, 'packages/kernels/native'), { recursive: true })
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    const { status, stdout } = spawnSync(process.execPath, [command, folder], { encoding: 'utf8' })
    return { status, problems: stdout.trim().split('\n').slice(0, -1) }
  }

  it('accepts fields with shapes and a function of 80 lines', () => {
    expect(check(`${FIELDS}WEFT_KERNEL(scale, FIELDS) {\n${lines(78)}}\n`)).toEqual({ status: 0, problems: [] })
  })

  it.each([
    ['a kernel', `WEFT_KERNEL(scale, FIELDS) {\n${lines(79)}}\n`, '1: scale has 81 lines'],
    ['a template', `template <class T>\nstatic void scale(T x) {\n${lines(78)}}\n`, '1: scale has 81 lines'],
    ['a member', `struct Pass {\n  void run() const {\n${lines(79)}  }\n};\n`, '2: run has 81 lines'],
    ['a constructor', `struct Pass {\n  Pass(int n) : a{n}, b(n) {\n${lines(79)}  }\n};\n`, '2: Pass has 81 lines'],
    ['a lambda in it', `void run() {\n  each([&](int i) {\n${lines(77)}  });\n}\n`, '1: run has 81 lines'],
    ['a macro', `#define BODY \\\n${'  count++; \\\n'.repeat(79)}  count++\n`, '1: the macro BODY has 81 lines'],
  ])('finds %s that is too long', (_, text, problem) => {
    const { status, problems } = check(text)
    expect(status).toBe(1)
    expect(problems).toEqual([expect.stringContaining(`scale.cc:${problem}`)])
  })

  it('accepts a long function with its reason, and only with one', () => {
    const body = `void run() {\n${lines(90)}}\n`
    expect(check(`// Adds up.\n// long: one table of cases\n${body}`).problems).toEqual([])
    expect(check(`// Adds up.\n// long:\n${body}`).problems).toHaveLength(1)
    expect(check(`// long: one table of cases\nint count;\n${body}`).problems).toHaveLength(1)
  })

  it('does not take brackets in comments and literals for code', () => {
    expect(check(`void run() {\n  // {\n  puts("{");  /* { */\n  put('{');\n}\n${lines(90)}`).problems).toEqual([])
  })

  it.each([
    ['without a comment', FIELDS.replace('/* [B, T, D] */', '               '), ':2: expected the shape of x'],
    ['without a shape', FIELDS.replace('out: [B, T, D]', 'out: the result'), ':3: expected the shape of out'],
    ['side by side', '#define FIELDS(TENSOR, NUMBER) TENSOR(x) TENSOR(y) /* [B] */\n', ':1: expected the shape of x'],
    ['in a shared list', '#define SHARED(TENSOR) \\\n  TENSOR(x)\n', ':2: expected the shape of x'],
  ])('finds a field %s', (_, text, problem) => {
    const { status, problems } = check(text)
    expect(status).toBe(1)
    expect(problems).toEqual([expect.stringContaining(problem)])
  })
})
