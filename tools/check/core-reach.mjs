// @ts-check
// What is in core is used by at least two applications, as a value or as a type; what one alone uses belongs to it. The exceptions and
// their reasons stand here, and an exception that is no longer one is a problem too.
import { importGraph, isTest } from './imports.mjs'
import { applicationsOf } from './tree.mjs'

const CORE = 'packages/core/src/'

/** A file, or a folder with its slash, to who will be the second, or who uses it without importing it. */
export const EXCEPTIONS = {
  'cli/doctor.ts': 'the command weft-doctor',
  'runtime/doctor.ts': 'the command weft-doctor',
  'data/alphabet.ts': 'texts: speech to text, text generation',
  'data/feature-cache.ts': 'features of films are as dear as those of sounds',
  'data/mixup.ts': 'mixes images and frames as it does spectrograms',
  'data/windows.ts': 'windows of films, as of recordings',
  'explain/': 'video reads lips and names actions, speech to text aligns: each shows why',
  'metrics/sequence.ts': 'error rates of texts: speech to text, lips',
  'models/frame-sequence.ts': 'a network for frames of video',
  'models/image-lstm.ts': 'rows as time, the simplest network for frames',
  'models/parallel.ts': 'convolution beside recurrence: video, text',
  'models/stateful-step.ts': 'text generation goes on from a state',
  'training/cross-validation.ts': 'folds by speaker, by actor',
  'training/ctc-loss.ts': 'speech to text, lips',
}

/** @type {import('./tree.mjs').Check} */
export const coreReach = (tree) => coreReachExcept(tree, EXCEPTIONS)

/**
 * @param {import('./tree.mjs').Tree} tree
 * @param {Readonly<Record<string, string>>} exceptions
 */
export function coreReachExcept(tree, exceptions) {
  const graph = importGraph(tree)
  /** @type {Map<string, Set<string>>} */
  const users = new Map()
  for (const app of applicationsOf(tree)) {
    const own = graph.files.filter((path) => path.startsWith(`packages/${app}/src/`) && !isTest(path))
    for (const path of reached(graph, own)) users.set(path, (users.get(path) ?? new Set()).add(app))
  }
  const few = graph.files
    .filter((path) => path.startsWith(CORE) && !isTest(path) && !graph.onlyReexports(path))
    .filter((path) => (users.get(path)?.size ?? 0) < 2)
  const covers = (/** @type {string} */ exception, /** @type {string} */ path) =>
    path === CORE + exception || (exception.endsWith('/') && path.startsWith(CORE + exception))
  return [
    ...few
      .filter((path) => !Object.keys(exceptions).some((exception) => covers(exception, path)))
      .map((path) => {
        const [app] = users.get(path) ?? []
        const who = app === undefined ? 'no application uses it' : `${app} alone uses it`
        return `${path}: ${who}: move it there, delete it, or give a reason in tools/check/core-reach.mjs`
      }),
    ...Object.keys(exceptions)
      .filter((exception) => !few.some((path) => covers(exception, path)))
      .map((exception) => `tools/check/core-reach.mjs: ${exception} is no exception any more: remove it from the list`),
  ]
}

/** All files that these use, directly or by way of others. @param {import('./imports.mjs').ImportGraph} graph @param {readonly string[]} from */
function reached(graph, from) {
  const seen = new Set(from)
  const open = [...from]
  for (let path = open.pop(); path !== undefined; path = open.pop())
    for (const next of graph.uses(path))
      if (!seen.has(next)) {
        seen.add(next)
        open.push(next)
      }
  return seen
}
