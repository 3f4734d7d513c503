// @ts-check
// Turns of phrase that a reader stumbles over, each with a better one, in comments, texts of the program and documents; and files whose
// name is a participle. The list grows when a review finds one more.
import { basename } from 'node:path'
import { proseOf } from './prose.mjs'

/** A space stands for any space and for the end of a line in a comment. @type {readonly [RegExp, string][]} */
export const WORDING = [
  [/\bunless (?:it |they )?(?:is |are )?told\b/, '"default: all cores", or "inferred by default"'],
  [/\b(?:found|inferred) unless\b/, '"inferred by default"'],
  [/\bas told\b/, 'who says so: "as the option says", "as given"'],
  [
    /\b(?:is|are|was|were|be|been|being|when|only) told\b(?! apart| from)/,
    'what happens: "receives", "is given", "called with", "reported"',
  ],
  [/\bwhat is what\b/, '"which is which"'],
  [/\b(?:although|or) odd\b/, '"used with warnings", "skipped"'],
  [/\bis not so\b/, 'the condition itself: "is not this"'],
  [/\bof like (?:length|width|size)s?\b/, '"of similar length"'],
  [/\bwhere it is there\b/, '"where it exists"'],
  [/\ball of numbers\b/, '"all numeric columns"'],
  [/\bcolumns that are watched\b/, '"columns to watch"'],
  [/(?:^|\. )(?:all )?in spreads\b/, '"in units of spread"'],
  [/\bexpected it with\b/, '"--a needs --b"'],
  [/\.(?:ts|mjs|cc|h|py)['’]s\b/, 'the file does it: "judge.ts runs the model", or leave the file out'],
  [/^sure$/, '"confidence"'],
]

const PARTICIPLES = 'shown|found|judged|given|told|suited|heard|seen|kept|taken|made|drawn|learnt'
const PARTICIPLE_NAME = new RegExp(`^(?:${PARTICIPLES})(?:-|\\.)|-(?:${PARTICIPLES})\\.`)

/** Here the phrases stand as examples. */
const EXAMPLES = new Set(['tools/check/wording.mjs', 'tools/check/checks.test.mjs'])

const patterns = WORDING.map(([pattern, better]) => ({
  pattern: new RegExp(pattern.source.replaceAll(' ', '(?:[\\s*]|//|#)+'), 'gi'),
  better,
}))

/** @type {import('./tree.mjs').Check} */
export function wording(tree) {
  /** @type {string[]} */
  const problems = []
  for (const path of tree.files) {
    if (/\.(?:ts|mjs|js|cc|h|py)$/.test(path) && PARTICIPLE_NAME.test(basename(path)))
      problems.push(`${path}: expected a noun for the name of a file, what is in it`)
    if (EXAMPLES.has(path)) continue
    for (const { line, text } of proseOf(path, tree.text(path)))
      for (const { pattern, better } of patterns)
        for (const match of text.matchAll(pattern)) {
          const at = line + text.slice(0, match.index).split('\n').length - 1
          problems.push(`${path}:${at}: "${match[0].replaceAll(/\s+/g, ' ')}": better ${better}`)
        }
  }
  return problems
}
