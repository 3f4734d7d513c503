/**
 * Models on disk: a folder with model.json and weights.bin in TensorFlow.js's layers format, which plain TensorFlow.js reads, and
 * weft.json with what predicting needs besides (labels, preprocessing). A save replaces the folder as a whole or not at all. Models
 * saved by Keras 3 and converted are rewritten while they are read.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { expected, reasonOf, UserError } from '../errors.js'
import { readJson, writeFileAtomic, writeJsonAtomic } from '../files.js'
import { registerLayers } from '../layers/register.js'
import { asKeras2, type Json } from './keras3.js'

const MODEL_FILE = 'model.json'
const WEIGHTS_FILE = 'weights.bin'
const EXTRAS_FILE = 'weft.json'

/** What weft.json holds: anything that JSON can. */
export type Extras = Record<string, unknown>

/**
 * Saves a model with what predicting needs besides. If the process is killed at any moment, the folder holds the former model or this one.
 *
 * @param dir A folder that does not exist, is empty or holds a model.
 */
export async function saveModel(model: tfl.LayersModel, dir: string, extras: Extras = {}): Promise<void> {
  checkReplaceable(dir)
  const saved: tf.io.ModelArtifacts[] = []
  await model.save(
    tf.io.withSaveHandler(async (given) => {
      saved.push(given)
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(given) }
    }),
  )
  const [artifacts] = saved
  if (!artifacts?.weightData || !artifacts.weightSpecs) throw new Error(`saving ${dir}: TensorFlow.js gave no weights`)

  const temporary = `${dir}.${process.pid}.tmp`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true })
  writeFileAtomic(join(temporary, WEIGHTS_FILE), new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData)))
  writeJsonAtomic(join(temporary, MODEL_FILE), {
    format: artifacts.format,
    generatedBy: artifacts.generatedBy,
    convertedBy: null,
    modelTopology: artifacts.modelTopology,
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: artifacts.weightSpecs }],
  })
  writeJsonAtomic(join(temporary, EXTRAS_FILE), extras)
  swapIn(temporary, dir)
}

function checkReplaceable(dir: string): void {
  const others = existsSync(dir)
    ? readdirSync(dir).filter((name) => ![MODEL_FILE, WEIGHTS_FILE, EXTRAS_FILE].includes(name))
    : []
  if (others.length > 0)
    throw expected({
      doing: 'saving a model',
      want: 'a folder that is empty or holds only a model',
      of: 'its folder',
      got: dir,
      hint: `It also holds ${others[0]}.`,
    })
}

/** Where a model waits while the next one takes its place. */
const previousOf = (dir: string) => `${dir}.previous`

function swapIn(temporary: string, dir: string): void {
  const previous = previousOf(dir)
  if (existsSync(dir)) {
    rmSync(previous, { recursive: true, force: true })
    renameSync(dir, previous)
  }
  renameSync(temporary, dir)
  rmSync(previous, { recursive: true, force: true })
}

/**
 * Loads what `saveModel` wrote, or any model in TensorFlow.js's layers format, also one converted from Keras 3.
 *
 * @throws UserError when the folder holds no model, or one that is cut short or has unknown layers.
 */
export async function loadModel(dir: string): Promise<{ model: tfl.LayersModel; extras: Extras }> {
  registerLayers()
  const folder = existsSync(join(dir, MODEL_FILE)) ? dir : previousOf(dir) // killed between the two renames of a save
  if (!existsSync(join(folder, MODEL_FILE)))
    throw expected({ doing: 'loading a model', want: `a folder that holds ${MODEL_FILE}`, of: 'the model', got: dir })
  const artifacts = readArtifacts(folder)
  const model = await open(artifacts, folder)
  const extras = existsSync(join(folder, EXTRAS_FILE)) ? readJson(join(folder, EXTRAS_FILE)) : {}
  if (!isRecord(extras))
    throw expected({ doing: 'loading a model', want: 'a JSON object', of: join(folder, EXTRAS_FILE), got: extras })
  return { model, extras }
}

/** The topology of a saved model in Keras 2's way, and as it is written. */
export function readTopology(dir: string): { topology: Json; written: Json } {
  const path = join(dir, MODEL_FILE)
  return topologyOf(readJson(path), path)
}

/** @param json What the file `path` holds. */
function topologyOf(json: unknown, path: string): { topology: Json; written: Json } {
  const written = isRecord(json) ? (json.modelTopology as Json | undefined) : undefined
  if (!isRecord(written)) throw expected({ doing: 'loading a model', want: 'a modelTopology', of: path, got: written })
  return { topology: asKeras2(written), written }
}

function readArtifacts(dir: string): tf.io.ModelArtifacts {
  const path = join(dir, MODEL_FILE)
  const json = readJson(path)
  const groups =
    isRecord(json) && Array.isArray(json.weightsManifest)
      ? (json.weightsManifest as tf.io.WeightsManifestConfig)
      : undefined
  if (!groups) throw expected({ doing: 'loading a model', want: 'a weightsManifest', of: path, got: undefined })
  const weightSpecs = groups.flatMap((group) => group.weights)
  const bytes = Buffer.concat(groups.flatMap((group) => group.paths.map((name) => readFile(join(dir, name)))))
  const wanted = weightSpecs.reduce((sum, spec) => sum + byteLength(spec), 0)
  if (bytes.byteLength !== wanted) {
    throw expected({
      doing: 'loading a model',
      want: `${wanted} bytes`,
      of: `the weights beside ${path}`,
      got: bytes.byteLength,
      hint: 'The file was cut short or belongs to another model.',
    })
  }
  const weightData = new Uint8Array(bytes).buffer
  return { modelTopology: topologyOf(json, path).topology as object, weightSpecs, weightData }
}

function byteLength(spec: tf.io.WeightsManifestEntry): number {
  const dtype = spec.quantization?.dtype ?? spec.dtype
  const bytesPerValue: Partial<Record<string, number>> = {
    float32: 4,
    int32: 4,
    bool: 1,
    uint8: 1,
    uint16: 2,
    float16: 2,
    complex64: 8,
  }
  const size = bytesPerValue[dtype]
  if (size === undefined)
    throw expected({ doing: 'loading a model', want: 'numbers', of: `weight ${spec.name}`, got: dtype })
  return tf.util.sizeFromShape(spec.shape) * size
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UserError(`reading ${path}: ${reasonOf(error)}`)
  }
}

async function open(artifacts: tf.io.ModelArtifacts, dir: string): Promise<tfl.LayersModel> {
  try {
    return await tfl.loadLayersModel(tf.io.fromMemory(artifacts))
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error)
    throw new UserError(`loading ${join(dir, MODEL_FILE)}: ${message}`)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
