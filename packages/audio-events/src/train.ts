/**
 * From a folder of sounds to a trained model and the folder of a run: read, divide, compute features, train, judge, report. Options
 * decide everything; the loop itself is core's Trainer. A run that was stopped or killed goes on with `resume` and ends as if it had
 * not been.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  argMaxRows,
  balancedClassWeights,
  countLabels,
  crossValidate,
  EarlyStopping,
  expected,
  freezeLayers,
  JsonLinesLogger,
  openRunFolder,
  readRunOptions,
  runFolder,
  setupRuntime,
  summariseMultilabel,
  TensorBoardLogger,
  Trainer,
  transferWeights,
  UserError,
  writeJsonAtomic,
} from '@weft/core'
import type {
  CrossValidationResult,
  EpochLog,
  FitResult,
  LabelledFile,
  Labels,
  Metrics,
  Progress,
  Run,
  RuntimeReport,
} from '@weft/core'
import { flagOf, resolveOptions } from '@weft/core/cli'
import { foldsOf, isMultiLabel, labelsOf, readSounds, splitSounds, type PartName } from './data.js'
import { accuracyOf, judgeSounds, type Judgement } from './evaluate.js'
import { FeatureStore, type SkippedFile } from './feature-store.js'
import { SoundModel, spectrogramOptions, type Hearing } from './model.js'
import { loadingOptions, runtimeOptions, trainOptions, type GivenTrainOptions, type TrainOptions } from './options.js'
import { prepareHearing } from './prepare.js'
import { presets } from './presets/index.js'
import { writeRunReport } from './report.js'
import { noiseItems, plainSource, trainingSource } from './sources.js'

/** What may be watched while a run goes on. */
export interface TrainHooks {
  readonly signal?: AbortSignal | undefined
  /** What people may want to know. */
  readonly note?: (line: string) => void
  readonly onFeatures?: (done: number, total: number) => void
  readonly onProgress?: (progress: Progress) => void
  readonly onEpoch?: (log: EpochLog, run: Run) => void
  /** The command line, for the report. */
  readonly command?: string
}

export interface TrainResult {
  readonly out: string
  /** True when it was aborted; it can be resumed. */
  readonly stopped: boolean
  readonly runtime: RuntimeReport
  readonly labels: readonly string[]
  /** Sounds of each part. */
  readonly items: Readonly<Record<PartName, number>>
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  readonly epochs: number
  readonly bestEpoch: number | undefined
  readonly parameters: number
  /** What the model says of the parts that it was not trained on. */
  readonly validation: Judgement | undefined
  readonly test: Judgement | undefined
  readonly seconds: number
  readonly report: string | undefined
}

/** Sounds with their frames, and how they are divided. */
interface Sounds {
  readonly labels: Labels
  readonly multiLabel: boolean
  readonly parts: Readonly<Record<PartName, readonly LabelledFile[]>>
  readonly store: FeatureStore
  readonly skipped: readonly SkippedFile[]
}

/** Options that may be others when a run goes on. */
const FREE_ON_RESUME: ReadonlySet<string> = new Set([
  ...Object.keys(runtimeOptions),
  ...Object.keys(loadingOptions),
  'resume',
  'checkpointSeconds',
])

/**
 * Trains a model into the folder `out`.
 *
 * @throws UserError for options, data or files that a user can mend.
 */
export async function train(given: GivenTrainOptions, hooks: TrainHooks = {}): Promise<TrainResult> {
  const options = await withInitOptions(resolveOptions(trainOptions, given, presets), hooks)
  if (options.crossValidate)
    throw new UserError('training: expected crossValidate to be off', 'Call crossValidateSounds.')
  checkFolder(options)
  const found = readSounds(options.data, options)
  refuseSkipped(found.skipped, options)
  const multiLabel = isMultiLabel(options, found.items)
  const labels = labelsOf(found.items, options.data)
  const parts = splitSounds(found.items, options, options.seed, multiLabel)
  const store = await prepareStore(found.items, options, hooks)
  try {
    const usable = new Set(store.items)
    const take = (part: PartName) =>
      parts[part].flatMap((at) => found.items[at] ?? []).filter((item) => usable.has(item))
    const skipped = [...found.skipped, ...store.skipped]
    const divided = { train: take('train'), validation: take('validation'), test: take('test') }
    return await trainOn({ labels, multiLabel, parts: divided, store, skipped }, options, hooks)
  } finally {
    await store.close()
  }
}

