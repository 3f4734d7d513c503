/**
 * Lists of labelled files: from a folder per class, from file names by a pattern, or from a CSV file. Where a sample is several files
 * (frames, slices), the folder that holds them stands for it.
 *
 * Only names are read, never contents, so lists of any size are quick and small. What does not fit is skipped and stated, with the
 * reason; the caller prints the count or makes it an error. Order is by path (a CSV keeps its own), so that it is the same on
 * every machine.
 */
import { readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import { didYouMean } from '../nearest.js'
import { reasonOf, UserError, expected } from '../errors.js'
import type { DataItem } from './dataset.js'

/** A file with its labels and whatever else its name or row said. */
export interface LabelledFile extends DataItem {
  /** Path relative to the data set's folder, with `/`. */
  id: string
  /** Absolute path. */
  path: string
  labels: readonly string[]
  /** Columns of its row, or parts of its name. */
  fields: Readonly<Record<string, string>>
}

/** The files that were found, and those left out. */
export interface FoundFiles {
  items: LabelledFile[]
  skipped: { path: string; reason: string }[]
}

export interface FileOptions {
  /** Endings that count, in lower case with the dot; default: every file. */
  extensions?: readonly string[]
  /** Take the folders in which such files lie, not the files; default false. */
  folders?: boolean
}

function statOf(path: string, doing: string) {
  try {
    return statSync(path)
  } catch (error) {
    throw new UserError(`${doing}: ${reasonOf(error)}`)
  }
}

/** Adds the paths of the files below `folder`, relative with `/`; links are followed, but no folder into itself. */
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

/** Paths of the files in the folder `root` and below it, relative, with `/`, sorted; hidden ones are left out. */
export function filesBelow(root: string, extensions?: readonly string[]): string[] {
  const paths: string[] = []
  collect(root, '', [], paths)
  return paths.filter((path) => extensions === undefined || extensions.includes(extname(path).toLowerCase())).sort()
}

/**
 * Paths of the files below `root`, or of the folders that hold them or nothing: relative, with `/`, sorted; hidden ones are left out, and so is
 * `root` itself.
 *
 * @throws UserError when there is none.
 */
export function listFiles(root: string, { extensions, folders = false }: FileOptions = {}): string[] {
  if (!statOf(root, `reading ${root}`).isDirectory())
    throw expected({ doing: 'reading a data set', want: 'a folder', of: 'the data', got: root })
  const files = filesBelow(root, extensions)
  const found = folders ? [...new Set(files.map((path) => dirname(path)))].filter((path) => path !== '.') : files
  if (found.length === 0) {
    const wanted = `${folders ? 'folders of ' : ''}files${extensions ? ` ending in ${extensions.join(', ')}` : ''}`
    throw new UserError(`reading a data set: expected ${wanted} in ${root}, received none`)
  }
  return [...found, ...(folders ? emptyFolders(root) : [])].sort()
}

/** Folders below `root` in which nothing lies: samples that were meant to be, which callers leave out and count. */
function emptyFolders(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(join(entry.parentPath, entry.name)).length === 0)
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

/**
 * A folder per class: the first folder below `root` is the label, files may lie deeper. Files directly in `root` and class folders
 * without files are skipped.
 */
export function readClassFolders(root: string, options: FileOptions = {}): FoundFiles {
  const folder = resolve(root)
  const paths = listFiles(root, options)
  const found: FoundFiles = { items: [], skipped: [] }
  for (const id of paths) {
    const [label = '', ...rest] = id.split('/')
    const path = join(folder, id)
    if (rest.length > 0) found.items.push({ id, path, labels: [label], fields: {} })
    else found.skipped.push({ path, reason: 'it lies beside the class folders, not in one' })
  }
  if (found.items.length === 0) {
    throw expected({
      doing: 'reading a data set',
      want: 'a folder for each class',
      of: root,
      got: `${paths.length} ${options.folders ? 'folders of files' : 'files'} beside one another`,
    })
  }
  const labels = new Set(found.items.map((item) => item.labels[0]))
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || labels.has(entry.name)) continue
    found.skipped.push({ path: join(folder, entry.name), reason: 'the class folder holds no such files' })
  }
  return found
}

