/**
 * The lines of a file as they are appended, or of standard input. A line is given when its end is there, so half a line is never read;
 * a file that was cut short is read again from its start, one that was replaced under its name (log rotation) is read to its end
 * and then from the start of the new one. A file cut short and refilled beyond the old place between two looks cannot be told from one that grew.
 */
import { open, type FileHandle } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout } from 'node:timers/promises'
import { reasonOf, UserError } from '@weft/core/errors'

export interface FollowOptions {
  signal?: AbortSignal
  /** Between two looks at a file that has not grown. Default 100. */
  pollMs?: number
  /** Called when all whole lines that are in the file have been given, each time anew. */
  onCaughtUp?: () => void
}

const CHUNK_BYTES = 64 * 1024

/** Cuts text that comes in pieces into lines; `\n` and `\r\n` end one. */
class LineCutter {
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  /** The lines that end within these bytes. */
  push(bytes: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(bytes))).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.map((line) => line.replace(/\r$/, ''))
  }

  /** What is left when nothing more will come. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest === '' ? [] : [rest]
  }
}

/**
 * Whole lines without their ends, for ever; it ends when the signal aborts.
 *
 * @throws UserError when the file cannot be opened at the beginning. Later it may be missing for a while.
 */
export async function* followFile(path: string, options: FollowOptions = {}): AsyncGenerator<string> {
  const { signal, pollMs = 100, onCaughtUp } = options
  let file = await opened(path)
  let successor: FileHandle | undefined
  let cutter = new LineCutter()
  let position = 0
  const buffer = new Uint8Array(CHUNK_BYTES)
  try {
    while (!signal?.aborted) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position)
      position += bytesRead
      for (const line of cutter.push(buffer.subarray(0, bytesRead))) {
        yield line
        if (signal?.aborted) return
      }
      if (bytesRead > 0) continue
      if (successor) {
        yield* cutter.end() // no more will be written to what was replaced
        await file.close()
        file = successor
        successor = undefined
      } else if ((await file.stat()).size >= position) {
        successor = await replacement(path, file) // what was written before it took the name is read first
        if (!successor) {
          onCaughtUp?.()
          await pause(pollMs, signal)
        }
        continue
      }
      cutter = new LineCutter()
      position = 0
    }
  } finally {
    await file.close()
    await successor?.close()
  }
}

/**
 * The lines of a stream such as `process.stdin`, its last one also without an end; it ends with the stream or when the signal aborts.
 */
export async function* followStream(
  stream: NodeJS.ReadableStream,
  { signal }: Pick<FollowOptions, 'signal'> = {},
): AsyncGenerator<string> {
  const cutter = new LineCutter()
  const chunks = stream[Symbol.asyncIterator]()
  const aborted = new Promise<'aborted'>((resolve) => {
    if (signal?.aborted) resolve('aborted')
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
  for (;;) {
    const next = await Promise.race([chunks.next(), aborted])
    if (next === 'aborted') return
    if (next.done) break
    yield* cutter.push(Buffer.from(next.value))
  }
  yield* cutter.end()
}

async function opened(path: string): Promise<FileHandle> {
  try {
    const file = await open(path)
    if ((await file.stat()).isFile()) return file
    await file.close()
  } catch (error) {
    throw new UserError(
      `following ${path}: ${reasonOf(error)}`,
      'Rows are read as they are appended; the file must be there.',
    )
  }
  throw new UserError(`following ${path}: expected a file that rows are appended to, received something else`)
}

/** The file that has taken this one's name, if one has. */
async function replacement(path: string, file: FileHandle): Promise<FileHandle | undefined> {
  let next: FileHandle
  try {
    next = await open(path)
  } catch {
    return undefined // moved away, and not there again yet
  }
  const [is, was] = [await next.stat(), await file.stat()]
  if (is.ino !== was.ino || is.dev !== was.dev) return next
  await next.close()
  return undefined
}

async function pause(pollMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(pollMs, undefined, { signal })
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}
