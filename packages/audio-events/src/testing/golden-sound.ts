/** The sound of golden/mel.json, and the options of the spectrogram that its values were made with. */
import golden from '../golden/mel.json' with { type: 'json' }
import type { SpectrogramOptions } from '../options/sound.js'

/** At 8 kHz, full scale ±1. */
export const GOLDEN_SAMPLES = Float32Array.from(golden.samples, (value) => value / 32768)

export const GOLDEN_SPECTROGRAM: SpectrogramOptions = {
  sampleRateHz: 8000,
  windowMs: 25,
  hopMs: 10,
  fftSize: 0,
  melBands: 16,
  minHz: 0,
  maxHz: 0,
  preEmphasis: 0,
  floorDb: -100,
  descriptors: [],
}
