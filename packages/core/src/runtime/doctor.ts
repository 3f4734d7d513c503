/**
 * Gathers what a machine offers and what a saved model needs, as data; the command line prints it. Looking changes nothing, except
 * that the backends that are tried stay registered with TensorFlow.js.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { nativeStatus, registerNativeBackend } from '@weft/kernels'
import { layerOrigin } from '../layers/register.js'
import { isKeras3, type Json } from '../models/keras3.js'
import { readTopology } from '../models/model-io.js'
import { type RuntimeReport, setupRuntime } from './device.js'
import { type GpuReport, probeGpu } from './gpu.js'

export interface MachineFacts {
  versions: RuntimeReport['versions']
  platform: string
  cpu: { model: string; cores: number; memoryGb: number }
  /** The C++ compiler that a build of the kernels would use. */
  compiler: { command: string; version: string } | { reason: string }
  native: ReturnType<typeof nativeStatus>
  wasm: { available: boolean; reason?: string }
  gpu: GpuReport
  /** What `setupRuntime` takes by itself. */
  training: RuntimeReport
  predicting: RuntimeReport
}

/** What this machine offers. Environment variables WEFT_DEVICE and WEFT_THREADS count as they do for every command. */
export async function inspectMachine(): Promise<MachineFacts> {
  const wasm = await tryWasm()
  const gpu = await probeGpu()
  registerNativeBackend()
  const predicting = await setupRuntime({ purpose: 'predict' })
  const training = await setupRuntime({ purpose: 'train' })
  return {
    versions: training.versions,
    platform: `${process.platform} ${process.arch}`,
    cpu: {
      model: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryGb: Math.round(totalmem() / 2 ** 30),
    },
    compiler: findCompiler(),
    native: nativeStatus(),
    wasm,
    gpu,
    training,
    predicting,
  }
}

async function tryWasm(): Promise<MachineFacts['wasm']> {
  try {
    await setupRuntime({ device: 'wasm' })
    return { available: true }
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

function findCompiler(): MachineFacts['compiler'] {
  const usual = process.platform === 'win32' ? ['clang-cl'] : ['c++', 'g++', 'clang++']
  const commands = process.env.CXX ? [process.env.CXX] : usual
  for (const command of commands) {
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 10_000 })
    if (status === 0) return { command, version: stdout.split('\n', 1)[0] ?? '' }
  }
  return { reason: `none of ${commands.join(', ')} runs` }
}

export interface ModelFacts {
  /** Every class of layer in the model, how often, and who knows it: TensorFlow.js by itself, only Weft, or neither. */
  layers: { className: string; count: number; origin: 'tensorflow.js' | 'weft' | 'unknown' }[]
  /** Whether `tf.loadLayersModel` of plain TensorFlow.js opens it. */
  opensInTensorflowjs: boolean
  /** Why not, or what to mind there. */
  notes: string[]
}

/** What the saved model in `dir` needs in order to be opened. Reads its topology only. */
export function inspectModel(dir: string): ModelFacts {
  const { topology, written } = readTopology(dir)
  const counts = new Map<string, number>()
  for (const className of layerClasses(topology)) counts.set(className, (counts.get(className) ?? 0) + 1)
  const layers = [...counts].sort().map(([className, count]) => ({ className, count, origin: layerOrigin(className) }))
  const named = (origin: string) => layers.filter((layer) => layer.origin === origin).map((layer) => layer.className)

  const notes: string[] = []
  const [ours, unknown] = [named('weft'), named('unknown')]
  if (ours.length > 0)
    notes.push(`only Weft has ${ours.join(', ')}: call registerLayers() of @weft/core before loading`)
  if (unknown.length > 0) notes.push(`neither TensorFlow.js nor Weft has ${unknown.join(', ')}`)
  const keras3 = isKeras3(written)
  if (keras3) notes.push('written in the way of Keras 3, which Weft reads and TensorFlow.js does not')
  if (counts.has('Masking'))
    notes.push(
      'padding is masked: TensorFlow.js loses masks at convolutions and pooling, so padded inputs give other outputs there',
    )
  const refused = hasResetAfter(topology)
  if (refused) notes.push('TensorFlow.js refuses a GRU with resetAfter, which is the default')
  return { layers, opensInTensorflowjs: ours.length === 0 && unknown.length === 0 && !keras3 && !refused, notes }
}

/** Whether any layer in a topology is a GRU that TensorFlow.js by itself does not have. */
function hasResetAfter(value: Json): boolean {
  if (value === null || typeof value !== 'object') return false
  if (Array.isArray(value)) return value.some(hasResetAfter)
  return value.reset_after === true || Object.values(value).some(hasResetAfter)
}

/** The class names of all layers in a topology, inner ones included, models and the other objects in it left out. */
function layerClasses(value: Json, key = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => layerClasses(item, key))
  if (value === null || typeof value !== 'object') return []
  const inner = Object.entries(value).flatMap(([name, item]) => layerClasses(item, name))
  const isLayer =
    (key === 'layers' || key === 'layer') && typeof value.class_name === 'string' && !MODELS.has(value.class_name)
  return isLayer ? [String(value.class_name), ...inner] : inner
}

const MODELS = new Set(['Functional', 'Model', 'Sequential'])
