// @ts-check
// A source file that a comment or a document names exists: a bare name anywhere, a path as the end of a file's path. Files of a run
// (`weft.json`, `metrics.jsonl`) are not looked at, nor are names with a placeholder (`<op>.cc`).
import { proseOf } from './prose.mjs'

const REFERENCE = /(?<![\w.*<>${}/@%-])(?:\.{1,2}\/)*((?:[\w.@-]+\/)*\w[\w.-]*\.(?:ts|mjs|cc|h|inc|py))(?![\w-]|\.\w)/g
/** Files of other programs that comments may name. */
const OTHERS = new Set(['node_api.h', 'index.d.ts'])

/** @type {import('./tree.mjs').Check} */
export function fileReferences(tree) {
  const ends = new Set(
    tree.files.flatMap((path) => {
      const parts = path.split('/')
      return parts.map((_, at) => parts.slice(at).join('/'))
    }),
  )
  /** @type {string[]} */
  const problems = []
  for (const path of tree.files)
    for (const { line, text, kind } of proseOf(path, tree.text(path))) {
      if (kind === 'literal') continue
      for (const match of text.replaceAll(/https?:\S+/g, (url) => ' '.repeat(url.length)).matchAll(REFERENCE)) {
        const name = match[1] ?? ''
        if (ends.has(name) || OTHERS.has(name)) continue
        const at = line + text.slice(0, match.index).split('\n').length - 1
        problems.push(`${path}:${at}: ${name} does not exist`)
      }
    }
  return problems
}
