/**
 * Finds references of an SVG to anything outside itself: other files, URLs, style sheets, entities. The renderer would silently omit such
 * parts, and a model would train on a different picture than its author sees. Hyperlinks (`<a>`) and the usual document type without
 * entities are not part of the picture. Fonts come from the system by name, as everywhere.
 */

/** The first reference to something outside, as written; undefined for a self-contained drawing. */
export function outsideReference(svg: string): string | undefined {
  const text = svg.replace(/<!--[\s\S]*?-->/g, '')
  return (
    /<!ENTITY[^>]*/i.exec(text)?.[0] ??
    /<\?xml-stylesheet[^>]*/i.exec(text)?.[0] ??
    /@import\s*[^;<]*/i.exec(text)?.[0] ??
    outsideUrl(text) ??
    outsideHref(text)
  )
}

/** Within the drawing, or in the reference itself. */
const INSIDE = /^\s*(?:#|data:|$)/i

function outsideUrl(text: string): string | undefined {
  for (const [whole, , address = ''] of text.matchAll(/url\(\s*(["']|&quot;|&apos;|)(.*?)\1\s*\)/gis)) {
    if (!INSIDE.test(address)) return whole
  }
  return undefined
}

function outsideHref(text: string): string | undefined {
  for (const [, element, attributes = ''] of text.matchAll(/<([^\s<>/!?]+)((?:"[^"]*"|'[^']*'|[^<>"'])*)/g)) {
    if (element === 'a' || element?.endsWith(':a') === true) continue
    for (const [whole, , address = ''] of attributes.matchAll(
      /(?<![\w.-])(?:[\w.-]+:)?(?:href|src)\s*=\s*(["'])(.*?)\1/gs,
    )) {
      if (!INSIDE.test(address)) return whole
    }
  }
  return undefined
}
