/**
 * The look of the report: one style sheet for screen (light and dark) and paper, and the named colours of plots. Plots refer to colours
 * as CSS variables with the light value as fallback, so that the same SVG follows the theme of the page and also works alone. The
 * first hues are blue and vermilion, which people with any common colour blindness can distinguish (after Okabe and Ito); lines also
 * differ by dashes, marks by shape.
 */

interface Shade {
  readonly light: string
  readonly dark: string
}

const SHADES = {
  paper: { light: '#ffffff', dark: '#14171b' },
  panel: { light: '#f6f5f2', dark: '#1c2026' },
  ink: { light: '#1d2126', dark: '#e7e5e0' },
  muted: { light: '#5d646d', dark: '#a2a8b0' },
  rule: { light: '#d9d7d1', dark: '#353b43' },
  blue: { light: '#1667a6', dark: '#6cb6ec' },
  vermilion: { light: '#c4501b', dark: '#f0925f' },
  green: { light: '#12805c', dark: '#56c8a0' },
  purple: { light: '#94507f', dark: '#dba0ca' },
  ochre: { light: '#9a7400', dark: '#dfbc55' },
  sky: { light: '#3c9cc4', dark: '#a5def5' },
  onblue: { light: '#ffffff', dark: '#10151a' },
} as const satisfies Record<string, Shade>

export type ColourName = keyof typeof SHADES

/** A colour for an SVG attribute: the variable of the theme, with the light shade where there is no style sheet. */
export function colour(name: ColourName): string {
  return `var(--${name}, ${SHADES[name].light})`
}

/** The colours of series in order of use, with dashes that distinguish them without colour. */
export const SERIES: readonly { readonly stroke: string; readonly dash: string | undefined }[] = [
  { stroke: colour('blue'), dash: undefined },
  { stroke: colour('vermilion'), dash: '6,3' },
  { stroke: colour('green'), dash: '2,2' },
  { stroke: colour('purple'), dash: '8,3,2,3' },
  { stroke: colour('ochre'), dash: '12,4' },
  { stroke: colour('sky'), dash: '4,2,1,2' },
]

/** The style of series number `at`; the styles repeat after the last. */
export function series(at: number): { readonly stroke: string; readonly dash: string | undefined } {
  return SERIES[at % SERIES.length] ?? { stroke: colour('ink'), dash: undefined }
}

function variables(theme: 'light' | 'dark'): string {
  return Object.entries(SHADES)
    .map(([name, shade]) => `--${name}: ${shade[theme]};`)
    .join(' ')
}

const SERIF = `'Iowan Old Style', 'Palatino Linotype', Palatino, 'Source Serif 4', 'Noto Serif', Charter, Georgia, serif`
const SANS = `'Helvetica Neue', 'Segoe UI', 'Inter', 'Noto Sans', 'Liberation Sans', Arial, sans-serif`
const MONO = `ui-monospace, 'SF Mono', 'Cascadia Mono', 'Liberation Mono', Menlo, Consolas, monospace`

