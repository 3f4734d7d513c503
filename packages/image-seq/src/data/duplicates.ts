/**
 * Images that occur twice in a data set. One that is both in the training part and in another part would make the scores too good, so it is
 * excluded from training; the other parts do not change, so that scores stay comparable with those of others. The same image with two
 * labels is a mistake in the data, which is reported and left to the user. Images with equal digests are equal; nothing is read here.
 */

/** How many equal images a message names. */
const MOST_NAMES = 4

/** An image: a digest of its content, its label and its part of the split. */
export interface DigestedItem {
  readonly id: string
  readonly digest: string
  readonly label: string
  readonly part: 'train' | 'validation' | 'test'
}

export interface Duplicates {
  /** Training items to exclude, by their index in the list, with the reason. */
  readonly exclusions: readonly { readonly index: number; readonly reason: string }[]
  /** Indices of equal images with different labels, with a message that names them. */
  readonly conflicts: readonly { readonly indices: readonly number[]; readonly message: string }[]
}

/** Finds images that occur in the training part and in another, and images whose labels contradict each other. */
export function findDuplicates(items: readonly DigestedItem[]): Duplicates {
  const byDigest = new Map<string, { index: number; item: DigestedItem }[]>()
  items.forEach((item, index) => {
    const twins = byDigest.get(item.digest)
    if (twins) twins.push({ index, item })
    else byDigest.set(item.digest, [{ index, item }])
  })
  const exclusions: { index: number; reason: string }[] = []
  const conflicts: { indices: number[]; message: string }[] = []
  for (const twins of byDigest.values()) {
    const other = twins.find(({ item }) => item.part !== 'train')
    if (other !== undefined) {
      const reason = `it is the same image as ${other.item.id} of the ${other.item.part} part`
      for (const { index, item } of twins) if (item.part === 'train') exclusions.push({ index, reason })
    }
    if (new Set(twins.map(({ item }) => item.label)).size > 1) {
      const names = twins.slice(0, MOST_NAMES).map(({ item }) => `${item.id} (${JSON.stringify(item.label)})`)
      const more = twins.length > MOST_NAMES ? ` and ${twins.length - MOST_NAMES} more` : ''
      const message = `the same image has different labels: ${names.join(', ')}${more}`
      conflicts.push({ indices: twins.map(({ index }) => index), message })
    }
  }
  exclusions.sort((a, b) => a.index - b.index)
  return { exclusions, conflicts }
}
