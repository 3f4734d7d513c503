#!/usr/bin/env node
// @ts-check
// Accuracy on real data: trains and evaluates each result of an application as its users would, and prints one line for each, or one
// JSON object with --json. Exits with 1 when a result is below what the project holds itself to. Runs go to a temporary folder that is
// removed, unless --out names one.
// usage: npm run -s verify -- audio|forecast|image [--only NAME] [--data DIR] [--out DIR] [--device NAME] [--json]
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { audio } from './audio.mjs'
import { forecast } from './forecast.mjs'
import { image } from './image.mjs'

/**
 * @typedef {{ data: string, out: string, device: string, note: (line: string) => void }} Circumstances
 * @typedef {{ [figure: string]: unknown }} Figures
 * @typedef {{
 *   data: string, // folder below --data
 *   measure: string, // the figure that must be reached
 *   least?: number, // it must be at least this
 *   most?: number, // or, of an error, at most this
 *   run: (circumstances: Circumstances) => Promise<Figures>,
 * }} Result
 */

/** @type {Record<string, Record<string, Result>>} */
const applications = { audio, forecast, image }
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** @param {string} name @param {readonly string[]} choices @param {string | undefined} received */
function wrong(name, choices, received) {
  process.stderr.write(`verifying: expected ${choices.join(' or ')} for ${name}, received ${received ?? 'nothing'}\n`)
  process.exit(2)
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    data: { type: 'string', default: join(dirname(root), 'shared', 'data') },
    out: { type: 'string' },
    device: { type: 'string', default: 'auto' },
    json: { type: 'boolean', default: false },
  },
})
const application = applications[positionals[0] ?? '']
if (application === undefined) wrong('the application', Object.keys(applications), positionals[0])
const names = values.only === undefined ? Object.keys(application) : [values.only]
const out = values.out ?? mkdtempSync(join(tmpdir(), 'weft-verify-'))
try {
  for (const name of names) {
    const result = application[name]
    if (result === undefined) wrong('--only', Object.keys(application), name)
    const data = join(values.data, result.data)
    if (!existsSync(data)) wrong('--data', [`a folder that holds ${result.data}/`], values.data)
    const started = performance.now()
    const note = (/** @type {string} */ line) => process.stderr.write(`${name}: ${line}\n`)
    const figures = await result.run({ data, out: join(out, name), device: values.device, note })
    const minutes = (performance.now() - started) / 60_000
    const value = Number(figures[result.measure])
    const { least = -Infinity, most = Infinity } = result
    const reached = value >= least && value <= most
    const bound = result.most === undefined ? `at least ${least}` : `at most ${most}`
    if (!reached) process.exitCode = 1
    const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'processor'}, Node ${process.versions.node}`
    const peakMb = process.resourceUsage().maxRSS / 1024
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ name, ...figures, bound, reached, minutes, peakMb, machine })}\n`
        : `${name}: ${result.measure} ${value.toFixed(4)} (${bound}: ${reached ? 'reached' : 'missed'}), ${minutes.toFixed(1)} minutes, ${peakMb.toFixed(0)} MB at most\n`,
    )
  }
} finally {
  if (values.out === undefined) rmSync(out, { recursive: true, force: true })
}
