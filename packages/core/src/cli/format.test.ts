import { describe, expect, it } from 'vitest'
import { formatBytes, formatDuration, formatNumber, formatPercent, formatTimestamp, plural } from './format.js'
import { displayWidth, formatPairs, formatProbabilities, formatTable, textBar, truncate } from './table.js'

describe('formats', () => {
  it.each([
    [0, '0 s'],
    [0.0004, '0.4 ms'],
    [0.85, '850 ms'],
    [0.9999, '1.0 s'],
    [59.99, '1 min'],
    [200, '3 min 20 s'],
    [3599.7, '1 h'],
    [7500, '2 h 5 min'],
    [86_399, '1 d'],
    [273_600, '3 d 4 h'],
    [NaN, 'unknown'],
  ])('%d seconds as %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1500, '1.5 kB'],
    [999_600, '1.0 MB'],
    [23_400_000, '23 MB'],
  ])('%d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it('percents that never claim all or nothing', () => {
    expect([1, 0.9999, 0.973, 0.00001, 0].map((p) => formatPercent(p))).toEqual([
      '100.0 %',
      '99.9 %',
      '97.3 %',
      '<0.1 %',
      '0.0 %',
    ])
  })

  it('numbers of four digits', () => {
    expect([0.123456, 12.3456, 1e-5, 12345, 0, -0.5, 1.2e12 + 0.5].map((x) => formatNumber(x))).toEqual([
      '0.1235',
      '12.35',
      '1e-5',
      '12,345',
      '0',
      '-0.5000',
      '1.2e12',
    ])
  })

  it('places and plurals', () => {
    expect([4.25, 727, 3723.5, 59.9996].map(formatTimestamp)).toEqual([
      '0:04.250',
      '12:07.000',
      '1:02:03.500',
      '1:00.000',
    ])
    expect([plural(1, 'file'), plural(1200, 'file'), plural(0, 'class', 'classes')]).toEqual([
      '1 file',
      '1,200 files',
      '0 classes',
    ])
  })
})

describe('tables', () => {
  it('align numbers right and words left', () => {
    const columns = [{ header: 'class' }, { header: 'F1' }]
    expect(
      formatTable(columns, [
        ['dog', 0.5],
        ['rooster', 0.25],
      ]),
    ).toBe('class        F1\n───────  ──────\ndog      0.5000\nrooster  0.2500')
  })

  it('count terminal columns, not characters, and let no control character through', () => {
    expect([displayWidth('日本'), displayWidth('e\u0301'), displayWidth('\u001b[31mred\u001b[0m')]).toEqual([4, 1, 3])
    expect(formatTable([{ header: 'x' }], [['a\n\u001b[31mb']])).toBe('x\n───\na b')
    expect([truncate('church bells', 8), truncate('short', 8)]).toEqual(['church…', 'short'])
  })

  it('rank probabilities', () => {
    const text = formatProbabilities(['cat', 'dog', 'hen'], [0.25, 0.7, 0.05], 2)
    expect(text).toBe(`dog  70.0 %  ${textBar(0.7)}\ncat  25.0 %  ${textBar(0.25)}`)
    expect(textBar(1, 4)).toBe('████')
    expect(textBar(0.5, 1)).toBe('▌')
    expect(formatPairs({ accuracy: 0.5, items: 12, none: undefined })).toBe('accuracy  0.5000\nitems     12')
  })
})
