// @ts-check
// Packages and the places that name them: tsconfig.json, vitest.config.ts, eslint.config.js; versions; what a package publishes about
// itself; the file names that all applications share.
import { join } from 'node:path'
import { applicationsOf, differences, FOUNDATIONS, matches, packagesOf } from './tree.mjs'

const APPLICATION_FILES = ['index', 'options', 'data', 'features', 'model', 'train', 'evaluate', 'predict', 'cli'].map(
  (stem) => `src/${stem}.ts`,
)
const APPLICATION_FOLDERS = ['src/presets', 'src/datasets', 'bin']
const REPOSITORY = 'https://github.com/weft-js/weft'
/** Fields that are the same in every package.json. @param {string} path */
const publishedFields = (path) => ({
  license: 'Apache-2.0',
  author: 'The Weft authors',
  homepage: `${REPOSITORY}/tree/main/${path}#readme`,
  repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: path },
  bugs: { url: `${REPOSITORY}/issues` },
  publishConfig: { access: 'public' },
})

/** @type {import('./tree.mjs').Check} */
export function packages(tree) {
  const folders = packagesOf(tree)
  return [
    ...differences('tsconfig.json and packages/', matches(tree.text('tsconfig.json'), /packages\/([\w-]+)/g), folders),
    ...differences(
      'vitest.config.ts and packages/',
      matches(tree.text('vitest.config.ts'), /project\('([\w-]+)'/g),
      folders,
    ),
    ...names(tree, folders),
    ...metadata(tree, folders),
    ...applicationFiles(tree),
  ]
}

/** @param {import('./tree.mjs').Tree} tree @param {readonly string[]} folders */
function names(tree, folders) {
  /** @type {string[]} */
  const problems = []
  const boundaries = matches(tree.text('eslint.config.js'), /'@weft\/([\w-]+)'/g)
  const manifests = folders.map((folder) => tree.json(`packages/${folder}/package.json`))
  const versions = new Map(manifests.map((manifest) => [manifest.name, manifest.version]))
  manifests.forEach((manifest, at) => {
    const path = `packages/${folders[at]}`
    const { name, version, bin = {}, dependencies = {} } = manifest
    if (name !== `@weft/${folders[at]}`)
      problems.push(`${path}: expected the name @weft/${folders[at]}, received ${name}`)
    if (version !== tree.json('package.json').version) problems.push(`${path}: another version than the root's`)
    for (const file of Object.values(bin))
      if (!tree.has(join(path, file))) problems.push(`${path}: ${file} is no tracked file, so npm does not link it`)
    for (const [other, range] of Object.entries(dependencies))
      if (versions.has(other) && range !== versions.get(other))
        problems.push(`${path}: ${other} ${range} is not this one`)
    if (!FOUNDATIONS.includes(folders[at] ?? '') && !boundaries.includes(folders[at] ?? ''))
      problems.push(`eslint.config.js: no boundary for ${name}`)
    for (const file of ['README.md', 'LICENSE']) if (!tree.has(`${path}/${file}`)) problems.push(`${path}: no ${file}`)
    if (tree.has(`${path}/LICENSE`) && tree.text(`${path}/LICENSE`) !== tree.text('LICENSE'))
      problems.push(`${path}/LICENSE: not the root's`)
  })
  return problems
}

/** What npm shows of a package. @param {import('./tree.mjs').Tree} tree @param {readonly string[]} folders */
function metadata(tree, folders) {
  /** @type {string[]} */
  const problems = []
  for (const folder of folders) {
    const path = `packages/${folder}`
    const manifest = tree.json(`${path}/package.json`)
    for (const [field, value] of Object.entries(publishedFields(path)))
      if (JSON.stringify(manifest[field]) !== JSON.stringify(value))
        problems.push(`${path}/package.json: expected ${JSON.stringify(value)} for ${field}`)
    if (typeof manifest.description !== 'string' || manifest.description === '')
      problems.push(`${path}/package.json: expected a sentence for description`)
    if (!Array.isArray(manifest.keywords) || manifest.keywords.length < 3)
      problems.push(`${path}/package.json: expected at least 3 words for keywords`)
  }
  return problems
}

/** @param {import('./tree.mjs').Tree} tree */
function applicationFiles(tree) {
  /** @type {string[]} */
  const problems = []
  for (const app of applicationsOf(tree)) {
    for (const file of APPLICATION_FILES)
      if (!tree.has(`packages/${app}/${file}`))
        problems.push(`packages/${app}: no ${file}, which every application has`)
    for (const folder of APPLICATION_FOLDERS)
      if (!tree.files.some((path) => path.startsWith(`packages/${app}/${folder}/`)))
        problems.push(`packages/${app}: no ${folder}/, which every application has`)
  }
  return problems
}
