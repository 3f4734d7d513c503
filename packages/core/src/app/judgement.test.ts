import { describe, expect, it } from 'vitest'
import { Labels } from '../data/labels.js'
import { accuracyOf, answersOf, judgeClassifier, judgementJson, likeliest, predictionsCsv, toCsv } from './judgement.js'
import { pickExamples } from './report.js'

const labels = Labels.of(['cat', 'dog', 'owl'])
const item = (id: string, ...names: string[]) => ({ id, path: id, labels: names, fields: {} })

describe('judging a classifier', () => {
  const items = [item('a', 'cat'), item('b', 'owl'), item('c', 'cat')]
  const said = new Map([
    ['a', [0.7, 0.2, 0.1]],
    ['b', [0.1, 0.3, 0.6]],
    ['c', [0.1, 0.8, 0.1]],
  ])
  const judge = (judged: readonly (typeof items)[number][], progress: string[] = []) =>
    judgeClassifier(judged, {
      labels,
      multiLabel: false,
      batchSize: 2,
      predict: async (batch) => {
        progress.push(batch.map(({ id }) => id).join(''))
        return Float32Array.from(batch.flatMap(({ id }) => said.get(id) ?? []))
      },
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    })

  it('runs batches in order and compares', async () => {
    const progress: string[] = []
    const judgement = await judge(items, progress)
    expect(progress).toEqual(['ab', '2/3', 'c', '3/3'])
    expect([...judgement.truth]).toEqual([0, 2, 0])
    expect(accuracyOf(judgement.figures)).toBeCloseTo(2 / 3, 6)
    expect(judgementJson(judgement)).toMatchObject({ accuracy: 2 / 3, items: 3 })
  })

  it('says which label the model does not know, and of which item', async () => {
    await expect(judge([item('d', 'bat')])).rejects.toThrow(
      'judging the model: expected one of the model\'s labels (cat, dog, owl) for d, received "bat"',
    )
  })

  it('judges items with several labels or none', async () => {
    const judgement = await judgeClassifier([item('a', 'cat', 'owl'), item('b')], {
      labels,
      multiLabel: true,
      batchSize: 8,
      predict: async () => Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.6, 0.1),
    })
    expect([...judgement.truth]).toEqual([1, 0, 1, 0, 0, 0])
    expect(accuracyOf(judgement.figures)).toBe(0.5)
    expect(answersOf(judgement, labels, true).map(({ predicted, right }) => [predicted, right])).toEqual([
      [['cat', 'owl'], true],
      [['dog'], false],
    ])
  })

  it('tells answers one by one, surest wrong ones first and right ones of every label', async () => {
    const answers = answersOf(await judge(items), labels, false)
    expect(answers.map(({ item: { id }, predicted, right }) => [id, predicted, right])).toEqual([
      ['a', ['cat'], true],
      ['b', ['owl'], true],
      ['c', ['dog'], false],
    ])
    expect(answers[2]?.confidence).toBeCloseTo(0.8, 6)
    expect(pickExamples(answers).map((answer) => answer.item.id)).toEqual(['c', 'a', 'b'])
  })

  it('writes a table', async () => {
    expect(predictionsCsv(await judge(items), labels, false).split('\n')).toEqual([
      'file,truth,predicted,cat,dog,owl',
      'a,cat,cat,0.700000,0.200000,0.100000',
      'b,owl,owl,0.100000,0.300000,0.600000',
      'c,cat,dog,0.100000,0.800000,0.100000',
      '',
    ])
  })
})

it('shows at most nine wrong examples, by confidence, and one right one of each label', () => {
  const answer = (confidence: number, right: boolean) => ({
    item: item(String(confidence), right ? 'cat' : 'dog'),
    confidence,
    right,
  })
  const wrong = Array.from({ length: 12 }, (_, at) => answer(at / 100, false))
  const picked = pickExamples([...wrong, answer(0.5, true), answer(0.6, true)])
  expect(picked.map(({ confidence }) => confidence)).toEqual([0.11, 0.1, 0.09, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03, 0.5])
})

it('names the likeliest labels', () => {
  const ranked = likeliest(Float32Array.of(0.25, 0.125, 0.5, 0.0625, 0.0625), Labels.of(['a', 'b', 'c', 'd', 'e']))
  expect(ranked).toEqual([
    { label: 'c', probability: 0.5 },
    { label: 'a', probability: 0.25 },
    { label: 'b', probability: 0.125 },
  ])
})

it('quotes cells that need it', () => {
  expect(toCsv([['plain', 'a,b', 'say "x"', 'two\nlines', '']])).toBe('plain,"a,b","say ""x""","two\nlines",\n')
})
