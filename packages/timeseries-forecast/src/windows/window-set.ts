/**
 * Windows over any number of series: which there are, and their rows as a network wants them. A window costs 4 bytes (its origin) until
 * it is gathered into a batch; rows without gaps are copied as they are. Subtracting the last value of the look-back from past and
 * truth is NLinear's (Zeng et al. 2023, arXiv:2205.13504, section 4.2), each channel as a series of its own PatchTST's (Nie et al.
 * 2023, arXiv:2211.14730, section 3.1). The order of training is in source.ts.
 */
import { expected, UserError } from '@weft/core/errors'
import { centreLookBack, type Centring, shiftBy } from './centring.js'
import { fillGaps, firstGap, type GapFilling } from './fill-gaps.js'
import { checkShape } from './origins.js'
import { channelsOf, originsOfPart, type WindowSetOptions } from './part-origins.js'
import type { PreparedSeries, RowRange } from './prepared-series.js'

/** Windows as arrays, B of them. */
export interface GatheredWindows {
  /** Inputs of the look-back [B, L, D], without gaps. */
  readonly past: Float32Array
  /** What is known in advance of the horizon [B, H, K], without gaps. */
  readonly future: Float32Array
  /** Number of each window's series [B], below `seriesCount`. */
  readonly series: Int32Array
  /** The truth [B, H, C], less the offsets, NaN where it is missing. */
  readonly y: Float32Array
  /** What was subtracted from targets [B, C]: added to a forecast [B, H, C], it puts it back. */
  readonly offsets: Float32Array
}

/** Where a window lies. */
export interface WindowPlace {
  /** Index among the series given. */
  readonly series: number
  /** Index of its first target: of the only one with independent channels, else 0. */
  readonly channel: number
  /** The first row that is forecast. */
  readonly origin: number
}

const NONE: RowRange = { from: 0, to: 0 }

/** The windows of some series. */
export class WindowSet {
  readonly series: readonly PreparedSeries[]
  readonly lookBack: number
  readonly horizon: number
  /** How many windows there are. */
  readonly length: number
  /** Windows of the part that were left out, since all their truth is missing. */
  readonly leftOut: number
  /** Columns of a gathered `past`, D. */
  readonly inputs: number
  /** Columns of `future`, K. */
  readonly futureInputs: number
  /** Columns of `y`, C. */
  readonly targets: number
  /** The numbers in `series` are below this. */
  readonly seriesCount: number
  /** How many windows each origin of a series makes: one for each target with independent channels, else 1. */
  readonly #channels: number
  readonly #centring: Centring
  readonly #filling: GapFilling
  /** Origins of all windows, those of the same series and channel together. */
  readonly #origins: Uint32Array
  /** Where the origins of each series (and channel) begin, and the end of the last. */
  readonly #starts: Uint32Array
  readonly #hasFutureGaps: readonly boolean[]

  /** Use `ofParts` or `atOrigins`. */
  private constructor(
    series: readonly PreparedSeries[],
    options: WindowSetOptions,
    origins: readonly Uint32Array[],
    leftOut: number,
  ) {
    const [first] = series
    if (first === undefined) throw new UserError('cutting windows: expected at least 1 series, received none')
    checkColumns(series)
    this.series = series
    this.lookBack = options.lookBack
    this.horizon = options.horizon
    this.leftOut = leftOut
    this.#channels = origins.length / series.length
    this.#centring = options.centring ?? 'none'
    this.#filling = options.filling ?? 'interpolate'
    this.targets = options.channels === 'independent' ? 1 : first.targets
    this.inputs = first.pastColumns.length - first.targets + this.targets
    this.futureInputs = first.futureColumns.length
    this.seriesCount = origins.length
    this.length = origins.reduce((sum, own) => sum + own.length, 0)
    this.#origins = new Uint32Array(this.length)
    this.#starts = new Uint32Array(origins.length + 1)
    origins.forEach((own, at) => {
      this.#origins.set(own, this.#starts[at])
      this.#starts[at + 1] = (this.#starts[at] ?? 0) + own.length
    })
    this.#hasFutureGaps = series.map(({ future }) => firstGap(future) < future.length)
  }

  /**
   * All windows whose horizon lies within the part of their series, less those without any truth.
   *
   * @param parts Rows of the part, one for each series.
   * @throws UserError for series of unlike columns, and for sizes below 1.
   */
  static ofParts(series: readonly PreparedSeries[], parts: readonly RowRange[], options: WindowSetOptions): WindowSet {
    const found = series.map((one, s) => originsOfPart(one, parts[s] ?? NONE, options))
    const leftOut = found.reduce((sum, own) => sum + own.leftOut, 0)
    const origins = found.flatMap((own) => own.origins)
    return new WindowSet(series, options, origins, leftOut)
  }

  /**
   * The windows that begin to forecast at the rows given, whether their truth is known or not: to forecast what comes after a series,
   * its origin is its length. With independent channels each target has a window at each.
   *
   * @param origins Origins within each series.
   * @throws UserError when there are too few rows before an origin.
   */
  static atOrigins(
    series: readonly PreparedSeries[],
    origins: readonly ArrayLike<number>[],
    options: WindowSetOptions,
  ): WindowSet {
    checkShape(options)
    const lists = series.flatMap((one, s) => {
      const own = Uint32Array.from(origins[s] ?? [])
      const wrong = own.find((origin) => origin < options.lookBack || origin > one.length)
      if (wrong !== undefined) {
        const what = `an origin from the look-back of ${options.lookBack} rows to the ${one.length} rows there are`
        throw expected({ doing: 'cutting windows', want: what, of: nameOf(one), got: wrong })
      }
      return channelsOf(one, options).map(() => own)
    })
    return new WindowSet(series, options, lists, 0)
  }

