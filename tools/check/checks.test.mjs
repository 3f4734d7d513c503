// @ts-check
// Each check is shown a mistake and finds it, and finds nothing where there is none.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { circles } from './circles.mjs'
import { contents } from './contents.mjs'
import { coreReachExcept } from './core-reach.mjs'
import { fileReferences } from './file-references.mjs'
import { golden } from './golden.mjs'
import { links } from './links.mjs'
import { lockFile } from './lock-file.mjs'
import { packages } from './packages.mjs'
import { writtenFiles } from './tree.mjs'
import { unusedIn } from './unused.mjs'
import { wording } from './wording.mjs'

const no = () => {}
const json = JSON.stringify

/** A package that exports its `src/index.ts`. @param {string} name */
const manifest = (name) =>
  json({
    name: `@weft/${name}`,
    version: '1.0.0',
    description: 'For a test.',
    keywords: ['a', 'b', 'c'],
    homepage: `https://github.com/weft-js/weft/tree/main/packages/${name}#readme`,
    bugs: { url: 'https://github.com/weft-js/weft/issues' },
    license: 'Apache-2.0',
    author: 'The Weft authors',
    repository: { type: 'git', url: 'git+https://github.com/weft-js/weft.git', directory: `packages/${name}` },
    publishConfig: { access: 'public' },
    exports: { '.': { '@weft/source': './src/index.ts' } },
  })

const CORE = {
  'packages/core/package.json': manifest('core'),
  'packages/one/package.json': manifest('one'),
  'packages/two/package.json': manifest('two'),
  'packages/core/src/index.ts': `export { a } from './a.js'\nexport type { B } from './b.js'\n`,
  'packages/core/src/a.ts': `import { c } from './c.js'\nexport const a = c\n`,
  'packages/core/src/b.ts': `export interface B { x: number }\n`,
  'packages/core/src/c.ts': `export const c = 1\n`,
  'packages/one/src/x.ts': `import { a, type B } from '@weft/core'\n`,
  'packages/two/src/y.ts': `const { a } = await import('@weft/core')\ntype B = import('@weft/core').B\n`,
}

describe('core-reach', () => {
  it('follows names through the index, values and types, also those of late imports', () => {
    expect(coreReachExcept(writtenFiles(CORE), {})).toEqual([])
  })

  it('finds what one application uses alone, and what nobody uses', () => {
    const tree = writtenFiles({ ...CORE, 'packages/two/src/y.ts': `import { a } from '@weft/core'\n` })
    expect(coreReachExcept(tree, {})).toEqual([expect.stringMatching(/core\/src\/b\.ts: one alone uses it/)])
    expect(coreReachExcept(tree, { 'b.ts': 'two will' })).toEqual([])
    const lonely = writtenFiles({ ...CORE, 'packages/core/src/room/d.ts': 'export const d = 1\n' })
    expect(coreReachExcept(lonely, {})).toEqual([expect.stringMatching(/room\/d\.ts: no application uses it/)])
    expect(coreReachExcept(lonely, { 'room/': 'a room' })).toEqual([])
  })

  it('finds an exception that is none', () => {
    expect(coreReachExcept(writtenFiles(CORE), { 'a.ts': 'once' })).toEqual([
      expect.stringMatching(/a\.ts is no exception any more/),
    ])
  })
})

describe('circles', () => {
  it('finds none in files that import one way, and none by a worker', () => {
    const worker = {
      'packages/one/src/pool.ts': `const worker = new URL('./worker.js', import.meta.url)\n`,
      'packages/one/src/worker.ts': `import type { Task } from './pool.js'\n`,
    }
    expect(circles(writtenFiles({ ...CORE, ...worker }), no)).toEqual([])
  })

  it('finds circles of values, of types, and by way of an index', () => {
    const back = (/** @type {string} */ text) => circles(writtenFiles({ ...CORE, 'packages/core/src/c.ts': text }), no)
    const circle = [expect.stringMatching(/a circle: .*a\.ts → .*c\.ts → .*a\.ts/)]
    expect(back(`import { a } from './a.js'\n`)).toEqual(circle)
    expect(back(`import type { a } from './a.js'\n`)).toEqual(circle)
    expect(back(`import { b } from './index.js'\n`)).toEqual([expect.stringContaining('index.ts')])
  })
})

describe('file-references', () => {
  it('finds names of files that are nowhere, in comments and documents', () => {
    const tree = writtenFiles({
      'src/a.ts': `/**\n * Beside gone.ts and\n * room/a.ts.\n */\nconst name = 'lost.ts' // see b.cc\n`,
      'src/b.cc': '// After a.ts, not c.h.\n',
      'README.md': 'See `src/a.ts`, `src/c.ts`, `<op>.cc`, *.ts, weft.json and https://example.org/x.py.\n',
      'tools/d.py': 'x = "#no.ts"  # e.py\n',
    })
    expect(fileReferences(tree, no)).toEqual([
      'src/a.ts:2: gone.ts does not exist',
      'src/a.ts:3: room/a.ts does not exist',
      'src/b.cc:1: c.h does not exist',
      'README.md:1: src/c.ts does not exist',
      'tools/d.py:1: e.py does not exist',
    ])
  })
})

