/**
 * Scores of sound event detection: event-based (is each event found, with its onset and offset within a collar) and segment-based
 * (is each label right in every second).
 *
 * Definitions: Mesaros, Heittola, Virtanen 2016, "Metrics for polyphonic sound event detection", as in the `sed_eval` toolbox
 * with optimal matching and `empty_system_output_handling='zero_score'`. Times are compared with a slack of a microsecond, so
 * that 0.8 - 0.6 is within a collar of 0.2. Any number of recordings, each scored on its own; counts are added.
 */
import { expected } from '../errors.js'
import { averageScores, ratio, scoresFromCounts, type ClassScores } from './classification.js'

/** A sound with a label, from its onset to its offset. */
export interface SoundEvent {
  label: string
  startSeconds: number
  endSeconds: number
}

/** The true and the detected events of one recording. */
export interface RecordingEvents {
  reference: readonly SoundEvent[]
  estimated: readonly SoundEvent[]
}

/** Scores of each label and over all; `support` counts events or active segments. */
export interface EventScores {
  /** From the counts of all labels together (micro). */
  overall: ClassScores
  /** Mean over the labels that the references hold. */
  macro: ClassScores
  byLabel: Record<string, ClassScores>
}

/** Segment-based scores also have an error rate: substitutions + deletions + insertions, divided by the active segments. */
export interface SegmentScores extends EventScores {
  /** 0 is perfect, can exceed 1; NaN when the references hold no event. */
  errorRate: number
}

export interface EventMatching {
  /** Largest distance of an onset, default 0.2. */
  collarSeconds?: number
  /** Whether offsets count, default true. */
  offset?: boolean
  /** An offset may be as far as this share of the reference event's length, when that exceeds the collar; default 0.5. */
  offsetShare?: number
}

const SLACK_SECONDS = 1e-6

interface Counts {
  hits: number
  falseAlarms: number
  misses: number
}

function checkEvents(doing: string, recordings: readonly RecordingEvents[]): void {
  for (const { reference, estimated } of recordings) {
    for (const { label, startSeconds, endSeconds } of [...reference, ...estimated]) {
      if (!(startSeconds >= 0 && endSeconds >= startSeconds && endSeconds < Infinity)) {
        throw expected({
          doing,
          want: '0 <= start <= end',
          of: `an event "${label}"`,
          got: `${startSeconds} to ${endSeconds}`,
        })
      }
    }
  }
}

function labelsOf(recordings: readonly RecordingEvents[]): string[] {
  const events = recordings.flatMap(({ reference, estimated }) => [...reference, ...estimated])
  return [...new Set(events.map((event) => event.label))].sort()
}

/** Size of the largest matching between left nodes 0… and right nodes 0…, by augmenting paths (Kuhn 1955). */
function largestMatching(left: number, right: number, linked: (l: number, r: number) => boolean): number {
  const partner = new Int32Array(right).fill(-1)
  const augment = (l: number, seen: Uint8Array): boolean => {
    for (let r = 0; r < right; r++) {
      if (seen[r] === 1 || !linked(l, r)) continue
      seen[r] = 1
      const holder = partner[r] ?? -1
      if (holder < 0 || augment(holder, seen)) {
        partner[r] = l
        return true
      }
    }
    return false
  }
  let size = 0
  for (let l = 0; l < left; l++) if (augment(l, new Uint8Array(right))) size++
  return size
}

function summarise(counts: Map<string, Counts>): EventScores {
  const total: Counts = { hits: 0, falseAlarms: 0, misses: 0 }
  const byLabel: Record<string, ClassScores> = {}
  for (const [label, { hits, falseAlarms, misses }] of counts) {
    byLabel[label] = scoresFromCounts(hits, falseAlarms, misses)
    total.hits += hits
    total.falseAlarms += falseAlarms
    total.misses += misses
  }
  const present = Object.values(byLabel).filter((scores) => scores.support > 0)
  return {
    overall: scoresFromCounts(total.hits, total.falseAlarms, total.misses),
    macro: averageScores(present, () => 1),
    byLabel,
  }
}

