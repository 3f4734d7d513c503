import { compareOptions } from '../../../tools/saved/options.js'

const bin = new URL('../bin/weft-audio.js', import.meta.url)
await compareOptions(new URL('./fixtures/options.json', import.meta.url), bin, () => import('./cli.js'))
