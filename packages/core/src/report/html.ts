/**
 * Safe HTML: a template tag that escapes every value that is not already `Html`. Text from a user (labels, file names, options) can
 * therefore never become a tag, an attribute or a style.
 */

/** Markup that is safe to insert as it stands. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[]

/** Escapes text for element content and quoted attributes, and replaces control characters that HTML forbids with spaces. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`).replace(/[^\P{Cc}\n\t]/gu, ' ')
}

/** Template tag: values are escaped, arrays are joined, undefined and false are omitted. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts.map((part, at) => part + (at < values.length ? toText(values[at]) : '')).join(''))
}

function toText(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  return value.map(toText).join('')
}

/** Markup that is known to be safe. */
export function trusted(text: string): Html {
  return new Html(text)
}
