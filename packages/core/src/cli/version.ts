/** The versions of packages, for `--version` and reports. */
import { readFileSync } from 'node:fs'

/** `0.1.0`, from a package.json. */
export function packageVersion(packageJson: URL): string {
  const version = /"version": "([^"]*)"/.exec(readFileSync(packageJson, 'utf8'))?.[1]
  if (version === undefined) throw new Error(`reading ${packageJson.pathname}: expected a version`)
  return version
}

/** The version of this package. */
export function coreVersion(): string {
  return packageVersion(new URL('../../package.json', import.meta.url))
}
