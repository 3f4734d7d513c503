#!/usr/bin/env node
// @ts-check
// Times the benchmark cases: what each option does is in --help, what the figures mean in docs/benchmarks.md. What is measured is
// loaded when asked for; a case is measured in a process of its own.
// usage: npm run bench -- [--case NAME,...] [--backend NAME,... | --profile | --against torch | --scaling | --stream] [--json]
import { readFileSync } from 'node:fs'
import { coreVersion, defineCommand, defineOptions, resolveOptions, runCli } from '@weft/core/cli'
import { UserError } from '@weft/core/errors'

/** @type {readonly string[]} */
const names = Object.keys(JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')))

const options = defineOptions({
  case: { type: 'list', choices: names, default: [], help: 'cases; all when none is named' },
  backend: {
    type: 'list',
    choices: ['native', 'wasm', 'cpu'],
    default: ['native'],
    help: 'backends side by side; wasm and cpu are TensorFlow.js with its own layers, which takes seconds a step',
  },
  seconds: { type: 'number', above: 0, default: 3, unit: 's', help: 'repeat for so long, ten times at least' },
  profile: { type: 'boolean', group: 'Other than times', help: 'a training step by kernel' },
  against: { type: 'choice', choices: ['torch'], group: 'Other than times', help: 'compare with PyTorch, in turn' },
  python: { type: 'string', default: 'python3', group: 'Other than times', help: 'a Python that has torch' },
  rounds: { type: 'integer', min: 1, default: 3, group: 'Other than times', help: 'rounds of the comparison' },
  scaling: {
    type: 'boolean',
    group: 'Other than times',
    help: 'how the time grows with batch, steps, layers and units of an LSTM',
  },
  stream: { type: 'boolean', group: 'Other than times', help: 'steps of a stream one by one, and memory' },
  steps: { type: 'integer', min: 1, default: 100_000, group: 'Other than times', help: 'steps of the stream' },
})

const bench = defineCommand({
  help: 'time the benchmark cases',
  options,
  examples: [
    'npm run bench -- --case lstm-medium',
    'npm run bench -- --backend cpu,wasm,native --case lstm-medium,cnn',
    'npm run bench -- --profile --case audio-crnn',
    'npm run bench -- --against torch --python python3',
  ],
  async run(given, context) {
    const { seconds, backend, profile, against, scaling, stream, ...rest } = resolveOptions(options, given)
    const chosen = rest.case.length === 0 ? names : rest.case
    const modes = Object.entries({ profile, against, scaling, stream }).filter(([, value]) => value)
    if (modes.length > 1)
      throw new UserError(
        `reading the command line: expected one of ${modes.map(([mode]) => `--${mode}`).join(', ')}, received ${modes.length}`,
      )
    if (profile) return (await import('./profile.mjs')).profileCases(chosen, seconds, context)
    if (against) {
      const { compareWithTorch } = await import('./against.mjs')
      return compareWithTorch(chosen, { python: rest.python, rounds: rest.rounds, seconds }, context)
    }
    if (scaling) return (await import('./scaling.mjs')).scaleLstm(seconds, context)
    if (stream) return (await import('./stream.mjs')).streamSteps(rest.steps, context)
    return (await import('./backends.mjs')).timeCases(chosen, backend, seconds, context)
  },
})

const description = 'Times training and prediction of the benchmark cases.'
process.exitCode = await runCli({
  name: 'npm run bench --',
  description,
  version: coreVersion(),
  commands: {},
  main: bench,
})
