// @ts-check
// Programs that measure in a process of their own and print a line of JSON: ours (measure.mjs) and PyTorch's (torch_cases.py).
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { UserError } from '@weft/core/errors'

/** @typedef {import('./measure.mjs').Measurement} Measurement */

const run = promisify(execFile)
const beside = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url))

/** What a failed process says of itself: the last error in what it wrote. @param {unknown} error */
function complaint(error) {
  const written = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : ''
  const lines = written.split('\n').filter((line) => /^\w*(?:Error|Exception)\b/.test(line))
  return lines.at(-1)?.replace(/^\w+: /, '') ?? String(error)
}

/** @param {string} text @returns {Measurement} */
function lastJson(text) {
  const line = text.split('\n').findLast((candidate) => candidate.startsWith('{'))
  if (line === undefined) throw new Error(`measuring: expected a line of JSON, received ${JSON.stringify(text)}`)
  return JSON.parse(line)
}

/**
 * @param {string} name @param {string} backend `native`, or `cpu` or `wasm` for TensorFlow.js's own. @param {number} seconds
 * @returns {Promise<Measurement>}
 */
export async function measureOurs(name, backend, seconds) {
  try {
    const { stdout } = await run(process.execPath, [beside('measure.mjs'), name, backend, String(seconds)])
    return lastJson(stdout)
  } catch (error) {
    throw new UserError(`measuring ${name} on ${backend}: ${complaint(error)}`)
  }
}

/**
 * @param {string} python @param {string} name @param {number} threads @param {number} seconds
 * @returns {Promise<Measurement>}
 */
export async function measureTorch(python, name, threads, seconds) {
  const options = ['--case', name, '--threads', String(threads), '--seconds', String(seconds)]
  try {
    const { stdout } = await run(python, [beside('torch_cases.py'), ...options])
    return lastJson(stdout)
  } catch (error) {
    throw new UserError(`measuring ${name} with PyTorch: ${complaint(error)}`)
  }
}

/** PyTorch's version. @param {string} python @throws UserError when that Python has none. */
export async function torchVersion(python) {
  try {
    const { stdout } = await run(python, ['-c', 'import torch; print(torch.__version__)'])
    return stdout.trim()
  } catch (error) {
    throw new UserError(
      `comparing with PyTorch: expected a Python that has torch for --python, received ${JSON.stringify(python)}: ${complaint(error)}`,
      'Install it with `pip install torch`, or name another Python with --python.',
    )
  }
}
