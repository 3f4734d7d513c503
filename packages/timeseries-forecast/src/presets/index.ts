/** The presets by name. */
import { definePresets } from '@weft/core/cli'
import { trainOptions } from '../options.js'
import { anomaly } from './anomaly.js'
import { energy } from './energy.js'
import { stock } from './stock.js'
import { weather } from './weather.js'

export const presets = definePresets(trainOptions, { energy, weather, stock, anomaly })
