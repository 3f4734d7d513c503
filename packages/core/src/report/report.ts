/**
 * The report of a run: one HTML file that opens offline, in light and dark mode, and prints on A4. It consists of sections, so that every
 * application can add its own; the usual ones are in sections.ts. It has no scripts and loads nothing: a content security policy in
 * the file forbids both. All text is escaped; only `figure.svg` and `section.html` are inserted as they are.
 */
import { formatNumber, formatPercent } from '../cli/format.js'
import { expected } from '../errors.js'
import { writeFileAtomic } from '../files.js'
import type { Html } from './html.js'
import { html, trusted } from './html.js'
import { STYLE_SHEET } from './theme.js'

/** A number that summarises the run. */
export interface KeyFigure {
  readonly label: string
  readonly value: string
  /** Small print below it. */
  readonly note?: string
}

/** A plot or picture with its caption; `wide` takes the whole width (default: when it is wider than half of it). */
export interface Figure {
  /** A plot of this folder. */
  readonly svg?: string
  /** A `data:` URL. */
  readonly image?: string
  /** The first sentence is printed in bold. */
  readonly caption: string
  readonly wide?: boolean
}

export interface ReportTable {
  readonly caption?: string
  readonly columns: readonly { readonly header: string; readonly align?: 'left' | 'right' }[]
  readonly rows: readonly (readonly (string | number | undefined)[])[]
}

/** An item and the prediction of the model. */
export interface Example {
  readonly truth: string
  readonly predicted: string
  /** `data:` URL of a picture, such as its spectrogram. */
  readonly image?: string
  /** `data:` URL of the sound, for a player. */
  readonly audio?: string
  /** Such as the name of the file. */
  readonly caption?: string
  /** Drawn as bars, the most probable first. */
  readonly probabilities?: readonly { readonly label: string; readonly probability: number }[]
  /** Whether it is right (default: whether `predicted` is `truth`). */
  readonly right?: boolean
}

export interface Section {
  readonly title: string
  /** Paragraphs. */
  readonly text?: string | readonly string[]
  readonly figures?: readonly Figure[]
  readonly tables?: readonly ReportTable[]
  /** Right and wrong examples; the wrong ones come first. */
  readonly examples?: readonly Example[]
  /** Markup of the application, already escaped. */
  readonly html?: Html
  /** Start on a new page in print. */
  readonly newPage?: boolean
}

/** How the numbers were made, at the end of the report. */
export interface Footer {
  readonly command?: string
  readonly device?: string
  readonly seed?: number
  readonly duration?: string
  readonly finished?: Date
  readonly versions?: Readonly<Record<string, string>>
  /** All options of the run, in a section that opens on a click. */
  readonly options?: object
}

export interface Report {
  readonly title: string
  readonly subtitle?: string
  /** A few words above the title, such as the application. */
  readonly kicker?: string
  /** The result in one or a few sentences, at the top. */
  readonly verdict?: string | readonly string[]
  readonly summary?: readonly KeyFigure[]
  readonly sections: readonly Section[]
  readonly footer?: Footer
}