describe('wording', () => {
  const found = (/** @type {string} */ path, /** @type {string} */ text) => wording(writtenFiles({ [path]: text }), no)

  it.each([
    ['a comment over two lines', 'a.ts', '/**\n * All cores unless\n * told.\n */\n'],
    ['line comments', 'a.ts', 'f() // all cores unless\n// told\n'],
    ['help', 'a.ts', `const help = 'all cores Unless told'\n`],
    ['a template', 'a.ts', 'const help = `${n} of it found unless said`\n'],
    ['C++', 'a.cc', 'int a; // a tensor of like length\n'],
    ['Python', 'a.py', 'a = 1  # one of b.py\u2019s\n'],
    ['a document', 'a.md', 'Files left out or odd\n'],
    ['a heading of a table', 'a.ts', `const column = { header: 'sure' }\n`],
    ['the name of a file', 'alarms-shown.ts', 'const a = 1\n'],
  ])('finds a phrase in %s', (_, path, text) => {
    expect(found(path, text)).toEqual([expect.stringContaining(path)])
  })

  it('says the line, and what is better', () => {
    expect(found('a.ts', '// one\n\n// and two unless told\n')).toEqual([
      'a.ts:3: "unless told": better "default: all cores", or "inferred by default"',
    ])
  })

  it('lets plain words pass', () => {
    const text = `// Sounds are told apart by pitch; TensorFlow.js's own.\nconst sure = 'be sure of an odd width'\n`
    expect(found('reader.ts', text)).toEqual([])
  })
})

describe('unused', () => {
  it('finds files, dependencies and exports that nothing uses, or only a test', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-unused-'))
    const files = {
      'package.json': json({
        name: 'made',
        type: 'module',
        exports: './src/index.js',
        scripts: { test: 'vitest run' },
        dependencies: { chalk: '1.0.0' },
        devDependencies: { vitest: '4.0.0' },
      }),
      'knip.json': json({ project: ['src/**/*.js!', '!src/**/*.test.js!'] }),
      'src/index.js': `export { a } from './a.js'\n`,
      'src/a.js': 'export const a = 1\nexport const tested = 2\nexport const idle = 3\n',
      'src/a.test.js': `import { tested } from './a.js'\ntested.toFixed()\n`,
      'src/orphan.js': 'export const orphan = 1\n',
    }
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const problems = unusedIn(folder)
    rmSync(folder, { recursive: true })
    expect(problems).toContain('src/orphan.js: nothing uses src/orphan.js (files)')
    expect(problems).toContain('package.json: nothing uses chalk (dependencies)')
    expect(problems).toContain('src/a.js: nothing uses idle (exports)')
    expect(problems).toContain('src/a.js: only tests use tested (exports)')
    expect(problems).not.toContain('src/a.js: nothing uses tested (exports)')
  }, 60_000)
})

describe('packages', () => {
  const tree = (/** @type {Record<string, string>} */ changed = {}) => {
    /** @type {Record<string, string>} */
    const files = {
      'package.json': json({ version: '1.0.0' }),
      LICENSE: 'free',
      'tsconfig.json': 'packages/core',
      'vitest.config.ts': `project('core')`,
      'eslint.config.js': '',
      'packages/core/package.json': manifest('core'),
      'packages/core/README.md': '',
      'packages/core/LICENSE': 'free',
    }
    return writtenFiles({ ...files, ...changed })
  }
  const changed = (/** @type {object} */ fields) => json({ ...JSON.parse(manifest('core')), ...fields })

  it('finds a package that no place names, another version, and fields that are not as elsewhere', () => {
    expect(packages(tree(), no)).toEqual([])
    expect(packages(tree({ 'tsconfig.json': '' }), no)).toEqual([expect.stringContaining('tsconfig.json')])
    for (const [fields, problem] of /** @type {[object, string][]} */ ([
      [{ version: '2.0.0' }, 'another version'],
      [{ author: undefined }, 'for author'],
      [{ publishConfig: {} }, 'for publishConfig'],
      [{ keywords: [] }, 'for keywords'],
      [{ bin: { a: './bin/a.js' } }, 'bin/a.js'],
    ]))
      expect(packages(tree({ 'packages/core/package.json': changed(fields) }), no)).toEqual([
        expect.stringContaining(problem),
      ])
  })

  it('wants the same files in every application', () => {
    const app = { 'packages/app/package.json': manifest('app'), 'packages/app/src/index.ts': '' }
    const problems = packages(tree(app), no)
    expect(problems).toContain('packages/app: no src/train.ts, which every application has')
    expect(problems).toContain('packages/app: no bin/, which every application has')
    expect(problems).toContain('eslint.config.js: no boundary for @weft/app')
  })
})

describe('tables', () => {
  it('finds golden files without a script, and scripts without a golden file', () => {
    const told = { source: 'NumPy', version: '2', command: 'python tools/golden/a.py', seed: 1 }
    const files = { 'x/golden/a.json': json(told), 'tools/golden/a.py': '' }
    expect(golden(writtenFiles(files), no)).toEqual([])
    expect(golden(writtenFiles({ 'x/golden/a.json': json({ ...told, seed: undefined }) }), no)).toHaveLength(2)
    expect(golden(writtenFiles({ 'tools/golden/b.py': '' }), no)).toEqual([
      'tools/golden/b.py: no golden file names it',
    ])
  })

  it('finds links to nowhere', () => {
    const text = '[a](docs/a.md#part) [docs](docs/) [b](b.md) [c](https://example.org)\n'
    expect(links(writtenFiles({ 'README.md': text, 'docs/a.md': '' }), no)).toEqual([
      'README.md: a link to b.md, which does not exist',
    ])
  })

  it('finds hosts in the lock file, and what must be in no file', () => {
    const lock = json({ packages: { a: { version: '1.0.0', resolved: 'https://example.org/a.tgz' }, b: {} } })
    expect(lockFile(writtenFiles({ 'package-lock.json': lock }), no)).toHaveLength(2)
    const texts = { 'a.ts': `const a = '/ho${'me'}/me'\n`, 'b.ts': `// TO${'DO'}: b\n`, 'c.bin': 'x'.repeat(600_000) }
    expect(contents(writtenFiles(texts), no)).toHaveLength(3)
  })
})
