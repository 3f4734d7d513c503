import { describe, expect, it } from 'vitest'
import { findDuplicates, type DigestedItem } from './duplicates.js'

const item = (id: string, digest: string, label: string, part: DigestedItem['part']): DigestedItem => ({
  id,
  digest,
  label,
  part,
})

describe('findDuplicates', () => {
  it('leaves training images out that are judged elsewhere, and names the twin', () => {
    const items = [
      item('a', '1', 'x', 'train'),
      item('b', '2', 'y', 'train'),
      item('c', '2', 'y', 'test'),
      item('d', '1', 'x', 'validation'),
      item('e', '1', 'x', 'train'),
      item('f', '3', 'x', 'train'),
    ]
    expect(findDuplicates(items)).toEqual({
      leftOut: [
        { index: 0, reason: 'it is the same image as d of the validation part' },
        { index: 1, reason: 'it is the same image as c of the test part' },
        { index: 4, reason: 'it is the same image as d of the validation part' },
      ],
      conflicts: [],
    })
  })

  it('keeps twins within the training part and among the others', () => {
    const items = [
      item('a', '1', 'x', 'train'),
      item('b', '1', 'x', 'train'),
      item('c', '2', 'y', 'test'),
      item('d', '2', 'y', 'validation'),
    ]
    expect(findDuplicates(items)).toEqual({ leftOut: [], conflicts: [] })
    expect(findDuplicates([])).toEqual({ leftOut: [], conflicts: [] })
  })

  it('names labels that contradict each other, in any part', () => {
    const items = [
      item('a.png', '1', 'cat', 'train'),
      item('b.png', '2', 'cat', 'train'),
      item('c.png', '1', 'd"g', 'train'),
      item('d.png', '2', 'dog', 'test'),
    ]
    const { leftOut, conflicts } = findDuplicates(items)
    expect(conflicts).toEqual([
      { indices: [0, 2], message: 'the same image has different labels: a.png ("cat"), c.png ("d\\"g")' },
      { indices: [1, 3], message: 'the same image has different labels: b.png ("cat"), d.png ("dog")' },
    ])
    expect(leftOut.map(({ index }) => index)).toEqual([1])
  })

  it('names the first of many', () => {
    const items = Array.from({ length: 7 }, (_, at) => item(`${at}.png`, '1', `${at}`, 'train'))
    expect(findDuplicates(items).conflicts[0]?.message).toMatch(/: 0\.png \("0"\), .*3\.png \("3"\) and 3 more$/)
  })
})
