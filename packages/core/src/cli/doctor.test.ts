import { describe, expect, it } from 'vitest'
import { describeMachine, describeModel, runDoctor } from './doctor.js'
import type { MachineFacts } from '../runtime/doctor.js'

const versions = { weft: '0.1.0', tensorflowjs: '4.22.0', node: 'v22.1.0' }
const facts: MachineFacts = {
  versions,
  platform: 'linux x64',
  cpu: { model: 'A CPU', cores: 2, memoryGb: 8 },
  compiler: { reason: 'none of c++ runs' },
  native: { available: false, reason: 'the C++ kernels are not built', threads: 1, kernels: [] },
  wasm: { available: true },
  gpu: { available: false, reason: '@tensorflow/tfjs-node-gpu is not installed' },
  training: { device: 'cpu', backend: 'cpu', threads: 1, reasons: [], notice: 'Runs on cpu: no compiler.', versions },
  predicting: {
    device: 'wasm',
    backend: 'wasm',
    threads: 1,
    reasons: [],
    notice: 'Runs on cpu: no compiler.',
    versions,
  },
}

describe('weft-doctor', () => {
  it('says for each device whether it is there and why not', () => {
    const text = describeMachine(facts)
    expect(text).toContain('Weft 0.1.0, TensorFlow.js 4.22.0, Node 22.1.0\nlinux x64, A CPU, 2 cores, 8 GB\n')
    expect(text).toMatch(/^native +no +the C\+\+ kernels are not built$/m)
    expect(text).toMatch(/^gpu +no +@tensorflow\/tfjs-node-gpu is not installed$/m)
    expect(text).toContain('Trains on cpu, predicts on wasm.')
    expect(text.match(/Runs on cpu: no compiler\./g)?.length).toBe(1)
  })

  it('says which layers a model has and who knows them', () => {
    const layers = [
      { className: 'Dense', count: 2, origin: 'tensorflow.js' as const },
      { className: 'AttentionPooling', count: 1, origin: 'weft' as const },
    ]
    const text = describeModel({ layers, opensInTensorflowjs: false, notes: ['call registerLayers()'] })
    expect(text).toMatch(/^Dense +2 +TensorFlow\.js$/m)
    expect(text).toMatch(/^AttentionPooling +1 +Weft only$/m)
    expect(text).toContain('Does not open in TensorFlow.js by itself.\n- call registerLayers()')
  })

  it('has help and rejects what it does not know', async () => {
    let out = ''
    const io = {
      stdout: { write: (text: string) => (out += text) },
      stderr: { write: (text: string) => (out += text) },
    }
    expect(await runDoctor(['--help'], io)).toBe(0)
    expect(out).toMatch(/--model <path> +folder of a saved model/)
    expect(await runDoctor(['--modle', 'x'], io)).toBe(2)
    expect(out).toContain('Did you mean --model?')
  })
})
