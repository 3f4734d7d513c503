// @ts-check
// Writes the modules through which Weft imports TensorFlow.js in Node: `node tools/tfjs-exports.mjs`. `npm run check` compares them.
// Node scans a CommonJS package for the names it exports whenever an ES module imports it; for TensorFlow.js that takes longer than
// running it. These modules require it and name the exports themselves. Browsers and bundlers take TensorFlow.js's own ES modules.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { writeFileAtomic } from '@weft/core/files'

/** Package, and the module that stands for it. */
const MODULES = [
  ['@tensorflow/tfjs-core', 'packages/kernels/tfjs/core.js'],
  ['@tensorflow/tfjs-layers', 'packages/core/tfjs/layers.js'],
]

/** The module that re-exports `name`'s exports. @param {string} name @param {string} path */
async function moduleOf(name, path) {
  const exported = Object.keys(createRequire(import.meta.url)(name))
    .filter((key) => key !== 'default' && key !== '__esModule')
    .sort()
  const source = `// Written by tools/tfjs-exports.mjs, which says why.
import { createRequire } from 'node:module'

export const { ${exported.join(', ')} } = createRequire(import.meta.url)('${name}')
`
  return format(source, { ...(await resolveConfig(path)), filepath: path })
}

/** What differs from what the installed packages export. */
export async function staleModules() {
  const stale = []
  for (const [name = '', path = ''] of MODULES) {
    if (readFileSync(new URL(`../${path}`, import.meta.url), 'utf8') !== (await moduleOf(name, path))) stale.push(path)
  }
  return stale
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name = '', path = ''] of MODULES)
    writeFileAtomic(fileURLToPath(new URL(`../${path}`, import.meta.url)), await moduleOf(name, path))
}
