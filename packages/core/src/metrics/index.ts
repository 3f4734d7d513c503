export {
  accuracy,
  argMaxRows,
  classificationScores,
  cohenKappa,
  confusionMatrix,
  sameLength,
  topKAccuracy,
} from './classification.js'
export type { ClassScores, ClassificationScores, Numbers } from './classification.js'
export {
  bestThresholds,
  meanAveragePrecision,
  multilabelRocAuc,
  multilabelScores,
  subsetAccuracy,
} from './multilabel.js'
export { calibration, logLoss } from './probability.js'
export type { Calibration, CalibrationBin } from './probability.js'
export {
  averagePrecision,
  multiclassAveragePrecision,
  multiclassRocAuc,
  precisionRecallCurve,
  rocAuc,
  rocCurve,
} from './ranking.js'
export type { AveragedScore, PrecisionRecallCurve, RocCurve } from './ranking.js'
export {
  alignSequences,
  characterErrorRate,
  editDistance,
  exactMatch,
  normalisedEditDistance,
  sequenceScores,
  wordErrorRate,
} from './sequence.js'
export type { AlignedSymbol, SequenceScores, SymbolSequence } from './sequence.js'
export { summariseClassification, summariseMultilabel } from './summary.js'
export type { ClassificationSummary, Figure, LabelAverages, LabelSummary, MultilabelSummary } from './summary.js'
