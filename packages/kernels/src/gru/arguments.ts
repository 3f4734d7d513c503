/** The options and arguments of the GRU. */
import type { HiddenStateArguments, HiddenStateOptions, HiddenStateResult } from '../sequence/hidden-state.js'
import type { GateActivation } from '../sequence/activations.js'

export interface GruOptions extends HiddenStateOptions {
  /** σ; sigmoid by default. */
  recurrentActivation?: GateActivation
  /** Whether r applies after the product with the recurrent weights (default) or before it. */
  resetAfter?: boolean
}

export interface GruArguments extends HiddenStateArguments {
  recurrentActivation: GateActivation
  resetAfter: boolean
}

export type GruResult = HiddenStateResult
