/** One time step of a layer, with the state it carries; what `statefulStep` of a model is made of. */
export interface LayerStep {
  /** Shapes: [B, D] → [B, U], the same array at every call. */
  run(x: Float32Array): Float32Array
  /** What the layer carries from step to step, changed in place; none for most layers. */
  states: readonly Float32Array[]
}
