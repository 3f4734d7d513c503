// @ts-check
// The modules that name TensorFlow.js's exports, against the installed packages.
import { staleModules } from '../tfjs-exports.mjs'

/** @type {import('./tree.mjs').Check} */
export async function tensorflowExports() {
  const stale = await staleModules()
  return stale.map((path) => `${path}: not what TensorFlow.js exports; run node tools/tfjs-exports.mjs`)
}
