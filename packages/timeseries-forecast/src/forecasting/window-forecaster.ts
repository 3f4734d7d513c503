/**
 * Forecasts of windows by a network: windows are gathered, the network runs, what it says becomes a middle and an interval, level and
 * scale are put back. With the recursive strategy the network forecasts one row at a time and is given what it forecast. Nothing is
 * judged here.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { gaussianDeviation, sortQuantiles } from '../models/forecast-losses.js'
import { normalQuantile } from '../metrics/normal.js'
import { fillingOf, restorerOf } from '../features.js'
import { type ForecastSpec, seriesNumber, seriesSpec } from './spec.js'
import { parametersOf } from '../network.js'
import type { PreparedSeries } from '../windows/prepared-series.js'
import { centreLookBack, shiftBy } from '../windows/centring.js'
import { type GatheredWindows, WindowSet } from '../windows/window-set.js'

/** Forecasts of B windows, each [B, H, C], in the units of the table. */
export interface Forecasts {
  readonly count: number
  readonly targets: number
  readonly mean: Float64Array
  /** Ends of the intervals; undefined without intervals. */
  readonly lower: Float64Array | undefined
  readonly upper: Float64Array | undefined
}

/** The same in the scale of the network, without margins, and the truth [B, H, C] beside them. */
export interface ScaledForecasts {
  readonly middle: Float32Array
  readonly lower: Float32Array
  readonly upper: Float32Array
  readonly truth: Float32Array
}

/** Windows given to the network in one call. */
const MOST_WINDOWS = 1024

/** A network and its spec. */
export interface NetworkWithSpec {
  readonly network: tfl.LayersModel
  readonly spec: ForecastSpec
}

export class WindowForecaster {
  readonly #model: NetworkWithSpec
  readonly #windows: WindowSet
  /** Origins of each series. */
  readonly #counts: readonly number[]
  readonly #targets: number
  /** The number that the network knows each series (and channel) of the windows by. */
  readonly #numbers: Int32Array

