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

/**
 * A `UserError` worded as `<doing>: expected <what> for <name>, received <value>`.
 *
 * @param hint What mends it, when that is known.
 */
export function expected(doing: string, what: string, name: string, value: unknown, hint?: string): UserError {
  const received = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return new UserError(`${doing}: expected ${what} for ${name}, received ${received}`, hint)
}
