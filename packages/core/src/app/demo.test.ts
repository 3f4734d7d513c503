import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { demoFolder } from './demo.js'

let folder = ''
const at = (...names: string[]) => join(folder, ...names)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-demo-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('demoFolder', () => {
  it('takes the folder that was asked for unless it holds something', () => {
    expect(demoFolder(at('demo'), 'x')).toBe(at('demo'))
    mkdirSync(at('demo'))
    expect(demoFolder(at('demo'), 'x')).toBe(at('demo'))
    writeFileSync(at('demo', 'notes'), '')
    expect(() => demoFolder(at('demo'), 'x')).toThrow('expected a new or empty folder for --out')
  })

  it('takes the next that is free', () => {
    expect(demoFolder(undefined, 'demo', folder)).toBe(at('demo'))
    for (const name of ['demo', 'demo-2']) {
      mkdirSync(at(name))
      writeFileSync(at(name, 'notes'), '')
    }
    expect(demoFolder(undefined, 'demo', folder)).toBe(at('demo-3'))
    expect(demoFolder(undefined, 'other', folder)).toBe(at('other'))
  })
})
