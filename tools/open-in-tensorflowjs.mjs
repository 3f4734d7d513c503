#!/usr/bin/env node
// @ts-check
// Opens a model that Weft trained with plain TensorFlow.js, nothing of Weft imported, and prints its outputs as one JSON object. The
// input is a ramp from -1 to 1 over two items, any free axis 32 long, unless a JSON file holds one (nested arrays).
// usage: node tools/open-in-tensorflowjs.mjs MODEL_FOLDER [INPUT.json]
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'

const [folder, inputFile] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: node tools/open-in-tensorflowjs.mjs MODEL_FOLDER [INPUT.json]\n')
  process.exit(2)
}
tf.env().set('PROD', true) // without it TensorFlow.js advertises its Node.js package
const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))
const [{ paths, weights: weightSpecs }] = weightsManifest
const weightData = new Uint8Array(readFileSync(join(folder, paths[0]))).buffer
const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }))

const shape = model.inputs[0]?.shape.map((size, axis) => size ?? (axis === 0 ? 2 : 32)) ?? []
const x =
  inputFile === undefined
    ? tf.reshape(tf.linspace(-1, 1, tf.util.sizeFromShape(shape)), shape)
    : tf.tensor(JSON.parse(readFileSync(inputFile, 'utf8')))
const outputs = /** @type {tf.Tensor} */ (model.predict(x))
process.stdout.write(
  `${JSON.stringify({ tensorflowjs: tf.version.tfjs, backend: tf.getBackend(), input: x.shape, shape: outputs.shape, outputs: [...outputs.dataSync()] })}\n`,
)
