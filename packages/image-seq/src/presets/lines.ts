/** Lines of text of any length: print and handwriting. */
import type { GivenTrainOptions } from '../options.js'

export const lines = {
  help: 'lines of text of any width, printed or handwritten',
  options: {
    height: 32,
    testShare: 0.1,
    validationShare: 0.1,
    epochs: 20,
    warmupEpochs: 1,
    // Handwriting differs most in slant.
    shearDegrees: 12,
    rotationDegrees: 5,
    elastic: 0.1,
  } satisfies GivenTrainOptions,
}
