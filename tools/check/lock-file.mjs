// @ts-check
// package-lock.json gives versions and check sums, and no host: any registry can serve it.

/** @type {import('./tree.mjs').Check} */
export function lockFile(tree) {
  /** @type {string[]} */
  const problems = []
  for (const [path, entry] of Object.entries(tree.json('package-lock.json').packages)) {
    const { resolved, version, link } = entry
    if (resolved !== undefined && !link) problems.push(`package-lock.json: ${path} names where it came from`)
    if (!link && version === undefined) problems.push(`package-lock.json: ${path} has no version`)
  }
  return problems
}
