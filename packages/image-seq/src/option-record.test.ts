import { compareOptions } from '../../../tools/saved/options.js'

const at = (path: string) => new URL(path, import.meta.url)
await compareOptions(at('./fixtures/options.json'), at('../bin/weft-image.js'), at('./cli.ts'))
