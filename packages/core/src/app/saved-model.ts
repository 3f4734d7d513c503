/**
 * What all applications' saved models have in common: where the model of a run lies, whose it is, and which options it remembers. What
 * else stands in weft.json is the application's.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type * as tfl from '@tensorflow/tfjs-layers'
import { type OptionSpecs, type OptionsOf, resolveOptions } from '../cli/options.js'
import { expected } from '../errors.js'
import { loadModel, type Extras } from '../models/model-io.js'

/** Which application a model is of, and in which version of its format. */
export interface ModelFormat {
  readonly app: string
  readonly version: number
}

/**
 * Loads the model of a run's folder, or of the model's own.
 *
 * @returns The folder of the model, the network, and what weft.json holds.
 * @throws UserError when it is no model, or one of another application.
 */
export async function loadSavedModel(
  path: string,
  { app, version }: ModelFormat,
): Promise<{ dir: string; network: tfl.LayersModel; extras: Extras }> {
  const dir = existsSync(join(path, 'model', 'model.json')) ? join(path, 'model') : path
  const { model, extras } = await loadModel(dir)
  if (extras['app'] !== app) {
    throw expected({
      doing: `loading ${dir}`,
      want: `a model of ${app}`,
      of: 'app in weft.json',
      got: extras['app'] ?? 'none',
      hint: 'Each application opens the models that it trained.',
    })
  }
  if (extras['version'] !== version)
    throw expected({
      doing: `loading ${dir}`,
      want: `version ${version}`,
      of: 'version in weft.json',
      got: extras['version'],
    })
  return { dir, network: model, extras }
}

/** The values of those options that `specs` declares, defaults where there is none. */
export function pickOptions<S extends OptionSpecs>(options: object, specs: S): OptionsOf<S> {
  return resolveOptions(specs, Object.fromEntries(Object.entries(options).filter(([key]) => Object.hasOwn(specs, key))))
}
