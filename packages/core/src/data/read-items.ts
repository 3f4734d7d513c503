/**
 * Lists of labelled files: from a folder per class, from file names that follow a pattern, or from a CSV file. Where a sample is
 * several files (frames, slices), the list holds their folder.
 *
 * Only names are read, never contents, so lists of any size are quick and small. Files that do not match are skipped and reported with
 * the reason; the caller prints their number or throws. The order is by path (a CSV keeps its own), the same on every machine.
 */
import { readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import { didYouMean } from '../nearest.js'
import { reasonOf, UserError, expected } from '../errors.js'
import type { DataItem } from './dataset.js'

/** A file with its labels and the other fields of its name or row. */
export interface LabelledFile extends DataItem {
  /** Path relative to the folder of the data set, with `/`. */
  id: string
  /** Absolute path. */
  path: string
  labels: readonly string[]
  /** The columns of its row, or the parts of its name. */
  fields: Readonly<Record<string, string>>
}

/** Labelled files, and those that were skipped. */
export interface FileListing {
  items: LabelledFile[]
  skipped: SkippedPath[]
}

interface SkippedPath {
  path: string
  reason: string
}

export interface FileOptions {
  /** Extensions to list, in lower case with the dot (default: every file). */
  extensions?: readonly string[]
  /** List the folders that hold such files, not the files (default: false). */
  folders?: boolean
}

function statOf(path: string, doing: string) {
  try {
    return statSync(path)
  } catch (error) {
    throw new UserError(`${doing}: ${reasonOf(error)}`)
  }
}

/** Adds the paths of the files below `folder`, relative with `/`; follows links, except from a folder into itself. */
function collect(folder: string, prefix: string, within: readonly string[], paths: string[]): void {
  const real = realpathSync(folder)
  if (within.includes(real)) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    const what = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : entry
    if (what?.isDirectory()) collect(path, `${prefix}${entry.name}/`, [...within, real], paths)
    else if (what?.isFile()) paths.push(prefix + entry.name)
  }
}

/** Sorted paths of the files below `root`, relative, with `/`, without hidden ones. */
export function filesBelow(root: string, extensions?: readonly string[]): string[] {
  const paths: string[] = []
  collect(root, '', [], paths)
  return paths.filter((path) => extensions === undefined || extensions.includes(extname(path).toLowerCase())).sort()
}

/**
 * Sorted paths of the files below `root`, or with `folders` of the folders that hold such files or nothing: relative, with `/`,
 * without hidden ones and `root` itself.
 *
 * @throws UserError when there are none.
 */
export function listFiles(root: string, { extensions, folders = false }: FileOptions = {}): string[] {
  if (!statOf(root, `reading ${root}`).isDirectory())
    throw expected({ doing: 'reading a data set', want: 'a folder', of: 'the data', got: root })
  const files = filesBelow(root, extensions)
  const paths = folders ? [...new Set(files.map((path) => dirname(path)))].filter((path) => path !== '.') : files
  if (paths.length === 0) {
    const want = `${folders ? 'folders of ' : ''}files${extensions ? ` ending in ${extensions.join(', ')}` : ''}`
    throw new UserError(`reading a data set: expected ${want} in ${root}, received none`)
  }
  return [...paths, ...(folders ? emptyFolders(root) : [])].sort()
}

/** Empty folders below `root`: probably missing samples, which callers skip and count. */
function emptyFolders(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(join(entry.parentPath, entry.name)).length === 0)
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

/**
 * Files in a folder per class: the first folder below `root` is the label, files may lie deeper. Files directly in `root` and class
 * folders without files are skipped.
 */
export function readClassFolders(root: string, options: FileOptions = {}): FileListing {
  const folder = resolve(root)
  const paths = listFiles(root, options)
  const items: LabelledFile[] = []
  const skipped: SkippedPath[] = []
  for (const id of paths) {
    const [label = '', ...rest] = id.split('/')
    const path = join(folder, id)
    if (rest.length > 0) items.push({ id, path, labels: [label], fields: {} })
    else skipped.push({ path, reason: 'it lies beside the class folders, not in one' })
  }
  if (items.length === 0) {
    throw expected({
      doing: 'reading a data set',
      want: 'a folder for each class',
      of: root,
      got: `${paths.length} ${options.folders ? 'folders of files' : 'files'} without class folders`,
    })
  }
  const labels = new Set(items.map((item) => item.labels[0]))
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || labels.has(entry.name)) continue
    skipped.push({ path: join(folder, entry.name), reason: 'the class folder holds no such files' })
  }
  return { items, skipped }
}

export interface PatternOptions extends FileOptions {
  /** The part of the name that is the group. */
  group?: string
  /** The part of the name that is the fold. */
  fold?: string
}

/**
 * A regular expression for a pattern such as `{label}_{speaker}_{take}.wav` or `{label}/{take}`, with the names of its parts.
 * A part is one or more characters other than `/`; earlier parts are as short as possible. `*` stands for anything within a name.
 * A pattern without an extension fits every extension, except for folders, which have none.
 */
