/**
 * The command line `weft-image`: what each command is called, takes and is for. What a command runs is in commands/ and loaded when it
 * runs, so that help, the version and a typo answer at once.
 */
import { defineCommand, packageVersion, runCli, type Program } from '@weft/core/cli'
import { demoOptions, evaluateOptions, predictOptions, trainOptions } from './options.js'
import { synthOptions } from './options/synth.js'
import { presets } from './presets/index.js'

const commands = {
  train: defineCommand({
    help: 'train a model on a folder of images',
    options: trainOptions,
    presets,
    examples: [
      'weft-image train --data captchas --out runs/first',
      'weft-image train --data mnist --preset digits --out runs/digits',
      'weft-image train --data lines --preset lines --init runs/pretrained --freeze cnn --out runs/lines',
    ],
    run: async (given, context) => (await import('./commands/train.js')).run(given, context),
  }),
  evaluate: defineCommand({
    help: 'judge a model on labelled images',
    options: evaluateOptions,
    examples: [
      'weft-image evaluate --model runs/first --data other-captchas',
      'weft-image evaluate --model runs/digits --data mnist --part test --json',
      'weft-image evaluate --model runs/lines --data lines --part test --lexicon words.txt --out runs/lines-judged',
    ],
    run: async (given, context) => (await import('./commands/evaluate.js')).run(given, context),
  }),
  predict: defineCommand({
    help: 'read images, or say what they are',
    options: predictOptions,
    arguments: [{ name: 'files', help: 'images, or folders of them', variadic: true }],
    examples: [
      'weft-image predict --model runs/first captcha.png',
      'weft-image predict --model runs/digits --explain pictures scans',
    ],
    run: async (given, context) => (await import('./commands/predict.js')).run(given, context),
  }),
  synth: defineCommand({
    help: 'make images of lines of text, to pretrain on or to try things out',
    options: synthOptions,
    examples: [
      'weft-image synth --out captchas --count 2000 --style captcha --length 5-5',
      'weft-image synth --out lines --count 5000 --text book.txt',
    ],
    run: async (given, context) => (await import('./commands/synth.js')).run(given, context),
  }),
  demo: defineCommand({
    help: 'make images of texts, train a reader on them, and show how well it reads new ones',
    options: demoOptions,
    examples: ['weft-image demo', 'weft-image demo --out runs/demo-2 --seed 2'],
    run: async (given, context) => (await import('./commands/demo.js')).run(given, context),
  }),
}

/** Runs the command line; the exit code is for `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<number> {
  const program: Program = {
    name: 'weft-image',
    description: 'From a folder of images to a network that reads texts or tells images apart.',
    version: packageVersion(new URL('../package.json', import.meta.url)),
    commands,
  }
  return runCli(program, argv)
}
