#!/usr/bin/env node
// @ts-check
// Packs kernels and core as npm would publish them, installs them into an empty TypeScript project outside the repository, compiles a
// program there with full type checking and trains a CRNN with it. Uses npm's registry for what they depend on. Exits with 1 on any
// failure; the project is removed unless --keep.
// usage: npm run -s check-pack [-- --keep] [-- --ignore-scripts]
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const tools = dirname(fileURLToPath(import.meta.url))
const root = dirname(tools)
const { values } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, 'ignore-scripts': { type: 'boolean', default: false } },
})

/** @param {string} command @param {string[]} args @param {string} cwd */
function run(command, args, cwd) {
  process.stdout.write(`$ ${command} ${args.join(' ')}\n`)
  const { status, stdout } = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status === 0) return stdout
  process.stdout.write(stdout)
  throw new Error(`${command} ended with ${status}`)
}

const project = mkdtempSync(join(tmpdir(), 'weft-pack-'))
try {
  const packed = JSON.parse(
    run(
      'npm',
      [
        'pack',
        '--json',
        '--workspace',
        'packages/kernels',
        '--workspace',
        'packages/core',
        '--pack-destination',
        project,
      ],
      root,
    ).replace(/^[^[{]*/, ''),
  )
  /** @type {{ filename: string, size: number, files: { path: string }[] }[]} */
  const tarballs = Object.values(packed)
  for (const { filename, size, files } of tarballs)
    process.stdout.write(`${filename}: ${files.length} files, ${size} bytes\n`)

  const { typescript } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'packed', private: true, type: 'module' }))
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2022',
        module: 'nodenext',
        strict: true,
        types: ['node'],
        skipLibCheck: true,
        outDir: 'dist',
      },
      files: ['train-crnn.ts'],
    }),
  )
  copyFileSync(join(tools, 'pack', 'train-crnn.ts'), join(project, 'train-crnn.ts'))
  const scripts = values['ignore-scripts'] ? ['--ignore-scripts'] : []
  const wanted = [
    ...tarballs.map(({ filename }) => `./${filename}`),
    `typescript@${typescript}`,
    '@types/node@20',
    '@tensorflow/tfjs-core@4.22.0',
  ]
  run('npm', ['install', '--no-audit', '--no-fund', ...scripts, ...wanted], project)
  run('npx', ['tsc', '-p', '.'], project)
  process.stdout.write(run(process.execPath, ['dist/train-crnn.js'], project))
  if (values.keep) process.stdout.write(`kept: ${project}\n`)
} finally {
  if (!values.keep) rmSync(project, { recursive: true, force: true })
}
