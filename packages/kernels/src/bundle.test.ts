import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { afterAll, expect, it } from 'vitest'
import { addonPath } from './executors/native/binding.js'
import { describeNative } from './testing/native.js'

// A bundler drops what package.json's `sideEffects: false` allows it to: a module that did anything when imported would be lost.
describeNative('a bundle of @weft/kernels', () => {
  const dist = fileURLToPath(new URL('../dist', import.meta.url))
  const folder = mkdtempSync(join(dist, 'bundle-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('registers the native backend and runs on it', async () => {
    writeFileSync(
      join(folder, 'program.mjs'),
      `import * as tf from '@tensorflow/tfjs-core'
      import { lstm, lstmStep, nativeCalls, registerNativeBackend, sgdUpdate } from '../index.js'
      registerNativeBackend()
      await tf.setBackend('native')
      const { output } = lstm(tf.ones([1, 2, 3]), tf.ones([3, 8]), tf.ones([2, 8]), null, {})
      const w = tf.variable(tf.ones([2]))
      sgdUpdate([w], [tf.ones([2])], [], { learningRate: 0.5 })
      console.log(JSON.stringify([nativeCalls('LstmSequence'), output.shape, [...w.dataSync()], typeof lstmStep]))`,
    )
    const bundle = await rolldown({
      input: join(folder, 'program.mjs'),
      external: [/^@tensorflow\//],
      platform: 'node',
    })
    await bundle.write({ file: join(folder, 'bundle.mjs'), format: 'esm' })
    const env = { ...process.env, WEFT_ADDON: addonPath }
    const printed = execFileSync(process.execPath, [join(folder, 'bundle.mjs')], { encoding: 'utf8', env })
    expect(JSON.parse(printed)).toEqual([1, [1, 2], [0.5, 0.5], 'function'])
  })
})
