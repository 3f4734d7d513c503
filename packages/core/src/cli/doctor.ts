/**
 * `weft-doctor`: prints what the machine offers (devices, compiler, versions), or with `--model` what a saved model needs to be
 * opened. It only prints; the looking is done by runtime/doctor.ts, which is loaded when asked for, so that help stays quick.
 */
import type { MachineFacts, ModelFacts } from '../runtime/doctor.js'
import { defineCommand, runCli } from './command.js'
import type { CliIo, CommandOutput } from './command.js'
import { plural } from './format.js'
import { defineOptions } from './options.js'
import { formatTable } from './table.js'
import { coreVersion } from './version.js'

const options = defineOptions({
  model: { type: 'path', help: 'folder of a saved model: say what it needs instead' },
})

const doctor = defineCommand({
  help: 'say what this machine offers, or what a model needs',
  options,
  examples: ['weft-doctor', 'weft-doctor --model runs/esc10/model --json'],
  run: async ({ model }): Promise<CommandOutput> => {
    const { inspectMachine, inspectModel } = await import('../runtime/doctor.js')
    if (model !== undefined) {
      const facts = inspectModel(model)
      return { data: { model: facts }, text: describeModel(facts) }
    }
    const facts = await inspectMachine()
    return { data: { machine: facts }, text: describeMachine(facts) }
  },
})

/** The program behind `weft-doctor`; returns the exit code. */
export async function runDoctor(argv: readonly string[], io?: CliIo): Promise<number> {
  const description = 'Says what this machine offers to Weft, or what a saved model needs.'
  return runCli({ name: 'weft-doctor', description, version: coreVersion(), commands: {}, main: doctor }, argv, io)
}

/** What the machine offers, as text. */
export function describeMachine(facts: MachineFacts): string {
  const { versions, platform, cpu, compiler, native, wasm, gpu, training, predicting } = facts
  const nativeDetail = [native.isa, plural(native.threads, 'thread'), plural(native.kernels.length, 'kernel')]
  const rows = [
    ['native', mark(native.available), native.available ? join(nativeDetail) : (native.reason ?? '')],
    ['wasm', mark(wasm.available), wasm.reason ?? 'WebAssembly; predicts, cannot train a convolution'],
    ['cpu', mark(true), 'plain JavaScript; always there, slow'],
    ['gpu', mark(gpu.available), gpu.reason ?? 'CUDA through @tensorflow/tfjs-node-gpu'],
  ]
  const lines = [
    `Weft ${versions.weft}, TensorFlow.js ${versions.tensorflowjs}, Node ${versions.node.replace(/^v/, '')}`,
    `${platform}, ${cpu.model}, ${plural(cpu.cores, 'core')}, ${cpu.memoryGb} GB`,
    'command' in compiler ? `compiler: ${compiler.version}` : `no compiler: ${compiler.reason}`,
    '',
    formatTable([{ header: 'device' }, { header: '' }, { header: '' }], rows),
    '',
    `Trains on ${training.device}, predicts on ${predicting.device}. WEFT_DEVICE, WEFT_THREADS or --device choose otherwise.`,
  ]
  const notices = [...new Set([training.notice, predicting.notice])].filter((notice) => notice !== undefined)
  return [...lines, ...notices].join('\n')
}

/** What a model needs, as text. */
export function describeModel({ layers, opensInTensorflowjs, notes }: ModelFacts): string {
  const columns = [{ header: 'layer' }, { header: 'count' }, { header: 'known to' }]
  const known = { 'tensorflow.js': 'TensorFlow.js', weft: 'Weft only', unknown: 'neither' } as const
  const rows = layers.map(({ className, count, origin }) => [className, count, known[origin]])
  const verdict = opensInTensorflowjs ? 'Opens in TensorFlow.js as it is.' : 'Does not open in TensorFlow.js by itself.'
  return [formatTable(columns, rows), '', verdict, ...notes.map((note) => `- ${note}`)].join('\n')
}

function mark(available: boolean): string {
  return available ? 'yes' : 'no'
}

function join(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(', ')
}
