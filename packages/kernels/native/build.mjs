#!/usr/bin/env node
// Builds the C++ addon with the compiler that is found: no download, no Python, no node-gyp. The kernels are compiled once for each
// instruction set of this processor family and linked into one library; headers come from the `node-api-headers` package, or from
// the running Node's own installation.
//   --optional   a missing or failing compiler is said in a line and is no error (the install goes on without the addon)
//   --force      build even when nothing changed
//   --compiler   only print which compiler would be used, or none
//   --sanitize   build weft-sanitized.node beside it, with AddressSanitizer and UndefinedBehaviorSanitizer: for tests only
// CXX names another compiler, WEFT_CXXFLAGS adds flags, WEFT_NATIVE=0 skips the build, WEFT_ISA builds that instruction set alone
// (quicker while a kernel is being written).
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const native = dirname(fileURLToPath(import.meta.url))
const root = dirname(native)
const build = join(root, 'build')
const sanitize = process.argv.includes('--sanitize')
const target = join(build, sanitize ? 'weft-sanitized.node' : 'weft.node')
const stamp = join(build, sanitize ? 'stamp-sanitized.txt' : 'stamp.txt')
const optional = process.argv.includes('--optional')
const windows = process.platform === 'win32'

const allInstructionSets = {
  x64: {
    baseline: [],
    avx2: ['-mavx2', '-mfma'],
    avx512: ['-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mavx2', '-mfma', '-mprefer-vector-width=512'],
  },
  arm64: { neon: [] },
}[process.arch] ?? { baseline: [] }
const instructionSets = process.env.WEFT_ISA
  ? { [process.env.WEFT_ISA]: allInstructionSets[process.env.WEFT_ISA] ?? [] }
  : allInstructionSets

// Undefined behaviour ends the process as a bad address does, so that no test passes over it.
const SANITIZERS = ['-fsanitize=address,undefined,float-cast-overflow', '-fno-sanitize-recover=all']

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return sources(path)
      return /\.(cc|h|inc|mjs)$/.test(entry.name) ? [path] : []
    })
    .sort()
}

function nodeHeaders() {
  const require = createRequire(import.meta.url)
  const candidates = [join(dirname(dirname(process.execPath)), 'include', 'node')]
  try {
    candidates.unshift(require('node-api-headers').include_dir)
  } catch {
    // the package is a dependency, but the running Node's own headers serve as well
  }
  const found = candidates.find((folder) => existsSync(join(folder, 'node_api.h')))
  if (!found) throw new Error(`no node_api.h in ${candidates.join(' or ')}`)
  return found
}

function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : windows ? ['clang++'] : ['g++', 'clang++', 'c++']
  for (const candidate of candidates) {
    const answer = spawnSync(candidate, ['--version'], { encoding: 'utf8' })
    if (answer.status === 0) return { command: candidate, version: answer.stdout.split('\n')[0] }
  }
  throw new Error(`no C++ compiler found (tried ${candidates.join(', ')})`)
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (data) => (errors += data))
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(errors) : reject(new Error(`${command} failed (${code}):\n${errors.slice(0, 4000)}`)),
    )
  })
}

async function main() {
  const compiler = findCompiler()
  const extra = (process.env.WEFT_CXXFLAGS ?? '').split(' ').filter(Boolean)
  const files = [...sources(native), ...sources(join(root, 'src'))]
  const hash = createHash('sha256').update(
    [
      process.platform,
      process.arch,
      compiler.command,
      compiler.version,
      ...Object.keys(instructionSets),
      ...extra,
    ].join('\n'),
  )
  for (const file of files) hash.update(relative(root, file)).update(readFileSync(file))
  const digest = hash.digest('hex')
  const built = existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest
  if (built && !process.argv.includes('--force')) return

  mkdirSync(build, { recursive: true })
  const started = Date.now()
  const common = [
    '-std=c++17',
    ...(sanitize ? ['-O1', '-g1', '-fno-omit-frame-pointer', '-DWEFT_SANITIZED', ...SANITIZERS] : ['-O3']),
    '-fno-exceptions',
    '-fno-rtti',
    '-fno-math-errno',
    '-fno-trapping-math',
    '-ffp-contract=fast',
    '-Wall',
    '-Wextra',
    '-Wno-psabi',
    '-Wno-maybe-uninitialized',
    `-I${nodeHeaders()}`,
    `-I${native}`,
    ...(windows ? [] : ['-fPIC', '-fvisibility=hidden', '-pthread']),
    ...extra,
  ]
  const suffix = `${process.pid}.o`
  const jobs = [
    ...Object.entries(instructionSets).map(([isa, flags]) => ({
      source: 'kernels.cc',
      object: join(build, `kernels-${isa}.${suffix}`),
      flags,
    })),
    {
      source: 'addon.cc',
      object: join(build, `addon.${suffix}`),
      flags: ['-fexceptions', ...Object.keys(instructionSets).map((isa) => `-DWEFT_HAVE_${isa}`)],
    },
  ]
  const temporary = `${target}.${process.pid}`
  try {
    await Promise.all(
      jobs.map(async (job) => {
        const warnings = await run(compiler.command, [
          ...common,
          ...job.flags,
          '-c',
          join(native, job.source),
          '-o',
          job.object,
        ])
        if (warnings) process.stderr.write(warnings)
      }),
    )
    const link =
      process.platform === 'darwin'
        ? ['-bundle', '-undefined', 'dynamic_lookup']
        : ['-shared', ...(windows ? [] : ['-pthread'])]
    await run(compiler.command, [
      ...link,
      ...(sanitize ? SANITIZERS : []),
      ...extra,
      ...jobs.map((job) => job.object),
      '-o',
      temporary,
    ])
    renameSync(temporary, target)
    writeFileSync(stamp, digest)
  } finally {
    for (const job of jobs) rmSync(job.object, { force: true })
    rmSync(temporary, { force: true })
  }
  process.stderr.write(
    `weft: built the ${sanitize ? 'sanitized' : 'native'} kernels (${Object.keys(instructionSets).join(', ')}) with ${compiler.version} in ${((Date.now() - started) / 1000).toFixed(0)} s\n`,
  )
}

if (process.argv.includes('--compiler')) {
  let answer = 'none'
  try {
    answer = findCompiler().version
  } catch {
    // none
  }
  process.stdout.write(`${answer}\n`)
} else if (process.env.WEFT_NATIVE === '0') {
  process.stderr.write('weft: WEFT_NATIVE=0, the native kernels are not built\n')
} else {
  try {
    await main()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    process.stderr.write(`weft: the native kernels were not built: ${reason}\n`)
    if (optional && existsSync(target)) {
      process.stderr.write('weft: the addon that is there stays in use\n')
    } else if (optional) {
      process.stderr.write(
        'weft: everything runs without them, a hundred times slower; install a C++ compiler (g++ or clang++) and run `npx weft-build-kernels`\n',
      )
    } else {
      process.exitCode = 1
    }
  }
}
