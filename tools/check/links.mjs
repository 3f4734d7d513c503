// @ts-check
// Links in Markdown lead to files.
import { dirname, join } from 'node:path'
import { matches } from './tree.mjs'

/** @type {import('./tree.mjs').Check} */
export function links(tree) {
  /** @type {string[]} */
  const problems = []
  const folders = new Set(tree.files.map((path) => dirname(path)))
  for (const path of tree.files.filter((name) => name.endsWith('.md'))) {
    const text = tree.text(path).replaceAll(/^```[\s\S]*?^```/gm, '')
    for (const target of matches(text, /\]\(([^)\s]+)\)/g)) {
      if (/^(?:https?:|mailto:|#)/.test(target)) continue
      const file = join(dirname(path), target.replace(/#.*$/, '')).replace(/\/$/, '')
      if (!tree.has(file) && !folders.has(file)) problems.push(`${path}: a link to ${target}, which does not exist`)
    }
  }
  return problems
}
