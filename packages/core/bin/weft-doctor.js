#!/usr/bin/env node
import { runDoctor } from '../dist/cli/index.js'

process.exitCode = await runDoctor(process.argv.slice(2))
