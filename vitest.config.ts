import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// One project a package. Tests run on the sources (the '@weft/source' export condition); worker threads and command-line
// tests run on the build, which `npm test` makes first.
const project = (name: string) => ({
  extends: true as const,
  test: {
    name,
    root: fileURLToPath(new URL(`packages/${name}`, import.meta.url)),
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
  },
})

export default defineConfig({
  resolve: { conditions: ['@weft/source'] },
  ssr: { resolve: { conditions: ['@weft/source'], externalConditions: ['@weft/source'] } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    projects: [
      project('kernels'),
      project('core'),
      project('audio-events'),
      project('image-seq'),
      project('timeseries-forecast'),
      {
        extends: true,
        test: { name: 'tools', root: fileURLToPath(new URL('tools', import.meta.url)), include: ['**/*.test.mjs'] },
      },
    ],
  },
})
