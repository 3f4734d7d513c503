/**
 * Labels of anomalies: a JSON file that names, for each file of a data set, the windows of time in which something is wrong.
 */
import { expected } from '@weft/core/errors'
import { readJson } from '@weft/core/files'
import { parseInstant } from '../table/instants.js'

/** First and last moment of each labelled anomaly. */
export type Windows = readonly (readonly [start: number, end: number])[]

/** Windows of anomalies by file. @throws UserError when it is no such file. */
export function readLabels(path: string): ReadonlyMap<string, Windows> {
  const json = readJson(path)
  const wrong = (received: unknown) =>
    expected({
      doing: `reading ${path}`,
      want: 'a list of [start, end] for each file',
      of: 'labels',
      got: JSON.stringify(received),
    })
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong(json)
  return new Map(
    Object.entries(json).map(([file, windows]): [string, Windows] => {
      if (!Array.isArray(windows)) throw wrong(windows)
      return [
        file,
        windows.map((window: unknown) => {
          const [start, end] = Array.isArray(window) ? window.map((text) => parseInstant(String(text))?.ms) : []
          if (start === undefined || end === undefined || end < start) throw wrong(window)
          return [start, end] as const
        }),
      ]
    }),
  )
}

/** The windows of the file whose path ends like the name in the labels. */
export function windowsOf(labels: ReadonlyMap<string, Windows>, file: string): Windows {
  const path = file.replaceAll('\\', '/')
  for (const [name, windows] of labels) if (path === name || path.endsWith(`/${name}`)) return windows
  return []
}
