/**
 * Estimates of the `arima` package, which is the C library ctsa compiled to WebAssembly. The package can only predict from the end of what
 * it was trained on; its coefficients are read from the model's memory here (its field order is that of ctsa's `struct sarimax_set`),
 * so that they can be applied at any origin. Every fit has a WebAssembly instance of its own: nothing is left over from the last, and
 * one that runs out of memory does not affect the next. What ctsa prints is dropped.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ArimaModel, ArimaOrder } from './arima-model.js'

interface Instance {
  readonly HEAP32: Int32Array
  readonly HEAPF64: Float64Array
}
interface PackageModel {
  /** Address of a struct whose first field is the address of the `sarimax_set`. */
  readonly model: number
  train(series: readonly number[]): PackageModel
}
type PackageClass = new (options: Readonly<Record<string, number | boolean>>) => PackageModel
interface Package {
  readonly instantiate: (options: object) => Instance
  readonly binary: Uint8Array
  readonly classOf: (instance: Instance) => PackageClass
}

/** Rows that an instance can take: the series goes over its stack of 64 KiB. */
export const PACKAGE_ROWS = 6000
/** Length of the state vector up to which exact likelihood takes seconds; its work grows with the fourth power. */
const MAX_STATE = 60
/** Estimation method and optimiser of the package in the order tried: exact likelihood and conditional squares, both by BFGS. */
const ATTEMPTS = [
  { method: 0, optimizer: 5 },
  { method: 1, optimizer: 5 },
] as const

/** Indices of fields of `struct sarimax_set`, in words of 4 bytes; `MEAN` and `VARIANCE` in words of 8. */
const FIELD = { N: 0, p: 4, d: 5, q: 6, season: 7, P: 8, D: 9, Q: 10, ar: 14, ma: 15, seasonalAr: 16, seasonalMa: 17 }
const MEAN = 11
const VARIANCE = 12

let loaded: Package | undefined

/** The parts of the package, which exports only an instance that prints to stdout and keeps its memory to itself. */
function loadPackage(): Package {
  if (loaded) return loaded
  const require = createRequire(import.meta.url)
  const folder = dirname(require.resolve('arima'))
  loaded = {
    instantiate: require(join(folder, 'wasm/native-sync.js')),
    binary: require(join(folder, 'wrapper/native.bin.js')),
    classOf: require(join(folder, 'load.js')),
  }
  return loaded
}

/**
 * The package's estimates of a model: of each way of estimation that ends with numbers, computed as they are asked for; none when the
 * state is too long for it. They may still be neither stationary nor invertible.
 *
 * @param series Without gaps, at most `PACKAGE_ROWS` rows.
 */
export function* packageEstimates(series: Float64Array, order: ArimaOrder): Generator<ArimaModel> {
  const { p, q, P, Q, season } = order
  if (Math.max(p + P * season, q + Q * season + 1) > MAX_STATE) return
  for (const attempt of ATTEMPTS) {
    const model = estimate(series, order, attempt)
    if (model !== undefined) yield model
  }
}

function estimate(
  series: Float64Array,
  order: ArimaOrder,
  attempt: { method: number; optimizer: number },
): ArimaModel | undefined {
  const { instantiate, binary, classOf } = loadPackage()
  const quiet = () => undefined
  // Without `quit`, an exit within ctsa would set the exit code of this process.
  const quit = (_status: number, error: unknown) => {
    throw error
  }
  const instance = instantiate({ wasmBinary: binary, print: quiet, printErr: quiet, quit })
  const { season, ...orders } = order
  const trained = new (classOf(instance))({ ...orders, ...attempt, s: season > 1 ? season : 0, verbose: false })
  try {
    trained.train(Array.from(series))
  } catch {
    // Too short for these orders, or out of the instance's memory: the caller has a way of its own.
    return undefined
  }
  return readModel(instance, trained.model, series.length, order)
}

/** Reads the coefficients; throws when the memory does not look as it does in the version that this was written for. */
function readModel(instance: Instance, address: number, rows: number, order: ArimaOrder): ArimaModel | undefined {
  const base = instance.HEAP32[address / 4] ?? 0
  const word = (index: number) => instance.HEAP32[base / 4 + index] ?? 0
  const names = ['p', 'd', 'q', 'P', 'D', 'Q'] as const
  if (word(FIELD.N) !== rows || names.some((name) => word(FIELD[name]) !== order[name]))
    throw new Error(
      'reading the coefficients of the arima package: its memory is laid out otherwise than in version 0.2.8',
    )
  const numbers = (index: number, count: number) => {
    const start = word(index) / 8
    return Array.from(instance.HEAPF64.subarray(start, start + count))
  }
  const model = {
    order,
    ar: numbers(FIELD.ar, order.p),
    // ctsa writes the moving average as Box and Jenkins do, 1 - theta B.
    ma: numbers(FIELD.ma, order.q).map((value) => -value),
    seasonalAr: numbers(FIELD.seasonalAr, order.P),
    seasonalMa: numbers(FIELD.seasonalMa, order.Q).map((value) => -value),
    mean: instance.HEAPF64[base / 8 + MEAN] ?? 0,
    variance: instance.HEAPF64[base / 8 + VARIANCE] ?? 0,
  }
  const all = [...model.ar, ...model.ma, ...model.seasonalAr, ...model.seasonalMa, model.mean, model.variance]
  return all.every(Number.isFinite) && model.variance > 0 ? model : undefined
}