/** The style sheet of a report. */
export const STYLE_SHEET = `
:root { color-scheme: light dark; ${variables('light')} }
@media (prefers-color-scheme: dark) { :root { ${variables('dark')} } }
@media print { :root { color-scheme: light; ${variables('light')} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 ${SERIF}; font-kerning: normal; }
main, header, footer { width: min(960px, 100% - 48px); margin-inline: auto; }
header { padding: 72px 0 28px; }
.eyebrow { font: 600 12px/1.4 ${SANS}; letter-spacing: .09em; text-transform: uppercase; color: var(--blue); margin: 0 0 14px; }
h1 { font-size: 42px; line-height: 1.12; font-weight: 500; letter-spacing: -.012em; margin: 0; text-wrap: balance; overflow-wrap: anywhere; }
.subtitle { font-size: 20px; line-height: 1.45; color: var(--muted); margin: 14px 0 0; max-width: 42em; text-wrap: pretty; }
.lead { font-size: 18px; line-height: 1.5; margin: 22px 0 0; max-width: 42em; text-wrap: pretty; }
.lead + .lead { margin-top: 8px; }
.summary { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 0; margin: 40px 0 0; padding: 0; border-top: 2px solid var(--ink); border-bottom: 1px solid var(--rule); }
.summary div { padding: 16px 20px 18px 0; }
.summary dt { font: 13px/1.35 ${SANS}; color: var(--muted); }
.summary dd { margin: 4px 0 0; }
.summary .value { font-size: 31px; line-height: 1.2; font-variant-numeric: lining-nums tabular-nums; letter-spacing: -.01em; white-space: nowrap; }
.summary .note { font: 12.5px/1.4 ${SANS}; color: var(--muted); display: block; margin-top: 2px; }
nav { font: 14px/1.5 ${SANS}; margin-top: 22px; display: flex; flex-wrap: wrap; gap: 4px 22px; }
nav a, a { color: var(--blue); text-decoration: none; }
nav a:hover, a:hover { text-decoration: underline; text-underline-offset: 3px; }
section { padding: 36px 0 8px; }
h2 { font-size: 26px; line-height: 1.25; font-weight: 500; letter-spacing: -.006em; margin: 0 0 12px; }
h3 { font: 600 15px/1.4 ${SANS}; margin: 28px 0 12px; }
section > p { max-width: 40em; margin: 0 0 14px; text-wrap: pretty; }
.figures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 28px 40px; margin: 22px 0 12px; align-items: start; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figure.wide { grid-column: 1 / -1; }
figure svg, figure img { display: block; max-width: 100%; height: auto; }
figure img { width: 100%; image-rendering: auto; }
figcaption { font: 14px/1.5 ${SANS}; color: var(--muted); margin-top: 10px; max-width: 46em; text-wrap: pretty; }
figcaption b { color: var(--ink); font-weight: 600; }
svg.plot { font-family: ${SANS}; overflow: visible; }
svg.plot text { white-space: pre; }
.scroll { overflow-x: auto; margin: 22px 0 16px; }
table { border-collapse: collapse; font: 14px/1.45 ${SANS}; font-variant-numeric: tabular-nums lining-nums; min-width: 50%; }
caption { text-align: left; color: var(--muted); padding-bottom: 10px; caption-side: top; }
caption b { color: var(--ink); font-weight: 600; }
thead th { font-weight: 600; text-align: left; vertical-align: bottom; border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink); }
tbody tr:last-child td { border-bottom: 1.5px solid var(--ink); }
tbody tr + tr td { border-top: 1px solid var(--rule); }
th, td { padding: 7px 26px 7px 0; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
.right { text-align: right; white-space: nowrap; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 26px 28px; }
.example { break-inside: avoid; min-width: 0; font: 13.5px/1.45 ${SANS}; }
.example img { display: block; width: 100%; height: auto; max-height: 220px; object-fit: fill; border-radius: 3px; background: var(--panel); }
.example audio { display: block; width: 100%; height: 34px; margin-top: 8px; }
.example .verdict { margin: 10px 0 0; font-weight: 600; overflow-wrap: anywhere; }
.example .caption { color: var(--muted); margin: 2px 0 0; overflow-wrap: anywhere; }
.mark { font-weight: 700; margin-right: .35em; }
.right-mark { color: var(--blue); }
.wrong-mark { color: var(--vermilion); }
.bars { display: grid; grid-template-columns: minmax(0, 7em) 1fr 2.9em; gap: 4px 10px; margin: 9px 0 0; align-items: center; font-size: 12.5px; font-variant-numeric: tabular-nums; }
.bars span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.bars .value { text-align: right; color: var(--muted); }
.bars i { display: block; height: 7px; border-radius: 1px; background: var(--rule); overflow: hidden; }
.bars i b { display: block; height: 100%; background: var(--muted); }
.bars i b.truth { background: var(--blue); }
.bars i b.error { background: var(--vermilion); }
footer { margin-top: 56px; padding: 22px 0 64px; border-top: 1px solid var(--rule); font: 13px/1.6 ${SANS}; color: var(--muted); }
footer dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 22px; margin: 0; }
footer dt { color: var(--ink); }
footer dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: 12.5px/1.6 ${MONO}; overflow-wrap: anywhere; white-space: pre-wrap; margin: 0; }
details { margin-top: 14px; }
summary { cursor: pointer; color: var(--ink); }
details pre { margin-top: 8px; padding: 14px 16px; background: var(--panel); border-radius: 3px; }
@media (max-width: 720px) {
  header { padding-top: 40px; }
  h1 { font-size: 32px; }
  .figures { grid-template-columns: minmax(0, 1fr); }
}
@page { size: A4; margin: 17mm 18mm 18mm; }
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; line-height: 1.5; }
  main, header, footer { width: 100%; }
  header { padding: 0 0 4mm; }
  h1 { font-size: 25pt; }
  .subtitle { font-size: 12pt; }
  .summary { margin-top: 7mm; grid-template-columns: repeat(auto-fit, minmax(30mm, 1fr)); }
  .summary .value { font-size: 18pt; }
  .summary dt, .summary .note { font-size: 8pt; }
  nav, .example audio { display: none; }
  section { padding: 6mm 0 0; }
  h2 { font-size: 15pt; }
  h2, h3, section > p { break-after: avoid; }
  section > p { max-width: none; break-inside: avoid; }
  .figures { gap: 6mm 8mm; margin: 4mm 0 2mm; }
  figure.wide svg { max-height: 190mm; width: auto; }
  figcaption, table, caption { font-size: 8.5pt; }
  .gallery { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 5mm 6mm; }
  .example { font-size: 8.5pt; }
  .bars { font-size: 7.5pt; }
  thead { display: table-header-group; }
  tr, .example, figure { break-inside: avoid; }
  a { color: inherit; }
  footer { margin-top: 9mm; padding: 4mm 0 0; font-size: 8pt; break-inside: avoid; }
  details:not([open]) { display: none; }
}
`.trim()
