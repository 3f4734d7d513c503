/** The `stream` command: raw samples from a stream of bytes through a SoundStream, resampled as they come. */
import { onRuntime, type Hooks } from '@weft/core/app'
import { resolveOptions, type GivenOptions } from '@weft/core/cli'
import type { Detection } from './event-detector.js'
import { SoundModel } from '../model.js'
import { streamOptions, type StreamOptions } from '../options.js'
import { StreamResampler } from '../sound/resample.js'
import { SoundStream } from './sound-stream.js'
import { pcmToMono } from '../sound/wav.js'

export interface ListenResult {
  /** Of sound. */
  readonly seconds: number
  /** Spent on computing, waiting for input left out. */
  readonly computeSeconds: number
  readonly events: number
  /** Samples that were not numbers and counted as 0. */
  readonly badSamples: number
}

export interface ListenHooks extends Hooks {
  /** Called for each event as it begins and when it is over. */
  readonly onDetection?: (detection: Detection) => void
}

/** Listens until the input ends or the signal is aborted. */
export async function listen(
  input: AsyncIterable<Uint8Array>,
  given: GivenOptions<typeof streamOptions>,
  hooks: ListenHooks = {},
): Promise<ListenResult> {
  const options = resolveOptions(streamOptions, given)
  return onRuntime({ ...options, purpose: 'predict' }, hooks, async () => {
    const model = await SoundModel.load(options.model)
    const result = await listenWith(model, input, options, hooks)
    model.network.dispose()
    return result
  })
}

async function listenWith(
  model: SoundModel,
  input: AsyncIterable<Uint8Array>,
  options: StreamOptions,
  { signal, onDetection }: ListenHooks,
): Promise<ListenResult> {
  const stream = new SoundStream(model, options)
  const resampler = new StreamResampler(options.sampleRate, model.sampleRateHz)
  const [encoding, width] = options.encoding === 's16le' ? (['s16', 2] as const) : (['f32', 4] as const)
  const frameBytes = width * options.channels
  let rest = new Uint8Array()
  let computeMs = 0
  let events = 0
  let badSamples = 0
  const tell = (detections: readonly Detection[]): void => {
    for (const detection of detections) {
      if (detection.kind === 'event') events++
      onDetection?.(detection)
    }
  }
  for await (const chunk of untilAborted(input, signal)) {
    const started = performance.now()
    const bytes = new Uint8Array(rest.length + chunk.length)
    bytes.set(rest)
    bytes.set(chunk, rest.length)
    const frames = Math.floor(bytes.length / frameBytes)
    const samples = pcmToMono(bytes, encoding, options.channels, frames)
    samples.forEach((sample, i) => {
      if (Number.isFinite(sample)) return
      samples[i] = 0
      badSamples++
    })
    rest = bytes.slice(frames * frameBytes)
    const detections = stream.push(resampler.push(samples))
    computeMs += performance.now() - started
    tell(detections)
  }
  const started = performance.now()
  const last = [...stream.push(resampler.end()), ...stream.end()]
  computeMs += performance.now() - started
  tell(last)
  return { seconds: stream.heardSeconds, computeSeconds: computeMs / 1000, events, badSamples }
}

/** The chunks until there are no more or `signal` is aborted, also while waiting for one. */
async function* untilAborted(
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const chunks = input[Symbol.asyncIterator]()
  let stop: (() => void) | undefined
  const aborted = new Promise<{ done: true; value: undefined }>((resolve) => {
    stop = () => resolve({ done: true, value: undefined })
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted])
      if (next.done) return
      yield next.value
    }
  } finally {
    if (stop) signal?.removeEventListener('abort', stop)
    void chunks.return?.()
  }
}
