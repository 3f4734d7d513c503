// @ts-check
// How a benchmark repeats what it times: some warm-ups, then at least so many repetitions and as many as fit in the time given.

/**
 * @typedef {object} Repetitions
 * @property {number} seconds Goes on for so long.
 * @property {number} [warmUps] Default 3.
 * @property {number} [least] Repetitions at least; default 10.
 * @property {number} [mostSeconds] Ends earlier than `least` once so much time has passed. Default: never.
 */

/** The middle of the values, the upper one of two. @param {readonly number[]} values */
export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** @param {readonly number[]} values */
export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

/** Median time of an action in milliseconds. @param {() => void} action @param {Repetitions} repetitions */
export function medianMs(action, { seconds, warmUps = 3, least = 10, mostSeconds = Infinity }) {
  const started = performance.now()
  for (let i = 0; i < warmUps; i++) action()
  /** @type {number[]} */
  const times = []
  const end = performance.now() + 1000 * seconds
  const latest = started + 1000 * mostSeconds
  for (let now = performance.now(); times.length < least || now < end;) {
    if (times.length > 0 && now > latest) break
    action()
    const after = performance.now()
    times.push(after - now)
    now = after
  }
  return median(times)
}
