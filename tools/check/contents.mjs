// @ts-check
// What must never be in a tracked file: unfinished work, a path of somebody's machine, the host of a registry, half a megabyte.

const LARGEST_FILE_BYTES = 500_000
/** Written so that this file does not match. @type {readonly [RegExp, string][]} */
const FORBIDDEN = [
  [/\b(?:TO[D]O|FIX[M]E|XX[X])\b/, 'a note of unfinished work'],
  [/(?<![\w.$}])\/(?:home|root|work|Users)\/\w/, "a machine's path"],
  [/"resolved": *"http|https?:\/\/registry\.(?!npmjs\.org\b)/, 'the host of a package registry'],
]

/** @type {import('./tree.mjs').Check} */
export function contents(tree) {
  /** @type {string[]} */
  const problems = []
  for (const path of tree.files) {
    const bytes = tree.bytes(path)
    if (bytes.length > LARGEST_FILE_BYTES)
      problems.push(`${path}: ${bytes.length} bytes are more than ${LARGEST_FILE_BYTES}`)
    if (bytes.includes(0)) continue
    const lines = bytes.toString('utf8').split('\n')
    for (const [at, line] of lines.entries())
      for (const [pattern, what] of FORBIDDEN)
        if (pattern.test(line)) problems.push(`${path}:${at + 1}: ${what}: ${line.trim().slice(0, 120)}`)
  }
  return problems
}
