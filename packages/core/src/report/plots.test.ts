import { Window } from 'happy-dom'
import { describe, expect, it } from 'vitest'
import { calibration } from '../metrics/probability.js'
import { rocAuc, rocCurve } from '../metrics/ranking.js'
import { reliabilityPlot } from './calibration-plot.js'
import { classScoresPlot } from './class-plots.js'
import { confusionPlot } from './confusion-plot.js'
import { precisionRecallPlot, rocPlot } from './curve-plots.js'
import { classesSection, probabilitiesSection, worstConfusions } from './sections.js'
import { fitText, renderPlot } from './svg.js'
import { epochCurves, figureName, learningRatePlot, lossPlot, metricKeys } from './training-plots.js'

/** Parses a plot back, checking what holds for every plot. */
function parse(svg: string) {
  const root = new Window().document.createElement('div')
  root.innerHTML = svg
  const plot = root.firstElementChild
  if (plot === null || root.children.length !== 1) throw new Error('expected one element')
  expect(plot.tagName.toLowerCase()).toBe('svg')
  expect(plot.getAttribute('role')).toBe('img')
  expect(plot.getAttribute('aria-label')).not.toBe('')
  expect(plot.getAttribute('viewBox')).toBe(
    `0 0 ${plot.getAttribute('width') ?? ''} ${plot.getAttribute('height') ?? ''}`,
  )
  expect(svg).not.toMatch(/NaN|undefined|Infinity|null/)
  const all = (selector: string) => [...plot.querySelectorAll(selector)]
  const texts = (selector = 'text') => all(selector).map((element) => element.textContent)
  const numbers = (selector: string, name: string) => all(selector).map((element) => Number(element.getAttribute(name)))
  return { plot, all, texts, numbers }
}

const history = [1, 2, 3, 4].map((epoch) => ({
  epoch,
  loss: 2 / epoch,
  val_loss: epoch === 4 ? 1.2 : 2.5 / epoch,
  val_accuracy: 0.6 + epoch / 20,
  val_macro_f1: 0.5 + epoch / 20,
  learningRate: 1e-3 / 10 ** epoch,
}))

describe('training curves', () => {
  it('draw one line a figure and mark the best epoch', () => {
    const { all, texts } = parse(lossPlot(history, { bestEpoch: 3 }))
    const lines = all('.curve path')
    expect(lines.length).toBe(2)
    for (const line of lines) expect(line.getAttribute('d')?.match(/[ML]/g)?.length).toBe(4)
    expect(texts()).toContain('best: epoch 3, 0.833')
    expect(texts('[aria-label="legend"] text')).toEqual(['training', 'validation'])
  })

  it('leave out what no epoch holds and gaps where a value is no number', () => {
    const broken = [
      { epoch: 1, loss: 1 },
      { epoch: 2, loss: NaN },
      { epoch: 3, loss: 0.5 },
    ]
    const { all, texts } = parse(lossPlot(broken))
    expect(all('.curve path').length).toBe(1)
    expect(texts('[aria-label="legend"] text')).toEqual(['training'])
    parse(lossPlot([]))
    expect(parse(lossPlot([{ epoch: 1, loss: 1 }])).all('circle').length).toBe(1)
  })

  it('know the metrics of a run by their names', () => {
    expect(metricKeys(history)).toEqual(['val_accuracy', 'val_macro_f1'])
    expect([figureName('val_macro_f1'), figureName('val_top5_accuracy')]).toEqual(['macro F1', 'top5 accuracy'])
    expect(parse(epochCurves(history, metricKeys(history))).all('.curve path').length).toBe(2)
    expect(parse(learningRatePlot(history)).texts()).toContain('1e-4')
  })
})

describe('confusion matrix', () => {
  it('places counts, shades rows by share and tells right from wrong', () => {
    const { all, texts, numbers } = parse(
      confusionPlot(
        [
          [3, 1],
          [0, 4],
        ],
        ['cat', 'dog'],
      ),
    )
    expect(all('.right rect').length).toBe(2)
    expect(all('.wrong rect').length).toBe(1)
    expect(texts('.count text').sort()).toEqual(['1', '3', '4'])
    const [weak, strong] = numbers('.right rect', 'fill-opacity')
    expect(weak).toBeCloseTo(0.12 + 0.88 * 0.75, 2)
    expect(strong).toBe(1)
    expect(texts('title')).toContain('cat taken for dog: 1 (25.0 %)')
  })

  it.each([2, 5, 10, 20, 50])('fits %i classes into the page with type that can be read', (size) => {
    const labels = Array.from({ length: size }, (_, at) => `some class ${at}`)
    const counts = labels.map((_, row) => labels.map((__, at) => (row === at ? 40 : (row + at) % 7 === 0 ? 2 : 0)))
    const { plot, all, numbers } = parse(confusionPlot(counts, labels))
    expect(Number(plot.getAttribute('width'))).toBeLessThanOrEqual(962)
    expect(all('.right rect').length).toBe(size)
    const sizes = all('.count').map((group) => Number(group.getAttribute('font-size') ?? 12))
    for (const px of sizes) expect(px).toBeGreaterThanOrEqual(7.5)
    const side = numbers('.right rect', 'width')[0] ?? 0
    expect(side).toBeGreaterThan((sizes[0] ?? 12) * 1.7)
  })

  it('draws a class without items', () => {
    expect(
      parse(
        confusionPlot(
          [
            [2, 0],
            [0, 0],
          ],
          ['a', 'b'],
        ),
      ).all('.right rect').length,
    ).toBe(1)
  })
})

