/** Options of finding what is unusual. options.ts puts them together into commands. */
import { defineOptions } from '@weft/core/cli'
import type { OptionsOf } from '@weft/core/cli'

export const detectionOptions = defineOptions({})

export type DetectionOptions = OptionsOf<typeof detectionOptions>
