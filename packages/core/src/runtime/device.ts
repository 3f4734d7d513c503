/**
 * Picks the TensorFlow.js backend that everything runs on and registers our layers and initialisers. It is a call, never an import's
 * side effect, and it prints nothing: what was picked, and why not the others, is in the report, for a command line to show.
 */
import { availableParallelism } from 'node:os'
import * as tf from '@weft/kernels/tfjs-core'
import { nativeStatus, registerNativeBackend, setNativeThreads } from '@weft/kernels'
import { coreVersion } from '../cli/version.js'
import { expected, UserError } from '../errors.js'
import { registerLayers } from '../layers/register.js'
import { DEVICES, type Device, type DeviceName } from './devices.js'
import { GPU_BACKEND, probeGpu } from './gpu.js'

export interface RuntimeOptions {
  /** Default 'auto', for which the environment variable WEFT_DEVICE stands in when set. */
  device?: DeviceName
  /** Threads of the native backend; default WEFT_THREADS, else one a core. */
  threads?: number
  /** What it is for, which decides what 'auto' falls back to. Default 'train'. */
  purpose?: 'train' | 'predict'
}

export interface RuntimeReport {
  device: Device
  /** TensorFlow.js's name of the backend. */
  backend: string
  threads: number
  /** The instruction set that the native kernels run on. */
  isa?: string
  /** Why each of the other devices was not taken. */
  reasons: { device: Device; reason: string }[]
  /** One line for the user when it runs on less than it could: on what, why, and how to get the fast one. */
  notice?: string
  versions: { weft: string; tensorflowjs: string; node: string }
}

/** Why a device cannot be used here, or undefined when it is now TensorFlow.js's backend. */
const ACTIVATE: Record<Device, () => Promise<string | undefined>> = {
  async native() {
    const report = registerNativeBackend()
    if (!report.available) return report.reason ?? 'the C++ kernels are not built'
    return activate('native')
  },
  async wasm() {
    await import('@tensorflow/tfjs-backend-wasm')
    return activate('wasm')
  },
  async cpu() {
    await import('@tensorflow/tfjs-backend-cpu')
    return activate('cpu')
  },
  async gpu() {
    const report = await probeGpu()
    return report.available ? activate(GPU_BACKEND) : report.reason
  },
}

async function activate(backend: string): Promise<string | undefined> {
  return (await tf.setBackend(backend)) ? undefined : `TensorFlow.js cannot start its ${backend} backend`
}

/** What 'auto' leaves alone although it may work. */
const NOT_TAKEN: Record<Device, string> = {
  native: 'another device was asked for',
  wasm: 'slower than the native kernels, and it cannot train a convolution',
  cpu: 'the slowest: used when nothing else works',
  gpu: 'used only by name, --device gpu',
}

const FAST_HINT = 'For the fast kernels install a C++ compiler (g++ or clang++) and run: npx weft-build-kernels'

/**
 * Sets up TensorFlow.js: a backend, our layers and initialisers. May be called again, also for another device.
 *
 * @throws UserError when a device asked for by name cannot be used.
 */
export async function setupRuntime(options: RuntimeOptions = {}): Promise<RuntimeReport> {
  tf.enableProdMode() // no advertisement for tfjs-node, no warnings about kernels that are registered twice
  registerLayers()
  const asked = requestedDevice(options.device)
  const threads = requestedThreads(options.threads)
  const fallback: Device = options.purpose === 'predict' ? 'wasm' : 'cpu'
  const candidates: Device[] = asked === 'auto' ? ['native', fallback, 'cpu'] : [asked]

  const reasons: RuntimeReport['reasons'] = []
  for (const device of candidates) {
    const reason = await ACTIVATE[device]()
    if (reason === undefined) {
      for (const other of DEVICES) {
        if (other === 'auto' || other === device || reasons.some((known) => known.device === other)) continue
        reasons.push({ device: other, reason: asked === 'auto' ? NOT_TAKEN[other] : 'another device was asked for' })
      }
      return report(device, threads, reasons, asked)
    }
    reasons.push({ device, reason })
  }
  throw new UserError(
    `setting up the runtime: expected a device that works here for device, received "${asked}": ${reasons.map((r) => r.reason).join('; ')}`,
    asked === 'native' ? FAST_HINT : 'Leave it to --device auto.',
  )
}

function report(device: Device, threads: number, reasons: RuntimeReport['reasons'], asked: DeviceName): RuntimeReport {
  const base = { device, backend: tf.getBackend(), reasons, versions: versions() }
  if (device === 'native') {
    setNativeThreads(threads)
    return { ...base, threads, isa: nativeStatus().isa }
  }
  if (asked !== 'auto') return { ...base, threads: 1 }
  const why = reasons.find((known) => known.device === 'native')?.reason
  const notice = `Running on TensorFlow.js's ${device} backend, many times slower than the native kernels: ${why}. ${FAST_HINT}`
  return { ...base, threads: 1, notice }
}

function requestedDevice(option: DeviceName | undefined): DeviceName {
  const [source, value] =
    option && option !== 'auto' ? ['device', option] : ['WEFT_DEVICE', process.env.WEFT_DEVICE || 'auto']
  const known = DEVICES.find((device) => device === value)
  if (known === undefined)
    throw expected({ doing: 'setting up the runtime', want: `one of ${DEVICES.join(', ')}`, of: source, got: value })
  return known
}

function requestedThreads(option: number | undefined): number {
  if (option === undefined && !process.env.WEFT_THREADS) return availableParallelism()
  const [source, value] =
    option === undefined ? ['WEFT_THREADS', Number(process.env.WEFT_THREADS)] : ['threads', option]
  if (!Number.isInteger(value) || value < 1) {
    throw expected({
      doing: 'setting up the runtime',
      want: 'a whole number of at least 1',
      of: source,
      got: option ?? process.env.WEFT_THREADS,
    })
  }
  return value
}

function versions(): RuntimeReport['versions'] {
  return { weft: coreVersion(), tensorflowjs: tf.version_core, node: process.versions.node }
}
