/**
 * Backends in tests: what runs on `native` is skipped with a counted line where there is no addon, and fails there when
 * WEFT_REQUIRE_NATIVE=1, so that it never passes in silence.
 */
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { describe, expect, it } from 'vitest'
import { nativeCalls } from '../kernel.js'
import { BACKEND_NAME, nativeStatus, registerNativeBackend, setNativeThreads } from '../executors/native/native.js'

/** Whether the addon is there. */
export function nativeAvailable(): boolean {
  return nativeStatus().available
}

/** `describe` for tests that need the addon. */
export function describeNative(name: string, body: () => void): void {
  const { available, reason } = nativeStatus()
  if (available) {
    registerNativeBackend()
    describe(name, body)
  } else if (process.env['WEFT_REQUIRE_NATIVE'] === '1') {
    describe(name, () => {
      it('needs the native addon', () => expect.fail(`WEFT_REQUIRE_NATIVE=1, but ${reason}`))
    })
  } else {
    describe.skip(`${name} (skipped: ${reason})`, body)
  }
}

/** Runs `body` on a backend, disposing of what it leaves over, and returns the numbers of the tensors it returns. */
export async function onBackend(backend: string, body: () => tf.Tensor | tf.Tensor[]): Promise<number[][]> {
  await tf.setBackend(backend)
  tf.engine().startScope()
  try {
    const results = body()
    return (Array.isArray(results) ? results : [results]).map((tensor) => Array.from(tensor.dataSync()))
  } finally {
    tf.engine().endScope()
  }
}

/** The same on `cpu` and on `native`. */
export async function onBoth(
  body: () => tf.Tensor | tf.Tensor[],
): Promise<{ reference: number[][]; native: number[][] }> {
  const reference = await onBackend('cpu', body)
  const native = await onBackend(BACKEND_NAME, body)
  return { reference, native }
}

/** Runs `body` and expects that the C++ version of each named kernel ran in it. */
export async function expectNativeCalls<T>(kernelNames: readonly string[], body: () => Promise<T> | T): Promise<T> {
  const before = kernelNames.map(nativeCalls)
  const result = await body()
  kernelNames.forEach((name, i) =>
    expect(nativeCalls(name), `${name} ran in C++`).toBeGreaterThan(before[i] ?? Infinity),
  )
  return result
}

/** Runs `body` with a number of kernel threads, and puts back the number before. */
export async function withThreads<T>(count: number, body: () => Promise<T> | T): Promise<T> {
  const before = nativeStatus().threads
  setNativeThreads(count)
  try {
    return await body()
  } finally {
    setNativeThreads(before)
  }
}
