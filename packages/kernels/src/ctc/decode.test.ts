import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { ShapeError } from '../shape-error.js'
import { expectClose, filled, numbers } from '../testing/close.js'
import { describeNative, onBackend } from '../testing/native.js'
import { ctcBeamSearch, type CtcBeamOptions } from './beam-search.js'
import { ctcLoss } from './ctc.js'
import { ctcGreedyDecode } from './greedy.js'
import { NgramModel, type SymbolModel } from './language-model.js'
import { Lexicon } from './lexicon.js'
import { TopCandidates } from './top-candidates.js'

beforeAll(async () => void (await tf.setBackend('cpu')))

// Probabilities came through a float32 logarithm.
const TOLERANCE = { absolute: 1e-5, relative: 1e-5 }

/** Logits [1, T, V] of given probabilities. */
const logitsOf = (rows: number[][]) => tf.log(tf.tensor3d([rows]))

const collapse = (path: readonly number[], blank: number) =>
  path.filter((symbol, t) => symbol !== blank && symbol !== path[t - 1])

interface Scored {
  labels: number[]
  logProbability: number
  score: number
}

/** Every text that an item [steps, classes] can spell, with its probability summed over all paths; the best first. */
function exhaustive(logits: tf.Tensor, { blank = 0, ...options }: CtcBeamOptions): Scored[] {
  const [, steps = 0, classes = 0] = logits.shape
  const p = tf.softmax(logits).dataSync()
  const texts = new Map<string, { labels: number[]; sum: number }>()
  for (let code = 0; code < classes ** steps; code++) {
    const path = Array.from({ length: steps }, (_, t) => Math.floor(code / classes ** t) % classes)
    const labels = collapse(path, blank)
    const text = texts.get(labels.join()) ?? { labels, sum: 0 }
    text.sum += path.reduce((product, symbol, t) => product * (p[t * classes + symbol] ?? 0), 1)
    texts.set(labels.join(), text)
  }
  const { languageModel: model, languageModelWeight: weight = 1, insertionBonus: bonus = 0 } = options
  return [...texts.values()]
    .map(({ labels, sum }) => {
      let added = bonus * labels.length + (model ? weight * model.end(labels) : 0)
      labels.forEach((symbol, i) => (added += model ? weight * (model.next(labels.slice(0, i))[symbol] ?? 0) : 0))
      return { labels, logProbability: Math.log(sum), score: Math.log(sum) + added }
    })
    .sort((a, b) => b.score - a.score)
}

/** Expects that a beam as wide as there are texts gives the best of them, in order, as `exhaustive` does. */
function expectExhaustive(
  logits: tf.Tensor,
  options: CtcBeamOptions,
  allowed: (labels: number[]) => boolean = () => true,
): void {
  const all = exhaustive(logits, options).filter(({ labels, score }) => allowed(labels) && score > -Infinity)
  const [found = []] = ctcBeamSearch(logits, { ...options, beamWidth: 1000, topPaths: 12 })
  expect(found.map(({ labels }) => labels)).toEqual(all.slice(0, 12).map(({ labels }) => labels))
  for (const name of ['score', 'logProbability'] as const)
    expectClose(
      found.map((reading) => reading[name]),
      all.slice(0, 12).map((reading) => reading[name]),
      TOLERANCE,
      name,
    )
}

/** Likes to go on with the next class. */
const upwards: SymbolModel = {
  next: (prefix) => [0, 1, 2, 3].map((symbol) => Math.log(symbol === ((prefix.at(-1) ?? 0) % 3) + 1 ? 0.6 : 0.1)),
  end: (prefix) => Math.log(prefix.length > 2 ? 0.3 : 0.1),
}

describe('ctcGreedyDecode', () => {
  it('joins repetitions, drops blanks, says where and how sure', () => {
    const logits = logitsOf([
      [0.1, 0.6, 0.3],
      [0.1, 0.7, 0.2],
      [0.8, 0.1, 0.1],
      [0.2, 0.5, 0.3],
      [0.1, 0.1, 0.8],
    ])
    const [reading] = ctcGreedyDecode(logits)
    expect(reading?.labels).toEqual([1, 1, 2])
    expect(reading?.spans.map(({ firstStep, lastStep }) => [firstStep, lastStep])).toEqual([
      [0, 1],
      [3, 3],
      [4, 4],
    ])
    expectClose(reading?.spans.map(({ confidence }) => confidence) ?? [], [0.7, 0.5, 0.8], TOLERANCE)
    expect(reading?.logProbability).toBeCloseTo(Math.log(0.6 * 0.7 * 0.8 * 0.5 * 0.8), 5)
  })

  it('takes lengths, another blank, no steps, no items and NaN', () => {
    const logits = logitsOf([
      [0.6, 0.1, 0.3],
      [0.1, 0.2, 0.7],
      [0.8, 0.1, 0.1],
    ])
    expect(ctcGreedyDecode(logits, { blank: -1 }).map(({ labels }) => labels)).toEqual([[0, 0]])
    expect(ctcGreedyDecode(logits, { blank: 2, logitLengths: [2] })[0]?.labels).toEqual([0])
    expect(ctcGreedyDecode(tf.zeros([2, 0, 3])).map(({ labels }) => labels)).toEqual([[], []])
    expect(ctcGreedyDecode(tf.zeros([0, 5, 3]))).toEqual([])
    expect(ctcGreedyDecode(tf.fill([1, 2, 3], NaN))[0]?.labels).toEqual([])
  })
})

