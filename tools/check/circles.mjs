// @ts-check
// No file imports itself by way of others, neither a value nor a type: each package can be read from the bottom up.
import { importGraph } from './imports.mjs'

/** @type {import('./tree.mjs').Check} */
export function circles(tree) {
  const graph = importGraph(tree)
  /** @type {string[]} */
  const problems = []
  /** @type {Set<string>} */
  const done = new Set()
  /** @type {string[]} */
  const path = []
  /** @param {string} file */
  const walk = (file) => {
    if (done.has(file)) return
    const start = path.indexOf(file)
    if (start !== -1) {
      problems.push(`a circle: ${[...path.slice(start), file].join(' → ')}`)
      return
    }
    path.push(file)
    graph.direct(file).forEach(walk)
    path.pop()
    done.add(file)
  }
  graph.files.forEach(walk)
  return problems
}
