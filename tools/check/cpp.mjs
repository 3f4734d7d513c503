#!/usr/bin/env node
// @ts-check
// Looks at the shape of the C++ sources, as far as text shows it: no function over 80 lines without a reason in a comment on it
// (`// long: why`), and the shape of each tensor in each list of a kernel's fields. It knows brackets and comments, and no more of
// C++: what a macro makes is not seen, but a macro's own lines count. Prints a line for each problem and exits with 1 when there is
// any; --longest prints the longest functions instead.
// usage: node tools/check/cpp.mjs [--longest] [another repository]
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const MOST_LINES = 80
const REASON = /\/\/ long: \S/
/** What stands behind a tensor's name: `[B, T, D]`, with what is written or changed said before, and more said after. */
const SHAPE = /^(?:out: |in and out: )?(?:list of )?\[[^\]]+\]/

/** @typedef {{ name: string, first: number, last: number, lambda: boolean }} Block a function; lines from 1, both included */

/** Blanks in place of comments, literals and preprocessor lines, so that what is left has the same lines. @param {string} text */
function code(text) {
  const blank = (/** @type {string} */ match) => match.replaceAll(/[^\n]/g, ' ')
  return text
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'/g, blank)
    .replaceAll(/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/gm, blank)
}

/** A statement with `()` for everything that is in parentheses. @param {string} text @returns {string} */
function withoutArguments(text) {
  const flat = text.replaceAll(/\([^()]*\)/g, '‹›')
  return flat === text ? text.replaceAll('‹›', '()') : withoutArguments(flat)
}

const QUALIFIERS = String.raw`(?:\s*(?:const\b|mutable\b|noexcept\b|override\b|final\b|__attribute__\s*\(\)|->[\s\w:<>*&]+))*$`
const LAMBDA = new RegExp(String.raw`\[[^\][]*\]\s*(?:\(\))?${QUALIFIERS}`)
const SCOPE = /(?:^|[^\w])(?:namespace|struct|class|enum|union|extern)\b[^()=]*$/
const BRANCH = /^(?:else\s+)?(?:if|for|while|switch|catch)\b|^(?:else|do|try)?$/
const FUNCTION = new RegExp(String.raw`^[^=]*\(\)${QUALIFIERS}`)
/** A constructor's members stand between its parameters and its body. */
const CONSTRUCTOR = /^[^=]*\(\)\s*:\s[\s\S]*(?:\(\)|\{\})$/

/** What a bracket begins, from the text of the statement before it. @param {string} head */
function kindOf(head) {
  const text = withoutArguments(head).trim()
  if (LAMBDA.test(text)) return 'lambda'
  if (SCOPE.test(text)) return 'scope'
  if (BRANCH.test(text)) return 'branch'
  return FUNCTION.test(text) || CONSTRUCTOR.test(text) ? 'function' : 'value'
}

