import { Window } from 'happy-dom'
import { describe, expect, it } from 'vitest'
import { alignSequences, sequenceScores } from '@weft/core/metrics'
import { columnHeatMap, visible, type ColumnHeatMapOptions } from './column-heat-map.js'
import { errorsByLength, errorsByPosition, readingSection, symbolConfusions } from './reading-section.js'

/** Parses a plot back. */
function parse(svg: string) {
  const root = new Window().document.createElement('div')
  root.innerHTML = svg
  expect(root.children.length).toBe(1)
  expect(root.firstElementChild?.tagName.toLowerCase()).toBe('svg')
  expect(svg).not.toMatch(/NaN|undefined|Infinity|null/)
  const all = (selector: string) => [...root.querySelectorAll(selector)]
  const texts = (selector: string) => all(selector).map((element) => element.textContent)
  const numbers = (selector: string, name: string) => all(selector).map((element) => Number(element.getAttribute(name)))
  return { all, texts, numbers, label: root.firstElementChild?.getAttribute('aria-label') }
}

const grey = (width: number, height: number) => ({ width, height, pixels: new Uint8Array(width * height).fill(255) })

/** Four steps: blank, `a`, blank, `b` that might be `c`. */
const small: ColumnHeatMapOptions = {
  image: grey(40, 10),
  symbols: ['', 'a', 'b', 'c', 'd'],
  probabilities: [
    [1, 0, 0, 0, 0],
    [0.1, 0.9, 0, 0, 0],
    [0.99, 0, 0, 0.01, 0],
    [0, 0, 0.6, 0.4, 0],
  ].flat(),
  labels: [1, 2],
  spans: [
    { firstStep: 1, lastStep: 1, confidence: 0.9 },
    { firstStep: 3, lastStep: 3, confidence: 0.6 },
  ],
}

describe('columnHeatMap', () => {
  it('has rows for what was read, then what might have been, then the blank', async () => {
    const { texts, all, numbers, label } = parse(await columnHeatMap(small))
    expect(texts('.symbols text')).toEqual(['a', 'b', 'c', 'blank'])
    expect(texts('text.read')).toEqual(['a', 'b'])
    expect(texts('text.confidence')).toEqual(['90 %', '60 %'])
    expect(label).toBe('where ab was read')
    // a, b, c once each, the blank at three steps.
    expect(numbers('.cells rect', 'fill-opacity')).toEqual([0.9, 0.6, 0.4, 0.3, 0.03, 0.297])
    expect(all('image').length).toBe(1)
    const few = parse(await columnHeatMap({ ...small, alternatives: 0 }))
    expect(few.texts('.symbols text')).toEqual(['a', 'b', 'blank'])
  })

  it('sets steps below the columns that they stand for', async () => {
    const at = async (options: ColumnHeatMapOptions) => {
      const { numbers } = parse(await columnHeatMap(options))
      const [left = 0] = numbers('image', 'x')
      const [width = 0] = numbers('image', 'width')
      return numbers('text.read', 'x').map((x) => (x - left) / width)
    }
    // The middles of steps 1 and 3 of 4; then of an image padded to twice its width.
    ;(await at(small)).forEach((share, i) => expect(share).toBeCloseTo([0.375, 0.875][i] ?? NaN, 2))
    ;(await at({ ...small, imageWidth: 80 })).forEach((share, i) =>
      expect(share).toBeCloseTo([0.75, 1.75][i] ?? NaN, 2),
    )
  })

  it('has a bar over the columns that each symbol came from, and guides from there', async () => {
    const origins = [
      { firstStep: 0, lastStep: 1 },
      { firstStep: 2, lastStep: 2 },
    ]
    const { all, numbers } = parse(await columnHeatMap({ ...small, origins }))
    const [left = 0] = numbers('image', 'x')
    const [width = 0] = numbers('image', 'width')
    const share = (name: string) => numbers('rect.origin', name)
    share('x').forEach((x, i) => expect((x - left) / width).toBeCloseTo([0, 0.5][i] ?? NaN, 1))
    share('width').forEach((x, i) => expect(x / width).toBeCloseTo([0.5, 0.25][i] ?? NaN, 1))
    const [bottom = 0] = numbers('image', 'height')
    for (const y of share('y')) expect(y).toBeGreaterThan(bottom)
    const starts = all('path[d^="M"]').flatMap(
      (path) => /^M([\d.]+),[\d.]+L/.exec(path.getAttribute('d') ?? '')?.[1] ?? [],
    )
    expect(starts.map((x) => Math.round(((Number(x) - left) / width) * 1000))).toEqual([250, 625])
    expect(parse(await columnHeatMap(small)).all('rect.origin')).toEqual([])
  })

  it('stays within its width and keeps signs apart when a line is long', async () => {
    const steps = 160
    const labels = Array.from({ length: 60 }, (_, at) => 1 + (at % 26))
    const symbols = ['', ...'abcdefghijklmnopqrstuvwxyz']
    const probabilities = new Float32Array(steps * 27)
    // All in the first half.
    const spans = labels.map((label, at) => {
      probabilities[(10 + at) * 27 + label] = 1
      return { firstStep: 10 + at, lastStep: 10 + at, confidence: 1 }
    })
    const { numbers } = parse(await columnHeatMap({ image: grey(600, 32), symbols, probabilities, labels, spans }))
    const [width = 0] = numbers('svg', 'width')
    expect(width).toBeLessThanOrEqual(961)
    const x = numbers('text.read', 'x')
    for (let i = 1; i < x.length; i++) expect((x[i] ?? 0) - (x[i - 1] ?? 0)).toBeGreaterThan(11.8)
    expect([Math.min(...x) > 0, Math.max(...x) < width]).toEqual([true, true])
  })

  it('shows any symbol as text that can be seen', async () => {
    const symbols = ['', '<b>', '&', '"', '\u0301', 'ش', ' ', '\u200f', '\n']
    const labels = [1, 2, 3, 4, 5, 6, 7, 8]
    const probabilities = labels.flatMap((label) => symbols.map((_, at) => (at === label ? 1 : 0)))
    const spans = labels.map((_, at) => ({ firstStep: at, lastStep: at, confidence: 1 }))
    const svg = await columnHeatMap({ image: grey(80, 10), symbols, probabilities, labels, spans })
    expect(svg).not.toContain('<b>')
    const { texts, all } = parse(svg)
    const wanted = ['<b>', '&', '"', '\u25cc\u0301', 'ش', '␣', 'U+200F', '⏎']
    expect(texts('text.read')).toEqual(wanted)
    expect(texts('.symbols text')).toEqual([...wanted, 'blank'])
    expect(all('b')).toEqual([])
    expect(visible('e')).toBe('e')
  })

  it('bears a reader that read nothing and names what does not fit', async () => {
    const empty = { ...small, labels: [], spans: [] }
    expect(parse(await columnHeatMap(empty)).texts('text.read')).toEqual([])
    await expect(columnHeatMap({ ...small, probabilities: [1, 2, 3] })).rejects.toThrow('rows of 5 probabilities')
    await expect(columnHeatMap({ ...small, labels: [1] })).rejects.toThrow('1 spans')
    await expect(columnHeatMap({ ...small, origins: [] })).rejects.toThrow('2 origins')
  })
})

