/**
 * The nearest of the known names to a mistyped one, for "Did you mean" hints on options, presets, labels and JSON keys.
 */

/** Number of single-letter insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substituted)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.length] ?? 0
}

/** Letters from which on a beginning says what is meant. */
const BEGINNING = 3

/**
 * The candidate nearest to `word`, ignoring case, dashes and underscores: one that begins with it, the shortest of them, else the one
 * with the fewest letters to change; undefined when none is near (more than two fifths of the letters differ).
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_\s]/g, '')
  const wanted = plain(word)
  let best: string | undefined
  let bestDistance = Infinity
  for (const candidate of candidates) {
    const letters = plain(candidate)
    const begins = wanted.length >= BEGINNING && letters.startsWith(wanted)
    // What begins with the word comes before all that does not, and among itself in order of length.
    const distance = begins ? 1 - 1 / (1 + letters.length - wanted.length) : editDistance(wanted, letters)
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, letters.length) * 0.4))
    if (distance < bestDistance && distance <= allowed) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `Did you mean <nearest>?`, or undefined when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates)
  return found === undefined ? undefined : `Did you mean ${found}?`
}
