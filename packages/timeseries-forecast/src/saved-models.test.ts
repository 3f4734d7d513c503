import { replaySaved } from '../../../tools/saved/replay.js'

replaySaved(new URL('./fixtures/saved-0.1/', import.meta.url), new URL('../bin/weft-forecast.js', import.meta.url))
