import { describe, expect, it } from 'vitest'
import { leastSquares } from './least-squares.js'

describe('leastSquares', () => {
  it('fits a line, worked by hand', () => {
    // y = 1, 2, 4 at 0, 1, 2: slope 3 / 2, intercept 5 / 6, squares 1 / 6.
    const { parameters, sum } = leastSquares(
      ([slope = 0, intercept = 0]) => Float64Array.from([1, 2, 4], (y, x) => y - slope * x - intercept),
      Float64Array.of(0, 0),
    )
    expect(parameters[0]).toBeCloseTo(1.5, 6)
    expect(parameters[1]).toBeCloseTo(5 / 6, 6)
    expect(sum).toBeCloseTo(1 / 6, 10)
  })

  it('follows the valley of Rosenbrock', () => {
    const { parameters } = leastSquares(
      ([x = 0, y = 0]) => Float64Array.of(10 * (y - x * x), 1 - x),
      Float64Array.of(-1.2, 1),
    )
    expect(parameters[0]).toBeCloseTo(1, 5)
    expect(parameters[1]).toBeCloseTo(1, 5)
  })

  it('ends where nothing can be gained: no parameters, no influence, no numbers', () => {
    expect(leastSquares(() => Float64Array.of(3), new Float64Array()).sum).toBe(9)
    expect(leastSquares(() => Float64Array.of(3), Float64Array.of(1)).sum).toBe(9)
    expect(leastSquares(() => Float64Array.of(Number.NaN), Float64Array.of(1)).sum).toBe(Infinity)
  })
})
