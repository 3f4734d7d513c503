import { afterEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { mapOrdered } from './map-ordered.js'
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.js'

interface Task {
  do: 'square' | 'throw' | 'exit' | 'exhaust' | 'loop' | 'move' | 'measure' | 'count'
  file?: string
  value?: number
  delayMs?: number
  errorName?: string
  buffer?: ArrayBuffer
  counter?: SharedArrayBuffer
}
interface Squared {
  value: number
  scale: number
  threadId: number
}

const module = new URL('./fixtures/pool-worker.mjs', import.meta.url)
const open: { close(): Promise<void> }[] = []

function makePool<Result = Squared>(size: number, more: Partial<WorkerPoolOptions<Task, { scale: number }>> = {}) {
  const pool = new WorkerPool<Task, Result, { scale: number }>({
    module,
    data: { scale: 3 },
    size,
    describe: (task) => task.file ?? `square of ${task.value}`,
    ...more,
  })
  open.push(pool)
  return pool
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()))
})

const squares = (count: number): Task[] =>
  Array.from({ length: count }, (_, value) => ({ do: 'square', value, delayMs: value % 4 === 0 ? 8 : 0 }))

describe.each([0, 1, 3])('a pool of size %i', (size) => {
  it('gives each task its result and the data, and in-order results whatever the timing', async () => {
    const pool = makePool(size)
    const values: number[] = []
    const inOrder = mapOrdered(squares(40), (task, signal) => pool.run(task, { signal }), { items: 12 })
    for await (const result of inOrder) {
      values.push(result.value)
      expect(result.scale).toBe(3)
    }
    expect(values).toEqual(Array.from({ length: 40 }, (_, i) => i * i))
  })

  it('names the item in an error, keeps a UserError with its hint, and goes on', async () => {
    const pool = makePool(size)
    await expect(pool.run({ do: 'throw', file: 'a.wav' })).rejects.toThrow('a.wav: the header is cut off')
    const failed = await pool
      .run({ do: 'throw', file: 'b.wav', errorName: 'UserError' })
      .catch((error: unknown) => error)
    expect(failed).toMatchObject({
      name: 'UserError',
      message: 'b.wav: the header is cut off',
      hint: 'record it again',
    })
    if (size > 0) expect(failed).toBeInstanceOf(UserError)
    expect((await pool.run({ do: 'square', value: 4 })).value).toBe(16)
  })

  it('moves what is marked', async () => {
    const pool = makePool<Float32Array>(size)
    expect([...(await pool.run({ do: 'move' }))]).toEqual([1, 2, 3])
  })

  it('rejects an aborted task with the reason', async () => {
    const pool = makePool(size)
    const reason = new Error('stopped by the user')
    await expect(pool.run({ do: 'square', value: 1 }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('closes twice, and says so to later tasks', async () => {
    const pool = makePool(size)
    await pool.run({ do: 'square', value: 1 })
    await pool.close()
    await pool.close()
    await expect(pool.run({ do: 'square', value: 1 })).rejects.toThrow('the worker pool was closed')
  })
})

describe('threads', () => {
  it('share the work', async () => {
    const pool = makePool(2, { depth: 1 })
    const results = await Promise.all(squares(8).map((task) => pool.run({ ...task, delayMs: 5 })))
    expect(new Set(results.map((result) => result.threadId)).size).toBe(2)
  })

  it('take buffers that are moved to them', async () => {
    const pool = makePool<number>(1)
    const buffer = new ArrayBuffer(64)
    expect(await pool.run({ do: 'measure', file: 'f', buffer }, { transfer: [buffer] })).toBe(64)
    expect(buffer.byteLength).toBe(0)
  })

  it('fail the task they die at; the tasks behind it are done by a new thread', async () => {
    const pool = makePool(1)
    const tasks: Task[] = [...squares(3), { do: 'exit', file: 'bad.wav' }, ...squares(3)]
    const results = await Promise.allSettled(tasks.map((task) => pool.run(task)))
    expect(results.map((result) => result.status)).toEqual([
      ...Array(3).fill('fulfilled'),
      'rejected',
      ...Array(3).fill('fulfilled'),
    ])
    expect(results[3]).toMatchObject({ reason: { message: 'bad.wav: its worker thread ended with exit code 7' } })
  })

  it('say when they ran out of memory', async () => {
    const pool = makePool(1, { resourceLimits: { maxOldGenerationSizeMb: 24 } })
    await expect(pool.run({ do: 'exhaust', file: 'huge.wav' })).rejects.toThrow(
      'huge.wav: its worker thread ran out of memory',
    )
    expect((await pool.run({ do: 'square', value: 5 })).value).toBe(25)
  })

  it('end by close in the middle of an endless task', async () => {
    const pool = makePool(1)
    const endless = pool.run({ do: 'loop', file: 'endless.wav' })
    const waiting = pool.run({ do: 'square', value: 1 })
    const both = Promise.allSettled([endless, waiting])
    await pool.close()
    for (const result of await both) expect(result).toMatchObject({ reason: { message: 'the worker pool was closed' } })
  })

  it('skip tasks that were aborted before their turn', async () => {
    const pool = makePool<number>(1)
    const counter = new SharedArrayBuffer(4)
    const stop = new AbortController()
    const first = pool.run({ do: 'count', file: 'first', counter })
    const others = Array.from({ length: 50 }, (_, i) =>
      pool.run({ do: 'count', file: `${i}`, counter }, { signal: stop.signal }),
    )
    stop.abort(new Error('enough'))
    const results = await Promise.allSettled(others)
    expect(results.every((result) => result.status === 'rejected')).toBe(true)
    expect(await first).toBe(1)
    // The one begun last before the abort arrived, at most, and this one.
    expect(await pool.run({ do: 'count', file: 'last', counter })).toBeLessThanOrEqual(3)
  })

  it('leave a task at once when it is aborted', async () => {
    const pool = makePool(1)
    const stop = new AbortController()
    const endless = pool.run({ do: 'loop', file: 'endless.wav' }, { signal: stop.signal })
    const waiting = pool.run({ do: 'square', value: 1 }, { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(endless).rejects.toThrow('enough')
    await expect(waiting).rejects.toThrow('enough')
  })
})

describe('a module that cannot be used', () => {
  it.each([0, 1])('is named in the error (size %i)', async (size) => {
    const missing = makePool(size, { module: new URL('./fixtures/none.mjs', import.meta.url) })
    await expect(missing.run({ do: 'square', value: 1 })).rejects.toThrow(/there is no module at .*none\.mjs/)
    const other = makePool(size, { module: new URL('../../package.json', import.meta.url) })
    await expect(other.run({ do: 'square', value: 1 })).rejects.toThrow('package.json')
    const empty = makePool(size, { module: new URL('../../../../eslint.config.js', import.meta.url) })
    await expect(empty.run({ do: 'square', value: 1 })).rejects.toThrow(
      /eslint.config.js.*it exports no function "handle"/,
    )
  })
})
