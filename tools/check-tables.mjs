#!/usr/bin/env node
// @ts-check
// Compares lists that must agree and that no compiler compares: C++ kernels with their TypeScript rooms and with the built addon,
// golden files with their scripts, packages with the places that name them, the applications' file names with one another, links in
// the documents with files. Also looks at every tracked file for what must never be in one. Prints a line for each problem and exits
// with 1 when there is any. It needs the build; without a C++ compiler the addon is not compared, which is said, and is an error
// when WEFT_REQUIRE_NATIVE=1.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const LARGEST_FILE_BYTES = 500_000
/** Packages that are no applications. */
const FOUNDATIONS = ['kernels', 'core']
const APPLICATION_FILES = ['index', 'options', 'data', 'features', 'model', 'train', 'evaluate', 'predict', 'cli'].map(
  (stem) => `src/${stem}.ts`,
)
const APPLICATION_FOLDERS = ['src/presets', 'src/datasets', 'bin']
/** Never in a tracked file; written so that this file does not match. */
const FORBIDDEN = [
  [/\b(?:TO[D]O|FIX[M]E|XX[X])\b/, 'a note of unfinished work'],
  [/(?<![\w.$}])\/(?:home|root|work|Users)\/\w/, "a machine's path"],
  [/"resolved": *"http|https?:\/\/registry\.(?!npmjs\.org\b)/, 'the host of a package registry'],
]

/** @type {string[]} */
const problems = []
/** @type {string[]} */
const notes = []

/** @param {string} path */
const read = (path) => readFileSync(join(root, path), 'utf8')

/** What is in one list and not in the other. @param {string} what @param {Iterable<string>} one @param {Iterable<string>} other */
function compare(what, one, other) {
  const [a, b] = [new Set(one), new Set(other)]
  for (const name of a) if (!b.has(name)) problems.push(`${what}: ${name} is in the first only`)
  for (const name of b) if (!a.has(name)) problems.push(`${what}: ${name} is in the second only`)
}

/** @param {string} text @param {RegExp} pattern */
const matches = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)))