describe('readingSection', () => {
  const references = ['a0a', '0b', 'abc']
  const readings = ['aOa', 'Ob', 'abbc']
  const alignments = references.map((reference, at) => alignSequences(reference, readings[at] ?? ''))

  it('counts what is taken for what', () => {
    expect(symbolConfusions(alignments)).toEqual([
      { reference: '0', reading: 'O', count: 2, of: 2 },
      { reading: 'b', count: 1, of: 3 },
    ])
    expect(symbolConfusions([alignSequences('aab', 'ab')])).toEqual([{ reference: 'a', count: 1, of: 2 }])
  })

  it('finds errors by length and place', () => {
    expect(errorsByLength(references, readings)).toEqual([
      { label: '2', errors: 1, symbols: 2, texts: 1 },
      { label: '3', errors: 2, symbols: 6, texts: 2 },
    ])
    expect(errorsByPosition(alignments)).toEqual([
      { label: '1', errors: 1, symbols: 3 },
      { label: '2', errors: 1, symbols: 3 },
      { label: '3', errors: 0, symbols: 2 },
    ])
    const long = ['x'.repeat(40), '', 'y'.repeat(3)]
    const bins = errorsByLength(long, [`${'x'.repeat(39)}o`, 'z', 'yyy'])
    expect(bins.map(({ label, errors, texts }) => [label, errors, texts])).toEqual([
      ['3–7', 0, 1],
      ['38–40', 1, 1],
    ])
    const tenths = errorsByPosition([alignSequences('x'.repeat(40), `${'x'.repeat(39)}o`)])
    expect(tenths.map(({ errors }) => errors)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    expect(tenths.at(-1)).toEqual({ label: '90 %', errors: 1, symbols: 4 })
  })

  it('makes tables and plots of them', () => {
    const section = readingSection({ references, readings, scores: sequenceScores(references, readings) })
    const [scores, confusions] = section.tables ?? []
    expect(scores?.rows.map((row) => row[1])).toEqual(['0.00 %', '37.50 %', '100.00 %', '0.3611'])
    expect(confusions?.rows).toEqual([
      ['0', 'O', '2', '2', '100.0 %'],
      ['(nothing)', 'b', '1', '3', '33.3 %'],
    ])
    expect(section.figures?.length).toBe(2)
    const [byLength] = section.figures ?? []
    expect(parse(byLength?.svg ?? '').all('.errors rect').length).toBe(2)
  })

  it('leaves out what says nothing', () => {
    const texts = ['ab', 'cd']
    const section = readingSection({ references: texts, readings: texts, scores: sequenceScores(texts, texts) })
    expect(section.tables?.length).toBe(1)
    expect(section.figures).toEqual([])
    const none = readingSection({ references: [], readings: [], scores: sequenceScores([], []) })
    expect(none.figures).toEqual([])
  })
})
