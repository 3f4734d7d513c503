export { UserError, expected } from './errors.js'
export { readJson, writeFileAtomic, writeJsonAtomic } from './files.js'
export { beginStep, dropoutFactors, hash, nextLayerSeed, Random } from './runtime/random.js'
