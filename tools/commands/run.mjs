#!/usr/bin/env node
// @ts-check
// `npm run test:commands`: runs every command that README files, documents and `--help` print, as it is printed, on made data in a folder
// of its own, and expects exit code 0. Options that make it short are added at the end; a microphone, a converter and `tail -F` have
// stand-ins; programs run side by side. not-run.mjs names what is left out and why. Words after it pick commands that contain one of them. Needs the build.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { trackedFiles } from '../check/tree.mjs'
import { SAMPLES, toneSamples } from './sample-data.mjs'
import { NOT_RUN } from './not-run.mjs'
import { printedCommands, PROGRAMS } from './printed.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const picked = process.argv.slice(2)
const LONGEST_MS = 180_000

/** Options that make a command short, beside those that it is printed with. @type {Record<string, string>} */
const SHORTER = {
  'weft-audio train': '--epochs 1',
  'weft-audio demo': '--epochs 1 --sounds-per-class 8',
  'weft-image train': '--epochs 1',
  'weft-image synth': '--count 20',
  'weft-image demo': '--epochs 1 --images 40',
  'weft-forecast train': '--epochs 1',
  'weft-forecast backtest': '--epochs 1',
  'weft-forecast demo': '--epochs 1 --days 60',
}

const work = mkdtempSync(join(tmpdir(), 'weft-commands-'))
const bin = join(work, 'bin')
/** @param {string} name @param {string} script */
function standIn(name, script) {
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}
writeFileSync(join(work, 'samples'), toneSamples(300, 1, 3, 16000))
standIn('npx', 'exec "$@"')
for (const recorder of ['arecord', 'ffmpeg']) standIn(recorder, `cat '${join(work, 'samples')}'`)
standIn('tail', 'for file; do :; done; cat "$file"')
const env = { ...process.env, PATH: [bin, join(root, 'node_modules/.bin'), process.env.PATH].join(':') }

/** Folders of models by program and name: what one document trains, another uses. @type {Map<string, string>} */
const trained = new Map()

/** What is run of a command. @param {string} text */
const programOf = (text) => PROGRAMS.find((program) => text.includes(`${program} `)) ?? ''

/** @param {string} line @param {string} cwd @returns {Promise<{ code: number | null; output: string }>} */
function shell(line, cwd) {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', line], { cwd, env, timeout: LONGEST_MS })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.stdin.end()
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** The words of a command, without quotes. @param {string} text */
const wordsOf = (text) => [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** Makes what a command names and what is not there yet. @param {string} folder @param {string} program @param {readonly string[]} words */
function provide(folder, program, words) {
  words.forEach((word, at) => {
    if (words[at - 1] === '--out') return
    const name = word.replace(/\/\*.*$/, '')
    const [path, make, model] = [join(folder, name), SAMPLES[program]?.[name], trained.get(`${program} ${name}`)]
    if (existsSync(path)) return
    if (make) make(path)
    else if (model) cpSync(model, path, { recursive: true })
  })
}

/** @param {string} text @param {string} folder @returns {Promise<string | undefined>} What went wrong. */
async function run(text, folder) {
  const words = wordsOf(text)
  const [program = '', name = ''] = words.slice(words.indexOf(programOf(text)))
  provide(folder, program, words)
  const line = [text, SHORTER[`${program} ${name}`]].filter(Boolean).join(' ')
  // A command that follows a file goes on until it is stopped.
  const follows = name === 'watch' && words.includes('--data')
  const limit = follows ? 'timeout --signal=INT --preserve-status 10 ' : ''
  const { code, output } = await shell(limit + line, folder)
  const out = words[words.indexOf('--out') + 1]
  if (words.includes('--out') && out !== undefined && code === 0) trained.set(`${program} ${out}`, join(folder, out))
  if (code === 0 || (follows && code === 130)) return undefined
  return [`exit code ${code}: ${line}`, ...output.trim().split('\n').slice(-6)].join('\n    ')
}

const documents = trackedFiles(root).files.filter((path) =>
  /^(?:README|packages\/[\w-]+\/README|docs\/[\w-]+)\.md$/.test(path),
)
const all = printedCommands(root, documents)
/** @type {string[]} */
const problems = Object.keys(NOT_RUN)
  .filter((text) => !all.some((printed) => printed.text === text))
  .map((text) => `tools/commands/not-run.mjs: nothing prints "${text}"`)
const commands = all.filter(
  ({ text }) => !(text in NOT_RUN) && (picked.length === 0 || picked.some((word) => text.includes(word))),
)
/** @param {string} program The commands of one, in their order; one that is printed twice is run once. */
async function runAllOf(program) {
  const done = new Set()
  for (const { text, where } of commands.filter((command) => programOf(command.text) === program)) {
    const bare = text.replace('npx ', '')
    if (done.has(bare)) continue
    done.add(bare)
    const folder = join(work, program, where.replaceAll(/[^\w-]+/g, '-'))
    mkdirSync(folder, { recursive: true })
    const started = Date.now()
    const problem = await run(text, folder)
    const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(5)
    process.stdout.write(`${problem === undefined ? 'ok    ' : 'failed'} ${seconds} s  ${where}: ${text}\n`)
    if (problem !== undefined) problems.push(`${where}: ${problem}`)
  }
}

for (const { text, where } of commands)
  if (programOf(text) === '') problems.push(`${where}: "${text}" is neither run nor in tools/commands/not-run.mjs`)
await Promise.all(PROGRAMS.map(runAllOf))
rmSync(work, { recursive: true })
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(`${commands.length} commands, ${problems.length} problems\n`)
if (problems.length > 0) process.exitCode = 1
