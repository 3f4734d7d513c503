/**
 * Calls every C++ kernel as no room does: with empty tensors (the optimizers' with empty lists) and with all numbers zero. A kernel may compute nothing or
 * throw; it must not end the process. Prints each kernel's name before its call, so that the last line names the one that did.
 */
import { writeSync } from 'node:fs'
import { nativeBinding } from '../dist/executors/native/binding.js'

const { binding, reason } = nativeBinding()
if (!binding) throw new Error(reason)
const LISTS = 5 // of an optimizer's tensors: variables, gradients, two slots, rows
const count = (names) => names.split(',').length - 1
/** Empty ones, and ones that no number makes any use of. */
const makers = [() => new Float32Array(0), () => new Uint8Array(0), () => new Float32Array(64)]
for (const threads of [1, 2]) {
  binding.setThreads(threads)
  for (const { name, tensors, numbers, run } of binding.kernels)
    for (const [i, make] of makers.entries()) {
      writeSync(1, `${name} ${i} ${threads}\n`)
      try {
        const lists = name.endsWith('_update') ? LISTS : 0
        const passed = Array.from({ length: count(tensors) }, (_, at) => (at < lists ? [] : make()))
        run(new Float64Array(count(numbers)), ...passed)
      } catch (error) {
        writeSync(1, `${name}: ${error.message}\n`)
      }
    }
}
writeSync(1, 'done\n')
