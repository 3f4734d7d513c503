/** The frame that all applications share: options, parts, stores of prepared files, runs, judgements, reports, commands. */
export {
  evaluationJson,
  fileBar,
  labelTable,
  namedInputs,
  noteLeftOut,
  oddities,
  runJson,
  stoppedText,
  trainHooks,
} from './commands.js'
export { demoFolder, demoSummary } from './demo.js'
export type { DemoSummary } from './demo.js'
export { itemsToJudge, readingAsTrained } from './evaluation.js'
export type { EvaluateHooks, Evaluation } from './evaluation.js'
export { isFolder, namedFiles, refuseSkipped, skippedFile } from './inputs.js'
export type { Predictions, SkippedFile } from './inputs.js'
export { ItemStore, cacheFolder } from './item-store.js'
export type { FillOptions } from './item-store.js'
export {
  accuracyOf,
  answersOf,
  classifierMetrics,
  judgeClassifier,
  judgementJson,
  labelsOfRow,
  likeliest,
  predictionsCsv,
  toCsv,
} from './judgement.js'
export type { JudgeOptions, Judgement } from './judgement.js'
export {
  cacheOption,
  classificationOptions,
  convolutionOptions,
  foldOption,
  judgingOptions,
  labelledFilesOptions,
  loadingOptions,
  modelOption,
  recurrenceOptions,
  runFolderOptions,
  runtimeOptions,
  seedOption,
  splitOptions,
  trainingOptions,
} from './options.js'
export { PART_NAMES, divide, foldsOf, keepUsable, requireEveryLabel, requireTraining } from './parts.js'
export type { Divided, DrawOptions, PartName } from './parts.js'
export {
  classifierFigures,
  classifierSections,
  pickExamples,
  reportFooter,
  writeEvaluationReport,
  writeRunReport,
} from './report.js'
export type { ReportContent } from './report.js'
export { openRunFolder, readRunOptions, runFolder } from './run-folder.js'
export type { RunFolder, RunRecord } from './run-folder.js'
export {
  checkRunFolder,
  classWeights,
  finishRun,
  fitRun,
  judgingBatches,
  optimisation,
  takeOver,
  trainingBatches,
} from './run.js'
export type { RunResult, TrainHooks } from './run.js'
export { loadSavedModel, pickOptions } from './saved-model.js'
export type { ModelFormat } from './saved-model.js'
