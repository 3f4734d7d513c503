/**
 * The command line `weft-image`: what was typed becomes one call of the library, what comes back is printed. No numerics.
 */
import {
  accuracyOf,
  evaluationJson,
  fileBar,
  judgementJson,
  labelTable,
  namedInputs,
  noteLeftOut,
  oddities,
  runJson,
  stoppedText,
  trainHooks,
} from '@weft/core/app'
import {
  defineCommand,
  formatDuration,
  formatNumber,
  formatPairs,
  formatPercent,
  formatProbabilities,
  packageVersion,
  plural,
  runCli,
  type CommandContext,
  type CommandOutput,
  type Program,
} from '@weft/core/cli'
import { runDemo } from './demo.js'
import { evaluate } from './evaluate.js'
import type { Judgement } from './judge.js'
import { demoOptions, evaluateOptions, predictOptions, synthOptions, trainOptions } from './options.js'
import { predict, type Prediction } from './predict.js'
import { presets } from './presets/index.js'
import { synthesise } from './synth/synth.js'
import { train, type TrainResult } from './train.js'

const trainCommand = defineCommand({
  help: 'train a model on a folder of images',
  options: trainOptions,
  presets,
  examples: [
    'weft-image train --data captchas --out runs/first',
    'weft-image train --data mnist --preset digits --out runs/digits',
    'weft-image train --data lines --preset lines --init runs/pretrained --freeze cnn --out runs/lines',
  ],
  run: async (options, context) => {
    const { hooks, end } = trainHooks(context, 'image')
    const result = await train(options, hooks).finally(end)
    noteLeftOut(result, context)
    return { data: runJson(result, imageJudgementJson), text: trainText(result, context) }
  },
})

function imageJudgementJson(judgement: Judgement): object {
  return judgement.task === 'classify'
    ? judgementJson(judgement)
    : { ...judgement.figures, items: judgement.items.length }
}

function trainText(result: TrainResult, context: CommandContext): string {
  if (result.stopped) return stoppedText(result, context)
  const { validation, test } = result
  return formatPairs({
    ...(test && judgementPairs(test, 'test ')),
    ...(validation && judgementPairs(validation, 'validation ')),
    'best epoch': result.bestEpoch,
    time: formatDuration(result.seconds),
    model: `${result.out}/model`,
    report: result.report,
  })
}

function judgementPairs(judgement: Judgement, prefix: string): Record<string, string> {
  const count = judgement.items.length
  if (judgement.task === 'classify')
    return { [`${prefix}accuracy`]: `${formatPercent(accuracyOf(judgement.figures), 2)} of ${plural(count, 'image')}` }
  const { exactMatch, cer, wer } = judgement.figures
  return {
    [`${prefix}exact match`]: `${formatPercent(exactMatch)} of ${plural(count, 'text')}`,
    [`${prefix}character errors`]: formatPercent(cer, 2),
    [`${prefix}word errors`]: formatPercent(wer, 2),
  }
}

const evaluateCommand = defineCommand({
  help: 'judge a model on labelled images',
  options: evaluateOptions,
  examples: [
    'weft-image evaluate --model runs/first --data other-captchas',
    'weft-image evaluate --model runs/digits --data mnist --part test --json',
    'weft-image evaluate --model runs/lines --data lines --part test --lexicon words.txt --out runs/lines-judged',
  ],
  run: async (options, context) => {
    const result = await evaluate(options, { onFiles: fileBar(context, 'image'), command: context.commandLine })
    noteLeftOut(result, context)
    const { judgement, seconds, report } = result
    const pairs = formatPairs({ ...judgementPairs(judgement, ''), time: formatDuration(seconds), report })
    return {
      data: evaluationJson(result, options, imageJudgementJson),
      text: judgement.task === 'classify' ? `${labelTable(judgement.figures, 'image')}\n${pairs}` : pairs,
    }
  },
})

const predictCommand = defineCommand({
  help: 'read images, or say what they are',
  options: predictOptions,
  arguments: [{ name: 'files', help: 'images, or folders of them', variadic: true }],
  examples: [
    'weft-image predict --model runs/first captcha.png',
    'weft-image predict --model runs/digits --explain pictures scans',
  ],
  run: async (options, context) => {
    const files = namedInputs(options, context, 'image')
    const { predictions, skipped, runtime, seconds } = await predict(files, options, (prediction) => {
      for (const line of predictionLines(prediction, options.top)) context.print(line)
    })
    noteLeftOut({ skipped, warnings: oddities(predictions) }, context)
    if (predictions.length > 1) {
      const rate = formatNumber(predictions.length / seconds, 3)
      context.note(`${plural(predictions.length, 'image')} in ${formatDuration(seconds)}, ${rate} a second.`)
    }
    return { data: { predictions, skipped, items: predictions.length, seconds, device: runtime.device } }
  },
})

function predictionLines(prediction: Prediction, top: number): string[] {
  const { file, pictures = [] } = prediction
  const shown = pictures.map((picture) => `  ${picture}`)
  if ('text' in prediction)
    return [`${file}  ${prediction.text || '(nothing)'}  ${formatPercent(prediction.confidence)}`, ...shown]
  const { label, probabilities } = prediction
  const ranked = formatProbabilities(Object.keys(probabilities), Object.values(probabilities), top)
  return [`${file}  ${label}`, ...ranked.split('\n').map((line) => `  ${line}`), ...shown]
}

const synthCommand = defineCommand({
  help: 'make images of lines of text, to pretrain on or to try things out',
  options: synthOptions,
  examples: [
    'weft-image synth --out captchas --count 2000 --style captcha --length 5-5',
    'weft-image synth --out lines --count 5000 --text book.txt',
  ],
  run: async (options, context) => {
    const bar = fileBar(context, 'image')
    const made = await synthesise(options, { signal: context.signal, onProgress: bar })
    return {
      data: made,
      text: formatPairs({
        images: made.images,
        labels: made.labels,
        try: `weft-image train --data ${made.out} --preset lines --out runs/synthetic`,
      }),
    }
  },
})

const demoCommand = defineCommand({
  help: 'make images of texts, train a reader on them, and show how well it reads new ones',
  options: demoOptions,
  examples: ['weft-image demo', 'weft-image demo --out runs/demo-2 --seed 2'],
  run: async (options, context): Promise<CommandOutput> => {
    const { hooks, end } = trainHooks(context, 'image')
    const demo = await runDemo(options, hooks).finally(end)
    return { data: demo, text: demo.lines.join('\n') }
  },
})

/** Runs the command line; the exit code is for `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<number> {
  const program: Program = {
    name: 'weft-image',
    description: 'From a folder of images to a network that reads texts or tells images apart.',
    version: packageVersion(new URL('../package.json', import.meta.url)),
    commands: {
      train: trainCommand,
      evaluate: evaluateCommand,
      predict: predictCommand,
      synth: synthCommand,
      demo: demoCommand,
    },
  }
  return runCli(program, argv)
}
