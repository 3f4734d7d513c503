#!/usr/bin/env node
// @ts-check
// Random shapes and attributes for every native kernel against its reference: packages/kernels/src/properties.test.ts with many cases.
// A failure prints the seed that repeats it. Arguments beside the options pick properties by name.
// usage: npm run test:properties [-- --cases 10000 --seed 1 conv2d]
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values, positionals } = parseArgs({
  options: { cases: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
for (const [name, value] of Object.entries(values))
  if (!/^[1-9]\d*$/.test(value)) {
    process.stderr.write(`testing properties: expected a positive integer for --${name}, received ${value}\n`)
    process.exit(2)
  }
process.stdout.write(`${values.cases} cases over all properties, from seed ${values.seed}\n`)
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--project', 'kernels', 'packages/kernels/src/properties.test.ts', '--reporter', 'verbose'],
    ...(positionals.length > 0 ? ['-t', positionals.join('|')] : []),
  ],
  {
    cwd: root,
    env: {
      ...process.env,
      WEFT_PROPERTY_CASES: values.cases,
      WEFT_PROPERTY_SEED: values.seed,
      WEFT_REQUIRE_NATIVE: '1',
    },
    stdio: 'inherit',
  },
)
process.exitCode = status ?? 1
