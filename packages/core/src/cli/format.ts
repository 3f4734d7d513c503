/**
 * Quantities as people read them: durations, bytes, percents, counts and numbers of a few significant digits. English, a point
 * for decimals, a narrow set of units; nothing here depends on the locale of the machine.
 */

/** `0.4 ms`, `850 ms`, `12.3 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`, from seconds; `unknown` when not finite. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown'
  if (seconds < 0) return `-${formatDuration(-seconds)}`
  if (seconds === 0) return '0 s'
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(seconds / 3600)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}

/** A place in a recording: `0:04.250`, `12:07.000`, `1:02:03.500`, from seconds. */
export function formatTimestamp(seconds: number): string {
  const ms = Math.max(0, Math.round(seconds * 1000))
  const h = Math.floor(ms / 3_600_000)
  const min = Math.floor(ms / 60_000) % 60
  const rest = ((ms % 60_000) / 1000).toFixed(3).padStart(6, '0')
  return h > 0 ? `${h}:${String(min).padStart(2, '0')}:${rest}` : `${min}:${rest}`
}

/** `512 B`, `1.5 kB`, `23 MB`, `1.2 GB`: powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const text = unit === 0 || value >= 9.95 ? String(Math.round(value)) : value.toFixed(1)
  return `${text} ${units[unit] ?? ''}`
}

/** `97.3 %` from 0.973. Default: one decimal. A share that is neither 0 nor 1 never reads `0 %` or `100 %`. */
export function formatPercent(ratio: number, decimals = 1): string {
  if (!Number.isFinite(ratio)) return 'n/a'
  const text = (ratio * 100).toFixed(decimals)
  const step = 10 ** -decimals
  if (ratio < 1 && Number(text) >= 100) return `${(100 - step).toFixed(decimals)} %`
  if (ratio > 0 && Number(text) === 0) return `<${step.toFixed(decimals)} %`
  return `${text} %`
}

/** `12,345`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** `count` with its noun: `1 file`, `1,200 files`, `0 classes`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`
}

/** A number with `digits` significant digits: `0.1234`, `12.3`, `1.2e-5`, `12,345` when it is whole. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'infinity' : '-infinity'
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return formatCount(value)
  const size = Math.abs(value)
  if (size < 1e-3 || size >= 1e9) {
    return value
      .toExponential(Math.max(0, digits - 1))
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e')
  }
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))))
}