/**
 * Event-based precision, recall and F1: a detected event is a hit when it can be paired with a reference event of the same label,
 * recording, onset and (unless switched off) offset. As many pairs as possible are made.
 */
export function eventBasedScores(recordings: readonly RecordingEvents[], matching: EventMatching = {}): EventScores {
  const { collarSeconds = 0.2, offset = true, offsetShare = 0.5 } = matching
  checkEvents('scoring events', recordings)
  const fits = (truth: SoundEvent | undefined, found: SoundEvent | undefined): boolean => {
    if (truth === undefined || found === undefined) return false
    if (Math.abs(truth.startSeconds - found.startSeconds) > collarSeconds + SLACK_SECONDS) return false
    const allowed = Math.max(collarSeconds, offsetShare * (truth.endSeconds - truth.startSeconds))
    return !offset || Math.abs(truth.endSeconds - found.endSeconds) <= allowed + SLACK_SECONDS
  }
  const counts = new Map<string, Counts>()
  for (const label of labelsOf(recordings)) {
    const sum: Counts = { hits: 0, falseAlarms: 0, misses: 0 }
    for (const { reference, estimated } of recordings) {
      const truths = reference.filter((event) => event.label === label)
      const found = estimated.filter((event) => event.label === label)
      const hits = largestMatching(truths.length, found.length, (t, f) => fits(truths[t], found[f]))
      sum.hits += hits
      sum.falseAlarms += found.length - hits
      sum.misses += truths.length - hits
    }
    counts.set(label, sum)
  }
  return summarise(counts)
}

/** Indices of the segments that events of a label touch. */
function activeSegments(events: readonly SoundEvent[], label: string, segmentSeconds: number): Set<number> {
  const active = new Set<number>()
  for (const event of events) {
    if (event.label !== label) continue
    const first = Math.floor((event.startSeconds + SLACK_SECONDS) / segmentSeconds)
    const end = Math.ceil((event.endSeconds - SLACK_SECONDS) / segmentSeconds)
    for (let segment = first; segment < end; segment++) active.add(segment)
  }
  return active
}

/**
 * Segment-based precision, recall, F1 and error rate: recordings are cut into segments, and in each segment every label is active
 * or not.
 *
 * @param segmentSeconds Length of a segment, default 1.
 */
export function segmentBasedScores(recordings: readonly RecordingEvents[], segmentSeconds = 1): SegmentScores {
  checkEvents('scoring segments', recordings)
  if (!(segmentSeconds > 0))
    throw expected({ doing: 'scoring segments', want: 'a positive length', of: 'segmentSeconds', got: segmentSeconds })
  const labels = labelsOf(recordings)
  const counts = new Map<string, Counts>(labels.map((label) => [label, { hits: 0, falseAlarms: 0, misses: 0 }]))
  let errors = 0
  let active = 0
  for (const { reference, estimated } of recordings) {
    const wrong = new Map<number, { falseAlarms: number; misses: number }>()
    const at = (segment: number) => {
      const known = wrong.get(segment) ?? { falseAlarms: 0, misses: 0 }
      wrong.set(segment, known)
      return known
    }
    for (const [label, sum] of counts) {
      const truths = activeSegments(reference, label, segmentSeconds)
      const found = activeSegments(estimated, label, segmentSeconds)
      active += truths.size
      for (const segment of truths) {
        if (found.has(segment)) sum.hits++
        else {
          sum.misses++
          at(segment).misses++
        }
      }
      for (const segment of found) {
        if (truths.has(segment)) continue
        sum.falseAlarms++
        at(segment).falseAlarms++
      }
    }
    // A miss and a false alarm in one segment are one substitution.
    for (const { falseAlarms, misses } of wrong.values()) errors += Math.max(falseAlarms, misses)
  }
  return { ...summarise(counts), errorRate: active === 0 ? Number.NaN : ratio(errors, active) }
}