  /** Where the window at `place` lies, a number below `length`. */
  locate(place: number): WindowPlace {
    const row = this.#rowOf(place)
    const series = Math.floor(row / this.#channels)
    return { series, channel: row - series * this.#channels, origin: this.#origins[place] ?? 0 }
  }

  /**
   * Origins of a series' windows, ascending; those of `channel` with independent channels. `atOrigins` makes the same windows
   * of them in another mode.
   */
  originsOf(series: number, channel = 0): Uint32Array {
    const row = series * this.#channels + channel
    return this.#origins.slice(this.#starts[row], this.#starts[row + 1])
  }

  /**
   * The windows at these places, numbers below `length`, in this order. The arrays are the caller's.
   *
   * @throws UserError when what is known in advance ends before a window's horizon.
   */
  gather(places: ArrayLike<number>): GatheredWindows {
    const { lookBack, horizon, inputs, targets, futureInputs } = this
    const batch = places.length
    const gathered = {
      past: new Float32Array(batch * lookBack * inputs),
      future: new Float32Array(batch * horizon * futureInputs),
      series: new Int32Array(batch),
      y: new Float32Array(batch * horizon * targets).fill(NaN),
      offsets: new Float32Array(batch * targets),
    }
    for (let b = 0; b < batch; b++) {
      const place = places[b] ?? -1
      if (!(place >= 0 && place < this.length)) {
        throw expected({
          doing: 'gathering windows',
          want: `a number below ${this.length}`,
          of: `window ${b}`,
          got: place,
        })
      }
      const row = this.#rowOf(place)
      const number = Math.floor(row / this.#channels)
      const channel = row - number * this.#channels
      const origin = this.#origins[place] ?? 0
      gathered.series[b] = row
      this.#copyPast(gathered.past, b, number, channel, origin)
      this.#copyTruth(gathered.y, b, number, channel, origin)
      if (futureInputs > 0) this.#copyFuture(gathered.future, b, number, origin)
      centreLookBack(gathered.past, gathered.offsets, b, this, this.#centring)
    }
    if (this.#centring !== 'none') shiftBy(gathered.y, gathered.offsets, horizon, targets, -1)
    return gathered
  }

  /** Which series (and channel) a window belongs to, by bisection. */
  #rowOf(place: number): number {
    let [low, high] = [0, this.seriesCount]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle] ?? 0) <= place) low = middle
      else high = middle
    }
    return low
  }

  #seriesAt(number: number): PreparedSeries {
    const one = this.series[number]
    if (one === undefined) throw new Error(`gathering windows: there is no series ${number}`)
    return one
  }

  #copyPast(past: Float32Array, b: number, number: number, channel: number, origin: number): void {
    const { lookBack, inputs } = this
    const one = this.#seriesAt(number)
    const width = one.pastColumns.length
    const start = b * lookBack * inputs
    const from = (origin - lookBack) * width
    if (inputs === width) past.set(one.past.subarray(from, from + lookBack * width), start)
    else {
      const source = one.past
      const skipped = width - inputs
      for (let row = 0, to = start; row < lookBack; row++) {
        const line = from + row * width
        past[to++] = source[line + channel] ?? NaN
        for (let column = 1; column < inputs; column++) past[to++] = source[line + column + skipped] ?? NaN
      }
    }
    const { gaps } = one
    if (gaps === undefined || gaps[origin] === gaps[origin - lookBack]) return
    for (let column = 0; column < inputs; column++) fillGaps(past, start + column, lookBack, inputs, this.#filling)
  }

  #copyTruth(y: Float32Array, b: number, number: number, channel: number, origin: number): void {
    const { horizon, targets } = this
    const one = this.#seriesAt(number)
    const { past } = one
    const width = one.pastColumns.length
    const rows = Math.min(horizon, one.length - origin)
    for (let row = 0, to = b * horizon * targets; row < rows; row++) {
      const line = (origin + row) * width + channel
      for (let c = 0; c < targets; c++) y[to++] = past[line + c] ?? NaN
    }
  }

  #copyFuture(future: Float32Array, b: number, number: number, origin: number): void {
    const { horizon, futureInputs } = this
    const one = this.#seriesAt(number)
    const values = one.future.subarray(origin * futureInputs, (origin + horizon) * futureInputs)
    if (values.length < horizon * futureInputs) {
      const rows = one.future.length / futureInputs - one.length
      const names = one.futureColumns.join(', ')
      throw expected({
        doing: 'gathering windows',
        want: `${origin + horizon - one.length} rows after the last of ${nameOf(one)}`,
        of: `the columns known in advance (${names})`,
        got: rows,
        hint: 'Give their values for the whole horizon, or forecast fewer rows.',
      })
    }
    const start = b * horizon * futureInputs
    future.set(values, start)
    if (!this.#hasFutureGaps[number]) return
    for (let column = 0; column < futureInputs; column++)
      fillGaps(future, start + column, horizon, futureInputs, this.#filling)
  }
}

function nameOf({ key }: PreparedSeries): string {
  return key === '' ? 'the series' : `series ${key}`
}

function checkColumns(series: readonly PreparedSeries[]): void {
  const describe = (one: PreparedSeries) =>
    `${one.pastColumns.join(', ')}; ${one.futureColumns.join(', ')}; ${one.targets}`
  const [first, ...others] = series
  if (first === undefined) return
  const other = others.find((one) => describe(one) !== describe(first))
  if (other === undefined) return
  throw expected({
    doing: 'cutting windows',
    want: `the columns ${describe(first)}`,
    of: nameOf(other),
    got: describe(other),
  })
}
