#!/usr/bin/env node
// @ts-check
// Writes what the current version saves, for tests that a later version still opens it: for every application a few tiny models, a
// stopped run and what the commands print of them (packages/<application>/src/fixtures/saved-<version>/), and for core a model of each
// layer and a stopped run of a Trainer. Everything is made from seeds and goes through the public command lines. Run it once, when a
// release changes what is saved, and keep the sets of earlier releases: they are what the tests are for.
// usage: node tools/saved/write.mjs [--from <checkout>] [--version 0.1] [--only core]
//   --from  the built checkout whose code writes; default: this one
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { applications } from './applications.mjs'
import { writeApplication } from './write-application.mjs'
import { writeCore } from './write-core.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const { values } = parseArgs({
  options: { from: { type: 'string', default: root }, version: { type: 'string' }, only: { type: 'string' } },
})
const from = resolve(values.from)
const version =
  values.version ?? JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')).version.replace(/\.\d+$/, '')

const { machine } = JSON.parse(
  execFileSync(process.execPath, [join(from, 'packages/core/bin/weft-doctor.js'), '--json'], { encoding: 'utf8' }),
)
/** What decides whether another machine computes the same bits. */
const writtenBy = { ...machine.versions, device: machine.training.device, isa: machine.training.isa }

for (const name of ['core', ...Object.keys(applications)]) {
  if (values.only !== undefined && values.only !== name) continue
  const folder = join(root, 'packages', name, 'src', 'fixtures', `saved-${version}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  if (name === 'core') await writeCore(from, folder, writtenBy)
  else await writeApplication(from, folder, applications[name], writtenBy)
  process.stdout.write(`${folder}\n`)
}
