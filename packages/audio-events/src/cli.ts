/**
 * The command line `weft-audio`: what each command is called, takes and is for. What a command runs is in commands/ and loaded when it
 * runs, so that help, the version and a typo answer at once.
 */
import { defineCommand, packageVersion, runCli, type Program } from '@weft/core/cli'
import {
  demoOptions,
  evaluateOptions,
  featuresOptions,
  predictOptions,
  streamOptions,
  trainOptions,
} from './options.js'
import { featurePresets, presets } from './presets/index.js'

const soundFiles = { name: 'files', help: 'sound files, or folders of them', variadic: true }

const commands = {
  train: defineCommand({
    help: 'train a model on a folder of sounds',
    options: trainOptions,
    presets,
    examples: [
      'weft-audio train --data sounds --out runs/first',
      'weft-audio train --data recordings --preset spoken-digits --out runs/digits',
      'weft-audio train --data meta.csv --label-column category --fold fold --cross-validate --out runs/cv',
    ],
    run: async (given, context) => (await import('./commands/train.js')).run(given, context),
  }),
  evaluate: defineCommand({
    help: 'judge a model on labelled sounds',
    options: evaluateOptions,
    examples: [
      'weft-audio evaluate --model runs/digits --data recordings --part test',
      'weft-audio evaluate --model runs/first --data other-sounds --out runs/first-judged --json',
    ],
    run: async (given, context) => (await import('./commands/evaluate.js')).run(given, context),
  }),
  predict: defineCommand({
    help: 'say what is heard in files or folders',
    options: predictOptions,
    arguments: [soundFiles],
    examples: [
      'weft-audio predict --model runs/first bark.wav',
      'weft-audio predict --model runs/first --events --json day.flac',
    ],
    run: async (given, context) => (await import('./commands/predict.js')).run(given, context),
  }),
  stream: defineCommand({
    help: 'listen to raw samples on standard input, events as lines',
    options: streamOptions,
    examples: [
      'ffmpeg -loglevel error -i day.mp3 -f s16le -ac 1 -ar 16000 - | weft-audio stream --model runs/first',
      'arecord -q -f S16_LE -r 16000 -c 1 | weft-audio stream --model runs/first',
    ],
    run: async (given, context) => (await import('./commands/stream.js')).run(given, context),
  }),
  features: defineCommand({
    help: 'draw what the network sees of a sound as PNG',
    options: featuresOptions,
    presets: featurePresets,
    arguments: [{ ...soundFiles, required: true }],
    examples: [
      'weft-audio features --preset spoken-digits --out pictures 7_george_3.wav',
      'weft-audio features --features mfcc --deltas 2 bark.wav',
    ],
    run: async (given, context) => (await import('./commands/features.js')).run(given, context),
  }),
  demo: defineCommand({
    help: 'make sounds, train on them, and show how well it hears new ones',
    options: demoOptions,
    examples: ['weft-audio demo', 'weft-audio demo --out runs/demo-2 --seed 2'],
    run: async (given, context) => (await import('./commands/demo.js')).run(given, context),
  }),
}

/** Runs the command line; the exit code is for `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<number> {
  const program: Program = {
    name: 'weft-audio',
    description: 'From a folder of sounds to a trained convolutional recurrent network.',
    version: packageVersion(new URL('../package.json', import.meta.url)),
    commands,
  }
  return runCli(program, argv)
}
