/**
 * Every `*.property.ts` of this package: random shapes and attributes, computed on `cpu` and on `native` from the same seed. What a
 * kernel leaves unwritten is NaN, no input may change, and no tensor may be left over. WEFT_PROPERTY_CASES is the number of cases over
 * all properties, WEFT_PROPERTY_SEED the first seed; with a seed alone each property has one case, the one that failed.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BufferPool } from './executors/native/buffer-pool.js'
import { expectClose } from './testing/close.js'
import { SeededDraw } from './testing/draw.js'
import { describeNative } from './testing/native.js'
import type { Property } from './testing/property.js'

const MINUTES = 60_000
const DEFAULT_CASES = 600

const seedGiven = process.env['WEFT_PROPERTY_SEED']
const firstSeed = Number(seedGiven ?? 1)
const allCases = Number(process.env['WEFT_PROPERTY_CASES'] ?? (seedGiven === undefined ? DEFAULT_CASES : 1))

function hasProperties(module: unknown): module is { properties: readonly Property[] } {
  return typeof module === 'object' && module !== null && 'properties' in module && Array.isArray(module.properties)
}

async function collect(): Promise<Property[]> {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.property.ts'),
  )
  const modules: unknown[] = await Promise.all(
    files.sort().map((path) => import(pathToFileURL(join(folder, path)).href)),
  )
  return modules.flatMap((module, i) => {
    if (!hasProperties(module)) throw new Error(`${files[i]}: expected an export named properties`)
    return module.properties
  })
}

interface Outcome {
  label: string
  tolerance: { absolute: number; relative: number }
  results: { shape: number[]; dtype: string; values: ArrayLike<number> }[]
}

/** One case on one backend. */
async function runOn(backend: string, property: Property, seed: number): Promise<Outcome> {
  await tf.setBackend(backend)
  const held = () => [tf.memory().numTensors, tf.memory().numDataBuffers]
  const before = held()
  const random = new SeededDraw(seed)
  let label = 'before its label was drawn'
  let outcome: Outcome
  tf.engine().startScope()
  try {
    const drawn = property.draw(random)
    label = drawn.label
    const results = drawn.run().map((tensor) => ({
      shape: tensor.shape,
      dtype: tensor.dtype,
      values: tensor.dataSync().slice(),
    }))
    outcome = { label, tolerance: drawn.tolerance, results }
  } catch (error) {
    throw new Error(`${label}: on ${backend}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    tf.engine().endScope()
  }
  if (random.changed) throw new Error(`${label}: on ${backend}: an input was changed`)
  expect(held(), `${label}: tensors and buffers after it on ${backend}`).toEqual(before)
  return outcome
}

async function check(property: Property, seed: number): Promise<void> {
  const reference = await runOn('cpu', property, seed)
  const native = await runOn('native', property, seed)
  const { label } = reference
  expect(native.label, 'the same case on both backends').toBe(label)
  const kindsOf = ({ results }: Outcome) => results.map(({ shape, dtype }) => ({ shape, dtype }))
  expect(kindsOf(native), `${label}: shapes and types`).toEqual(kindsOf(reference))
  reference.results.forEach(({ values }, i) =>
    expectClose(native.results[i]?.values ?? [], values, reference.tolerance, `${label}: output ${i}`),
  )
}

const properties = await collect()

describeNative('properties', () => {
  // A buffer that comes from the pool is full of NaN: what a kernel does not write, or reads too early, shows.
  const take = BufferPool.prototype.take
  beforeAll(() => {
    BufferPool.prototype.take = function (length) {
      return take.call(this, length).fill(NaN)
    }
  })
  afterAll(() => {
    BufferPool.prototype.take = take
  })

  it('have names of their own', () => {
    const names = properties.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  const cases = Math.max(1, Math.ceil(allCases / properties.length))
  it.each(properties.map((property) => [property.name, property] as const))(
    '%s',
    { timeout: 10 * MINUTES },
    async (_, property) => {
      for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
        try {
          await check(property, seed)
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error)
          expect.fail(
            `${property.name}: ${message}\nrepeat it with WEFT_PROPERTY_SEED=${seed} and -t '${property.name}'`,
          )
        }
      }
    },
  )
})
