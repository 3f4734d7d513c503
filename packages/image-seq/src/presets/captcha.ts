/** Short texts on noisy backgrounds, few images: captchas, serial numbers, meters. */
import type { GivenTrainOptions } from '../options.js'

export const captcha = {
  help: 'short texts in small images, such as captchas; a few hundred images are enough',
  options: {
    height: 50,
    // Few images: nine tenths train; the other tenth validates, and there is no test part.
    testShare: 0,
    validationShare: 0.1,
    // 8 columns per step: with 5 symbols in 25 steps CTC needs fewer blanks, and learns faster than with 50 steps.
    filters: [16, 32, 64, 64],
    poolWidth: [2, 2, 2, 1],
    poolHeight: [2, 2, 2, 2],
    // Few images give few steps per epoch: small batches, more epochs.
    batchSize: 16,
    epochs: 40,
    rotationDegrees: 3,
    stretch: 0.08,
    noise: 0.05,
  } satisfies GivenTrainOptions,
}
