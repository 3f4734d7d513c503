/**
 * The frame that all applications share: parts of a split, stores of prepared files, runs, evaluations, judgements, command output. The
 * option tables are `@weft/core/options` and what draws reports `@weft/core/app/report`, so that help stays quick and predicting loads
 * no plots.
 */
export {
  evaluationJson,
  labelTable,
  namedInputs,
  noteSkipped,
  runJson,
  stoppedText,
  warningsOf,
  withProgress,
} from './commands.js'
export { demoFolder, demoSummary } from './demo.js'
export type { DemoSummary } from './demo.js'
export { evaluateModel, itemsToJudge, readingAsTrained } from './evaluation.js'
export type { Evaluation, EvaluationData } from './evaluation.js'
export type { Hooks } from './hooks.js'
export { isFolder, namedFiles, refuseSkipped, skippedFile } from './inputs.js'
export type { Predictions, SkippedFile } from './inputs.js'
export { cacheFolder, ItemStore } from './item-store.js'
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
export type { Judgement, JudgeOptions } from './judgement.js'
export { divide, foldsOf, keepUsable, requireEveryLabel, requireTraining } from './parts.js'
export type { Divided, DrawOptions } from './parts.js'
export { runTraining } from './run.js'
export type { RunPlan, RunResult, RunSummary } from './run.js'
export { runFolder } from './run-folder.js'
export { onRuntime } from './runner.js'
export { loadSavedModel, pickOptions } from './saved-model.js'
export type { ModelFormat } from './saved-model.js'
export type { InitialWeights } from './take-over.js'
export { checkRunFolder, classWeights, judgingBatches, optimisation, trainingBatches } from './training-options.js'
