/** The version of this package, for `--version` and reports. */
import { readFileSync } from 'node:fs'

/** `0.1.0`, from package.json. */
export function coreVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const version = /"version": "([^"]*)"/.exec(text)?.[1]
  if (version === undefined) throw new Error('reading package.json: expected a version')
  return version
}
