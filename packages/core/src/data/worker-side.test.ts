import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** Modules that `url` imports, directly or not, by their names in the source; types are erased and do not count. */
function imports(url: URL, found = new Set<string>()): Set<string> {
  for (const [, name = ''] of readFileSync(url, 'utf8').matchAll(
    /^(?:import|export) (?!type )(?:[^'";]* from )?'([^']+)'/gm,
  )) {
    const target = name.startsWith('.') ? new URL(name.replace(/\.js$/, '.ts'), url) : undefined
    const key = target?.href ?? name
    if (found.has(key)) continue
    found.add(key)
    if (target) imports(target, found)
  }
  return found
}

it.each(['./worker-side.ts', './worker-entry.ts'])('%s brings nothing but Node.js into a worker', (file) => {
  const packages = [...imports(new URL(file, import.meta.url))].filter((name) => !name.startsWith('file:'))
  expect(packages.length).toBeGreaterThan(0)
  expect(packages.filter((name) => !name.startsWith('node:'))).toEqual([])
})

it('sees TensorFlow.js where it is', () => {
  expect(imports(new URL('./dataset.ts', import.meta.url))).toContain('@weft/kernels/tfjs-core')
})
