/** Short texts on noisy backgrounds, few images: captchas, serial numbers, meters. */
import type { GivenTrainOptions } from '../options.js'

export const captcha = {
  help: 'short texts in small images, such as captchas; a few hundred images are enough',
  options: {
    height: 50,
    // Few images: all but a tenth train, and what is said of the model is said of that tenth.
    testShare: 0,
    validationShare: 0.1,
    // 8 columns a step: a text of 5 signs in 25 steps leaves few blanks, and CTC learns sooner where signs stand than in 50.
    filters: [16, 32, 64, 64],
    poolWidth: [2, 2, 2, 1],
    poolHeight: [2, 2, 2, 2],
    // Few images make few steps an epoch: small batches, more epochs.
    batchSize: 16,
    epochs: 40,
    rotationDegrees: 3,
    stretch: 0.08,
    noise: 0.05,
  } satisfies GivenTrainOptions,
}
