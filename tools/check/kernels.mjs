// @ts-check
// C++ kernels, the table that includes them, and the built addon: the same names in each. Needs the build of @weft/kernels; without a
// C++ compiler the addon is not compared, which is noted, and is a problem when WEFT_REQUIRE_NATIVE=1.
import { dirname } from 'node:path'
import { differences, matches } from './tree.mjs'

/** @type {import('./tree.mjs').Check} */
export async function kernels(tree, note) {
  const table = tree.text('packages/kernels/native/kernels.inc')
  const names = matches(table, /^KERNEL\((\w+)\)/gm)
  const included = matches(table, /^#include "\.\.\/(src\/[^"]+\.cc)"/gm)
  const sources = matches(tree.files.join('\n'), /^packages\/kernels\/(src\/.*\.cc)$/gm)
  const problems = differences('kernels.inc and the .cc files', included, sources)
  for (const folder of new Set(sources.map((path) => dirname(`packages/kernels/${path}`))))
    if (!tree.files.some((path) => dirname(path) === folder && path.endsWith('.test.ts')))
      problems.push(`${folder}: a kernel without a test`)

  /** @param {string} path */
  const load = (path) => import(new URL(`../../packages/kernels/dist/${path}`, import.meta.url).href)
  const { nativeStatus } = await load('index.js')
  const { entries } = await load('rooms.js')
  const { nativeBinding, signatureConflicts } = await load('executors/native/binding.js')
  const status = nativeStatus()
  if (status.available) {
    problems.push(...signatureConflicts(entries).map((/** @type {string} */ conflict) => `built addon: ${conflict}`))
    const built = nativeBinding().binding.kernels.map((/** @type {{ name: string }} */ kernel) => kernel.name)
    problems.push(...differences('kernels.inc and the built addon', names, built))
    if (new Set(status.kernels).size < status.kernels.length) problems.push('rooms.ts: a kernel is in the list twice')
  } else {
    const message = `the built addon is not compared: ${status.reason}`
    if (process.env.WEFT_REQUIRE_NATIVE === '1') problems.push(message)
    else note(message)
  }
  return problems
}
