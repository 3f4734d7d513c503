/**
 * Finds what an SVG takes from outside itself: other files, addresses, style sheets, entities. The renderer would leave such parts
 * out without a word, and a picture would be trained on that is not the one its author sees. Links that a reader may follow (`<a>`)
 * and the usual document type without entities are no part of the picture. Fonts by name are taken from the system, as everywhere.
 */

/** The first reference to something outside, as it is written; undefined when the drawing is complete in itself. */
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
