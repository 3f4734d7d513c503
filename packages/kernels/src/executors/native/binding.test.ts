import * as tf from '@weft/kernels/tfjs-core'
import { expect, it } from 'vitest'
import { entry, executorWith } from '../../executor.js'
import { entries } from '../../rooms.js'
import { describeNative } from '../../testing/native.js'
import { nativeBinding, signatureConflicts } from './binding.js'
import { nativeStatus, setNativeThreads } from './native.js'

describeNative('the binding', () => {
  it('has the same kernels, tensors and numbers in TypeScript and in C++', () => {
    expect(signatureConflicts(entries)).toEqual([])
  })

  it('says what it offers', () => {
    const status = nativeStatus()
    expect(status.available).toBe(true)
    expect(['avx512', 'avx2', 'neon', 'baseline']).toContain(status.isa)
    expect(status.kernels).toContain('BatchMatMul')
    expect(new Set(status.kernels).size).toBe(status.kernels.length)
  })

  it('refuses a call that is not the signature', () => {
    const run = nativeBinding().binding?.kernels.find(({ name }) => name === 'matmul')?.run
    expect(() => run?.(new Float64Array(1))).toThrow('expected the numbers and tensors')
    const tensors = Array.from({ length: 4 }, () => new Float32Array(1))
    const floats: unknown = new Float32Array(9)
    expect(() => run?.(floats as Float64Array, ...tensors)).toThrow('expected the numbers and tensors')
  })

  it('reports a signature that differs, and a kernel that is missing on either side', async () => {
    await tf.setBackend('native')
    const missing = entry('no_such_kernel', ['x'], [])
    const executor = executorWith({ name: 'matmul' })
    expect(() => executor?.run(missing, { x: new Float32Array(1) })).toThrow('no_such_kernel: not in')
    expect(executorWith(missing)).toBeUndefined()
    expect(signatureConflicts([...entries, missing])).toEqual(['no_such_kernel is in TypeScript only'])
    const [first, ...others] = entries
    expect(signatureConflicts(others)).toEqual([`${first?.name} is in C++ only`])
    const turned = { name: first?.name ?? '', lists: [], tensors: ['other'], numbers: [] }
    expect(signatureConflicts([turned, ...others])[0]).toMatch(/: TypeScript \(other, \), C\+\+ \(/)
  })
})

it('refuses a number of threads that is none', () => {
  expect(() => setNativeThreads(0)).toThrow('expected an integer of at least 1 for count, received 0')
  expect(() => setNativeThreads(1.5)).toThrow('received 1.5')
})
