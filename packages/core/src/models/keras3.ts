/**
 * Rewrites the saved configuration of a Keras 3 model into that of Keras 2, which is what TensorFlow.js reads: input shapes, data type
 * policies, objects wrapped with their module, and the calls that join layers. It changes names and shapes of JSON only, no weights.
 */

import { UserError } from '../errors.js'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

/** Keras 3's spellings that TensorFlow.js does not know. */
const CLASS_NAMES: Record<string, string> = { LecunNormal: 'LeCunNormal', LecunUniform: 'LeCunUniform' }

/** Whether any part of a saved topology is written in Keras 3's way. */
export function isKeras3(topology: Json): boolean {
  if (Array.isArray(topology)) return topology.some(isKeras3)
  if (!isObject(topology)) return false
  if ('registered_name' in topology || 'batch_shape' in topology || topology.class_name === '__keras_tensor__')
    return true
  return Object.values(topology).some(isKeras3)
}

/** The topology in Keras 2's way; one in that way already is returned as it is. */
export function asKeras2(topology: Json): Json {
  return isKeras3(topology) ? fromKeras3(topology) : topology
}

function fromKeras3(topology: Json): Json {
  if (Array.isArray(topology)) return topology.map(fromKeras3)
  if (!isObject(topology)) return topology
  if (topology.class_name === 'DTypePolicy' && isObject(topology.config)) return topology.config.name ?? 'float32'
  if (topology.class_name === 'function' && typeof topology.config === 'string') return topology.config
  if (topology.class_name === 'L1' || topology.class_name === 'L2') return penalty(topology)
  return withoutMaskLayers(forwardName(rewriteObject(topology)))
}

/** Keras 3's two penalties are one in TensorFlow.js. */
function penalty({ config }: JsonObject): JsonObject {
  return { class_name: 'L1L2', config: { l1: 0, l2: 0, ...(isObject(config) ? config : {}) } }
}

/** Keras 3 saves a Bidirectional's inner layer under the name of its forward copy, which TensorFlow.js would prefix again. */
function forwardName(object: JsonObject): JsonObject {
  const inner = isObject(object.config) ? object.config.layer : undefined
  if (
    object.class_name === 'Bidirectional' &&
    isObject(inner) &&
    isObject(inner.config) &&
    typeof inner.config.name === 'string'
  ) {
    inner.config.name = inner.config.name.replace(/^forward_/, '')
  }
  return object
}

/** Keras 3 saves the operations that compute a mask as layers; TensorFlow.js's layers do so themselves. Keeps what outputs need. */
function withoutMaskLayers(object: JsonObject): JsonObject {
  const { layers, output_layers: outputs } = object
  if (!Array.isArray(layers) || !Array.isArray(outputs)) return object
  const byName = new Map(layers.filter(isObject).map((layer) => [layer.name, layer]))
  const needed = new Set<Json | undefined>()
  const visit = (name: Json | undefined) => {
    if (needed.has(name)) return
    needed.add(name)
    const nodes = byName.get(name)?.inbound_nodes
    for (const node of Array.isArray(nodes) ? nodes.flat() : []) if (Array.isArray(node)) visit(node[0])
  }
  for (const output of [outputs, object.input_layers].flat()) if (Array.isArray(output)) visit(output[0])
  return { ...object, layers: layers.filter((layer) => isObject(layer) && needed.has(layer.name)) }
}

function rewriteObject(object: JsonObject): JsonObject {
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(object)) {
    if (WRAPPER_KEYS.has(key)) continue
    if (key === 'batch_shape') result.batch_input_shape = value
    else if (key === 'inbound_nodes') result[key] = inboundNodes(value)
    else if (key === 'input_layers' || key === 'output_layers') result[key] = layerList(value)
    else if (key === 'class_name' && typeof value === 'string') result[key] = CLASS_NAMES[value] ?? value
    else if (value === 'hard_sigmoid') throw hardSigmoid(key)
    else result[key] = fromKeras3(value)
  }
  return result
}

/** The same name means another function there; opening the model all the same would give wrong outputs. */
function hardSigmoid(key: string): UserError {
  return new UserError(
    `reading a Keras 3 model: expected a function that TensorFlow.js has for ${key}, received "hard_sigmoid"`,
    "It is x / 6 + 1/2 in Keras 3 and x / 5 + 1/2 in TensorFlow.js: train the model with 'sigmoid'.",
  )
}

/** What Keras 3 adds around every object. */
const WRAPPER_KEYS = new Set(['module', 'registered_name', 'build_config', 'compile_config'])

/** One or several of [layer, node, tensor] as a list of them: Keras 3 leaves the outer brackets out when there is one. */
function layerList(value: Json): Json {
  return Array.isArray(value) && typeof value[0] === 'string' ? [value] : value
}

/** Keras 3's `{ args, kwargs }` for each call of a layer → Keras 2's list of `[layer, node, tensor, options]`. */
function inboundNodes(value: Json): Json {
  if (!Array.isArray(value)) return value
  return value.map((call) => {
    if (!isObject(call) || !Array.isArray(call.args)) return call
    const kwargs = isObject(call.kwargs) ? call.kwargs : {}
    const tensors = histories([...call.args, kwargs.initial_state ?? []])
    return tensors.map((history): Json => [...history, plainOptions(kwargs)])
  })
}

/** Every `[layer, node, tensor]` in the arguments of a call, in order: TensorFlow.js takes initial states as further inputs. */
function histories(value: Json): Json[][] {
  if (Array.isArray(value)) return value.flatMap(histories)
  if (!isObject(value) || !isObject(value.config)) return []
  const history = value.config.keras_history
  return value.class_name === '__keras_tensor__' && Array.isArray(history) ? [history] : []
}

/** Options of a call without Keras 3's `mask: null` and the like, and without tensors. */
function plainOptions(kwargs: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(kwargs).filter(([, value]) => value !== null && typeof value !== 'object'))
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