describe('ctcBeamSearch', () => {
  it('adds up paths: the best text is not that of the best path', () => {
    // Graves's example: the best path is two blanks with 0.36, but "a" has 0.64 from three paths.
    const logits = logitsOf([
      [0.6, 0.4],
      [0.6, 0.4],
    ])
    expect(ctcGreedyDecode(logits)[0]?.labels).toEqual([])
    const [[best, second] = []] = ctcBeamSearch(logits, { topPaths: 5 })
    expect([best?.labels, second?.labels]).toEqual([[1], []])
    expect(best?.logProbability).toBeCloseTo(Math.log(0.64), 5)
    expect(second?.logProbability).toBeCloseTo(Math.log(0.36), 5)
    expect(best?.score).toBe(best?.logProbability)
  })

  it.each([0, 1, 2, 3, 4, 5])('is the search over all paths, case %i', (seed) => {
    for (const [steps, classes] of [
      [1, 2],
      [4, 2],
      [3, 5],
      [6, 3],
      [5, 4],
    ] as const)
      expectExhaustive(filled([1, steps, classes], seed, -2, 2), { blank: seed % classes })
  })

  it.each([0, 1, 2])('is the search over all paths with a language model and bonus, case %i', (seed) => {
    const logits = filled([1, 5, 4], seed, -2, 2)
    expectExhaustive(logits, { languageModel: upwards })
    expectExhaustive(logits, { languageModel: upwards, languageModelWeight: 0.4, insertionBonus: 0.7 })
    expectExhaustive(logits, { insertionBonus: -1 })
    const trained = new NgramModel({ classes: 4, order: 3 })
    trained.learn([
      [1, 2, 3],
      [1, 2],
      [3, 3, 1],
    ])
    expectExhaustive(logits, { languageModel: trained, languageModelWeight: 1.5 })
  })

  it.each([0, 1, 2])('is the search over all paths with a lexicon, case %i', (seed) => {
    const logits = filled([1, 6, 4], seed, -2, 2)
    const words = [[1], [1, 2], [2, 2], [2, 1, 1], [1, 2, 1, 2]]
    const isWord = (labels: number[]) => words.some((word) => word.join() === labels.join())
    expectExhaustive(logits, { lexicon: new Lexicon(words) }, isWord)
    expectExhaustive(
      logits,
      { lexicon: new Lexicon([...words, []]) },
      (labels) => labels.length === 0 || isWord(labels),
    )
    const separated = (labels: number[]) =>
      labels.length === 0 ||
      labels
        .join()
        .split(/,?3,?/)
        .every((word) => words.some((each) => each.join() === word))
    const lexicon = new Lexicon(words, { separator: 3 })
    expectExhaustive(logits, { lexicon }, separated)
    expectExhaustive(logits, { lexicon, languageModel: upwards, languageModelWeight: 0.5 }, separated)
  })

  it('with a narrow beam never claims more probability than all paths have', () => {
    for (let seed = 0; seed < 10; seed++)
      for (const beamWidth of [1, 3, 10]) {
        const logits = filled([1, 12, 6], seed, -3, 3)
        const [[best] = []] = ctcBeamSearch(logits, { beamWidth })
        const labels = best?.labels ?? []
        const loss = ctcLoss(logits, tf.tensor2d(labels, [1, labels.length], 'int32'))
        expect(best?.logProbability ?? Infinity).toBeLessThanOrEqual(-(loss.dataSync()[0] ?? NaN) + 1e-4)
      }
  })

  it('of width 1 is greedy where the network is sure', () => {
    const [batch, steps, classes] = [8, 30, 9]
    const sure = tf.oneHot(tf.cast(filled([batch, steps], 3, 0, 4), 'int32'), classes)
    const logits = tf.add(tf.mul(sure, 9), filled([batch, steps, classes], 4))
    const options = { logitLengths: [30, 29, 1, 0, 7, 30, 30, 12] }
    const greedy = ctcGreedyDecode(logits, options)
    for (const beamWidth of [1, 10]) {
      const beams = ctcBeamSearch(logits, { ...options, beamWidth })
      expect(beams.map(([best]) => best?.labels)).toEqual(greedy.map(({ labels }) => labels))
      expect(beams.map(([best]) => best?.spans)).toEqual(greedy.map(({ spans }) => spans))
    }
  })

  it('gives no reading where there is none', () => {
    expect(ctcBeamSearch(tf.fill([1, 3, 4], NaN))).toEqual([[]])
    expect(ctcBeamSearch(tf.zeros([1, 2, 4]), { lexicon: new Lexicon([[1, 2, 3]]) })).toEqual([[]])
    expect(ctcBeamSearch(tf.zeros([1, 2, 4]), { lexicon: new Lexicon([]) })).toEqual([[]])
    expect(ctcBeamSearch(tf.zeros([0, 2, 4]))).toEqual([])
    expect(ctcBeamSearch(tf.zeros([1, 0, 4]))[0]?.map(({ labels }) => labels)).toEqual([[]])
  })

  it('keeps its numbers over many steps and improbable texts', () => {
    const logits = tf.mul(filled([1, 600, 5], 1), 40)
    const [[best] = []] = ctcBeamSearch(logits, { lexicon: new Lexicon([[1], [2]]), beamWidth: 3 })
    const loss = ctcLoss(logits, tf.tensor2d(best?.labels ?? [], [1, 1], 'int32'))
    expect(-(best?.logProbability ?? 0)).toBeGreaterThan(1000)
    expectClose([-(best?.logProbability ?? 0)], loss.dataSync(), { absolute: 0, relative: 1e-5 })
  })

  it('leaves no tensor behind', () => {
    const logits = filled([2, 5, 4], 1)
    const before = tf.memory().numTensors
    ctcBeamSearch(logits)
    ctcGreedyDecode(logits)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('names what does not fit', () => {
    const logits = tf.zeros([1, 2, 3])
    expect(() => ctcBeamSearch(tf.zeros([2, 3]))).toThrow(ShapeError)
    expect(() => ctcBeamSearch(tf.zeros([2, 3]))).toThrow('ctcBeamSearch: expected shape [B, T, V] for logits')
    expect(() => ctcGreedyDecode(logits, { blank: 3 })).toThrow('expected an integer in [-3, 3) for blank, received 3')
    expect(() => ctcGreedyDecode(logits, { logitLengths: [3] })).toThrow('in [0, 2], received 3 for item 0')
    expect(() => ctcBeamSearch(logits, { beamWidth: 0 })).toThrow(
      'whole number of at least 1 for beamWidth, received 0',
    )
    expect(() => ctcBeamSearch(logits, { topPaths: 1.5 })).toThrow('for topPaths, received 1.5')
    expect(() => ctcBeamSearch(logits, { languageModelWeight: -1 })).toThrow('for languageModelWeight, received -1')
    expect(() => ctcBeamSearch(logits, { insertionBonus: NaN })).toThrow('for insertionBonus, received NaN')
    expect(() => new Lexicon([[1, 2]], { separator: 2 })).toThrow('no separator 2 in a word, received [1, 2]')
  })
})

describe('TopCandidates', () => {
  it('keeps the best, whatever the order', () => {
    for (let seed = 0; seed < 50; seed++) {
      const scores = Array.from(numbers(seed, seed, 0, 1))
      const top = new TopCandidates(7)
      scores.forEach((score, i) => top.offer(score, i, -1))
      const kept = Array.from(top.score.subarray(0, top.size)).sort((a, b) => b - a)
      expect(kept).toEqual(scores.sort((a, b) => b - a).slice(0, 7))
    }
    const none = new TopCandidates(2)
    for (const score of [NaN, 0, -1]) none.offer(score, 0, 0)
    expect(none.size).toBe(0)
  })
})

describeNative('decoding', () => {
  it('reads the same on native', async () => {
    const logits = numbers(4 * 20 * 7, 1, -4, 4)
    const readings: unknown[] = []
    for (const backend of ['cpu', 'native'])
      await onBackend(backend, () => {
        const x = tf.tensor3d(logits, [4, 20, 7])
        readings.push([ctcGreedyDecode(x).map(({ labels }) => labels), ctcBeamSearch(x).map(([best]) => best?.labels)])
        return []
      })
    expect(readings[1]).toEqual(readings[0])
  })
})