export interface PatternOptions extends FileOptions {
  /** The part of the name that says which items belong together. */
  group?: string
  /** The part of the name that is the fold. */
  fold?: string
}

/**
 * A regular expression for a pattern such as `{label}_{speaker}_{take}.wav` or `{label}/{take}`, with the names of its parts.
 * A part is one character or more, without `/`; the first parts are as short as can be. `*` stands for anything within a name.
 * A pattern without an ending fits every ending, unless folders are named, which have none.
 */
export function compilePattern(pattern: string, folders = false): { expression: RegExp; parts: string[] } {
  const doing = 'reading a file name pattern'
  const parts = [...pattern.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '')
  for (const part of parts) {
    if (!/^[A-Za-z]\w*$/.test(part)) throw expected({ doing, want: 'a word', of: 'a part in braces', got: part })
  }
  if (new Set(parts).size < parts.length)
    throw expected({ doing, want: 'each part once', of: 'the pattern', got: pattern })
  if (!parts.includes('label')) throw expected({ doing, want: 'a part {label}', of: 'the pattern', got: pattern })
  if (pattern.includes('}{'))
    throw expected({ doing, want: 'something between two parts', of: 'the pattern', got: pattern })
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
 * Files whose names hold their labels. A pattern with `/` is matched with the path below `root`, one without with the file name,
 * at any depth. Files that do not match are skipped.
 *
 * @throws UserError when none matches, with examples of what was found.
 */
export function readByPattern(root: string, pattern: string, options: PatternOptions = {}): FoundFiles {
  const { group, fold } = options
  const { expression, parts } = compilePattern(pattern, options.folders)
  for (const [name, part] of Object.entries({ group, fold })) {
    if (part !== undefined && !parts.includes(part)) {
      throw expected({ doing: 'reading a file name pattern', want: `one of ${parts.join(', ')}`, of: name, got: part })
    }
  }
  const folder = resolve(root)
  const paths = listFiles(root, options)
  const found: FoundFiles = { items: [], skipped: [] }
  for (const id of paths) {
    const path = join(folder, id)
    const fields = expression.exec(pattern.includes('/') ? id : basename(id))?.groups
    const label = fields?.label
    if (fields === undefined || label === undefined) {
      found.skipped.push({ path, reason: `its name does not fit ${pattern}` })
      continue
    }
    const item: LabelledFile = { id, path, labels: [label], fields: { ...fields } }
    if (group !== undefined) item.group = fields[group]
    if (fold !== undefined) item.fold = fields[fold]
    found.items.push(item)
  }
  if (found.items.length === 0) {
    const examples = paths.slice(0, 3).join(', ')
    throw expected({
      doing: 'reading a data set',
      want: `file names like ${pattern}`,
      of: root,
      got: `${paths.length} that do not fit: ${examples}`,
    })
  }
  return found
}

export interface CsvOptions {
  /** Folder that file names are relative to; default: the CSV's own, or the one folder in it that holds such files. */
  root?: string
  /** Default `file`, or else `filename`, `path`, `fname`. */
  fileColumn?: string
  /** Default `label`, or else `labels`, `category`, `class`, `target`. */
  labelColumn?: string
  /** Default `fold` if there is one. */
  foldColumn?: string
  /** Default `group` if there is one, or else `speaker`. */
  groupColumn?: string
  /** What separates several labels of a file; default: a row has one label. */
  labelSeparator?: string
  /** Default: the one of comma, semicolon and tab that the first line holds most of. */
  delimiter?: string
  /** The file column names folders, not files; default false. */
  folders?: boolean
}

interface CsvColumns {
  file: string
  label: string
  fold: string | undefined
  group: string | undefined
}

/** The columns that the options name, or else the usual ones. */
function pickColumns(path: string, columns: readonly string[], options: CsvOptions): CsvColumns {
  const pick = (name: string, asked: string | undefined, ...usual: string[]) => {
    if (asked === undefined) return usual.find((column) => columns.includes(column))
    if (columns.includes(asked)) return asked
    throw expected({
      doing: `reading ${path}`,
      want: `a column "${asked}"`,
      of: name,
      got: columns.join(', '),
      hint: didYouMean(asked, columns),
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

/** Rows with the number of the line each ends at. */
function parseCsv(path: string, delimiter: string | undefined): CsvRow[] {
  statOf(path, `reading ${path}`)
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  try {
    const options = { columns: true, info: true, trim: true, skip_empty_lines: true } as const
    return parse(text, { ...options, delimiter: delimiter ?? guessDelimiter(text) }) as unknown[] as CsvRow[]
  } catch (error) {
    if (error instanceof CsvError && error.code === 'CSV_RECORD_INCONSISTENT_COLUMNS') {
      const [wanted, got] = [error.columns, error.record].map((cells) => (Array.isArray(cells) ? cells.length : '?'))
      throw new UserError(
        `reading ${path}, row ${String(error.lines)}: expected ${wanted} cells, one for each column, received ${got}`,
        'A cell that holds the mark between columns stands in double quotes.',
      )
    }
    throw new UserError(`reading ${path}: ${reasonOf(error)}`)
  }
}

/** The folder itself when one of the files lies there, or else the one folder in it that holds one. */
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
 * @throws UserError with the row's number (its line in the file) for an empty cell or a file that occurs twice.
 */
export function readCsvItems(path: string, options: CsvOptions = {}): FoundFiles {
  const rows = parseCsv(path, options.delimiter)
  if (rows.length === 0)
    throw expected({ doing: `reading ${path}`, want: 'at least 1', of: 'rows below the header', got: 0 })
  const columns = pickColumns(path, Object.keys(rows[0]?.record ?? {}), options)
  const wanted = options.folders ? 'folder' : 'file'
  const isThere = (file: string) => {
    const what = statSync(file, { throwIfNoEntry: false })
    return (options.folders ? what?.isDirectory() : what?.isFile()) === true
  }
  const ids = rows.map(({ record }) => (record[columns.file] ?? '').replaceAll('\\', '/'))
  const folder =
    options.root === undefined ? folderHolding(dirname(resolve(path)), ids, isThere) : resolve(options.root)
  const seen = new Map<string, number>()
  const found: FoundFiles = { items: [], skipped: [] }
  rows.forEach((row, at) => {
    const id = ids[at] ?? ''
    const line = row.info.lines
    const item = itemOfRow(`reading ${path}, row ${line}`, row.record, columns, resolve(folder, id), id, options)
    const before = seen.get(id)
    if (before !== undefined) {
      const where = `reading ${path}, row ${line}`
      throw expected({
        doing: where,
        want: 'each file once',
        of: `column "${columns.file}"`,
        got: `${id}, as in row ${before}`,
      })
    }
    seen.set(id, line)
    const reason = `row ${line} of ${basename(path)} names it, but there is no such ${wanted}`
    if (isThere(item.path)) found.items.push(item)
    else found.skipped.push({ path: item.path, reason })
  })
  if (found.items.length === 0) {
    const [first] = found.skipped
    const hint = 'Say with --root where they lie.'
    throw expected({
      doing: `reading ${path}`,
      want: `${wanted}s that exist`,
      of: `column "${columns.file}"`,
      got: first?.path,
      hint,
    })
  }
  return found
}

/** The item of a row; every cell that is used must hold something. */
function itemOfRow(
  where: string,
  record: CsvRow['record'],
  columns: CsvColumns,
  path: string,
  id: string,
  { labelSeparator }: CsvOptions,
): LabelledFile {
  const cell = (column: string): string => {
    const value = record[column] ?? ''
    if (value !== '') return value
    throw expected({
      doing: id === '' ? where : `${where} (${id})`,
      want: 'a value',
      of: `column "${column}"`,
      got: '',
    })
  }
  cell(columns.file)
  const label = cell(columns.label)
  const labels = labelSeparator === undefined ? [label] : label.split(labelSeparator).map((one) => one.trim())
  if (labels.includes(''))
    throw expected({ doing: `${where} (${id})`, want: 'labels', of: `column "${columns.label}"`, got: label })
  const item: LabelledFile = { id, path, labels: [...new Set(labels)], fields: record }
  if (columns.fold !== undefined) item.fold = cell(columns.fold)
  if (columns.group !== undefined) item.group = cell(columns.group)
  return item
}
