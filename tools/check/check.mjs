#!/usr/bin/env node
// @ts-check
// `npm run check`: what must hold and no compiler, linter or test sees. A line for each problem and a line for each check; exits with 1
// when there is a problem. Names pick checks: `npm run check -- wording core-reach`. It needs the build.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { circles } from './circles.mjs'
import { contents } from './contents.mjs'
import { coreReach } from './core-reach.mjs'
import { cpp } from './cpp.mjs'
import { fileReferences } from './file-references.mjs'
import { golden } from './golden.mjs'
import { kernels } from './kernels.mjs'
import { links } from './links.mjs'
import { lockFile } from './lock-file.mjs'
import { packages } from './packages.mjs'
import { tensorflowExports } from './tensorflow-exports.mjs'
import { trackedFiles } from './tree.mjs'
import { unused } from './unused.mjs'
import { wording } from './wording.mjs'

/** @type {Readonly<Record<string, import('./tree.mjs').Check>>} */
const CHECKS = {
  kernels,
  cpp,
  'tensorflow-exports': tensorflowExports,
  golden,
  packages,
  'lock-file': lockFile,
  contents,
  links,
  'core-reach': coreReach,
  circles,
  unused,
  'file-references': fileReferences,
  wording,
}

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`)

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CHECKS)
const tree = trackedFiles(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
let count = 0
for (const name of names) {
  const check = CHECKS[name]
  if (check === undefined) throw new Error(`expected one of ${Object.keys(CHECKS).join(', ')}, received ${name}`)
  const problems = await check(tree, (line) => say(`note: ${line}`))
  for (const problem of problems) say(`  ${problem}`)
  say(
    `${name}: ${problems.length === 0 ? 'ok' : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`}`,
  )
  count += problems.length
}
say(`${names.length} checks over ${tree.files.length} files, ${count} problems`)
if (count > 0) process.exitCode = 1
