/**
 * Ctrl-C as an AbortSignal: the first one asks the work to stop at the next good place (after the batch, with a checkpoint), the
 * second ends the process at once. SIGTERM, which a machine sends before it shuts down, counts as the first. A loop that
 * computes without pause never sees either: it must return to the event loop now and then.
 */

/** Exit code after Ctrl-C, as shells have it: 128 + SIGINT. */
export const INTERRUPTED_EXIT_CODE = 130

export interface Interrupt {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
  /** Gives Ctrl-C back its usual effect. */
  dispose(): void
}

/**
 * Listens for Ctrl-C.
 *
 * @param say Called with a line for the user at the first Ctrl-C.
 * @param exit Ends the process at the second.
 */
export function onInterrupt(
  say: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
  exit: (code: number) => void = (code) => process.exit(code),
): Interrupt {
  const controller = new AbortController()
  const listener = (): void => {
    if (controller.signal.aborted) {
      exit(INTERRUPTED_EXIT_CODE)
      return
    }
    say('Stopping at the next safe place; press Ctrl-C again to stop at once.')
    controller.abort()
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', listener)
      process.off('SIGTERM', listener)
    },
  }
}
