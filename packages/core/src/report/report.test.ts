import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Window } from 'happy-dom'
import { afterAll, describe, expect, it } from 'vitest'
import { escapeHtml, html, trusted } from './html.js'
import { renderReport, writeReport } from './report.js'
import type { Report } from './report.js'
import { confusionPlot } from './confusion-plot.js'
import { classesSection, probabilitiesSection, trainingSection } from './sections.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-report-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const EVIL = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
const PIXEL = 'data:image/png;base64,iVBORw0KGgo='

const results = {
  labels: [EVIL, 'dog', 'hen & rooster'],
  truth: [0, 0, 1, 1, 2, 2],
  probabilities: [0.7, 0.2, 0.1, 0.2, 0.7, 0.1, 0.1, 0.8, 0.1, 0.3, 0.6, 0.1, 0.2, 0.2, 0.6, 0.1, 0.4, 0.5],
}

const report: Report = {
  kicker: EVIL,
  title: EVIL,
  subtitle: EVIL,
  summary: [{ label: EVIL, value: EVIL, note: EVIL }],
  sections: [
    trainingSection([
      { epoch: 1, loss: 1, val_loss: 1.1, val_accuracy: 0.5, learningRate: 1e-3 },
      { epoch: 2, loss: 0.5, val_loss: 0.7, val_accuracy: 0.8, learningRate: 5e-4 },
    ]),
    classesSection(results),
    probabilitiesSection(results),
    {
      title: EVIL,
      text: [EVIL, 'second paragraph'],
      figures: [{ image: PIXEL, caption: `First sentence. ${EVIL}` }],
      tables: [{ caption: EVIL, columns: [{ header: EVIL }, { header: 'F1' }], rows: [[EVIL, 0.5]] }],
      examples: [
        { truth: EVIL, predicted: EVIL, image: PIXEL, caption: EVIL },
        { truth: EVIL, predicted: 'dog', probabilities: [{ label: EVIL, probability: 0.25 }] },
      ],
      html: html`<p class="own">${EVIL}</p>`,
    },
  ],
  footer: {
    command: EVIL,
    device: EVIL,
    versions: { [EVIL]: EVIL },
    options: { name: EVIL },
    seed: 1,
    finished: new Date(0),
  },
}

const page = renderReport(report)
const document = new Window().document
document.write(page)

describe('a report', () => {
  it('is one file that loads nothing and runs nothing', () => {
    const path = join(folder, 'report.html')
    writeReport(path, report)
    expect(readFileSync(path, 'utf8')).toBe(page)
    expect(page).toMatch(/^<!doctype html>/)
    for (const loads of [/<(?:script|link|iframe|object|embed|base)\b/i, /(?:https?:)?\/\/[a-z]/i, /@import|url\(/]) {
      expect(loads.exec(page)?.[0]).toBeUndefined()
    }
    const sources = [...document.querySelectorAll('[src]')].map((element) => element.getAttribute('src') ?? '')
    expect(sources.length).toBe(2)
    for (const source of sources) expect(source).toMatch(/^data:/)
    for (const link of document.querySelectorAll('[href]')) expect(link.getAttribute('href')).toMatch(/^#/)
    expect(page).toContain(`content="default-src &#39;none&#39;`)
  })

  it('shows text as text, wherever it came from', () => {
    expect(document.querySelectorAll('script').length).toBe(0)
    const handlers = [...document.querySelectorAll('*')].filter((element) =>
      [...element.attributes].some(({ name }) => name.startsWith('on')),
    )
    expect(handlers.length).toBe(0)
    for (const selector of ['h1', '.eyebrow', '.subtitle', '.summary .value', '.own', 'footer code', 'caption', 'td']) {
      expect(document.querySelector(selector)?.textContent, selector).toContain(EVIL)
    }
  })

  it('numbers figures and tables through and puts wide plots across the page', () => {
    const captions = [...document.querySelectorAll('figcaption b')].map((element) => element.textContent)
    expect(captions.map((text) => Number(/^Figure (\d+)\./.exec(text)?.[1]))).toEqual(captions.map((_, at) => at + 1))
    expect(document.querySelector('caption b')?.textContent).toBe('Table 1.')
    expect(document.querySelectorAll('figure.wide').length).toBe(1)
    expect(document.querySelectorAll('nav a').length).toBe(4)
  })

  it('puts wrong examples before right ones', () => {
    expect([...document.querySelectorAll('h3')].map((element) => element.textContent)).toEqual(['Wrong', 'Right'])
    const marks = [...document.querySelectorAll('.mark')].map((element) => element.textContent)
    expect(marks).toEqual(['✗', '✓'])
    expect(document.querySelector('.bars b')?.getAttribute('style')).toBe('width:25.0%')
  })

  it('refuses pictures that would be loaded from outside', () => {
    const bad = {
      title: 't',
      sections: [{ title: 's', figures: [{ image: 'https://example.org/x.png', caption: 'c' }] }],
    }
    expect(() => renderReport(bad)).toThrow('writing the report: expected a data:image/… URL for image')
  })
})

describe('html', () => {
  it('escapes every value unless it is markup', () => {
    expect(html`<b title="${'"'}">${['<', trusted('<i>'), 3, undefined, false]}</b>`.text).toBe(
      '<b title="&#34;">&#60;<i>3</b>',
    )
    expect(escapeHtml('a\u0000b\nc')).toBe('a b\nc')
  })
})

describe('labels in plots', () => {
  it('stay text', () => {
    const svg = confusionPlot(
      [
        [1, 0],
        [1, 1],
      ],
      [EVIL, 'b'],
    )
    expect(svg).not.toContain('<script')
    expect(svg).not.toContain('<img')
  })
})
