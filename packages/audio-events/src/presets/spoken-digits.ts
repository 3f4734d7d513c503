/** Single spoken words of up to a second, as telephones carry them; file names of the Free Spoken Digit Dataset. */
import type { GivenTrainOptions } from '../options.js'

export const spokenDigits = {
  help: 'single spoken words, files named {label}_{speaker}_{take}.wav, takes 0 to 4 for testing',
  options: {
    pattern: '{label}_{speaker}_{take}',
    // The data set's canonical split.
    testWhere: 'take=0-4',
    testShare: 0,
    validationShare: 0.1,
    sampleRateHz: 8000,
    durationSeconds: 1,
    melBands: 40,
    // A word turned in time is another word; it may stand anywhere in its window.
    roll: false,
    timeShiftMs: 300,
    // Speakers differ in pace more than in pitch of one and the same word.
    speedChange: 0.15,
    timeMaskMs: 80,
    frequencyMaskBands: 6,
    poolFrequency: [2, 2, 2],
    epochs: 25,
  } satisfies GivenTrainOptions,
}
