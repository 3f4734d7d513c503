export { UserError, expected } from './errors.js'
export { readJson, writeFileAtomic, writeJsonAtomic } from './files.js'
