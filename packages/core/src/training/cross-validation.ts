/**
 * Cross-validation: one run per fold, and the mean and standard deviation of their figures. Items are divided in `data/split.ts`, and
 * the caller trains and evaluates.
 */
import { UserError } from '../errors.js'

/** Figures of each fold, their means, and their standard deviations (n - 1 in the denominator; 0 for a single fold). */
export interface CrossValidationResult {
  folds: Record<string, number>[]
  mean: Record<string, number>
  std: Record<string, number>
}

/**
 * Runs `train` on each fold in turn.
 *
 * @param folds What distinguishes the folds: names, or pairs of index lists.
 * @param train Trains and evaluates one fold; returns figures of the same names for each.
 */
export async function crossValidate<Fold>(
  folds: readonly Fold[],
  train: (fold: Fold, index: number) => Promise<Record<string, number>>,
): Promise<CrossValidationResult> {
  if (folds.length === 0) throw new UserError('cross-validating: expected at least one fold, received none')
  const results: Record<string, number>[] = []
  for (const [index, fold] of folds.entries()) results.push(await train(fold, index))
  const mean: Record<string, number> = {}
  const std: Record<string, number> = {}
  for (const name of Object.keys(results[0] ?? {})) {
    const values = results.map((result) => result[name] ?? Number.NaN)
    const average = values.reduce((sum, value) => sum + value, 0) / values.length
    const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0)
    mean[name] = average
    std[name] = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0
  }
  return { folds: results, mean, std }
}
