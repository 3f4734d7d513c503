// @ts-check
// One application's set: trains its models, stops a run, and records what its commands print.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Written by a run, large, and read by nothing. */
const UNREAD = ['report.html', 'events', 'checkpoint', 'scores.csv']
/** What differs from one time to the next, at the top of what is printed, and sentences. */
const FLEETING = ['device', 'seconds', 'medianMs', 'slowestMs', 'bestEpoch', 'sentence']

/**
 * @typedef {object} Application
 * @property {string} bin From the root.
 * @property {(folder: string) => Promise<void>} writeData
 * @property {Readonly<Record<string, readonly string[]>>} runs Name → the command that makes it.
 * @property {readonly { args: readonly string[], input?: string }[]} questions Commands whose answers are recorded; `input` names a file.
 * @property {readonly string[]} stopped The training that is stopped.
 * @property {RegExp} stopAt What standard error says by then.
 */

/** @param {string} from @param {string} folder @param {Application} application @param {object} writtenBy */
export async function writeApplication(from, folder, application, writtenBy) {
  const { writeData, runs, questions, stopped, stopAt } = application
  /** @param {readonly string[]} args @param {Partial<Parameters<typeof run>[3]>} how */
  const command = (args, how = {}) => run(join(from, application.bin), args, folder, { code: 0, ...how })
  await writeData(folder)
  for (const [name, args] of Object.entries(runs)) {
    await command(args)
    for (const unread of UNREAD) rmSync(join(folder, name, unread), { recursive: true, force: true })
  }
  const answers = []
  for (const { args, input } of questions)
    answers.push({
      args: [...args, '--json'],
      ...(input && { input }),
      printed: lasting(await command([...args, '--json'], input ? { input } : {})),
    })

  await command(stopped, { stopAt, code: 130 })
  const checkpoints = join(folder, 'stopped', 'checkpoint')
  // The newest is the one that a run goes on from.
  for (const older of readdirSync(checkpoints).sort().slice(0, -1)) rmSync(join(checkpoints, older))
  pressJson(folder)
  const copy = mkdtempSync(join(tmpdir(), 'weft-saved-'))
  try {
    cpSync(folder, copy, { recursive: true })
    const args = [...stopped, '--resume', '--json']
    const { out, items, parameters, epochs } = await run(join(from, application.bin), args, copy, { code: 0 })
    const log = readFileSync(join(copy, out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const loss = JSON.parse(log.at(-1) ?? '').val_loss
    const weights = createHash('sha256')
      .update(readFileSync(join(copy, out, 'model', 'weights.bin')))
      .digest('hex')
    const resumed = { args, printed: { out, items, parameters, epochs }, loss, weights }
    const lines = answers.map((answer) => `  ${JSON.stringify(answer)}`).join(',\n')
    writeFileSync(
      join(folder, 'expected.json'),
      `{\n "writtenBy": ${JSON.stringify(writtenBy)},\n "answers": [\n${lines}\n ],\n "resumed": ${JSON.stringify(resumed)}\n}\n`,
    )
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/**
 * Runs a command in a folder.
 * @param {string} bin @param {readonly string[]} args @param {string} cwd
 * @param {{ code: number, stopAt?: RegExp, input?: string }} how
 * @returns {Promise<any>} What it printed, when it is JSON.
 */
function run(bin, args, cwd, { code, stopAt, input }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { cwd })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
      if (stopAt?.test(text)) child.kill('SIGINT')
    })
    child.stdin.on('error', () => {}).end(input === undefined ? '' : readFileSync(join(cwd, input)))
    child.on('close', (ended) => {
      if (ended !== code) reject(new Error(`${args.join(' ')}: ended with ${ended}\n${stdout}${stderr}`))
      else resolve(args.includes('--json') ? JSON.parse(stdout) : undefined)
    })
  })
}

/** @param {Record<string, unknown>} printed */
const lasting = (printed) => Object.fromEntries(Object.entries(printed).filter(([key]) => !FLEETING.includes(key)))

/** Takes the white space out of the JSON files below a folder. @param {string} folder */
function pressJson(folder) {
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('.json'))
      writeFileSync(join(folder, path), `${JSON.stringify(JSON.parse(readFileSync(join(folder, path), 'utf8')))}\n`)
}
