import * as tf from '@weft/kernels/tfjs-core'
import { describe, expect, it } from 'vitest'
import { setupRuntime, type RuntimeReport } from '../runtime/device.js'
import { onRuntime } from './runner.js'

describe('onRuntime', () => {
  it('sets up the device that is asked for and hands it on', async () => {
    const report = await onRuntime({ device: 'cpu' }, {}, async (runtime, hooks) => {
      expect(hooks.runtime).toBe(runtime)
      return runtime
    })
    expect(report.device).toBe('cpu')
    expect(tf.getBackend()).toBe('cpu')
  })

  it('sets up nothing when the hooks bring a runtime, and says nothing of it again', async () => {
    const lines: string[] = []
    const runtime: RuntimeReport = { ...(await setupRuntime({ device: 'cpu' })), notice: 'slower here' }
    const hooks = { runtime, warn: (line: string) => lines.push(line) }
    expect(await onRuntime({ device: 'wasm' }, hooks, async ({ device }) => device)).toBe('cpu')
    expect(lines).toEqual([])
  })
})
