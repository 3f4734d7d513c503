import * as tf from '@weft/kernels/tfjs-core'
import { nativeStatus } from '@weft/kernels'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UserError } from '../errors.js'
import { setupRuntime } from './device.js'
import { DEVICES } from './devices.js'
import { inspectMachine } from './doctor.js'
import { probeGpu } from './gpu.js'

beforeEach(() => {
  vi.stubEnv('WEFT_DEVICE', '')
  vi.stubEnv('WEFT_THREADS', '')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

const compute = () => Array.from(tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]))).dataSync())

describe('setupRuntime', () => {
  it.each(['cpu', 'wasm'] as const)('runs on %s when asked to, and may be called again', async (device) => {
    for (let i = 0; i < 2; i++) {
      const report = await setupRuntime({ device })
      expect(report).toMatchObject({ device, backend: device, threads: 1 })
      expect(report.notice).toBeUndefined()
      expect(tf.getBackend()).toBe(device)
      expect(compute()).toEqual([11])
    }
  })
  it('says why each of the other devices was not taken', async () => {
    for (const device of ['auto', 'cpu'] as const) {
      const report = await setupRuntime({ device })
      const named = report.reasons.map((reason) => reason.device)
      expect([...named, report.device].sort()).toEqual(DEVICES.filter((name) => name !== 'auto').sort())
      for (const { reason } of report.reasons) expect(reason.length).toBeGreaterThan(5)
    }
  })
  it('takes the native kernels by itself, else what is best for the purpose, with a line that says how to get the fast ones', async () => {
    for (const [purpose, fallback] of [
      ['train', 'cpu'],
      ['predict', 'wasm'],
    ] as const) {
      const report = await setupRuntime({ purpose })
      if (nativeStatus().available) {
        expect(report.device).toBe('native')
        expect(report.notice).toBeUndefined()
      } else {
        expect(report.device).toBe(fallback)
        expect(report.notice).toMatch(new RegExp(`^Running on TensorFlow.js's ${fallback} backend, .*C\\+\\+ compiler`))
        expect(report.notice).not.toContain('\n')
      }
      expect(compute()).toEqual([11])
    }
  })
  it('is steered by WEFT_DEVICE unless a device is asked for', async () => {
    vi.stubEnv('WEFT_DEVICE', 'wasm')
    expect((await setupRuntime()).device).toBe('wasm')
    expect((await setupRuntime({ device: 'auto' })).device).toBe('wasm')
    expect((await setupRuntime({ device: 'cpu' })).device).toBe('cpu')
  })
  it('refuses what it does not know', async () => {
    vi.stubEnv('WEFT_DEVICE', 'tpu')
    await expect(setupRuntime()).rejects.toThrow(
      'expected one of auto, native, wasm, cpu, gpu for WEFT_DEVICE, received "tpu"',
    )
    vi.stubEnv('WEFT_DEVICE', '')
    vi.stubEnv('WEFT_THREADS', 'many')
    await expect(setupRuntime({ device: 'cpu' })).rejects.toThrow(
      'expected a whole number of at least 1 for WEFT_THREADS, received "many"',
    )
    await expect(setupRuntime({ device: 'cpu', threads: 0 })).rejects.toThrow(UserError)
  })
  it('says why a GPU asked for by name cannot be used', async () => {
    const { available, reason = '' } = await probeGpu()
    if (!available) await expect(setupRuntime({ device: 'gpu' })).rejects.toThrow(reason)
  })
  it('prints nothing', async () => {
    const warnings = vi.spyOn(console, 'warn')
    await setupRuntime({ device: 'cpu' })
    await setupRuntime({ device: 'auto' })
    tf.zeros([1]).dispose()
    expect(warnings).not.toHaveBeenCalled()
    warnings.mockRestore()
  })
})

describe('inspectMachine', () => {
  it('tells the machine, the backends and what would be taken', async () => {
    const facts = await inspectMachine()
    expect(facts.versions.node).toBe(process.versions.node)
    expect(facts.versions.weft).toMatch(/^\d+\.\d+\.\d+/)
    expect(facts.cpu.cores).toBeGreaterThan(0)
    expect(facts.wasm).toEqual({ available: true })
    expect(facts.gpu.available || facts.gpu.reason).toBeTruthy()
    expect('command' in facts.compiler ? facts.compiler.version : facts.compiler.reason).not.toBe('')
    expect(facts.native.available).toBe(facts.training.device === 'native')
    expect(tf.getBackend()).toBe(facts.training.backend)
  })
})