export function compilePattern(pattern: string, folders = false): { expression: RegExp; parts: string[] } {
  const doing = 'reading a file name pattern'
  const parts = [...pattern.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '')
  for (const part of parts) {
    if (!/^[A-Za-z]\w*$/.test(part)) throw expected({ doing, want: 'a word', of: 'a part in braces', got: part })
  }
  if (new Set(parts).size < parts.length)
    throw expected({ doing, want: 'different parts', of: 'the pattern', got: pattern })
  if (!parts.includes('label')) throw expected({ doing, want: 'a part {label}', of: 'the pattern', got: pattern })
  if (pattern.includes('}{'))
    throw expected({ doing, want: 'a character between two parts', of: 'the pattern', got: pattern })
  const source = pattern
    .split(/(\{\w+\}|\*)/)
    .map((piece) => {
      if (piece === '*') return '[^/]*?'
      if (piece.startsWith('{')) return `(?<${piece.slice(1, -1)}>[^/]+?)`
      return piece.replace(/[.+?^$()|[\]\\{}]/g, '\\$&')
    })
    .join('')
  const ending = folders || /\.\w+$/.test(pattern) ? '' : '(?:\\.\\w+)?'
  return { expression: new RegExp(`^${source}${ending}$`), parts }
}

/**
 * Files with their labels in their names. A pattern with `/` must match the path below `root`, any other the file name, at any
 * depth. Files that do not match are skipped.
 *
 * @throws UserError when none matches, with examples of the names.
 */
export function readByPattern(root: string, pattern: string, options: PatternOptions = {}): FileListing {
  const { group, fold } = options
  const { expression, parts } = compilePattern(pattern, options.folders)
  for (const [name, part] of Object.entries({ group, fold })) {
    if (part !== undefined && !parts.includes(part)) {
      throw expected({ doing: 'reading a file name pattern', want: `one of ${parts.join(', ')}`, of: name, got: part })
    }
  }
  const folder = resolve(root)
  const paths = listFiles(root, options)
  const items: LabelledFile[] = []
  const skipped: SkippedPath[] = []
  for (const id of paths) {
    const path = join(folder, id)
    const fields = expression.exec(pattern.includes('/') ? id : basename(id))?.groups
    const label = fields?.label
    if (fields === undefined || label === undefined) {
      skipped.push({ path, reason: `its name does not match ${pattern}` })
      continue
    }
    const item: LabelledFile = { id, path, labels: [label], fields: { ...fields } }
    if (group !== undefined) item.group = fields[group]
    if (fold !== undefined) item.fold = fields[fold]
    items.push(item)
  }
  if (items.length === 0) {
    const examples = paths.slice(0, 3).join(', ')
    throw expected({
      doing: 'reading a data set',
      want: `file names like ${pattern}`,
      of: root,
      got: `${paths.length} that do not match: ${examples}`,
    })
  }
  return { items, skipped }
}

export interface CsvOptions {
  /** Folder that file names are relative to (default: that of the CSV file, or the one folder in it that holds such files). */
  root?: string
  /** Default: the first of `file`, `filename`, `path` and `fname`. */
  fileColumn?: string
  /** Default: the first of `label`, `labels`, `category`, `class` and `target`. */
  labelColumn?: string
  /** Default: `fold`, if there is one. */
  foldColumn?: string
  /** Default: the first of `group` and `speaker`, if there is one. */
  groupColumn?: string
  /** Separator of several labels of a file (default: a row has one label). */
  labelSeparator?: string
  /** Default: whichever of comma, semicolon and tab is most frequent in the first line. */
  delimiter?: string
  /** The file column names folders, not files (default: false). */
  folders?: boolean
}

interface CsvColumns {
  file: string
  label: string
  fold: string | undefined
  group: string | undefined
}

/** The columns that the options name, otherwise the usual ones. */
function pickColumns(path: string, columns: readonly string[], options: CsvOptions): CsvColumns {
  const pick = (role: string, name: string | undefined, ...usual: string[]) => {
    if (name === undefined) return usual.find((column) => columns.includes(column))
    if (columns.includes(name)) return name
    throw expected({
      doing: `reading ${path}`,
      want: `a column "${name}"`,
      of: role,
      got: columns.join(', '),
      hint: didYouMean(name, columns),
    })
  }
  const file = pick('the file column', options.fileColumn, 'file', 'filename', 'path', 'fname')
  const label = pick('the label column', options.labelColumn, 'label', 'labels', 'category', 'class', 'target')
  const fold = pick('the fold column', options.foldColumn, 'fold')
  const group = pick('the group column', options.groupColumn, 'group', 'speaker')
  if (file !== undefined && label !== undefined) return { file, label, fold, group }
  throw expected({
    doing: `reading ${path}`,
    want: 'columns "file" and "label"',
    of: 'the header',
    got: columns.join(', '),
    hint: 'Name them with --file-column and --label-column.',
  })
}

