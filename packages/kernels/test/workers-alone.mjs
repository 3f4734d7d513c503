/**
 * Worker threads that load the addon in a process whose main thread never does, one after the other and then ended in the middle of
 * their work: the library must stay, since its own threads do. `robustness.test.ts` runs it; prints the
 * threads that the second worker found, and `done`.
 */
import { Worker } from 'node:worker_threads'

const worker = (job, times) =>
  new Worker(new URL('worker.mjs', import.meta.url), { workerData: { job, threads: 3, times } })
const ended = (which) => new Promise((resolve) => which.on('exit', resolve))

await ended(worker('train', 1))
const found = worker('threads', 0)
found.on('message', (threads) => process.stdout.write(`found ${threads} threads\n`))
await ended(found)
for (const job of ['train', 'predict', 'train']) {
  const endless = worker(job, Infinity)
  await new Promise((resolve) => endless.once('message', resolve))
  await endless.terminate()
}
await ended(worker('predict', 1))
process.stdout.write('done\n')
