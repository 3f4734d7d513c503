/**
 * Watches a table: rows of a CSV file as they are appended, or of standard input, and after each row what a saved model says: a forecast of
 * the next rows, or whether the row is an alarm.
 */
import { onRuntime } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { watchOptions } from './options.js'
import { followFile, followStream } from './watching/follow.js'
import { openFollower } from './watching/follower.js'
import { Session, type WatchHooks, type WatchResult } from './watching/session.js'

/** Watches until the input ends or the signal aborts. */
export async function watch(given: GivenOptions<typeof watchOptions>, hooks: WatchHooks): Promise<WatchResult> {
  const options = resolveOptions(watchOptions, given)
  const { signal, input = process.stdin } = hooks
  return onRuntime({ ...options, purpose: 'predict' }, hooks, async ({ device }) => {
    const session = new Session(await openFollower(options.model), options.data !== undefined, hooks)
    const lines =
      options.data === undefined
        ? followStream(input, { signal })
        : followFile(options.data, { signal, onCaughtUp: () => session.caughtUp() })
    for await (const line of lines) session.line(line)
    session.caughtUp()
    return { ...session.result(), device }
  })
}
