import { describe, expect, it } from 'vitest'
import { mapOrdered } from './map-ordered.js'

/** Work whose tasks end when the test says so. */
function manual() {
  const started: number[] = []
  const ends = new Map<number, { resolve: (value: number) => void; reject: (error: Error) => void }>()
  const signals: AbortSignal[] = []
  const work = (input: number, signal: AbortSignal) => {
    started.push(input)
    signals.push(signal)
    return new Promise<number>((resolve, reject) => ends.set(input, { resolve, reject }))
  }
  return { work, started, ends, signals }
}

const count = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('mapOrdered', () => {
  it('yields in order, whatever ends first, and never has more than asked for under way or waiting', async () => {
    const { work, started, ends } = manual()
    const results = mapOrdered(count(6), work, { items: 3 })
    const first = results.next()
    expect(started).toEqual([0, 1, 2])
    ends.get(2)?.resolve(20)
    ends.get(1)?.resolve(10)
    ends.get(0)?.resolve(0)
    expect((await first).value).toBe(0)
    expect(started).toEqual([0, 1, 2, 3])
    expect((await results.next()).value).toBe(10)
    expect((await results.next()).value).toBe(20)
    expect(started).toEqual(count(6))
  })

  it('has fewer under way when results are large', async () => {
    let most = 0
    let alive = 0
    const work = async (input: number) => {
      most = Math.max(most, ++alive)
      return input
    }
    const results = mapOrdered(count(20), work, { items: 10, bytes: 250, bytesOf: () => 100 })
    await results.next()
    most = 0
    alive = 9 // the ten first, less the one taken, were started before a size was known
    let taken = 1
    for await (const result of results) {
      expect(result).toBe(taken++)
      alive--
    }
    expect(taken).toBe(20)
    expect(most).toBeLessThanOrEqual(3) // two ahead and the one in hand
  })

  it('throws an error at its turn and stops the rest', async () => {
    const { work, ends, signals } = manual()
    const results = mapOrdered(count(4), work, { items: 4 })
    const first = results.next()
    ends.get(1)?.reject(new Error('item 1 is bad'))
    ends.get(0)?.resolve(0)
    expect((await first).value).toBe(0)
    await expect(results.next()).rejects.toThrow('item 1 is bad')
    expect(signals[3]?.aborted).toBe(true)
  })

  it('aborts the work ahead when the loop is left, and on the signal', async () => {
    const { work, ends, signals } = manual()
    const results = mapOrdered(count(4), work, { items: 2 })
    const first = results.next()
    ends.get(0)?.resolve(0)
    await first
    await results.return()
    expect(signals.every((signal) => signal.aborted)).toBe(true)

    const stop = new AbortController()
    const stopped = mapOrdered(count(4), async (input) => input, { items: 2, signal: stop.signal })
    await stopped.next()
    stop.abort(new Error('enough'))
    await expect(stopped.next()).rejects.toThrow('enough')
  })

  it('yields nothing for nothing', async () => {
    expect(await mapOrdered([], async (input) => input, { items: 2 }).next()).toEqual({ done: true, value: undefined })
  })
})
