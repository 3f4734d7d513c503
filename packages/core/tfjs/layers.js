// Written by tools/tfjs-exports.mjs, which says why.
import { createRequire } from 'node:module'

export const {
  Callback,
  CallbackList,
  CustomCallback,
  EarlyStopping,
  History,
  InputSpec,
  LayerVariable,
  LayersModel,
  RNN,
  Sequential,
  SymbolicTensor,
  callbacks,
  constraints,
  initializers,
  input,
  layers,
  loadLayersModel,
  metrics,
  model,
  models,
  registerCallbackConstructor,
  regularizers,
  sequential,
  version_layers,
} = createRequire(import.meta.url)('@tensorflow/tfjs-layers')
