/**
 * Nonlinear least squares by Levenberg and Marquardt (Marquardt 1963), with derivatives by differences: for a handful of parameters and
 * some thousand residuals.
 */

/** Where the search ended. */
export interface Minimum {
  readonly parameters: Float64Array
  /** Sum of squared residuals there. */
  readonly sum: number
}

const STEP = 1e-6
const ITERATIONS = 60
/** The search ends when a step gains less than this share. */
const TOLERANCE = 1e-9

function sumOfSquares(residuals: Float64Array): number {
  let sum = 0
  for (const residual of residuals) sum += residual * residual
  return Number.isFinite(sum) ? sum : Infinity
}

/** Solves the symmetric positive `matrix` [n, n] x = `vector` by elimination with pivots; NaN where it is singular. */
function solve(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length
  const rows = Array.from({ length: n }, (_, i) => [...matrix.subarray(i * n, i * n + n), vector[i] ?? 0])
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let i = column + 1; i < n; i++)
      if (Math.abs(rows[i]?.[column] ?? 0) > Math.abs(rows[pivot]?.[column] ?? 0)) pivot = i
    const top = rows[pivot] ?? []
    rows[pivot] = rows[column] ?? []
    rows[column] = top
    for (const row of rows) {
      if (row === top) continue
      const factor = (row[column] ?? 0) / (top[column] ?? 0)
      for (let j = column; j <= n; j++) row[j] = (row[j] ?? 0) - factor * (top[j] ?? 0)
    }
  }
  return Float64Array.from(rows, (row, i) => (row[n] ?? 0) / (row[i] ?? 0))
}

/** `J'J` and `J'r` of the residuals at a point. */
function normalEquations(
  residualsAt: (parameters: Float64Array) => Float64Array,
  parameters: Float64Array,
  residuals: Float64Array,
): { matrix: Float64Array; gradient: Float64Array } {
  const n = parameters.length
  const columns = Array.from(parameters, (value, i) => {
    const moved = parameters.slice()
    moved[i] = value + STEP
    return residualsAt(moved).map((residual, t) => (residual - (residuals[t] ?? 0)) / STEP)
  })
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, t) => sum + x * (b[t] ?? 0), 0)
  const matrix = new Float64Array(n * n)
  for (const [i, a] of columns.entries())
    for (const [j, b] of columns.entries()) matrix[i * n + j] = j < i ? (matrix[j * n + i] ?? 0) : dot(a, b)
  return { matrix, gradient: Float64Array.from(columns, (column) => dot(column, residuals)) }
}

/**
 * The parameters near `start` with the least sum of squared residuals.
 *
 * @param residualsAt Residuals of parameters, always as many.
 */
export function leastSquares(residualsAt: (parameters: Float64Array) => Float64Array, start: Float64Array): Minimum {
  let parameters = start
  let residuals = residualsAt(parameters)
  let sum = sumOfSquares(residuals)
  let damping = 1e-3
  for (let iteration = 0; iteration < ITERATIONS && start.length > 0; iteration++) {
    const { matrix, gradient } = normalEquations(residualsAt, parameters, residuals)
    const before = sum
    while (sum >= before && damping < 1e8) {
      const n = parameters.length
      const damped = matrix.map((value, at) => (at % (n + 1) === 0 ? value * (1 + damping) + 1e-12 : value))
      const step = solve(damped, gradient)
      const moved = parameters.map((value, i) => value - (step[i] ?? 0))
      const found = residualsAt(moved)
      const foundSum = sumOfSquares(found)
      if (foundSum < sum) {
        ;[parameters, residuals, sum] = [moved, found, foundSum]
        damping /= 10
      } else damping *= 10
    }
    if (!(before - sum > TOLERANCE * before)) break
  }
  return { parameters, sum }
}