/** The name before the parameters; of a kernel, the macro's argument. @param {string} head */
function nameOf(head) {
  return (
    /WEFT_KERNEL\((\w+)/.exec(head)?.[1] ??
    /([\w~]+|operator\s*\S+)\s*\(/.exec(head.replace(/__attribute__\s*\(\(.*?\)\)/, ''))?.[1] ??
    '?'
  )
}

/** All functions and lambdas of a source, and its macros. @param {string} text @returns {Block[]} */
export function functionsOf(text) {
  const source = code(text)
  /** @type {Block[]} */
  const found = []
  /** @type {{ kind: string, head: string, first: number }[]} */
  const open = []
  let [head, first, line] = ['', 0, 1]
  for (const letter of source) {
    if (letter === '{') {
      const kind = kindOf(head)
      open.push({ kind, head, first: first || line })
      ;[head, first] = ['', 0]
    } else if (letter === '}') {
      const block = open.pop()
      if (!block) continue
      const lambda = block.kind === 'lambda'
      if (lambda || block.kind === 'function')
        found.push({ name: lambda ? 'a lambda' : nameOf(block.head), first: block.first, last: line, lambda })
      // A lambda or a list of values is a part of the statement around it.
      ;[head, first] = lambda || block.kind === 'value' ? [`${block.head}{}`, block.first] : ['', 0]
    } else if (letter === ';' && !/\bfor\s*\([^)]*$/.test(head)) {
      ;[head, first] = ['', 0]
    } else {
      if (first === 0 && letter.trim() !== '') first = line
      head += letter
    }
    if (letter === '\n') line++
  }
  for (const { 0: macro, 1: name = '?', index } of text.matchAll(/^[ \t]*#define (\w+)(?:[^\n]*\\\n)*/gm)) {
    const at = text.slice(0, index).split('\n').length
    found.push({ name: `the macro ${name}`, first: at, last: at + macro.split('\n').length - 1, lambda: false })
  }
  return found
}

/** Whether a comment directly above a function gives its reason. @param {string[]} lines @param {Block} block */
function hasReason(lines, block) {
  for (let at = block.first - 2; at >= 0 && /^\s*\/\//.test(lines[at] ?? ''); at--)
    if (REASON.test(lines[at] ?? '')) return true
  return false
}

/** The problems of one source. @param {string} path for the messages @param {string} text @returns {string[]} */
export function ccProblems(path, text) {
  /** @type {string[]} */
  const problems = []
  const lines = text.split('\n')
  for (const block of functionsOf(text)) {
    const length = block.last - block.first + 1
    if (!block.lambda && length > MOST_LINES && !hasReason(lines, block))
      problems.push(
        `${path}:${block.first}: ${block.name} has ${length} lines, more than ${MOST_LINES}, and no "// long: why" above`,
      )
  }
  for (const { 0: macro, index } of text.matchAll(/^#define \w+\(TENSOR\b(?:[^\n]*\\\n)*[^\n]*/gm))
    for (const { 1: name, 2: comment = '', index: within } of macro.matchAll(
      /\bTENSOR\((\w+)\)(?:[ \t]*\/\*\s*(.*?)\s*\*\/)?/g,
    )) {
      const at = text.slice(0, index + within).split('\n').length
      if (!SHAPE.test(comment))
        problems.push(`${path}:${at}: expected the shape of ${name}, as in TENSOR(${name}) /* [B, T, D] */`)
    }
  return problems
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** The C++ sources of a repository, by path. @param {string} [folder] @returns {{ path: string, text: string }[]} */
export function ccSources(folder = root) {
  return ['packages/kernels/native', 'packages/kernels/src'].flatMap((part) =>
    readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:cc|h|inc)$/.test(name))
      .sort()
      .map((name) => ({ path: join(part, name), text: readFileSync(join(folder, part, name), 'utf8') })),
  )
}

/** All problems of the C++ sources. @param {string} [folder] of the repository @returns {string[]} */
export function checkCpp(folder = root) {
  return ccSources(folder).flatMap(({ path, text }) => ccProblems(path, text))
}

/** @type {import('./tree.mjs').Check} */
export function cpp(tree) {
  const sources = tree.files.filter((path) => path.startsWith('packages/kernels/') && /\.(?:cc|h|inc)$/.test(path))
  return sources.flatMap((path) => ccProblems(path, tree.text(path)))
}

function main() {
  const { values, positionals } = parseArgs({ options: { longest: { type: 'boolean' } }, allowPositionals: true })
  const [folder = root] = positionals
  const sources = ccSources(folder)
  const all = sources.flatMap(({ path, text }) => functionsOf(text).map((block) => ({ path, ...block })))
  if (values.longest) {
    const length = (/** @type {Block} */ block) => block.last - block.first + 1
    for (const block of all.sort((a, b) => length(b) - length(a)).slice(0, 20))
      process.stdout.write(`${length(block)} ${block.name} ${block.path}:${block.first}\n`)
    return
  }
  const problems = checkCpp(folder)
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  process.stdout.write(`cpp.mjs: ${all.length} functions in ${sources.length} files, ${problems.length} problems\n`)
  if (problems.length > 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
