import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { followFile, followStream } from './follow.js'

let dir = ''
let path = ''
let abort = new AbortController()
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'follow-'))
  path = join(dir, 'rows.csv')
  abort = new AbortController()
})
afterEach(() => {
  abort.abort()
  rmSync(dir, { recursive: true })
})

const follow = (options = {}) => followFile(path, { signal: abort.signal, pollMs: 1, ...options })
/** The next lines, which a test has seen to that they come. */
async function take(lines: AsyncGenerator<string>, count: number): Promise<string[]> {
  const taken: string[] = []
  for (let i = 0; i < count; i++) {
    const { value, done } = await lines.next()
    if (done) break
    taken.push(value)
  }
  return taken
}

describe('followFile', () => {
  it('gives lines as they are appended, half ones when they end', async () => {
    writeFileSync(path, 'a,1\r\nb,2\nc,')
    const lines = follow()
    expect(await take(lines, 2)).toEqual(['a,1', 'b,2'])
    const waiting = lines.next()
    appendFileSync(path, '3')
    appendFileSync(path, '\nd,4\n')
    expect((await waiting).value).toBe('c,3')
    expect(await take(lines, 1)).toEqual(['d,4'])
  })

  it('joins a character that came in two pieces', async () => {
    const bytes = Buffer.from('Zürich,1\n')
    writeFileSync(path, bytes.subarray(0, 2))
    const lines = follow()
    const waiting = lines.next()
    appendFileSync(path, bytes.subarray(2))
    expect((await waiting).value).toBe('Zürich,1')
  })

  it('reads a file that was cut short from its start', async () => {
    writeFileSync(path, 'a,1\nb,2\nhalf')
    const lines = follow()
    await take(lines, 2)
    const waiting = lines.next()
    truncateSync(path)
    appendFileSync(path, 'c,3\n')
    expect((await waiting).value).toBe('c,3')
  })

  it('reads a replaced file to its end and then the new one', async () => {
    writeFileSync(path, 'a,1\n')
    const lines = follow()
    await take(lines, 1)
    const waiting = take(lines, 3)
    appendFileSync(path, 'b,2\nlast,3')
    renameSync(path, join(dir, 'rows.csv.1'))
    writeFileSync(path, 'c,4\n')
    expect(await waiting).toEqual(['b,2', 'last,3', 'c,4'])
  })

  it('ends when the signal aborts, while it waits or while lines are left', async () => {
    writeFileSync(path, 'a,1\nb,2\n')
    const lines = follow()
    await take(lines, 2)
    const waiting = lines.next()
    abort.abort()
    expect((await waiting).done).toBe(true)
    abort = new AbortController()
    const others = follow()
    await take(others, 1)
    abort.abort()
    expect((await others.next()).done).toBe(true)
  })

  it('says that there is no such file, or that it is none', async () => {
    await expect(follow().next()).rejects.toThrow(`following ${path}: there is no such file or folder`)
    await expect(followFile(dir).next()).rejects.toThrow(`following ${dir}: expected a file`)
  })
})

describe('followStream', () => {
  it('gives all lines, the last one also without an end', async () => {
    const lines = followStream(Readable.from([Buffer.from('a,1\nb'), Buffer.from(',2\r\n'), Buffer.from('c,3')]))
    expect(await take(lines, 9)).toEqual(['a,1', 'b,2', 'c,3'])
  })

  it('ends when the signal aborts', async () => {
    const stream = new Readable({ read: () => undefined })
    stream.push('a,1\n')
    const lines = followStream(stream, { signal: abort.signal })
    expect(await take(lines, 1)).toEqual(['a,1'])
    const waiting = lines.next()
    abort.abort()
    expect((await waiting).done).toBe(true)
    stream.destroy()
  })
})
