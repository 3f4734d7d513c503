/**
 * Operations on samples before features: silence at the ends cut away, sounds brought to one length. They do not decode, resample
 * or normalise levels.
 */

/** How long a stretch of samples is judged at a time. */
const BLOCK_MS = 10
/** Kept before and after what is audible, so that soft onsets survive. */
const MARGIN_MS = 20

/**
 * Cuts silence from both ends: blocks of 10 ms more than `trimDb` below the loudest block.
 *
 * @param trimDb In decibels; 0 cuts nothing. A sound that is silent throughout is returned whole.
 * @returns A view of `samples`.
 */
export function trimSilence(samples: Float32Array, sampleRateHz: number, trimDb: number): Float32Array {
  if (trimDb === 0) return samples
  const block = Math.max(1, Math.round((sampleRateHz * BLOCK_MS) / 1000))
  const margin = Math.round((sampleRateHz * MARGIN_MS) / 1000)
  const energies = new Float64Array(Math.ceil(samples.length / block))
  for (let b = 0; b < energies.length; b++) {
    const part = samples.subarray(b * block, (b + 1) * block)
    let sum = 0
    for (const sample of part) sum += sample * sample
    energies[b] = sum / part.length
  }
  const threshold = energies.reduce((a, b) => Math.max(a, b), 0) * 10 ** (-trimDb / 10)
  if (threshold === 0) return samples
  const first = energies.findIndex((energy) => energy >= threshold)
  const last = energies.findLastIndex((energy) => energy >= threshold)
  return samples.subarray(Math.max(0, first * block - margin), Math.min(samples.length, (last + 1) * block + margin))
}

/** The level of `samples` in decibels below full scale (a full-scale square wave is 0); -Infinity when all are 0. */
export function levelDb(samples: Float32Array): number {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return 10 * Math.log10(sum / Math.max(1, samples.length))
}
