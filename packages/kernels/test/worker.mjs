/** What `robustness.test.ts` runs in worker threads: a backend of its own that trains or predicts, again and again, or
 * the number of threads that it found. */
import { parentPort, workerData } from 'node:worker_threads'
import { nativeStatus } from '@weft/kernels'
import { digest, predict, start, train } from './training.mjs'

const { job, threads, times } = workerData
if (job === 'threads') parentPort?.postMessage(nativeStatus().threads)
await start(threads)
for (let i = 0; i < times; i++) parentPort?.postMessage(digest(job === 'train' ? train() : predict()))
