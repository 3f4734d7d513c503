// @ts-check
// knip, twice: with the tests (files, exports and dependencies that nothing uses) and without them (what only tests use). What a
// package exports, its commands and its workers count as used; knip.json says the rest.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** @type {import('./tree.mjs').Check} */
export const unused = () => unusedIn(root)

/** @param {string} folder */
export function unusedIn(folder) {
  const command = fileURLToPath(new URL('../../node_modules/knip/bin/knip.js', import.meta.url))
  return [
    { what: 'nothing uses', flags: [] },
    { what: 'only tests use', flags: ['--production', '--no-config-hints'] },
  ].flatMap(({ what, flags }) => {
    const args = [command, '--directory', folder, '--reporter', 'json', '--treat-config-hints-as-errors', ...flags]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    const start = stdout.indexOf('{')
    if (start === -1) return [`knip: ${stderr || stdout}`]
    /** @type {{ issues: ({ file: string } & Record<string, any>)[] }} */
    const { issues } = JSON.parse(stdout.slice(start))
    return issues.flatMap(({ file, ...kinds }) =>
      Object.entries(kinds).flatMap(([kind, names]) =>
        names.map((/** @type {{ name: string }} */ { name }) => `${file}: ${what} ${name} (${kind})`),
      ),
    )
  })
}