  /** @throws UserError when there are too few rows before an origin. */
  constructor(model: NetworkWithSpec, prepared: readonly PreparedSeries[], origins: readonly ArrayLike<number>[]) {
    const { lookBack, horizon, channels, centre, missing, multiStep } = model.spec.options
    this.#model = model
    this.#windows = WindowSet.atOrigins(prepared, origins, {
      lookBack,
      horizon,
      channels,
      // One row at a time, the level moves with the rows.
      centring: multiStep === 'recursive' ? 'none' : centre,
      filling: fillingOf(missing),
    })
    this.#counts = origins.map((own) => own.length)
    this.#targets = model.spec.layout.targets.length
    const perSeries = this.#windows.seriesCount / prepared.length
    this.#numbers = Int32Array.from({ length: this.#windows.seriesCount }, (_, row) => {
      const { key } = prepared[Math.floor(row / perSeries)] ?? { key: '' }
      return seriesNumber(model.spec, key) * perSeries + (row % perSeries)
    })
  }

  /** Forecasts of `count` windows of a series, from its window `from` on, in the units of the table. */
  forecast(series: number, from: number, count: number): Forecasts {
    const { layout, conformal } = this.#model.spec
    const { middle, lower, upper } = this.scaled(series, from, count)
    const { scaler } = seriesSpec(this.#model.spec, this.#windows.series[series]?.key ?? '')
    const targets = this.#targets
    const restorers = layout.targets.map((name) => restorerOf(name, layout, scaler))
    const restored = (values: Float32Array | Float64Array) => {
      const all = new Float64Array(values.length)
      for (const [c, restore] of restorers.entries())
        for (let at = c; at < values.length; at += targets) all[at] = restore(values[at] ?? NaN)
      return all
    }
    const ends = conformal?.intervals(lower, upper)
    return {
      count,
      targets,
      mean: restored(middle),
      lower: ends && restored(ends.lower),
      upper: ends && restored(ends.upper),
    }
  }

  /** The same in the scale of the network, before margins widen the intervals. */
  scaled(series: number, from: number, count: number): ScaledForecasts {
    const { horizon } = this.#model.spec.options
    const size = count * horizon * this.#targets
    const [middle, lower, upper, truth] = [size, size, size, size].map((length) => new Float32Array(length))
    if (!middle || !lower || !upper || !truth) throw new Error('forecasting: no arrays')
    const channels = this.#windows.targets === this.#targets ? 1 : this.#targets
    const before = this.#counts.slice(0, series).reduce((sum, own) => sum + own, 0) * channels
    for (let channel = 0; channel < channels; channel++) {
      const start = before + channel * (this.#counts[series] ?? 0) + from
      for (let done = 0; done < count; done += MOST_WINDOWS) {
        const some = Math.min(MOST_WINDOWS, count - done)
        const said = this.#run(Uint32Array.from({ length: some }, (_, at) => start + done + at))
        const own = this.#windows.targets
        for (const [to, values] of [
          [middle, said.middle],
          [lower, said.lower],
          [upper, said.upper],
          [truth, said.truth],
        ] as const)
          for (let row = 0; row < some * horizon; row++)
            for (let c = 0; c < own; c++)
              to[(done * horizon + row) * this.#targets + channel + c] = values[row * own + c] ?? NaN
      }
    }
    return { middle, lower, upper, truth }
  }

  /** Windows at these places, [B, H, C'] with C' targets of the network. */
  #run(places: Uint32Array): ScaledForecasts {
    const { options } = this.#model.spec
    const gathered = this.#windows.gather(places)
    gathered.series.forEach((row, at) => {
      gathered.series[at] = this.#numbers[row] ?? 0
    })
    if (options.multiStep === 'recursive') return this.#roll(gathered, places.length)
    const said = this.#decode(
      this.#call(gathered.past, gathered.future, gathered.series, options.horizon),
      gathered.offsets,
      options.horizon,
    )
    shiftBy(gathered.y, gathered.offsets, options.horizon, this.#windows.targets)
    return { ...said, truth: gathered.y }
  }

  /** One row after the other: what was forecast becomes the last row of the look-back. */
  #roll({ past, future, series, y }: GatheredWindows, batch: number): ScaledForecasts {
    const { horizon, lookBack, centre } = this.#model.spec.options
    const { inputs, targets, futureInputs } = this.#windows
    const all = [0, 1, 2].map(() => new Float32Array(batch * horizon * targets))
    for (let h = 0; h < horizon; h++) {
      const [centred, offsets] = [past.slice(), new Float32Array(batch * targets)]
      for (let b = 0; b < batch; b++) centreLookBack(centred, offsets, b, { lookBack, inputs, targets }, centre)
      const now = takeStep(future, batch, horizon, futureInputs, h)
      const said = this.#decode(this.#call(centred, now, series, 1), offsets, 1)
      for (const [at, values] of [said.middle, said.lower, said.upper].entries())
        for (let b = 0; b < batch; b++)
          for (let c = 0; c < targets; c++) {
            const to = all[at]
            if (to) to[(b * horizon + h) * targets + c] = values[b * targets + c] ?? NaN
          }
      pushRow(past, said.middle, now, { batch, lookBack, inputs, targets, futureInputs })
    }
    const [middle, lower, upper] = all
    if (!middle || !lower || !upper) throw new Error('forecasting: no arrays')
    return { middle, lower, upper, truth: y }
  }

  /** Runs the network. Shapes: past [B, L, D], future [B, H, K], series [B] → [B, H, C' · P]. */
  #call(past: Float32Array, future: Float32Array, series: Int32Array, horizon: number): Float32Array {
    const { network, spec } = this.#model
    const { inputs, futureInputs } = this.#windows
    const batch = series.length
    const output = tf.tidy(() => {
      const tensors = network.inputNames.map((name) => {
        if (name.startsWith('past')) return tf.tensor3d(past, [batch, spec.options.lookBack, inputs])
        if (name.startsWith('future')) return tf.tensor3d(future, [batch, horizon, futureInputs])
        return tf.tensor2d(series, [batch, 1])
      })
      const [only] = tensors
      const said = network.predictOnBatch(tensors.length === 1 && only ? only : tensors)
      if (!(said instanceof tf.Tensor)) throw new TypeError('the network gave no single tensor')
      return said
    })
    try {
      return Float32Array.from(output.dataSync())
    } finally {
      output.dispose()
    }
  }

  /** What the outputs [B, H, C' · P] mean, with the offsets [B, C'] put back. */
  #decode(outputs: Float32Array, offsets: Float32Array, horizon: number): Omit<ScaledForecasts, 'truth'> {
    const { options } = this.#model.spec
    const parameters = parametersOf(options)
    const { targets } = this.#windows
    if (parameters === 1) {
      shiftBy(outputs, offsets, horizon, targets)
      return { middle: outputs, lower: outputs, upper: outputs }
    }
    const pick = (value: (at: number) => number) => {
      const picked = new Float32Array(outputs.length / parameters).map((_, cell) => value(cell * parameters))
      shiftBy(picked, offsets, horizon, targets)
      return picked
    }
    if (options.intervals === 'quantiles') {
      sortQuantiles(outputs, parameters)
      const [lower, middle, upper] = [0, 1, 2].map((q) => pick((at) => outputs[at + q] ?? NaN))
      if (!middle || !lower || !upper) throw new Error('forecasting: no quantiles')
      return { lower, middle, upper }
    }
    const reach = normalQuantile((1 + options.coverage) / 2)
    const end = (sign: number) =>
      pick((at) => (outputs[at] ?? NaN) + sign * reach * gaussianDeviation(outputs[at + 1] ?? NaN))
    return { lower: end(-1), middle: pick((at) => outputs[at] ?? NaN), upper: end(1) }
  }
}

/** Row h of each horizon. Shapes: [B, H, K] → [B, 1, K]. */
function takeStep(future: Float32Array, batch: number, horizon: number, futureInputs: number, h: number): Float32Array {
  const step = new Float32Array(batch * futureInputs)
  for (let b = 0; b < batch; b++)
    step.set(future.subarray((b * horizon + h) * futureInputs, (b * horizon + h + 1) * futureInputs), b * futureInputs)
  return step
}

/** Moves look-backs a row on: the targets that were forecast, and what was known of that row; nothing of it is missing. */
function pushRow(
  past: Float32Array,
  newTargets: Float32Array,
  newFuture: Float32Array,
  size: { batch: number; lookBack: number; inputs: number; targets: number; futureInputs: number },
): void {
  const { batch, lookBack, inputs, targets, futureInputs } = size
  for (let b = 0; b < batch; b++) {
    const start = b * lookBack * inputs
    past.copyWithin(start, start + inputs, start + lookBack * inputs)
    const row = start + (lookBack - 1) * inputs
    past.fill(0, row, row + inputs)
    past.set(newTargets.subarray(b * targets, (b + 1) * targets), row)
    past.set(newFuture.subarray(b * futureInputs, (b + 1) * futureInputs), row + targets)
  }
}