function guessDelimiter(text: string): string {
  const [line = ''] = text.split('\n', 1)
  const count = (mark: string) => line.split(mark).length
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best))
}

interface CsvRow {
  record: Record<string, string>
  info: { lines: number }
}

/** The rows, each with the number of its last line. */
function parseCsv(path: string, delimiter: string | undefined): CsvRow[] {
  statOf(path, `reading ${path}`)
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  try {
    const options = { columns: true, info: true, trim: true, skip_empty_lines: true } as const
    return parse(text, { ...options, delimiter: delimiter ?? guessDelimiter(text) }) as unknown[] as CsvRow[]
  } catch (error) {
    if (error instanceof CsvError && error.code === 'CSV_RECORD_INCONSISTENT_COLUMNS') {
      const [want, got] = [error.columns, error.record].map((cells) => (Array.isArray(cells) ? cells.length : '?'))
      throw new UserError(
        `reading ${path}, row ${String(error.lines)}: expected ${want} cells, one for each column, received ${got}`,
        'Put a cell that contains the delimiter in double quotes.',
      )
    }
    throw new UserError(`reading ${path}: ${reasonOf(error)}`)
  }
}

/** The folder itself when it holds one of the files, otherwise the only folder in it that holds one. */
function folderHolding(folder: string, names: readonly string[], isThere: (path: string) => boolean): string {
  const holds = (one: string) => names.some((name) => name !== '' && isThere(resolve(one, name)))
  if (holds(folder)) return folder
  const [first, ...more] = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && !entry.isFile())
    .map((entry) => join(folder, entry.name))
    .filter(holds)
  return first !== undefined && more.length === 0 ? first : folder
}

/**
 * Files, labels, folds and groups from a CSV file with a header. Rows whose file is missing are skipped.
 *
 * @throws UserError with the row (its line in the file) for an empty cell or a file that occurs twice.
 */
export function readCsvItems(path: string, options: CsvOptions = {}): FileListing {
  const rows = parseCsv(path, options.delimiter)
  if (rows.length === 0)
    throw expected({ doing: `reading ${path}`, want: 'at least 1', of: 'rows below the header', got: 0 })
  const columns = pickColumns(path, Object.keys(rows[0]?.record ?? {}), options)
  const noun = options.folders ? 'folder' : 'file'
  const isThere = (file: string) => {
    const what = statSync(file, { throwIfNoEntry: false })
    return (options.folders ? what?.isDirectory() : what?.isFile()) === true
  }
  const ids = rows.map(({ record }) => (record[columns.file] ?? '').replaceAll('\\', '/'))
  const folder =
    options.root === undefined ? folderHolding(dirname(resolve(path)), ids, isThere) : resolve(options.root)
  const lines = new Map<string, number>()
  const items: LabelledFile[] = []
  const skipped: SkippedPath[] = []
  rows.forEach(({ record, info }, at) => {
    const id = ids[at] ?? ''
    const line = info.lines
    const doing = `reading ${path}, row ${line}`
    const cells = cellsOf(record, columns, id === '' ? doing : `${doing} (${id})`, options.labelSeparator)
    const item: LabelledFile = { id, path: resolve(folder, id), ...cells, fields: record }
    const before = lines.get(id)
    if (before !== undefined)
      throw expected({
        doing,
        want: 'different files',
        of: `column "${columns.file}"`,
        got: `${id}, as in row ${before}`,
      })
    lines.set(id, line)
    const reason = `row ${line} of ${basename(path)} names it, but there is no such ${noun}`
    if (isThere(item.path)) items.push(item)
    else skipped.push({ path: item.path, reason })
  })
  if (items.length === 0)
    throw expected({
      doing: `reading ${path}`,
      want: `${noun}s that exist`,
      of: `column "${columns.file}"`,
      got: skipped[0]?.path,
      hint: 'Name their folder with --root.',
    })
  return { items, skipped }
}

/** Labels, fold and group of a row; every column in use must have a value. */
function cellsOf(
  record: CsvRow['record'],
  columns: CsvColumns,
  doing: string,
  labelSeparator: string | undefined,
): Pick<LabelledFile, 'labels' | 'fold' | 'group'> {
  const cell = (column: string): string => {
    const value = record[column] ?? ''
    if (value !== '') return value
    throw expected({ doing, want: 'a value', of: `column "${column}"`, got: '' })
  }
  cell(columns.file)
  const label = cell(columns.label)
  const labels = labelSeparator === undefined ? [label] : label.split(labelSeparator).map((one) => one.trim())
  if (labels.includes('')) throw expected({ doing, want: 'labels', of: `column "${columns.label}"`, got: label })
  return {
    labels: [...new Set(labels)],
    ...(columns.fold !== undefined && { fold: cell(columns.fold) }),
    ...(columns.group !== undefined && { group: cell(columns.group) }),
  }
}
