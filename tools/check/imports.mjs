// @ts-check
// Who imports what among the TypeScript files of packages/: by value, by type, late (`import()`) and as a worker (`new URL`). Names are
// followed through files that only re-export, so importing one function of a room does not count as importing the room.
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { packagesOf } from './tree.mjs'

/**
 * @typedef {object} Import
 * @property {string} from The file that is imported.
 * @property {readonly string[] | undefined} names What is imported of it; undefined for everything.
 * @property {boolean} worker `new URL('./x.js', import.meta.url)`: a program of its own that is started, not imported.
 */

/** Beside sources and not part of what is published. @param {string} path */
export const isTest = (path) => /\.(?:test|property)\.ts$|\/(?:testing|fixtures|test)\//.test(path)

/** @typedef {ReturnType<typeof readGraph>} ImportGraph */
/** @type {WeakMap<import('./tree.mjs').Tree, ImportGraph>} */
const graphs = new WeakMap()

/** @param {import('./tree.mjs').Tree} tree @returns {ImportGraph} */
export function importGraph(tree) {
  const graph = graphs.get(tree) ?? readGraph(tree)
  graphs.set(tree, graph)
  return graph
}

/** @param {import('./tree.mjs').Tree} tree */
function readGraph(tree) {
  const files = tree.files.filter((path) => path.startsWith('packages/') && path.endsWith('.ts'))
  const packageFiles = sourcesOfPackages(tree)
  const resolve = (/** @type {string} */ path, /** @type {string} */ specifier) => {
    const file = specifier.startsWith('.')
      ? join(dirname(path), specifier).replace(/\.js$/, '.ts')
      : packageFiles.get(specifier)
    return file !== undefined && tree.has(file) && file.endsWith('.ts') ? file : undefined
  }
  const parsed = new Map(
    files.map((path) => {
      const source = ts.createSourceFile(path, tree.text(path), ts.ScriptTarget.Latest, true)
      const onlyReexports =
        source.statements.length > 0 &&
        source.statements.every((statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier)
      return [path, { imports: importsOf(source, (specifier) => resolve(path, specifier)), onlyReexports }]
    }),
  )
  const of = (/** @type {string} */ path) => parsed.get(path)?.imports ?? []
  const onlyReexports = (/** @type {string} */ path) => parsed.get(path)?.onlyReexports ?? false

  /** The file that a name really comes from. @type {(path: string, name: string, seen?: Set<string>) => string | undefined} */
  const origin = (path, name, seen = new Set()) => {
    if (!onlyReexports(path)) return path
    if (seen.has(path)) return undefined
    seen.add(path)
    for (const { from, names } of of(path)) {
      if (names !== undefined && !names.includes(name)) continue
      const found = origin(from, name, seen)
      if (found !== undefined) return found
    }
    return undefined
  }
  /** @type {(path: string, seen?: Set<string>) => string[]} */
  const origins = (path, seen = new Set()) => {
    if (seen.has(path)) return []
    seen.add(path)
    return onlyReexports(path) ? of(path).flatMap(({ from }) => origins(from, seen)) : [path]
  }

  return {
    files,
    onlyReexports,
    /** The files that a file imports, as they are written. @param {string} path */
    direct: (path) => [
      ...new Set(
        of(path)
          .filter(({ worker }) => !worker)
          .map(({ from }) => from),
      ),
    ],
    /** The files whose content a file uses: names are followed to where they are declared. @param {string} path */
    uses(path) {
      if (onlyReexports(path)) return []
      return [
        ...new Set(
          of(path).flatMap(({ from, names }) =>
            names === undefined || names.length === 0
              ? origins(from)
              : names.flatMap((name) => origin(from, name) ?? []),
          ),
        ),
      ]
    },
  }
}

/** `@weft/core/data` to its source, as package.json exports it. @param {import('./tree.mjs').Tree} tree */
function sourcesOfPackages(tree) {
  /** @type {Map<string, string>} */
  const sources = new Map()
  for (const folder of packagesOf(tree)) {
    const { name, exports = {} } = tree.json(`packages/${folder}/package.json`)
    for (const [subpath, target] of Object.entries(exports)) {
      const source = target?.['@weft/source']
      if (source !== undefined) sources.set(name + subpath.slice(1), join('packages', folder, source))
    }
  }
  return sources
}

/**
 * @param {ts.SourceFile} source
 * @param {(specifier: string) => string | undefined} resolve
 */
function importsOf(source, resolve) {
  /** @type {Import[]} */
  const imports = []
  /** @type {(specifier: ts.Node | undefined, names: readonly string[] | undefined, worker?: boolean) => void} */
  const add = (specifier, names, worker = false) => {
    const from = specifier && ts.isStringLiteralLike(specifier) ? resolve(specifier.text) : undefined
    if (from !== undefined) imports.push({ from, names, worker })
  }
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importedNames(node.importClause))
    else if (ts.isExportDeclaration(node)) {
      const { exportClause } = node
      add(node.moduleSpecifier, exportClause && ts.isNamedExports(exportClause) ? namesOf(exportClause) : undefined)
    } else if (ts.isImportTypeNode(node)) {
      const { argument, qualifier } = node
      const name = qualifier && ts.isIdentifier(qualifier) ? [qualifier.text] : undefined
      if (ts.isLiteralTypeNode(argument)) add(argument.literal, name)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], destructuredNames(node))
    else if (ts.isNewExpression(node) && node.expression.getText(source) === 'URL')
      add(node.arguments?.[0], undefined, true)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return imports
}

/** @param {ts.NamedImports | ts.NamedExports} bindings */
const namesOf = (bindings) => bindings.elements.map((element) => (element.propertyName ?? element.name).text)

/** @param {ts.ImportClause | undefined} clause */
function importedNames(clause) {
  const bindings = clause?.namedBindings
  if (bindings && ts.isNamedImports(bindings)) return namesOf(bindings)
  return undefined
}

/** `a` and `b` of `const { a, b } = await import('x')`. @param {ts.CallExpression} call */
function destructuredNames(call) {
  const declaration = call.parent.parent
  if (!ts.isAwaitExpression(call.parent) || !ts.isVariableDeclaration(declaration)) return undefined
  if (!ts.isObjectBindingPattern(declaration.name)) return undefined
  return declaration.name.elements.map((element) => (element.propertyName ?? element.name).getText())
}