/** The rounds of a cross-validation, each a run in its own folder below `out`. */
export interface CrossValidation {
  readonly out: string
  readonly runtime: RuntimeReport
  readonly result: CrossValidationResult
  readonly folds: readonly { readonly name: string; readonly run: TrainResult }[]
  readonly seconds: number
}

/**
 * Trains once for each fold on all others and judges by it. Nothing is chosen by the fold that tests: there is no validation part,
 * and the last weights are kept.
 */
export async function crossValidateSounds(given: GivenTrainOptions, hooks: TrainHooks = {}): Promise<CrossValidation> {
  const started = performance.now()
  const base = await withInitOptions(resolveOptions(trainOptions, given, presets), hooks)
  const options: TrainOptions = { ...base, keep: 'last', patience: 0 }
  const found = readSounds(options.data, options)
  refuseSkipped(found.skipped, options)
  const multiLabel = isMultiLabel(options, found.items)
  const labels = labelsOf(found.items, options.data)
  const folds = foldsOf(found.items, options, options.seed)
  const store = await prepareStore(found.items, options, hooks)
  try {
    const usable = new Set(store.items)
    const runs: { name: string; run: TrainResult }[] = []
    const result = await crossValidate(folds, async (fold) => {
      const take = (places: readonly number[]) =>
        places.flatMap((at) => found.items[at] ?? []).filter((item) => usable.has(item))
      const parts = { train: take(fold.train), validation: [], test: take(fold.test) }
      hooks.note?.(`Fold ${fold.name}: ${parts.train.length} sounds train, ${parts.test.length} test.`)
      const skipped = [...found.skipped, ...store.skipped]
      const out = join(options.out, `fold-${fold.name}`)
      const run = await trainOn({ labels, multiLabel, parts, store, skipped }, { ...options, out }, hooks)
      if (run.stopped) throw new DOMException('stopped', 'AbortError')
      runs.push({ name: fold.name, run })
      const accuracy = run.test ? accuracyOf(run.test.figures) : Number.NaN
      hooks.note?.(`Fold ${fold.name}: accuracy ${accuracy.toFixed(4)}.`)
      return { accuracy, macroF1: run.test?.figures.macro.f1 ?? Number.NaN }
    })
    writeJsonAtomic(join(options.out, 'cross-validation.json'), { names: folds.map((fold) => fold.name), ...result })
    const [first] = runs
    if (first === undefined) throw new Error('cross-validating: no fold was run')
    return {
      out: options.out,
      runtime: first.run.runtime,
      result,
      folds: runs,
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await store.close()
  }
}

async function trainOn(sounds: Sounds, options: TrainOptions, hooks: TrainHooks): Promise<TrainResult> {
  const started = performance.now()
  checkParts(sounds, options)
  const { labels, multiLabel, parts, store } = sounds
  const runtime = await setupRuntime({ device: options.device, threads: options.threads })
  const hearing = await prepareHearing(parts.train, store, options, labels, multiLabel)
  const model = await makeModel(hearing, options, hooks)
  const record = { options: { ...options }, versions: runtime.versions, device: runtime }
  const folder = openRunFolder(options.out, record, options.resume)
  const noise = options.noise === undefined ? undefined : await prepareStore(noiseItems(options.noise), options, hooks)
  const validates = parts.validation.length > 0
  const best = validates && options.keep === 'best'
  const stopping = best ? new EarlyStopping({ patience: options.patience || Infinity }) : undefined
  const trainer = makeTrainer(model, sounds, options)
  try {
    const fitted = await trainer.fit(trainingSource(model, parts.train, store, options, noise), {
      epochs: options.epochs,
      ...(validates && { validation: plainSource(model, parts.validation, store, options) }),
      callbacks: [
        ...(stopping ? [stopping] : []),
        new JsonLinesLogger(folder.metrics),
        new TensorBoardLogger(folder.events),
        { name: 'hooks', onEpochEnd: (log, run) => hooks.onEpoch?.(log, run) },
      ],
      checkpoint: { dir: folder.checkpoint, everySeconds: options.checkpointSeconds },
      resume: options.resume,
      ...(hooks.signal && { signal: hooks.signal }),
      ...(hooks.onProgress && { onProgress: hooks.onProgress }),
      ...(hooks.note && { onMessage: hooks.note }),
    })
    return await finish(model, sounds, fitted, options, { runtime, started, hooks, bestEpoch: stopping?.bestEpoch })
  } finally {
    trainer.dispose()
    model.network.dispose()
    await noise?.close()
  }
}

interface Circumstances {
  readonly runtime: RuntimeReport
  readonly started: number
  readonly hooks: TrainHooks
  readonly bestEpoch: number | undefined
}

/** Saves and judges the model, unless the run was stopped on its way. */
async function finish(
  model: SoundModel,
  { labels, parts, skipped, store }: Sounds,
  fitted: FitResult,
  options: TrainOptions,
  { runtime, started, hooks, bestEpoch }: Circumstances,
): Promise<TrainResult> {
  const folder = runFolder(options.out)
  const unfinished: TrainResult = {
    out: options.out,
    stopped: fitted.stopped,
    runtime,
    labels: labels.names,
    items: { train: parts.train.length, validation: parts.validation.length, test: parts.test.length },
    skipped,
    warnings: store.warnings,
    epochs: fitted.history.epochs.length,
    bestEpoch,
    parameters: model.network.countParams(),
    validation: undefined,
    test: undefined,
    seconds: (performance.now() - started) / 1000,
    report: undefined,
  }
  if (fitted.stopped) return unfinished
  await model.save(folder.model)
  const judge = (items: readonly LabelledFile[]) =>
    items.length === 0 ? undefined : judgeSounds(model, items, store, options.batchSize)
  const result = {
    ...unfinished,
    validation: await judge(parts.validation),
    test: await judge(parts.test),
    seconds: (performance.now() - started) / 1000,
    report: folder.report,
  }
  await writeRunReport(
    folder.report,
    result,
    model,
    { history: fitted.history.epochs, options, command: hooks.command },
    store,
  )
  return result
}

/** The model to be trained: new, or with the weights of another. */
async function makeModel(hearing: Hearing, options: TrainOptions, hooks: TrainHooks): Promise<SoundModel> {
  const model = SoundModel.create(hearing)
  const { network } = model
  if (options.init === undefined) {
    if (options.freeze !== 'none')
      throw expected('training', 'a model to take the weights from', flagOf('init'), 'nothing')
    return model
  }
  const source = await SoundModel.load(options.init)
  const { copied, skipped } = transferWeights(source.network, network)
  source.network.dispose()
  if (copied.length === 0) {
    throw new UserError(`taking over ${options.init}: expected layers of the same names and shapes, received none`)
  }
  const fresh = skipped.length === 0 ? '' : `; new: ${skipped.map(({ layer }) => layer).join(', ')}`
  const frozen = freezeLayers(network, options.freeze)
  const kept = frozen.length === 0 ? '' : `; frozen: ${frozen.join(', ')}`
  hooks.note?.(`From ${options.init}: ${copied.join(', ')}${fresh}${kept}.`)
  return model
}

function makeTrainer(model: SoundModel, { labels, multiLabel, parts }: Sounds, options: TrainOptions): Trainer {
  const counts = countLabels(
    labels,
    parts.train.map((item) => item.labels),
  )
  return new Trainer(model.network, {
    loss: multiLabel ? 'binaryCrossentropy' : 'categoricalCrossentropy',
    optimizer: options.optimizer,
    learningRate: options.learningRate,
    schedule: { type: options.schedule, warmupEpochs: options.warmupEpochs },
    weightDecay: options.weightDecay,
    labelSmoothing: options.labelSmoothing,
    seed: options.seed,
    metrics: epochFigures(labels, multiLabel),
    ...(options.clipNorm > 0 && { clipNorm: options.clipNorm }),
    ...(options.emaDecay > 0 && { emaDecay: options.emaDecay }),
    ...(options.balance === 'weights' && { classWeights: [...balancedClassWeights(counts)] }),
  })
}

/** What is watched of the validation part after each epoch. */
function epochFigures(labels: Labels, multiLabel: boolean): Metrics {
  return ({ yTrue, yPred }): Record<string, number> => {
    if (multiLabel) {
      const { macro, meanAveragePrecision } = summariseMultilabel(yTrue, yPred, labels.names)
      return { macro_f1: macro.f1, mean_average_precision: meanAveragePrecision ?? 0 }
    }
    const truth = argMaxRows(yTrue, labels.size)
    const predicted = argMaxRows(yPred, labels.size)
    return { accuracy: truth.reduce((right, label, at) => right + (label === predicted[at] ? 1 : 0), 0) / truth.length }
  }
}

function prepareStore(items: readonly LabelledFile[], options: TrainOptions, hooks: TrainHooks): Promise<FeatureStore> {
  return FeatureStore.prepare(items, {
    settings: { spectrogram: spectrogramOptions(options), trimDb: options.trimDb },
    cache: options.cache,
    workers: options.workers,
    strict: options.strict,
    signal: hooks.signal,
    onProgress: hooks.onFeatures,
  })
}

/** Fails early for a folder that holds another run, or a run with other options. */
function checkFolder(options: TrainOptions): void {
  const { out, resume } = options
  if (!existsSync(out) || readdirSync(out).length === 0) return
  if (!resume) {
    openRunFolder(out, { options: {}, versions: {}, device: '' })
    return
  }
  if (!existsSync(runFolder(out).options)) return
  const before = readRunOptions(out)
  for (const [name, value] of Object.entries(options)) {
    if (FREE_ON_RESUME.has(name) || JSON.stringify(before[name]) === JSON.stringify(value)) continue
    throw expected(
      `resuming ${out}`,
      `${JSON.stringify(before[name]) ?? 'nothing'}, as the run began,`,
      flagOf(name),
      JSON.stringify(value) ?? 'nothing',
      'Repeat the command that began the run, with --resume, or begin a new run in another folder.',
    )
  }
}

function refuseSkipped(skipped: readonly SkippedFile[], { strict, data }: TrainOptions): void {
  const [first] = skipped
  if (!strict || first === undefined) return
  throw new UserError(
    `reading ${data}: ${first.path}: ${first.reason}`,
    'Without --strict such files are left out and counted.',
  )
}

/** Every label must have something to learn from. */
function checkParts({ labels, parts }: Sounds, { data }: TrainOptions): void {
  const counts = countLabels(
    labels,
    parts.train.map((item) => item.labels),
  )
  const missing = labels.names.filter((_, at) => counts[at] === 0)
  if (missing.length > 0) {
    throw expected(
      'dividing the sounds',
      'at least 1 usable sound of every label to train on',
      data,
      `none of ${missing.join(', ')}`,
      'Add sounds of these labels, or leave the labels out.',
    )
  }
}

/** With `init`, sounds are heard and the network is built as that model does. */
async function withInitOptions(options: TrainOptions, hooks: TrainHooks): Promise<TrainOptions> {
  if (options.init === undefined) return options
  await setupRuntime({ device: options.device, threads: options.threads })
  const source = await SoundModel.load(options.init)
  source.network.dispose()
  hooks.note?.(`Sounds are heard, and the network is built, as ${options.init} does.`)
  return { ...options, ...source.shared, durationSeconds: source.windowSeconds }
}
