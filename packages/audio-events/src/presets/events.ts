/** Environmental sounds of seconds: textures and repeated events, few recordings a class. */
import type { GivenTrainOptions } from '../options.js'

export const events = {
  help: 'environmental sounds, in a folder for each class or listed in a CSV file',
  options: {
    // Rain, engines and clocks have no beginning: any turn in time is as good a sound.
    roll: true,
    // Few recordings a class: blending pairs keeps the network from learning them by heart.
    mixup: 0.3,
    // Seconds of sound: 40 ms windows halve the frames and resolve low hums.
    windowMs: 40,
    hopMs: 20,
    // Few recordings make few steps an epoch: smaller batches, more epochs.
    batchSize: 16,
    epochs: 80,
    timeMasks: 2,
    timeMaskMs: 400,
  } satisfies GivenTrainOptions,
}
