// @ts-check
// What is written for people in a file: comments and string literals of TypeScript and JavaScript, comments of C++, Python and shell, the
// whole of a Markdown file.
import ts from 'typescript'
import { lineAt } from './tree.mjs'

/**
 * @typedef {object} Passage
 * @property {number} line Where it begins, from 1.
 * @property {string} text
 * @property {'comment' | 'literal' | 'markdown'} kind
 */

/** Nothing for files of other kinds; line comments one below the other are one passage. @param {string} path @param {string} text @returns {Passage[]} */
export function proseOf(path, text) {
  if (/\.[cm]?[jt]s$/.test(path)) return joined(scriptProse(path, text))
  if (/\.(?:cc|h|inc)$/.test(path))
    return comments(text, /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(\/\/.*|\/\*[\s\S]*?\*\/)/g)
  if (/\.py$/.test(path)) return comments(text, /("""[\s\S]*?""")|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(#.*)/g)
  if (/\.sh$|^\.ci\//.test(path)) return comments(text, /(^\s*#.*)/gm)
  if (/\.md$/.test(path)) return [{ line: 1, text, kind: 'markdown' }]
  return []
}

/** Matches without a group are strings, which are skipped. @param {string} text @param {RegExp} pattern @returns {Passage[]} */
function comments(text, pattern) {
  return joined(
    [...text.matchAll(pattern)].flatMap((match) => {
      const comment = match[1] ?? match[2]
      return comment === undefined ? [] : [{ line: lineAt(text, match.index), text: comment, kind: 'comment' }]
    }),
  )
}

/** @param {readonly Passage[]} passages */
function joined(passages) {
  /** @type {Passage[]} */
  const all = []
  for (const passage of passages) {
    const last = all.at(-1)
    const isNext = last !== undefined && passage.line === last.line + last.text.split('\n').length
    if (isNext && [passage, last].every(({ kind, text }) => kind === 'comment' && /^(?:\/\/|#)/.test(text)))
      last.text += `\n${passage.text}`
    else all.push({ ...passage })
  }
  return all
}

/** @param {string} path @param {string} text @returns {Passage[]} */
function scriptProse(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  /** @type {Passage[]} */
  const passages = []
  const lineOf = (/** @type {number} */ at) => source.getLineAndCharacterOfPosition(at).line + 1
  /** @param {ts.Node} node */
  const visit = (node) => {
    // Comments for tools such as this one are nodes as well; here they are among what stands before the next token.
    const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child))
    if (children.length > 0) {
      children.forEach(visit)
      return
    }
    // Between two tokens there are only spaces and comments.
    const before = text.slice(node.pos, node.getStart(source))
    for (const match of before.matchAll(/\/\/.*|\/\*[\s\S]*?\*\//g))
      passages.push({ line: lineOf(node.pos + match.index), text: match[0], kind: 'comment' })
    if (ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node))
      passages.push({ line: lineOf(node.getStart(source)), text: node.text, kind: 'literal' })
  }
  visit(source)
  return passages
}
