// @ts-check
// The commands that README files, documents and `--help` print, in their order.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Printed
 * @property {string} text As it is printed, without a comment after it.
 * @property {string} where The document, or the help.
 */

export const PROGRAMS = ['weft-audio', 'weft-image', 'weft-forecast']

/** Commands in the shell blocks of a Markdown text. @param {string} where @param {string} markdown @returns {Printed[]} */
export function commandsOfMarkdown(where, markdown) {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.replace(/\s+# [^"]*$/, '').trim())
      .filter((line) => line !== '')
      .map((text) => ({ text, where })),
  )
}

/** Examples at the end of a command's help. @param {string} where @param {string} help @returns {Printed[]} */
export function commandsOfHelp(where, help) {
  const [, examples = ''] = help.split(/^Examples:\n/m)
  return examples
    .split('\n')
    .filter((line) => /^ {2}\S/.test(line))
    .map((line) => ({ text: line.trim(), where }))
}

/** All that are printed; help is what the built programs say. @param {string} root @param {readonly string[]} documents */
export function printedCommands(root, documents) {
  /** @param {string} program @param {...string} args */
  const help = (program, ...args) =>
    execFileSync(join(root, 'node_modules/.bin', program), [...args, '--help'], { encoding: 'utf8' })
  return [
    ...documents.flatMap((path) => commandsOfMarkdown(path, readFileSync(join(root, path), 'utf8'))),
    ...PROGRAMS.flatMap((program) =>
      [...(help(program).split(/^Commands:\n/m)[1] ?? '').matchAll(/^ {2}(\w[\w-]*)/gm)].flatMap(([, command = '']) =>
        commandsOfHelp(`${program} ${command} --help`, help(program, command)),
      ),
    ),
  ]
}
