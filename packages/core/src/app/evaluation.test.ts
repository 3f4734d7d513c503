import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../cli/options.js'
import { itemsToJudge, readingAsTrained } from './evaluation.js'
import { labelledFilesOptions, splitOptions } from './options.js'
import { divide } from './parts.js'

const items = Array.from({ length: 20 }, (_, at) => ({ id: String(at), path: '', labels: ['x'], fields: {} }))
const split = resolveOptions(splitOptions, {})
const drawing = { seed: 3, byGroup: false, stratified: false }

describe('itemsToJudge', () => {
  it('is all, or the part that the model was not trained on', () => {
    expect(itemsToJudge(items, { part: undefined, data: 'd' }, split, drawing)).toBe(items)
    const test = itemsToJudge(items, { part: 'test', data: 'd' }, split, drawing)
    expect(test).toEqual(divide(items, split, drawing).test)
  })

  it('refuses an empty part', () => {
    const none = resolveOptions(splitOptions, { testShare: 0 })
    expect(() => itemsToJudge(items, { part: 'test', data: 'd' }, none, drawing)).toThrow(
      'expected at least 1 item for the test part of d',
    )
  })
})

it('reads as the options say, by default as when the model was trained', () => {
  const trained = resolveOptions(labelledFilesOptions, { pattern: '{label}_{take}', group: 'take' })
  const asked = resolveOptions(labelledFilesOptions, { pattern: '{label}-{take}' })
  expect(readingAsTrained(asked, trained)).toMatchObject({ pattern: '{label}-{take}', group: 'take', root: undefined })
})
