// @ts-check
// What a command may load to show its help, its version or a typo: names, options and presets, and nothing that runs. Each module more
// is time that people wait for an answer that needs none of it.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const MAY_LOAD = [
  /^node:/,
  /\/bin\/weft-[a-z]+\.js$/,
  /\/packages\/[a-z-]+\/dist\/(?:cli|options)\.js$/,
  /\/packages\/[a-z-]+\/dist\/(?:options|presets)\/[a-z-]+\.js$/,
  /\/packages\/core\/dist\/cli\/[a-z-]+\.js$/,
  /\/packages\/core\/dist\/app\/options\.js$/,
  /\/packages\/core\/dist\/(?:errors|nearest|models\/freezable|runtime\/devices)\.js$/,
  /\/node_modules\/(?:commander|cli-progress)\//,
]

const hooks = `import { writeSync } from 'node:fs'
export async function load(url, context, next) { writeSync(2, 'loaded ' + url + '\\n'); return next(url, context) }`
/** @param {string} source */
const dataUrl = (source) => `data:text/javascript,${encodeURIComponent(source)}`
const TRACE = dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hooks))})`)

/** The modules that a command loads. @param {string} bin @param {string[]} args @returns {Promise<string[]>} */
function loadedBy(bin, args) {
  const path = fileURLToPath(new URL(`../packages/${bin}`, import.meta.url))
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', TRACE, path, ...args], { encoding: 'utf8' }, (_, __, stderr) =>
      resolve([...stderr.matchAll(/^loaded (.*)$/gm)].flatMap((match) => match[1] ?? [])),
    )
  })
}

describe.each([
  'audio-events/bin/weft-audio.js',
  'image-seq/bin/weft-image.js',
  'timeseries-forecast/bin/weft-forecast.js',
  'core/bin/weft-doctor.js',
])('%s', (bin) => {
  it.each([[['--version']], [['--help']], [['train', '--help']], [['train', '--epoch', '3']]])(
    'loads no more than it may for %j',
    async (args) => {
      const loaded = await loadedBy(bin, args)
      expect(loaded.length).toBeGreaterThan(5)
      expect(loaded.filter((url) => !MAY_LOAD.some((pattern) => pattern.test(url)))).toEqual([])
    },
  )
})
