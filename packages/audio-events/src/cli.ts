/**
 * The command line `weft-audio`: what was typed becomes one call of the library, what comes back is printed. No numerics.
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
  formatTable,
  formatTimestamp,
  packageVersion,
  plural,
  runCli,
  type CommandContext,
  type CommandOutput,
  type Program,
} from '@weft/core/cli'
import { runDemo } from './demo.js'
import type { Detection } from './detect.js'
import { evaluate } from './evaluate.js'
import {
  demoOptions,
  evaluateOptions,
  featuresOptions,
  predictOptions,
  streamOptions,
  trainOptions,
  type TrainOptions,
} from './options.js'
import { predict, type Prediction } from './predict.js'
import { featurePresets, presets } from './presets/index.js'
import { drawFeatures } from './spectrogram-image.js'
import { listen } from './stream-input.js'
import { crossValidateSounds, train, type TrainResult } from './train.js'

const trainCommand = defineCommand({
  help: 'train a model on a folder of sounds',
  options: trainOptions,
  presets,
  examples: [
    'weft-audio train --data sounds --out runs/first',
    'weft-audio train --data recordings --preset spoken-digits --out runs/digits',
    'weft-audio train --data meta.csv --label-column category --fold fold --cross-validate --out runs/cv',
  ],
  run: async (options, context) =>
    options.crossValidate ? crossValidation(options, context) : training(options, context),
})

async function training(options: TrainOptions, context: CommandContext): Promise<CommandOutput> {
  const { hooks, end } = trainHooks(context, 'sound')
  const result = await train(options, hooks).finally(end)
  noteLeftOut(result, context)
  return { data: runJson(result, judgementJson), text: trainText(result, context) }
}

function trainText(result: TrainResult, context: CommandContext): string {
  if (result.stopped) return stoppedText(result, context)
  const { validation, test } = result
  return formatPairs({
    'test accuracy': test && `${formatPercent(accuracyOf(test.figures))} of ${plural(test.items.length, 'sound')}`,
    'validation accuracy':
      validation && `${formatPercent(accuracyOf(validation.figures))} of ${plural(validation.items.length, 'sound')}`,
    'best epoch': result.bestEpoch,
    time: formatDuration(result.seconds),
    model: `${result.out}/model`,
    report: result.report,
  })
}

async function crossValidation(options: TrainOptions, context: CommandContext): Promise<CommandOutput> {
  const { hooks, end } = trainHooks(context, 'sound')
  const { folds, result, out, runtime, seconds } = await crossValidateSounds(options, hooks).finally(end)
  const [first] = folds
  if (first) noteLeftOut(first.run, context)
  const rows = folds.map(({ name, run }, at) => [
    name,
    run.items.test,
    formatPercent(result.folds[at]?.['accuracy'] ?? Number.NaN),
  ])
  const table = formatTable(
    [{ header: 'fold' }, { header: 'sounds', align: 'right' }, { header: 'accuracy', align: 'right' }],
    rows,
  )
  const mean = result.mean['accuracy'] ?? Number.NaN
  return {
    data: {
      accuracy: mean,
      accuracyDeviation: result.std['accuracy'],
      macroF1: result.mean['macroF1'],
      items: folds.reduce((items, { run }) => items + run.items.test, 0),
      folds: folds.map(({ name, run }) => ({ name, ...(run.test && judgementJson(run.test)), seconds: run.seconds })),
      device: runtime.device,
      seconds,
      out,
    },
    text: `${table}\nmean accuracy ${formatPercent(mean)} (deviation ${formatPercent(result.std['accuracy'] ?? 0)}), ${formatDuration(seconds)}, ${out}`,
  }
}

const evaluateCommand = defineCommand({
  help: 'judge a model on labelled sounds',
  options: evaluateOptions,
  examples: [
    'weft-audio evaluate --model runs/digits --data recordings --part test',
    'weft-audio evaluate --model runs/first --data other-sounds --out runs/first-judged --json',
  ],
  run: async (options, context) => {
    const result = await evaluate(options, { onFiles: fileBar(context, 'sound'), command: context.commandLine })
    noteLeftOut(result, context)
    const { figures, items } = result.judgement
    const pairs = formatPairs({
      accuracy: `${formatPercent(accuracyOf(figures))} of ${plural(items.length, 'sound')}`,
      'macro F1': formatNumber(figures.macro.f1, 3),
      time: formatDuration(result.seconds),
      report: result.report,
    })
    return {
      data: evaluationJson(result, options, judgementJson),
      text: `${labelTable(figures, 'sound')}\n${pairs}`,
    }
  },
})

const predictCommand = defineCommand({
  help: 'say what is heard in files or folders',
  options: predictOptions,
  arguments: [{ name: 'files', help: 'sound files, or folders of them', variadic: true }],
  examples: [
    'weft-audio predict --model runs/first bark.wav',
    'weft-audio predict --model runs/first --events --json day.flac',
  ],
  run: async (options, context) => {
    const files = namedInputs(options, context, 'sound')
    const { predictions, skipped, runtime } = await predict(files, options, (prediction) => {
      for (const line of predictionLines(prediction, options.top)) context.print(line)
    })
    noteLeftOut({ skipped, warnings: oddities(predictions) }, context)
    return { data: { predictions, skipped, items: predictions.length, device: runtime.device } }
  },
})

function predictionLines({ file, labels, probabilities, events }: Prediction, top: number): string[] {
  if (events === undefined) {
    const ranked = formatProbabilities(Object.keys(probabilities), Object.values(probabilities), top)
    return [`${file}  ${labels.join(', ') || 'nothing'}`, ...ranked.split('\n').map((line) => `  ${line}`)]
  }
  if (events.length === 0) return [`${file}  no events`]
  const rows = events.map(({ label, startSeconds, endSeconds, probability }) => [
    formatTimestamp(startSeconds),
    formatTimestamp(endSeconds),
    label,
    formatPercent(probability, 0),
  ])
  const columns = [
    { header: 'from', align: 'right' as const },
    { header: 'to', align: 'right' as const },
    { header: 'event' },
    { header: 'sure', align: 'right' as const },
  ]
  return [
    `${file}  ${plural(events.length, 'event')}`,
    ...formatTable(columns, rows)
      .split('\n')
      .map((line) => `  ${line}`),
  ]
}

const streamCommand = defineCommand({
  help: 'listen to raw samples on standard input, events as lines',
  options: streamOptions,
  examples: [
    'ffmpeg -loglevel error -i day.mp3 -f s16le -ac 1 -ar 16000 - | weft-audio stream --model runs/first',
    'arecord -q -f S16_LE -r 16000 -c 1 | weft-audio stream --model runs/first',
  ],
  run: async (options, context) => {
    const events: Detection[] = []
    const result = await listen(process.stdin, options, context.signal, (detection) => {
      if (detection.kind === 'event') events.push(detection)
      context.print(detectionLine(detection))
    })
    const speed = result.seconds / Math.max(1e-9, result.computeSeconds)
    context.note(`${formatDuration(result.seconds)} of sound, ${formatNumber(speed, 3)} times as fast as it was heard.`)
    return {
      data: {
        events: context.json ? events : [],
        count: result.events,
        seconds: result.seconds,
        realTimeFactor: speed,
      },
    }
  },
})

function detectionLine(detection: Detection): string {
  const sure = formatPercent(detection.probability, 0)
  if (detection.kind === 'onset')
    return `${formatTimestamp(detection.startSeconds)}  ${detection.label} begins (${sure})`
  return `${formatTimestamp(detection.startSeconds)} - ${formatTimestamp(detection.endSeconds)}  ${detection.label} (${sure})`
}

const featuresCommand = defineCommand({
  help: 'draw what the network sees of a sound as PNG',
  options: featuresOptions,
  presets: featurePresets,
  arguments: [{ name: 'files', help: 'sound files, or folders of them', required: true, variadic: true }],
  examples: [
    'weft-audio features --preset spoken-digits --out pictures 7_george_3.wav',
    'weft-audio features --features mfcc --deltas 2 bark.wav',
  ],
  run: async (options, context) => {
    const images = await drawFeatures(context.args, options)
    const lines = images.map(({ file, image, seconds, frames, columns, channels }) => {
      const shape = channels === 1 ? `${frames} x ${columns}` : `${frames} x ${columns} x ${channels}`
      return `${file}  ${formatNumber(seconds, 3)} s  ${shape}  ${image}`
    })
    return { data: { images }, text: lines.join('\n') }
  },
})

const demoCommand = defineCommand({
  help: 'make sounds, train on them, and show how well it hears new ones',
  options: demoOptions,
  examples: ['weft-audio demo', 'weft-audio demo --out runs/demo-2 --seed 2'],
  run: async (options, context) => {
    const { hooks, end } = trainHooks(context, 'sound')
    const demo = await runDemo(options, hooks).finally(end)
    return {
      data: demo,
      text: demo.lines.join('\n'),
    }
  },
})

/** Runs the command line; the exit code is for `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<number> {
  const program: Program = {
    name: 'weft-audio',
    description: 'From a folder of sounds to a trained convolutional recurrent network.',
    version: packageVersion(new URL('../package.json', import.meta.url)),
    commands: {
      train: trainCommand,
      evaluate: evaluateCommand,
      predict: predictCommand,
      stream: streamCommand,
      features: featuresCommand,
      demo: demoCommand,
    },
  }
  return runCli(program, argv)
}
