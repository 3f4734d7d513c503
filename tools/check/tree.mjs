// @ts-check
// The files that a check looks at: those that git tracks, or, in a test, texts written there.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Tree
 * @property {readonly string[]} files Paths from the root, with slashes.
 * @property {(path: string) => boolean} has Whether this is one of the files.
 * @property {(path: string) => string} text
 * @property {(path: string) => Buffer} bytes
 * @property {(path: string) => any} json
 */

/** A check returns a line for each problem; what is no problem but has to be said goes to `note`. */
/** @typedef {(tree: Tree, note: (line: string) => void) => string[] | Promise<string[]>} Check */

/** The files that git tracks below a folder, as they are now. @param {string} root @returns {Tree} */
export function trackedFiles(root) {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
  return treeOf(files, (path) => readFileSync(join(root, path)))
}

/** Files that are written here, for tests. @param {Readonly<Record<string, string>>} texts @returns {Tree} */
export const writtenFiles = (texts) => treeOf(Object.keys(texts), (path) => Buffer.from(texts[path] ?? ''))

/** @param {readonly string[]} files @param {(path: string) => Buffer} read @returns {Tree} */
function treeOf(files, read) {
  const known = new Set(files)
  /** @type {Map<string, string>} */
  const texts = new Map()
  const text = (/** @type {string} */ path) => {
    const before = texts.get(path)
    if (before !== undefined) return before
    const content = read(path).toString('utf8')
    texts.set(path, content)
    return content
  }
  return { files, has: (path) => known.has(path), text, bytes: read, json: (path) => JSON.parse(text(path)) }
}

/** The first group of each match. @param {string} text @param {RegExp} pattern */
export const matches = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')

/** The number of the line of a position in a text. @param {string} text @param {number} at */
export function lineAt(text, at) {
  let line = 1
  for (let i = text.indexOf('\n'); i !== -1 && i < at; i = text.indexOf('\n', i + 1)) line++
  return line
}

/**
 * What is in one list and not in the other.
 * @param {string} what
 * @param {Iterable<string>} one
 * @param {Iterable<string>} other
 */
export function differences(what, one, other) {
  const [a, b] = [new Set(one), new Set(other)]
  return [
    ...[...a].filter((name) => !b.has(name)).map((name) => `${what}: ${name} is in the first only`),
    ...[...b].filter((name) => !a.has(name)).map((name) => `${what}: ${name} is in the second only`),
  ]
}

/** Names of the folders in packages/ that have a package.json. @param {Tree} tree */
export const packagesOf = (tree) => matches(tree.files.join('\n'), /^packages\/([\w-]+)\/package\.json$/gm)

/** Packages that are no applications. */
export const FOUNDATIONS = ['kernels', 'core']
/** @param {Tree} tree */
export const applicationsOf = (tree) => packagesOf(tree).filter((name) => !FOUNDATIONS.includes(name))
