/**
 * Who may write where. Results go to standard output, everything else (progress, notes, warnings, errors) to standard error.
 * With `--json`, standard output holds exactly one JSON object: whatever else a library writes there is sent to standard error
 * for as long as the command runs. A reader that goes away (`| head`) ends the process quietly.
 */

/** What of a stream is needed here. */
export interface Sink {
  write(text: string): unknown
}

/** JSON in one line; NaN and infinities become null, typed arrays and maps what one expects. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return item.toString()
    if (ArrayBuffer.isView(item) && isIterable(item)) return Array.from(item)
    if (item instanceof Map) return Object.fromEntries(item)
    return item
  })
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value
}

/** Ends the process quietly when the reader of standard output is gone, and ignores a lost reader of standard error. */
export function endQuietlyOnBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

/** Standard output kept for one JSON object. */
export interface ReservedStdout {
  /** Writes past the reservation. */
  readonly sink: Sink
  release(): void
}

/** Sends everything that is written to standard output to standard error, until released. */
export function reserveStdout(): ReservedStdout {
  const original = process.stdout.write
  process.stdout.write = process.stderr.write.bind(process.stderr)
  return {
    sink: { write: (text) => original.call(process.stdout, text) },
    release: () => {
      process.stdout.write = original
    },
  }
}

/** Whether colours are wanted on `stream`: a terminal, and NO_COLOR is not set. */
export function wantsColour(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb'
}
