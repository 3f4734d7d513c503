// @ts-check
// A training step by kernel: what each C++ kernel took, how near that is to what the machine can do, and what is left for JavaScript
// and TensorFlow.js. What the machine can do is measured first: a large matrix product, and a large copy.
import * as tf from '@tensorflow/tfjs-core'
import { setupRuntime, Trainer } from '@weft/core'
import { profileKernels } from '@weft/kernels'
import { table } from './backends.mjs'
import { trainingCase } from './cases.mjs'

/**
 * @typedef {{ flopsPerMs: number, bytesPerMs: number }} Peaks
 * @typedef {{ kernel: string, calls: number, ms: number, gflops: number, megabytes: number, gigabytesPerSecond: number, ofStep: number, ofPeakArithmetic: number, ofPeakCopy: number }} KernelRow
 * @typedef {{ case: string, stepMs: number, otherMs: number, arithmeticMs: number, memoryMs: number, gflops: number, kernels: KernelRow[] }} StepProfile
 */

const PRODUCT_SIZE = 1024
const COPY_SHAPE = /** @type {const} */ ([4096, 4096])
const PEAK_REPETITIONS = 40
const WARM_UPS = 5
const LEAST = 10

/** The fastest of several runs: peaks are what the machine can do, not what it does on average. @returns {Peaks} */
export function measurePeaks() {
  const best = (/** @type {'flops' | 'bytes'} */ key, /** @type {() => tf.Tensor} */ action) => {
    let most = 0
    for (let i = 0; i < PEAK_REPETITIONS; i++)
      for (const { ms, [key]: amount } of profileKernels(() => tf.dispose(action())).values())
        most = Math.max(most, amount / ms)
    return most
  }
  return tf.tidy(() => {
    const a = tf.fill([PRODUCT_SIZE, PRODUCT_SIZE], 0.5)
    const x = tf.fill([...COPY_SHAPE], 0.5)
    return { flopsPerMs: best('flops', () => tf.matMul(a, a)), bytesPerMs: best('bytes', () => tf.reverse(x, 0)) }
  })
}

/** The step that took the middle time, by kernel. @param {string} name @param {number} seconds @param {Peaks} peaks @returns {StepProfile | undefined} */
export function profileStep(name, seconds, peaks) {
  const given = trainingCase(name)
  if (!given) return undefined
  const { model, x, y, loss } = given
  const trainer = new Trainer(model, { loss, learningRate: 1e-3 })
  for (let i = 0; i < WARM_UPS; i++) trainer.step({ x, y })
  /** @type {{ stepMs: number, kernels: Map<string, import('@weft/kernels').KernelProfile> }[]} */
  const steps = []
  const end = performance.now() + 1000 * seconds
  while (steps.length < LEAST || performance.now() < end) {
    const start = performance.now()
    const kernels = profileKernels(() => trainer.step({ x, y }))
    steps.push({ stepMs: performance.now() - start, kernels })
  }
  trainer.dispose()
  model.dispose()
  tf.dispose([x, y])
  const middle = steps.toSorted((one, other) => one.stepMs - other.stepMs)[Math.floor(steps.length / 2)]
  if (middle === undefined) return undefined
  const { stepMs } = middle
  const kernels = [...middle.kernels].map(([kernel, { calls, ms, flops, bytes }]) => ({
    kernel,
    calls,
    ms,
    gflops: flops / ms / 1e6,
    megabytes: bytes / 1e6,
    gigabytesPerSecond: bytes / ms / 1e6,
    ofStep: ms / stepMs,
    ofPeakArithmetic: flops / ms / peaks.flopsPerMs,
    ofPeakCopy: bytes / ms / peaks.bytesPerMs,
  }))
  const totals = [...middle.kernels.values()]
  const flops = totals.reduce((sum, kernel) => sum + kernel.flops, 0)
  return {
    case: name,
    stepMs,
    otherMs: stepMs - totals.reduce((sum, kernel) => sum + kernel.ms, 0),
    arithmeticMs: flops / peaks.flopsPerMs,
    memoryMs: totals.reduce((sum, kernel) => sum + kernel.bytes, 0) / peaks.bytesPerMs,
    gflops: flops / stepMs / 1e6,
    kernels: kernels.toSorted((one, other) => other.ms - one.ms),
  }
}

/** @param {readonly string[]} names @param {number} seconds @param {import('@weft/core/cli').CommandContext} context */
export async function profileCases(names, seconds, context) {
  const { isa, threads } = await setupRuntime({ device: 'native', purpose: 'train' })
  const progress = context.progress.start('profiling', names.length, 'cases')
  const peaks = measurePeaks()
  /** @type {StepProfile[]} */
  const profiles = []
  for (const [done, name] of names.entries()) {
    progress.update(done, { case: name })
    const profile = profileStep(name, seconds, peaks)
    if (profile) profiles.push(profile)
    else context.note(`${name} has no training step`)
    // Lets the progress be drawn: everything else here is synchronous.
    await new Promise((resolve) => setImmediate(resolve))
  }
  progress.end()
  const machine = `This machine at most: ${gflops(peaks.flopsPerMs / 1e6)} GFLOP/s in a matrix product, ${(peaks.bytesPerMs / 1e6).toFixed(1)} GB/s in a copy (${isa}, ${threads} threads).`
  const text = [
    machine,
    ...profiles.map((profile) => stepTable(profile)),
    ...(profiles.length > 1 ? [limits(profiles)] : []),
  ]
  return {
    data: { peaks: { gflops: peaks.flopsPerMs / 1e6, gigabytesPerSecond: peaks.bytesPerMs / 1e6 }, cases: profiles },
    text: text.join('\n\n'),
  }
}

const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`
const gflops = (/** @type {number} */ value) => value.toFixed(value < 10 ? 1 : 0)

/** @param {StepProfile} profile */
function stepTable({ case: name, stepMs, otherMs, kernels }) {
  const columns = ['calls', 'ms', 'of the step', 'GFLOP/s', 'of the peak', 'MB', 'GB/s', 'of a copy']
  const rows = kernels.map((row) => [
    ...[row.kernel, String(row.calls), row.ms.toFixed(3), percent(row.ofStep)],
    ...(row.gflops > 0 ? [gflops(row.gflops), percent(row.ofPeakArithmetic)] : ['-', '-']),
    ...[row.megabytes.toFixed(2), row.gigabytesPerSecond.toFixed(1), percent(row.ofPeakCopy)],
  ])
  rows.push(['JavaScript and TensorFlow.js', '', otherMs.toFixed(3), percent(otherMs / stepMs)])
  return `${name}: a training step of ${stepMs.toFixed(2)} ms\n${table('kernel', columns, rows)}`
}

/** What each step would take if there were nothing but its arithmetic, or nothing but its memory traffic. @param {readonly StepProfile[]} profiles */
function limits(profiles) {
  const columns = ['step, ms', 'arithmetic, ms', 'memory, ms', 'GFLOP/s', 'of the peak', 'JavaScript']
  const rows = profiles.map((p) => [
    ...[p.case, p.stepMs.toFixed(2), p.arithmeticMs.toFixed(2), p.memoryMs.toFixed(2)],
    ...[gflops(p.gflops), percent(p.arithmeticMs / p.stepMs), percent(p.otherMs / p.stepMs)],
  ])
  return table('case', columns, rows)
}
