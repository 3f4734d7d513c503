#!/usr/bin/env node
// @ts-check
// Runs a saved model here and, in a process that does not import Weft, with plain TensorFlow.js, on the same input, and prints both
// outputs and their largest difference. Exits with 1 when they differ by more than rounding.
// usage: node tools/same-outputs.mjs MODEL_FOLDER
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs-core'
import { loadModel, setupRuntime } from '@weft/core'

/** Probabilities in float32, summed in another order. */
const ROUNDING = 1e-5
const SHOWN = 10

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: node tools/same-outputs.mjs MODEL_FOLDER\n')
  process.exit(2)
}
const script = join(dirname(fileURLToPath(import.meta.url)), 'open-in-tensorflowjs.mjs')
const plain = JSON.parse(execFileSync(process.execPath, [script, folder], { encoding: 'utf8' }))

const runtime = await setupRuntime({ purpose: 'predict' })
const { model } = await loadModel(folder)
const x = tf.reshape(tf.linspace(-1, 1, tf.util.sizeFromShape(plain.input)), plain.input)
const outputs = [.../** @type {tf.Tensor} */ (model.predict(x)).dataSync()]

const largest = outputs.reduce((most, value, i) => Math.max(most, Math.abs(value - plain.outputs[i])), 0)
const show = (/** @type {number[]} */ values) =>
  values
    .slice(0, SHOWN)
    .map((value) => value.toFixed(6))
    .join(' ')
process.stdout.write(`input [${plain.input.join(', ')}] -> outputs [${plain.shape.join(', ')}]
weft, ${runtime.device}:  ${show(outputs)}
@tensorflow/tfjs ${plain.tensorflowjs}, ${plain.backend}:  ${show(plain.outputs)}
largest difference ${largest.toExponential(1)}\n`)
if (outputs.length !== plain.outputs.length || !(largest <= ROUNDING)) process.exitCode = 1
