export { defineCommand, runCli } from './command.js'
export type { CliIo, Command, CommandArgument, CommandContext, CommandOutput, CommandSpec, Program } from './command.js'
export { runDoctor } from './doctor.js'
export {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatTimestamp,
  plural,
} from './format.js'
export { INTERRUPTED_EXIT_CODE, onInterrupt } from './interrupt.js'
export type { Interrupt } from './interrupt.js'
export { checkOptions, defineOptions, flagOf, definePresets, resolveOptions } from './options.js'
export type {
  GivenOptions,
  OptionSource,
  OptionSpec,
  OptionSpecs,
  OptionsOf,
  Preset,
  Presets,
  ValueOf,
} from './options.js'
export { toJson } from './output.js'
export { createProgress } from './progress.js'
export type { Progress, ProgressBar, ProgressMode, ProgressOptions } from './progress.js'
export { displayWidth, formatPairs, formatProbabilities, formatTable, textBar, truncate } from './table.js'
export type { Cell, Column } from './table.js'
export { TrainingProgress } from './training-progress.js'
export type { BatchProgress, TrainingProgressOptions } from './training-progress.js'
export { coreVersion, packageVersion } from './version.js'
export { didYouMean, nearest } from '../nearest.js'
