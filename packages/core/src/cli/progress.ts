/**
 * Progress on standard error: a bar where a person watches a terminal, a plain line every few seconds where the output goes to a
 * file, nothing with `--quiet` or `--json`. Bars are drawn by cli-progress; what is written between them goes through here, so
 * that lines and bars never mix.
 */
import cliProgress from 'cli-progress'
import { formatCount, formatDuration, formatNumber, formatPercent } from './format.js'

export type ProgressMode = 'bar' | 'lines' | 'silent'

export interface ProgressStream extends NodeJS.WritableStream {
  isTTY?: boolean
}

export interface ProgressOptions {
  readonly mode?: ProgressMode
  readonly stream?: ProgressStream
  /** Seconds between plain lines. */
  readonly lineEverySeconds?: number
  /** Milliseconds, for tests. */
  readonly now?: () => number
}

/** A piece of work under way. */
export interface ProgressBar {
  /** `done` of the total, with what else is worth seeing at the moment; a value named `eta` stands for the bar's own. */
  update(done: number, values?: Readonly<Record<string, number | string>>): void
  /** Removes the bar; `summary` stays as a line. */
  end(summary?: string): void
}

/** Where progress goes. One bar at a time. */
export interface Progress {
  readonly mode: ProgressMode
  start(label: string, total: number, unit?: string): ProgressBar
  /** A line that stays, above the bar when there is one. */
  line(text: string): void
}

export function createProgress(options: ProgressOptions = {}): Progress {
  const stream: ProgressStream = options.stream ?? process.stderr
  const mode = options.mode ?? (stream.isTTY === true ? 'bar' : 'lines')
  const now = options.now ?? (() => performance.now())
  const everyMs = (options.lineEverySeconds ?? 10) * 1000
  if (mode === 'silent') return { mode, start: () => ({ update: () => {}, end: () => {} }), line: () => {} }
  if (mode === 'lines') return new LineProgress(stream, now, everyMs)
  return new BarProgress(stream, now)
}

/** `loss 0.1234  lr 0.001`. */
export function formatValues(values: Readonly<Record<string, number | string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? formatNumber(value, 3) : value}`)
    .join('  ')
}

/** Seconds left when `done` of `total` took `elapsedMs`. */
function remaining(done: number, total: number, elapsedMs: number): number {
  return done <= 0 ? NaN : (elapsedMs / 1000 / done) * Math.max(0, total - done)
}

class LineProgress implements Progress {
  readonly mode = 'lines'
  readonly #stream: ProgressStream
  readonly #now: () => number
  readonly #everyMs: number

  constructor(stream: ProgressStream, now: () => number, everyMs: number) {
    this.#stream = stream
    this.#now = now
    this.#everyMs = everyMs
  }

  line(text: string): void {
    this.#stream.write(`${text}\n`)
  }

  start(label: string, total: number, unit = ''): ProgressBar {
    const started = this.#now()
    let last = started
    return {
      update: (done, values = {}) => {
        const at = this.#now()
        if (at - last < this.#everyMs) return
        last = at
        const parts = [`${label} ${formatCount(done)}/${formatCount(total)}${unit === '' ? '' : ` ${unit}`}`]
        parts.push(`(${formatPercent(total === 0 ? 1 : done / total, 0)})`, formatValues(values))
        const left = remaining(done, total, at - started)
        if (Number.isFinite(left) && !('eta' in values)) parts.push(`eta ${formatDuration(left)}`)
        this.line(parts.filter((part) => part !== '').join('  '))
      },
      end: (summary) => {
        if (summary !== undefined) this.line(summary)
      },
    }
  }
}

class BarProgress implements Progress {
  readonly mode = 'bar'
  readonly #stream: ProgressStream
  readonly #now: () => number
  #current: { pause: () => void; resume: () => void } | undefined

  constructor(stream: ProgressStream, now: () => number) {
    this.#stream = stream
    this.#now = now
  }

  line(text: string): void {
    this.#current?.pause()
    this.#stream.write(`${text}\n`)
    this.#current?.resume()
  }

  start(label: string, total: number, unit = ''): ProgressBar {
    const started = this.#now()
    const bar = new cliProgress.SingleBar({
      format: `${escapeFormat(label)} {bar} {value}/{total}${unit === '' ? '' : ` ${escapeFormat(unit)}`}{values}{left}`,
      stream: this.#stream,
      barCompleteChar: '━',
      barIncompleteChar: '─',
      barsize: 24,
      fps: 8,
      clearOnComplete: true,
      // Trimmed to the terminal's width, and the terminal's own settings (cursor, wrapping) left alone: a process that is killed could
      // not restore them.
      linewrap: true,
      hideCursor: null,
      gracefulExit: false,
    })
    let done = 0
    let shown = { values: '', left: '' }
    bar.start(total, 0, shown)
    this.#current = { pause: () => bar.stop(), resume: () => bar.start(total, done, shown) }
    return {
      update: (value, values = {}) => {
        done = value
        const left = remaining(done, total, this.#now() - started)
        const text = formatValues(values)
        shown = {
          values: text === '' ? '' : `  ${text}`,
          left: Number.isFinite(left) && !('eta' in values) ? `  eta ${formatDuration(left)}` : '',
        }
        bar.update(done, shown)
      },
      end: (summary) => {
        bar.stop()
        this.#current = undefined
        if (summary !== undefined) this.line(summary)
      },
    }
  }
}

/** Braces would be read as cli-progress's own place-holders. */
function escapeFormat(text: string): string {
  return text.replace(/[{}]/g, '')
}