async function checkKernels() {
  const table = read('packages/kernels/native/kernels.inc')
  const names = matches(table, /^KERNEL\((\w+)\)/gm)
  const included = matches(table, /^#include "\.\.\/(src\/[^"]+\.cc)"/gm)
  const sources = tracked
    .filter((path) => path.startsWith('packages/kernels/src/') && path.endsWith('.cc'))
    .map((path) => path.slice('packages/kernels/'.length))
  compare('kernels.inc and the .cc files', included, sources)
  for (const path of sources) {
    const folder = dirname(`packages/kernels/${path}`)
    if (!readdirSync(join(root, folder)).some((name) => name.endsWith('.test.ts')))
      problems.push(`${folder}: a kernel without a test`)
  }

  /** @param {string} path */
  const load = (path) => import(pathToFileURL(join(root, 'packages/kernels/dist', path)).href)
  const { nativeStatus } = await load('index.js')
  const { entries } = await load('rooms.js')
  const { nativeBinding, signatureConflicts } = await load('executors/native/binding.js')
  const status = nativeStatus()
  if (status.available) {
    problems.push(...signatureConflicts(entries).map((/** @type {string} */ conflict) => `built addon: ${conflict}`))
    const built = nativeBinding().binding.kernels.map((/** @type {{ name: string }} */ kernel) => kernel.name)
    compare('kernels.inc and the built addon', names, built)
    if (new Set(status.kernels).size < status.kernels.length)
      problems.push('rooms.ts: a kernel is in the list twice')
  } else {
    const message = `the built addon is not compared: ${status.reason}`
    if (process.env.WEFT_REQUIRE_NATIVE === '1') problems.push(message)
    else notes.push(message)
  }
}

function checkGolden() {
  const used = new Set()
  for (const path of tracked.filter((name) => /\/golden\/[^/]+\.json$/.test(name))) {
    const { source, version, command, seed } = JSON.parse(read(path))
    if (![source, version, command].every((text) => typeof text === 'string' && text !== '') || seed === undefined)
      problems.push(`${path}: expected source, version, command and seed`)
    const script = /tools\/golden\/[\w-]+\.\w+/.exec(String(command))?.[0]
    if (script === undefined || !tracked.includes(script)) problems.push(`${path}: its script is not in tools/golden`)
    used.add(script)
  }
  for (const script of tracked.filter((path) => path.startsWith('tools/golden/')))
    if (!used.has(script)) problems.push(`${script}: no golden file names it`)
}

function checkPackages() {
  const folders = readdirSync(join(root, 'packages')).filter((name) =>
    existsSync(join(root, 'packages', name, 'package.json')),
  )
  compare('tsconfig.json and packages/', matches(read('tsconfig.json'), /packages\/([\w-]+)/g), folders)
  compare('vitest.config.ts and packages/', matches(read('vitest.config.ts'), /project\('([\w-]+)'\)/g), folders)
  const boundaries = matches(read('eslint.config.js'), /'@weft\/([\w-]+)'/g)
  const manifests = folders.map((folder) => JSON.parse(read(`packages/${folder}/package.json`)))
  const versions = new Map(manifests.map((manifest) => [manifest.name, manifest.version]))
  manifests.forEach((manifest, at) => {
    const path = `packages/${folders[at]}`
    const { name, version, bin = {}, dependencies = {} } = manifest
    if (name !== `@weft/${folders[at]}`)
      problems.push(`${path}: expected the name @weft/${folders[at]}, received ${name}`)
    if (version !== JSON.parse(read('package.json')).version) problems.push(`${path}: another version than the root's`)
    for (const file of Object.values(bin))
      if (!tracked.includes(join(path, file)))
        problems.push(`${path}: ${file} is no tracked file, so npm does not link it`)
    for (const [other, range] of Object.entries(dependencies))
      if (versions.has(other) && range !== versions.get(other))
        problems.push(`${path}: ${other} ${range} is not this one`)
    if (!FOUNDATIONS.includes(folders[at] ?? '') && !boundaries.includes(folders[at] ?? ''))
      problems.push(`eslint.config.js: no boundary for ${name}`)
    for (const file of ['README.md', 'LICENSE'])
      if (!tracked.includes(`${path}/${file}`)) problems.push(`${path}: no ${file}`)
    if (existsSync(join(root, path, 'LICENSE')) && read(`${path}/LICENSE`) !== read('LICENSE'))
      problems.push(`${path}/LICENSE: not the root's`)
  })
  for (const app of folders.filter((folder) => !FOUNDATIONS.includes(folder))) {
    for (const file of APPLICATION_FILES)
      if (!tracked.includes(`packages/${app}/${file}`))
        problems.push(`packages/${app}: no ${file}, which every application has`)
    for (const folder of APPLICATION_FOLDERS)
      if (!existsSync(join(root, 'packages', app, folder)))
        problems.push(`packages/${app}: no ${folder}/, which every application has`)
  }
}

function checkLockFile() {
  for (const [path, { resolved, version, link }] of Object.entries(JSON.parse(read('package-lock.json')).packages)) {
    if (resolved !== undefined && !link) problems.push(`package-lock.json: ${path} names where it came from`)
    if (!link && version === undefined) problems.push(`package-lock.json: ${path} has no version`)
  }
}

function checkFiles() {
  for (const path of tracked) {
    const { size } = statSync(join(root, path))
    if (size > LARGEST_FILE_BYTES) problems.push(`${path}: ${size} bytes are more than ${LARGEST_FILE_BYTES}`)
    const bytes = readFileSync(join(root, path))
    if (bytes.includes(0)) continue
    bytes
      .toString('utf8')
      .split('\n')
      .forEach((line, at) => {
        for (const [pattern, what] of FORBIDDEN)
          if (/** @type {RegExp} */ (pattern).test(line))
            problems.push(`${path}:${at + 1}: ${what}: ${line.trim().slice(0, 120)}`)
      })
  }
}

function checkLinks() {
  for (const path of tracked.filter((name) => name.endsWith('.md'))) {
    const text = read(path).replaceAll(/^```[\s\S]*?^```/gm, '')
    for (const target of matches(text, /\]\(([^)\s]+)\)/g)) {
      if (/^(?:https?:|mailto:|#)/.test(target)) continue
      const file = join(dirname(path), target.replace(/#.*$/, ''))
      if (!existsSync(join(root, file))) problems.push(`${path}: a link to ${target}, which is not there`)
    }
  }
}

const checks = [checkKernels, checkGolden, checkPackages, checkLockFile, checkFiles, checkLinks]
for (const check of checks) await check()
for (const note of notes) process.stdout.write(`note: ${note}\n`)
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(
  `${basename(import.meta.url)}: ${checks.length} checks over ${tracked.length} files, ${problems.length} problems\n`,
)
if (problems.length > 0) process.exitCode = 1