describe('ROC and precision-recall', () => {
  const truth = [0, 0, 1, 1]
  const scores = [0.1, 0.4, 0.35, 0.8]
  const { falsePositiveRate: x, truePositiveRate: y } = rocCurve(truth, scores)
  const curve = { label: 'dog', x, y, score: rocAuc(truth, scores) }

  it('draw the curve from corner to corner with its area', () => {
    const { all, texts } = parse(rocPlot([curve]))
    const d = all('.curve path')[0]?.getAttribute('d') ?? ''
    expect(d.startsWith('M44,336')).toBe(true)
    expect(d.endsWith('L448,26')).toBe(true)
    expect(texts('[aria-label="legend"] text')).toEqual(['dog  AUC 0.750'])
  })

  it('show the mean and the weakest of many', () => {
    const many = Array.from({ length: 20 }, (_, at) => ({ ...curve, label: `c${at}`, score: 0.5 + at / 50 }))
    const { all, texts } = parse(rocPlot(many, { meanScore: 0.69 }))
    expect(all('.curve path').length).toBe(21)
    expect(texts('[aria-label="legend"] text')).toEqual(['mean  AUC 0.690', 'c0  0.500', 'c1  0.520', 'c2  0.540'])
  })

  it('stop precision-recall where everything is found, and thin out long curves', () => {
    const n = 20_000
    const recall = Float64Array.from({ length: n }, (_, at) => Math.min(1, at / (n / 2)))
    const precision = recall.map((r) => 1 - 0.5 * r * r)
    const { all } = parse(precisionRecallPlot([{ label: 'a', x: recall, y: precision, score: 0.8 }]))
    const points = all('.curve path')[0]?.getAttribute('d')?.match(/[ML]/g)?.length ?? 0
    expect(points).toBeGreaterThan(100)
    expect(points).toBeLessThan(2000)
  })
})

describe('rows of classes', () => {
  it('sort by F1, with a bar, a dot and a diamond each', () => {
    const scores = [0.5, 0.9].map((f1) => ({ precision: f1, recall: f1 - 0.1, f1, support: 1200 }))
    const { all, texts } = parse(classScoresPlot(scores, ['cat', 'dog']))
    expect(texts('.class text')).toEqual(['dog', 'cat'])
    const ys = all('.class text').map((text) => Number(/,([\d.]+)\)/.exec(text.getAttribute('transform') ?? '')?.[1]))
    expect(ys[0]).toBeLessThan(ys[1] ?? 0)
    expect([
      all('.F1 rect').length,
      all('.precision path, .precision circle').length,
      all('.recall path').length,
    ]).toEqual([2, 2, 2])
    expect(texts()).toContain('1,200')
  })
})

describe('reliability', () => {
  it('has a dot and a gap for each bin that holds items', () => {
    const { bins, expectedError } = calibration([0, 1, 1], [0.9, 0.1, 0.2, 0.8, 0.6, 0.4], 2, 10)
    const { all, texts } = parse(reliabilityPlot(bins, { expectedError }))
    expect(all('.bin circle').length).toBe(3)
    expect(all('.items rect').length).toBe(3)
    expect(texts().some((text) => text.startsWith('expected calibration error'))).toBe(true)
  })
})

describe('the shared parts', () => {
  it('draw the same text for the same plot', () => {
    expect(lossPlot(history)).toBe(lossPlot(history))
    expect(renderPlot({ marks: [] }, '"<')).toContain('aria-label="&#34;&#60;"')
  })

  it('cut labels to a width', () => {
    expect(fitText('short', 100)).toBe('short')
    expect(fitText('a very long label indeed', 60)).toMatch(/^a very.*…$/)
  })

  it('name the most frequent mistakes', () => {
    expect(
      worstConfusions(
        [
          [1, 3],
          [0, 4],
        ],
        ['cat', 'dog'],
      ),
    ).toEqual(['Most frequent mistakes: cat taken for dog (3 of 4).'])
    expect(worstConfusions([[1]], ['cat'])).toEqual([])
  })

  it('make a section of classes out of labels, truth and probabilities', () => {
    const section = classesSection({ labels: ['cat', 'dog'], truth: [0, 1], probabilities: [0.9, 0.1, 0.6, 0.4] })
    expect(section.figures?.length).toBe(2)
    expect(section.text).toEqual(['Most frequent mistakes: dog taken for cat (1 of 1).'])
  })

  it('make a section of probabilities, without curves of a label that never occurs', () => {
    const truth = [0, 1, 0]
    const probabilities = [0.9, 0.0, 0.1, 0.2, 0.7, 0.1, 0.3, 0.6, 0.1]
    const { figures = [] } = probabilitiesSection({ labels: ['dog', 'rain', 'never'], truth, probabilities })
    const [roc, precisionRecall, reliability] = figures.map(({ svg }) => parse(svg ?? ''))
    expect(roc?.all('.curve path').length).toBe(2)
    expect(precisionRecall?.all('.curve path').length).toBe(2)
    expect(reliability?.all('.reliability path').length).toBe(1)
  })
})
