import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

// Arrows point one way: app -> core -> kernels -> TensorFlow.js.
const boundary = (files, ...forbidden) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [{ group: forbidden, message: 'Imports go app -> core -> kernels; apps never import one another.' }],
      },
    ],
  },
})
// A command's runtime is set up in one place, which says what a run without the addon means; everything else is given a runtime.
const whereRuntimeIsSetUp = [
  'packages/core/src/runtime/**',
  'packages/core/src/app/runner.ts',
  // An index offers it to programs of others.
  '**/index.ts',
  '**/*.test.ts',
  '**/testing/**',
]
const apps = [
  '@weft/audio-events',
  '@weft/image-seq',
  '@weft/timeseries-forecast',
  '@weft/video-action',
  '@weft/text-gen',
]

export default defineConfig(
  globalIgnores(['**/dist/**', '**/build/**', '**/node_modules/**', '.nx/**', 'runs/**', '**/coverage/**']),
  tseslint.configs.recommended,
  {
    files: ['packages/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness comes from core/src/runtime/random.ts.' },
      ],
      'no-console': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 5],
    },
  },
  {
    files: ['packages/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.property.ts', '**/testing/**'],
    rules: { 'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['packages/**/*.ts'],
    ignores: whereRuntimeIsSetUp,
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^@weft/core(?:/(?!tfjs-layers$).*)?$|/(?:runtime|device)\\b.*\\.js$',
              importNames: ['setupRuntime'],
              message: 'The runner of core/src/app sets up the runtime, once a command.',
            },
          ],
        },
      ],
    },
  },
  boundary(['packages/kernels/**'], '@weft/core', '@weft/core/*', ...apps),
  boundary(['packages/core/**'], ...apps),
  ...apps.map((app) =>
    boundary([`packages/${app.slice('@weft/'.length)}/**`], ...apps.filter((other) => other !== app)),
  ),
)
