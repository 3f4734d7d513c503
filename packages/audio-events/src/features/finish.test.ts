import { describe, expect, it } from 'vitest'
import golden from '../golden/mel.json' with { type: 'json' }
import { Spectrogram } from '../features.js'
import type { InputOptions } from '../options/sound.js'
import { GOLDEN_SAMPLES, GOLDEN_SPECTROGRAM } from '../testing/golden-sound.js'
import { Finisher } from './finish.js'

const spectrogram = new Spectrogram(GOLDEN_SPECTROGRAM).compute(GOLDEN_SAMPLES)

const options: InputOptions = { features: 'mfcc', melBands: 16, coefficients: 8, deltas: 2, clipMean: false }

/** Golden values have 4 digits; intermediate spectrograms are float32. */
const TOLERANCE_DIGITS = 3

function expectRows(wanted: number[][], at: (frame: number, column: number) => number | undefined): void {
  wanted.forEach((row, i) => row.forEach((value, d) => expect(at(6 * i, d)).toBeCloseTo(value, TOLERANCE_DIGITS)))
}

describe('Finisher', () => {
  it('makes MFCC with deltas as librosa does, deltas as channels', () => {
    const finisher = new Finisher(options, 16)
    expect(finisher.shape(spectrogram.frames)).toEqual([golden.frames, 8, 3])
    const values = finisher.apply(spectrogram)
    for (const [channel, wanted] of [golden.mfcc, golden.delta, golden.delta2].entries()) {
      expectRows(wanted, (t, d) => values[(t * 8 + d) * 3 + channel])
    }
  })

  it('makes PCEN as librosa does', () => {
    const values = new Finisher({ ...options, features: 'pcen', deltas: 0 }, 16).apply(spectrogram)
    expectRows(golden.pcen, (t, d) => values[t * 16 + d])
  })

  it('takes each band’s own mean away', () => {
    const values = new Finisher({ ...options, features: 'log-mel', deltas: 0, clipMean: true }, 16).apply(spectrogram)
    for (let band = 0; band < 16; band++) {
      let sum = 0
      for (let t = 0; t < spectrogram.frames; t++) sum += values[t * 16 + band] ?? 0
      expect(sum / spectrogram.frames).toBeCloseTo(0, 4)
    }
  })

  it('leaves its input as it was', () => {
    const before = spectrogram.values.slice()
    new Finisher({ ...options, features: 'log-mel', deltas: 0, clipMean: true }, 16).apply(spectrogram)
    expect(spectrogram.values).toEqual(before)
  })

  it('refuses more coefficients than bands', () => {
    expect(() => new Finisher({ ...options, coefficients: 17 }, 16)).toThrow(/at most 16 coefficients.*received 17/)
  })
})
