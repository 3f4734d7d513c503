import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// One project a package. Tests run on the sources (the '@weft/source' export condition); worker threads and command-line
// tests run on the build, which `npm test` makes first.
const project = (name: string, isolate = false) => ({
  extends: true as const,
  test: {
    name,
    isolate,
    root: fileURLToPath(new URL(`packages/${name}`, import.meta.url)),
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
  },
})

export default defineConfig({
  resolve: { conditions: ['@weft/source'] },
  ssr: { resolve: { conditions: ['@weft/source'], externalConditions: ['@weft/source'] } },
  test: {
    // Vitest would leave one processor idle.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Files of the other packages share a process, so that TensorFlow.js is loaded once in it: half of the time of a run. An import has
    // no side effects, so a file finds what it would find alone; the run without the addon in .ci/run is with isolation and would tell.
    isolate: false,
    projects: [
      // Its tests count the calls of kernels and replace gradients: each file has a process of its own.
      project('kernels', true),
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
