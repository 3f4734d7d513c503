import { afterEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { cacheFolder, type FillOptions, ItemStore } from './item-store.js'

interface Made {
  readonly bytes: Uint8Array
  /** How many the worker had made, this one included. */
  readonly made: number
  readonly warnings: readonly string[]
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()))
})

const itemsOf = (...names: string[]) => names.map((name) => ({ id: name, path: `/data/${name}`, name }))
type Item = ReturnType<typeof itemsOf>[number]

async function fill(items: readonly Item[], options: FillOptions = {}, onMade?: (item: Item, made: Made) => void) {
  const spec = {
    module: new URL('./fixtures/count-worker.mjs', import.meta.url),
    settings: { warn: 'odd' },
    task: ({ name }: Item) => ({ name }),
    bytesOf: ({ bytes }: Made) => bytes.byteLength,
    lengthOf: ({ bytes }: Made) => bytes.length,
  }
  const store = await ItemStore.prepare<Item, { name: string }, Made, { warn: string }>(
    items,
    spec,
    { workers: 0, ...options },
    onMade,
  )
  open.push(store)
  return store
}

describe.each([0, 2])('a store filled by %i workers', (workers) => {
  it('keeps the order of the items and gives each its own result', async () => {
    const names = Array.from({ length: 30 }, (_, at) => 'x'.repeat(1 + ((at * 7) % 30)))
    const done: number[] = []
    const items = names.map((name, at) => ({ id: String(at), path: name, name }))
    const store = await fill(items, { workers, onProgress: (count, total) => done.push(count + total / 100) })
    expect(store.items).toEqual(items)
    for (const item of items) {
      expect(store.lengthOf(item)).toBe(item.name.length)
      expect((await store.get(item)).bytes).toHaveLength(item.name.length)
    }
    expect(done).toEqual(names.map((_, at) => at + 1.3))
  })
})

describe('a store', () => {
  it('leaves out what a user can mend, with path, reason and hint', async () => {
    const store = await fill(itemsOf('one', 'bad', 'two'), { workers: 1 })
    expect(store.items.map(({ id }) => id)).toEqual(['one', 'two'])
    expect(store.skipped).toEqual([{ path: '/data/bad', reason: '/data/bad: it is no text. Save it as text.' }])
  })

  it('throws what is our mistake', async () => {
    await expect(fill(itemsOf('one', 'broken'))).rejects.toThrow('a mistake of ours')
  })

  it('names odd files and uses them, unless it is strict', async () => {
    const store = await fill(itemsOf('one', 'odd'))
    expect(store.items).toHaveLength(2)
    expect(store.warnings).toEqual(['/data/odd: it is short'])
    await expect(fill(itemsOf('one', 'odd'), { strict: true })).rejects.toThrow('/data/odd: it is short')
    await expect(fill(itemsOf('one', 'bad'), { strict: true })).rejects.toThrow('it is no text')
  })

  it('throws when nothing can be used, with the first reason', async () => {
    const failed = await fill(itemsOf('bad'), { workers: 1 }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(UserError)
    expect(failed).toMatchObject({
      message: 'reading the data: expected at least 1 file that can be used, received 1 that cannot',
      hint: 'The first: /data/bad: it is no text. Save it as text.',
    })
  })

  it('makes again what does not fit into memory, and only that', async () => {
    const items = itemsOf('123456', '1234567', '12')
    const calls: number[] = []
    const store = await fill(items, { memoryBytes: 10 }, (_, { made }) => calls.push(made))
    const [first = 0, second = 0, third = 0] = calls
    const asked = async () => (await Promise.all(items.map((item) => store.get(item)))).map(({ made }) => made)
    expect(await asked()).toEqual([first, third + 1, third])
    expect(await asked()).toEqual([first, third + 2, third])
    expect(second).toBe(first + 1)
    expect(items.map((item) => store.lengthOf(item))).toEqual([6, 7, 2])
  })

  it('names the file that cannot be made again', async () => {
    const store = await fill(itemsOf('one'))
    await expect(store.get({ id: 'two', path: '/data/two', name: 'bad' })).rejects.toThrow('/data/two: it is no text')
  })

  it('leaves out what the caller refuses, and passes other errors on', async () => {
    const refuse = (error: Error) => (item: Item) => {
      if (item.name === 'two') throw error
    }
    const store = await fill(itemsOf('one', 'two'), {}, refuse(new UserError('too long', 'Cut it.')))
    expect(store.items.map(({ id }) => id)).toEqual(['one'])
    expect(store.skipped).toEqual([{ path: '/data/two', reason: 'too long. Cut it.' }])
    expect(() => store.lengthOf({ id: 'two', path: '', name: '' })).toThrow('expected an item of the store')
    await expect(fill(itemsOf('one', 'two'), {}, refuse(new TypeError('oops')))).rejects.toThrow('oops')
  })

  it('stops when it is aborted', async () => {
    await expect(fill(itemsOf('one'), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })
})

describe('cacheFolder', () => {
  it('is the one asked for, none, or the application’s own', () => {
    expect(cacheFolder('app', '/tmp/here')).toBe('/tmp/here')
    expect(cacheFolder('app', 'none')).toBeUndefined()
    expect(cacheFolder('app', undefined)).toMatch(/[\\/]weft[\\/]app$/)
  })
})