/** Writes the report to `path`, atomically. */
export function writeReport(path: string, report: Report): void {
  writeFileAtomic(path, renderReport(report))
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"

/** The report as one HTML page. */
export function renderReport(report: Report): string {
  const { title, subtitle, kicker, verdict = [], summary = [], sections, footer } = report
  const count = { figure: 0, table: 0 }
  const body = sections.map((section, at) => renderSection(section, at, count))
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="Weft" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${title}</title>
        <style>
          ${trusted(STYLE_SHEET)}
        </style>
      </head>
      <body>
        <header>
          ${kicker !== undefined && html`<p class="eyebrow">${kicker}</p> `}
          <h1>${title}</h1>
          ${subtitle !== undefined && html`<p class="subtitle">${subtitle}</p> `}${[verdict].flat().map((sentence) => html`<p class="lead">${sentence}</p> `)}${
            summary.length > 0 && html`<dl class="summary">${summary.map(renderKeyFigure)}</dl> `
          }${
            sections.length > 2 &&
            html`<nav aria-label="Contents">
              ${sections.map((section, at) => html`<a href="#${anchor(at)}">${section.title}</a>`)}
            </nav> `
          }
        </header>
        <main>${body}</main>
        ${footer !== undefined && renderFooter(footer)}
      </body>
    </html> `
  return page.text
}

function anchor(at: number): string {
  return `section-${at + 1}`
}

function renderKeyFigure({ label, value, note }: KeyFigure): Html {
  return html`<div>
    <dt>${label}</dt>
    <dd><span class="value">${value}</span>${note !== undefined && html`<span class="note">${note}</span>`}</dd>
  </div>`
}

function renderSection(section: Section, at: number, count: { figure: number; table: number }): Html {
  const { title, text = [], figures = [], tables = [], examples = [] } = section
  const paragraphs = typeof text === 'string' ? [text] : text
  return html`<section id="${anchor(at)}" ${section.newPage === true && trusted(' style="break-before: page"')}>
    <h2>${title}</h2>
    ${paragraphs.map((paragraph) => html`<p>${paragraph}</p> `)}${
      figures.length > 0 &&
      html`<div class="figures">${figures.map((figure) => renderFigure(figure, ++count.figure))}</div> `
    }${tables.map((table) => renderTable(table, table.caption === undefined ? 0 : ++count.table))}${renderExamples(examples)}${section.html}
  </section> `
}

function renderFigure(figure: Figure, number: number): Html {
  const { svg, image, caption } = figure
  const drawn = /^<svg [^>]*width="([\d.]+)"/.exec(svg ?? '')?.[1]
  const wide = figure.wide ?? (image !== undefined || Number(drawn ?? 0) > 520)
  const [first, rest] = splitCaption(caption)
  return html`<figure${wide && trusted(' class="wide"')}>${svg !== undefined && trusted(svg)}${image !== undefined && html`<img src="${dataUri(image, 'image')}" alt="${first}" />`}
<figcaption><b>Figure ${number}. ${first}</b>${rest}</figcaption></figure>
`
}

/** The first sentence, and the rest with its leading space. */
function splitCaption(caption: string): [string, string] {
  const end = caption.search(/\.\s/)
  return end < 0 ? [caption, ''] : [caption.slice(0, end + 1), caption.slice(end + 1)]
}

/** Accepts `data:` URLs only: nothing may be loaded from outside. */
function dataUri(address: string, kind: 'image' | 'audio'): string {
  if (address.startsWith(`data:${kind}/`)) return address
  throw expected({ doing: 'writing the report', want: `a data:${kind}/… URL`, of: kind, got: address.slice(0, 60) })
}

function renderTable({ caption, columns, rows }: ReportTable, number: number): Html {
  const right = columns.map(({ align }, at) => {
    if (align !== undefined) return align === 'right'
    return rows.length > 0 && rows.every((row) => row[at] === undefined || typeof row[at] === 'number')
  })
  const side = (at: number) => right[at] === true && trusted(' class="right"')
  const show = (cell: string | number | undefined) => (typeof cell === 'number' ? formatNumber(cell) : cell)
  return html`<div class="scroll">
    <table>
      ${
        caption !== undefined &&
        html`<caption>
          <b>Table ${number}.</b>
          ${caption}
        </caption> `
      }
      <thead>
        <tr>
          ${columns.map(({ header }, at) => html`<th scope="col" ${side(at)}>${header}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map((_, at) => html`<td${side(at)}>${show(row[at])}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div> `
}

function isRight(example: Example): boolean {
  return example.right ?? example.truth === example.predicted
}

function renderExamples(examples: readonly Example[]): HtmlParts {
  const groups = [
    { name: 'Wrong', members: examples.filter((example) => !isRight(example)) },
    { name: 'Right', members: examples.filter(isRight) },
  ]
  return groups
    .filter(({ members }) => members.length > 0)
    .map(
      ({ name, members }) =>
        html`<h3>${name}</h3>
          <div class="gallery">${members.map(renderExample)}</div> `,
    )
}
type HtmlParts = readonly Html[]

function renderExample(example: Example): Html {
  const { image, audio, truth, predicted, caption, probabilities = [] } = example
  const right = isRight(example)
  const verdict = right ? predicted : `${truth}, taken for ${predicted}`
  return html`<div class="example">
    ${image !== undefined && html`<img src="${dataUri(image, 'image')}" alt="${truth}" loading="lazy" />`}${audio !== undefined && html`<audio controls preload="none" src="${dataUri(audio, 'audio')}"></audio>`}
    <p class="verdict">
      <span class="mark ${right ? 'right-mark' : 'wrong-mark'}" aria-label="${right ? 'right' : 'wrong'}"
        >${right ? '✓' : '✗'}</span
      >${verdict}
    </p>
    ${caption !== undefined && html`<p class="caption">${caption}</p>`}${probabilities.length > 0 && html`<div class="bars">${probabilities.map(({ label, probability }) => probabilityBar(label, probability, example))}</div>`}
  </div> `
}

function probabilityBar(label: string, probability: number, { truth, predicted }: Example): Html {
  const kind = label === truth ? 'truth' : label === predicted ? 'error' : ''
  const width = (100 * Math.min(1, Math.max(0, probability))).toFixed(1)
  return html`<span title="${label}">${label}</span><i><b class="${kind}" style="width:${width}%"></b></i
    ><span class="value">${formatPercent(probability, 0)}</span>`
}

function renderFooter(footer: Footer): Html {
  const { command, device, seed, duration, finished, versions = {}, options } = footer
  const version = Object.entries(versions).map(([name, value]) => `${name} ${value}`)
  const facts: [string, string | Html | undefined][] = [
    ['Command', command === undefined ? undefined : html`<code>${command}</code>`],
    ['Device', device],
    ['Seed', seed === undefined ? undefined : String(seed)],
    ['Duration', duration],
    ['Finished', finished === undefined ? undefined : `${finished.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
    ['Versions', version.length === 0 ? undefined : version.join(', ')],
  ]
  return html`<footer>
    <dl>
      ${facts.map(
        ([name, value]) =>
          value !== undefined &&
          html`<dt>${name}</dt>
            <dd>${value}</dd> `,
      )}
    </dl>
    ${
      options !== undefined &&
      html`<details>
        <summary>All options</summary>
        <pre>${JSON.stringify(options, null, 2)}</pre>
      </details> `
    }
  </footer>`
}
