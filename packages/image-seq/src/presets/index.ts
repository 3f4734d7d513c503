/** The presets by name. */
import { definePresets } from '@weft/core/cli'
import { trainOptions } from '../options.js'
import { captcha } from './captcha.js'
import { digits } from './digits.js'
import { lines } from './lines.js'
import { rows } from './rows.js'

export const presets = definePresets(trainOptions, { captcha, digits, rows, lines })
