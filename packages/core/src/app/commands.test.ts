import { describe, expect, it } from 'vitest'
import type { CommandContext } from '../cli/command.js'
import { createProgress } from '../cli/progress.js'
import { namedInputs, noteSkipped, stoppedText, warningsOf } from './commands.js'

function contextOf(more: Partial<CommandContext> = {}) {
  const lines: string[] = []
  const context: CommandContext = {
    args: [],
    json: false,
    quiet: false,
    signal: new AbortController().signal,
    progress: createProgress({ mode: 'silent' }),
    commandLine: 'weft-x train --data d',
    print: (line) => lines.push(line),
    note: (line) => lines.push(line),
    warn: (line) => lines.push(`warning: ${line}`),
    ...more,
  }
  return { context, lines }
}

describe('noteSkipped', () => {
  it('names five files and counts the others', () => {
    const { context, lines } = contextOf()
    const skipped = Array.from({ length: 7 }, (_, at) => ({ path: `${at}.wav`, reason: 'it is empty' }))
    noteSkipped({ skipped, warnings: ['a.wav: it is short'] }, context)
    expect(lines).toEqual([
      'warning: 7 files skipped:',
      ...[0, 1, 2, 3, 4].map((at) => `  ${at}.wav: it is empty`),
      '  and 2 more',
      'warning: 1 file used with warnings:',
      '  a.wav: it is short',
    ])
  })

  it('names a path once, and says nothing of nothing', () => {
    const { context, lines } = contextOf()
    noteSkipped({ skipped: [], warnings: [] }, context)
    noteSkipped({ skipped: [{ path: 'a.wav', reason: 'reading a.wav: no' }], warnings: [] }, context)
    expect(lines).toEqual(['warning: 1 file skipped:', '  reading a.wav: no'])
  })
})

it('takes inputs from --data and the arguments, at least one', () => {
  const { context } = contextOf({ args: ['b', 'c'] })
  expect(namedInputs({ data: 'a' }, context, 'sound')).toEqual(['a', 'b', 'c'])
  expect(namedInputs({}, context, 'sound')).toEqual(['b', 'c'])
  expect(() => namedInputs({}, contextOf().context, 'sound')).toThrow('expected a file or a folder of sounds')
})

it('lists warnings by file', () => {
  expect(
    warningsOf([
      { file: 'a', warnings: ['x', 'y'] },
      { file: 'b', warnings: [] },
    ]),
  ).toEqual(['a: x', 'a: y'])
})

it('tells how to go on, once', () => {
  const run = { epochs: 2 }
  const { context } = contextOf()
  expect(stoppedText(run, context)).toMatch(/Stopped after 2 epochs.*\n {2}weft-x train --data d --resume$/)
  const again = contextOf({ commandLine: 'weft-x train --resume' }).context
  expect(stoppedText(run, again)).toMatch(/\n {2}weft-x train --resume$/)
})
