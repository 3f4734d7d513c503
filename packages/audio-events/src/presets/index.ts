/** The presets by name. */
import { definePresets } from '@weft/core/cli'
import { featuresOptions, trainOptions } from '../options.js'
import { featureOptions } from '../options/sound.js'
import { events } from './events.js'
import { spokenDigits } from './spoken-digits.js'

export const presets = definePresets(trainOptions, { events, 'spoken-digits': spokenDigits })

/** What the presets say of features alone. */
export const featurePresets = definePresets(
  featuresOptions,
  Object.fromEntries(
    Object.entries(presets).map(([name, { help, options }]) => {
      const own = Object.entries(options).filter(([key]) => Object.hasOwn(featureOptions, key))
      return [name, { help, options: Object.fromEntries(own) }]
    }),
  ),
)
