// @ts-check
import { expect, it } from 'vitest'
import { commandsOfHelp, commandsOfMarkdown } from './printed.mjs'

it('takes commands from shell blocks alone, without their comments', () => {
  const text =
    'Run `npm x`.\n\n```sh\nnpx weft-audio demo   # needs no data\n\na | b "c # d"\n```\n\n```ts\nconst a = 1\n```\n'
  expect(commandsOfMarkdown('a.md', text)).toEqual([
    { text: 'npx weft-audio demo', where: 'a.md' },
    { text: 'a | b "c # d"', where: 'a.md' },
  ])
})

it('takes the examples at the end of help', () => {
  const help = 'Usage: a b\n\nOptions:\n  -h, --help  show this help\n\nExamples:\n  a b --c d\n  e | a b\n'
  expect(commandsOfHelp('a b --help', help).map(({ text }) => text)).toEqual(['a b --c d', 'e | a b'])
  expect(commandsOfHelp('a --help', 'Usage: a\n')).toEqual([])
})
