/**
 * Pictures that explain an answer: for a class Grad-CAM and occlusion over the image, for a text the probabilities of the symbols column
 * by column and where each symbol came from. The maps are computed in @weft/core/explain.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { classScore, gradCam, occlusion, overlayPng, type ExplanationMap } from '@weft/core/explain'
import { columnHeatMap } from './column-heat-map.js'
import { frameOf } from '../features.js'
import type { PreparedItem } from '../features/image-worker.js'
import type { ImageModel } from '../model.js'
import { columnsPerStep } from '../network.js'
import type { TextReader } from '../reading/reader.js'

/** Pictures of the evidence for a class. */
export interface ClassPictures {
  /** PNG; undefined for a network without convolutions. */
  readonly gradCam: Uint8Array | undefined
  /** PNG */
  readonly occlusion: Uint8Array
}

/** Where the network found evidence for the class, and on which places the score of the class depends. */
export async function explainClass(model: ImageModel, image: PreparedItem, label: number): Promise<ClassPictures> {
  return {
    gradCam: hasConvolution(model) ? await classPicture(model, image, label, 'gradCam') : undefined,
    occlusion: await classPicture(model, image, label, 'occlusion'),
  }
}

const METHODS = { gradCam, occlusion }

/** One of these pictures, as PNG; Grad-CAM needs a network with convolutions. */
export async function classPicture(
  model: ImageModel,
  image: PreparedItem,
  label: number,
  method: keyof typeof METHODS,
): Promise<Uint8Array> {
  const { network } = model
  const x = model.input.batch([image])
  try {
    return await overlay(image, await METHODS[method](network, x, classScore(network, label)))
  } finally {
    x.dispose()
  }
}

/** Whether the network has convolutions; without them an explanation is occlusion alone. */
export function hasConvolution({ spec }: ImageModel): boolean {
  const { network } = spec.options
  return network === 'crnn' || network === 'parallel'
}

/** The map over the image; for a sequence, over the frame where it is strongest. */
function overlay(image: PreparedItem, map: ExplanationMap): Promise<Uint8Array> {
  const cells = map.height * map.width
  const sums = Array.from({ length: map.frames }, (_, frame) =>
    map.values.subarray(frame * cells, (frame + 1) * cells).reduce((sum, value) => sum + value, 0),
  )
  const frame = sums.indexOf(Math.max(...sums))
  return overlayPng(frameOf(image, frame), map, { frame })
}

/** The reading of each column, and the columns that each symbol came from, as SVG. */
export async function explainText(reader: TextReader, image: PreparedItem): Promise<string> {
  const { model, alphabet } = reader
  const { logits, readings } = reader.readSteps([image], 'seen')
  const probabilities = tf.tidy(() => tf.softmax(logits).dataSync())
  const steps = logits.shape[1] ?? 0
  logits.dispose()
  const { labels = [], spans = [], places = [] } = readings[0] ?? {}
  return columnHeatMap({
    image: frameOf(image),
    probabilities: Float32Array.from(probabilities),
    symbols: ['', ...alphabet.symbols],
    labels,
    spans,
    origins: places,
    imageWidth: steps * columnsPerStep(model.spec.options),
  })
}
