/** The `features` command: what the network sees of a sound, as a PNG with its numbers beside it. */
import { mkdirSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { writeFileAtomic } from '@weft/core/files'
import { namedFiles, onRuntime, type Hooks } from '@weft/core/app'
import { heatMapPng } from '@weft/core/report'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { readSound, SOUND_EXTENSIONS } from '../sound/decode.js'
import { Spectrogram } from '../features.js'
import { Finisher } from '../features/finish.js'
import { SoundModel } from '../model.js'
import { featuresOptions } from '../options.js'
import type { FeatureOptions } from '../options/sound.js'
import { featurePresets } from '../presets/index.js'
import { trimSilence } from '../sound/signal.js'

export interface FeatureImage {
  readonly file: string
  readonly image: string
  readonly seconds: number
  readonly frames: number
  readonly columns: number
  readonly channels: number
  readonly warnings: readonly string[]
}

/** Pixels that a picture should have at least across. */
const LEAST_WIDTH = 600

/** Draws the features of each file into the folder `out`, channels one above the other. */
export async function drawFeatures(
  paths: readonly string[],
  given: GivenOptions<typeof featuresOptions>,
  hooks: Hooks = {},
): Promise<FeatureImage[]> {
  const options = resolveOptions(featuresOptions, given, featurePresets)
  const { model } = options
  const heard: FeatureOptions =
    model === undefined
      ? options
      : await onRuntime({ purpose: 'predict' }, hooks, async () => (await SoundModel.load(model)).spec.options)
  const spectrogram = new Spectrogram(heard)
  const finisher = new Finisher(heard, spectrogram.width)
  const files = namedFiles(paths, SOUND_EXTENSIONS, 'sound')
  mkdirSync(options.out, { recursive: true })
  const images: FeatureImage[] = []
  for (const file of files) {
    const { samples, sampleRateHz, warnings } = await readSound(file, heard.sampleRateHz)
    const sound = spectrogram.compute(trimSilence(samples, sampleRateHz, heard.trimDb))
    const { columns, channels } = finisher
    const stacked = stackChannels(finisher.apply(sound), sound.frames, columns, channels)
    const scale = Math.max(1, Math.min(4, Math.ceil(LEAST_WIDTH / sound.frames)))
    const image = join(options.out, `${basename(file, extname(file))}.png`)
    writeFileAtomic(image, await heatMapPng(stacked, sound.frames, columns * channels, { scale }))
    images.push({
      file,
      image,
      seconds: samples.length / sampleRateHz,
      frames: sound.frames,
      columns,
      channels,
      warnings,
    })
  }
  return images
}

/** [T, D, C] → [T, C · D], each channel scaled to its own range so that all are visible. */
function stackChannels(values: Float32Array, frames: number, columns: number, channels: number): Float32Array {
  const stacked = new Float32Array(values.length)
  for (let c = 0; c < channels; c++) {
    let low = Infinity
    let high = -Infinity
    for (let i = c; i < values.length; i += channels) {
      low = Math.min(low, values[i] ?? 0)
      high = Math.max(high, values[i] ?? 0)
    }
    const range = high > low ? high - low : 1
    for (let t = 0; t < frames; t++) {
      for (let d = 0; d < columns; d++) {
        stacked[(t * channels + c) * columns + d] = ((values[(t * columns + d) * channels + c] ?? 0) - low) / range
      }
    }
  }
  return stacked
}
