/**
 * The error for what a user can mend: a wrong option, file or label. Command lines print its message and hint and exit with 2;
 * every other error is ours and exits with 1.
 */
export class UserError extends Error {
  override name = 'UserError'
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** What the machine may refuse and a user can mend, by the system's code. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder'],
  ['EACCES', 'the permissions of the file or folder do not allow it'],
  ['EPERM', 'the permissions of the file or folder do not allow it'],
  ['EROFS', 'the disk is read-only'],
  ['ENOSPC', 'the disk is full; nothing that existed was overwritten'],
  ['EDQUOT', 'the disk quota is used up; nothing that existed was overwritten'],
  ['EISDIR', 'it is a folder; a file was expected'],
  ['ENOTDIR', 'it is a file; a folder was expected'],
  ['EMFILE', 'too many files are open; raise the limit with ulimit -n'],
])

/** Why the machine refused, in plain words; undefined for any other error. */
export function refusalOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && 'syscall' in error ? REFUSALS.get(String(error.code)) : undefined
}

/** Why something failed: the machine's refusal in plain words, or the error's own message. */
export function reasonOf(error: unknown): string {
  return refusalOf(error) ?? (error instanceof Error ? error.message : String(error))
}

/** What a `UserError` says. */
export interface Expectation {
  /** What was being done, such as `reading a.csv, row 7`. */
  readonly doing: string
  /** What would have been right. */
  readonly want: string
  /** The option, file or value that it is wanted of. */
  readonly of: string
  /** What came instead. */
  readonly got: unknown
  /** How to mend it, when that is known. */
  readonly hint?: string | undefined
}

/** A `UserError` worded as `<doing>: expected <want> for <of>, received <got>`. */
export function expected({ doing, want, of, got, hint }: Expectation): UserError {
  const received = typeof got === 'string' ? JSON.stringify(got) : String(got)
  return new UserError(`${doing}: expected ${want} for ${of}, received ${received}`, hint)
}

/** What an option cannot do without. */
export interface Need {
  readonly doing: string
  /** The option, with its value where that is what needs the others. */
  readonly option: string
  /** What it needs, such as `--validation-from and --test-from`. */
  readonly others: string
  readonly hint?: string | undefined
}

/** A `UserError` worded as `<doing>: <option> needs <others>`. */
export function needs({ doing, option, others, hint }: Need): UserError {
  return new UserError(`${doing}: ${option} needs ${others}`, hint)
}
