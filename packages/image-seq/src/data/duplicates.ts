/**
 * Images that a data set holds twice. One that is in the training part and in another one would make the figures better than they are,
 * so it is left out of training; the other parts stay as they are, since others' figures are of them too. The same image with two labels
 * is a mistake of the data, which is named and left to the user. What is the same is told by digests; nothing is read here.
 */

/** Images of one kind that a sentence names. */
const NAMED = 4

/** What is known of an image: a digest of its content, its label and its part of the split. */
export interface DigestedItem {
  readonly id: string
  readonly digest: string
  readonly label: string
  readonly part: 'train' | 'validation' | 'test'
}

export interface Duplicates {
  /** Training items to leave out, by their place in the list, with the reason. */
  readonly leftOut: readonly { readonly index: number; readonly reason: string }[]
  /** Places of images that are alike and have different labels, with a sentence that names them. */
  readonly conflicts: readonly { readonly indices: readonly number[]; readonly message: string }[]
}

/** Finds images that occur in the training part and in another, and images whose labels contradict each other. */
export function findDuplicates(items: readonly DigestedItem[]): Duplicates {
  const alike = new Map<string, { index: number; item: DigestedItem }[]>()
  items.forEach((item, index) => {
    const known = alike.get(item.digest)
    if (known) known.push({ index, item })
    else alike.set(item.digest, [{ index, item }])
  })
  const leftOut: { index: number; reason: string }[] = []
  const conflicts: { indices: number[]; message: string }[] = []
  for (const twins of alike.values()) {
    const judged = twins.find(({ item }) => item.part !== 'train')
    if (judged !== undefined) {
      const reason = `it is the same image as ${judged.item.id} of the ${judged.item.part} part`
      for (const { index, item } of twins) if (item.part === 'train') leftOut.push({ index, reason })
    }
    if (new Set(twins.map(({ item }) => item.label)).size > 1) {
      const names = twins.slice(0, NAMED).map(({ item }) => `${item.id} (${JSON.stringify(item.label)})`)
      const more = twins.length > NAMED ? ` and ${twins.length - NAMED} more` : ''
      const message = `the same image has different labels: ${names.join(', ')}${more}`
      conflicts.push({ indices: twins.map(({ index }) => index), message })
    }
  }
  leftOut.sort((a, b) => a.index - b.index)
  return { leftOut, conflicts }
}
