/**
 * What a detector of anomalies is: it takes the rows of one series as they come and gives each a score in [0, 1] before it sees the next.
 * This one combines a network's errors with evidence that needs no network. Training is in train-detector.ts, saving in
 * watcher.ts. No score depends on a later row.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import type { OptionsOf } from '@weft/core/cli'
import { expected } from '@weft/core/errors'
import type { detectionOptions } from '../options/anomaly.js'
import { EvidenceScore, type EvidenceScoreState } from './evidence-score.js'
import { LevelEvidence, type LevelState } from './level-evidence.js'
import { ReconstructionModel, NextRowModel, type RowModel, type RowModelState } from './row-models.js'
import { compress, expand, fromSpreads, type Spread, toSpreads } from './spread-scaling.js'

/** A detector's answer to a row. */
export interface Detection {
  /** In [0, 1]; the higher, the more anomalous. */
  readonly score: number
  /** What the row should have been, in the table's units, [D]; only from detectors that have an idea of it. */
  readonly expected?: Float64Array
  /** Whether the score reaches the detector's threshold. */
  readonly alarm: boolean
}

export interface Detector {
  readonly name: string
  /** The score from which on a row raises an alarm. */
  threshold: number
  /**
   * Takes the next row.
   *
   * @param time Milliseconds since 1970 UTC.
   * @param values In the table's units, [D]; NaN where missing.
   */
  update(time: number, values: ArrayLike<number>): Detection
}

/**
 * The evidence that a detector uses. `forecast`: the error of an LSTM's forecast of the row, and its mean over recent rows.
 * `autoencoder`: the error of the reconstruction of the row and of the window that it ends. `combined`: the recent mean of the
 * forecast's error, how far the row lies from what is usual (see level-evidence.ts), and how far the recent level lies from that of the longer past.
 */
export type DetectorKind = OptionsOf<typeof detectionOptions>['detector']

/** What is fixed once a detector is trained. */
export interface DetectorSetup {
  readonly kind: DetectorKind
  /** Of each column, [D]. */
  readonly spreads: readonly Spread[]
  /** Rows that are silent after a more surprising one. */
  readonly silence: number
  /** Rows of a season by which a row is judged, 0 for none. */
  readonly seasonLength: number
}

/** Where a detector is in its series. */
export interface DetectorState {
  readonly threshold: number
  readonly network: RowModelState
  readonly level: LevelState
  readonly evidence: EvidenceScoreState
}

/** Scores rows by how surprising a network's errors are. */
export class NetworkDetector implements Detector {
  readonly name: DetectorKind
  readonly setup: DetectorSetup
  readonly model: tfl.LayersModel
  threshold = 1
  readonly #network: RowModel
  readonly #level: LevelEvidence
  readonly #score: EvidenceScore

  /** @param model A network of networks.ts that fits the kind. */
  constructor(setup: DetectorSetup, model: tfl.LayersModel) {
    const { kind, spreads, silence, seasonLength } = setup
    this.name = kind
    this.setup = setup
    this.model = model
    this.#network = kind === 'autoencoder' ? new ReconstructionModel(model) : new NextRowModel(model)
    this.#level = new LevelEvidence(spreads.length, seasonLength)
    this.#score = new EvidenceScore({ kinds: kind === 'combined' ? 3 : 2, silence })
  }

  /** What the next row should be, in the table's units, [D]; undefined before the first row and of an autoencoder. */
  get forecast(): Float64Array | undefined {
    return this.#network.forecast && this.#inUnits(this.#network.forecast)
  }

  /** @throws UserError for a row of another width. */
  update(_time: number, values: ArrayLike<number>): Detection {
    const { spreads } = this.setup
    if (values.length !== spreads.length)
      throw expected({
        doing: 'detecting anomalies',
        want: `${spreads.length} values`,
        of: 'a row',
        got: values.length,
      })
    const row = Float64Array.from(spreads, (spread, c) => toSpreads(values[c] ?? Number.NaN, spread))
    const judged = this.#network.update(Float32Array.from(row, compress))
    const { distance, shift } = this.#level.update(row)
    const evidence =
      this.name === 'combined' ? [judged.recentError, distance, shift] : [judged.error, judged.recentError]
    const score = this.#score.update(evidence)
    return { score, expected: this.#inUnits(judged.expected), alarm: score >= this.threshold }
  }

  state(): DetectorState {
    return {
      threshold: this.threshold,
      network: this.#network.state(),
      level: this.#level.state(),
      evidence: this.#score.state(),
    }
  }

  /** Goes on from a state; only a detector that has seen nothing can. */
  restore(state: DetectorState): void {
    this.threshold = state.threshold
    this.#network.restore(state.network)
    this.#level.restore(state.level)
    this.#score.restore(state.evidence)
  }

  #inUnits(compressed: Float32Array): Float64Array {
    return Float64Array.from(this.setup.spreads, (spread, c) => fromSpreads(expand(compressed[c] ?? 0), spread))
  }
}
