// @ts-check
// Each golden file says which program, version, command and seed made it; its script is in tools/golden, and no script is there for nothing.

/** @type {import('./tree.mjs').Check} */
export function golden(tree) {
  /** @type {string[]} */
  const problems = []
  const used = new Set()
  for (const path of tree.files.filter((name) => /\/golden\/[^/]+\.json$/.test(name))) {
    const { source, version, command, seed } = tree.json(path)
    if (![source, version, command].every((text) => typeof text === 'string' && text !== '') || seed === undefined)
      problems.push(`${path}: expected source, version, command and seed`)
    const script = /tools\/golden\/[\w-]+\.\w+/.exec(String(command))?.[0]
    if (script === undefined || !tree.has(script)) problems.push(`${path}: its script is not in tools/golden`)
    used.add(script)
  }
  for (const script of tree.files.filter((path) => path.startsWith('tools/golden/')))
    if (!used.has(script)) problems.push(`${script}: no golden file names it`)
  return problems
}
