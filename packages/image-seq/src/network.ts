/**
 * The network for the options, with new weights: which builder of @weft/core/models, and with which sizes. A reader is a CRNN over columns
 * that ends in CTC; a classifier is any of the networks; sequences of images run convolutions on every frame.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import {
  buildCrnn,
  buildFrameSequence,
  buildHierarchicalLstm,
  buildImageLstm,
  buildParallel,
  type ConvolutionBlock,
} from '@weft/core/models'
import { expected } from '@weft/core/errors'
import { flagOf } from '@weft/core/cli'
import type { ImageTask } from './data/items.js'
import type { ModelOptions } from './options/network.js'

/** Input and output of a network. */
export interface NetworkShape {
  readonly task: ImageTask
  /** Whether an item is a sequence of images. */
  readonly frames: boolean
  readonly height: number
  /** Null for any width. */
  readonly width: number | null
  readonly channels: number
  /** Number of classes; for a reader, of symbols and the blank. */
  readonly outputs: number
}

/** Marks padded columns and frames: no pixel has this value after normalisation. */
export const PADDING = -10_000

const DOING = 'building the network'

type NetworkOptions = ModelOptions & { readonly seed: number }

/** @throws UserError naming the flags of options that cannot be combined. */
export function buildNetwork(options: NetworkOptions, shape: NetworkShape): tfl.LayersModel {
  const { network, walk } = options
  const { task, frames } = shape
  if (task === 'read' || frames) requireOption('network', network, 'crnn', task === 'read' ? 'texts' : 'frames')
  if (task === 'read') requireOption('walk', walk, 'columns', 'texts')
  if (network === 'crnn' && walk === 'hilbert')
    throw expected({
      doing: DOING,
      want: 'columns or rows',
      of: `${flagOf('walk')} with ${flagOf('network')} crnn`,
      got: walk,
    })
  if (task === 'read') return buildReader(options, shape)
  return frames ? buildSequenceClassifier(options, shape) : buildImageClassifier(options, shape)
}

/** Options that all networks share. */
function commonOptions(options: NetworkOptions, { outputs }: NetworkShape) {
  const { lstmUnits, bidirectional, lstmDropout, headDropout, seed } = options
  return {
    recurrent: { units: lstmUnits, bidirectional, dropout: lstmDropout },
    head: { units: outputs, dropout: headDropout },
    seed,
  }
}

function buildReader(options: NetworkOptions, shape: NetworkShape): tfl.LayersModel {
  const common = commonOptions(options, shape)
  return buildCrnn({
    ...common,
    inputShape: [shape.height, shape.width, shape.channels],
    timeAxis: 'columns',
    convolutions: blocks(options, shape, 'columns'),
    denseUnits: options.denseUnits,
    head: { ...common.head, ctc: true },
    padding: PADDING,
    name: 'reader',
  })
}

function buildSequenceClassifier(options: NetworkOptions, shape: NetworkShape): tfl.LayersModel {
  const { imagePooling, denseUnits, pooling } = options
  return buildFrameSequence({
    ...commonOptions(options, shape),
    inputShape: [null, shape.height, required(shape.width), shape.channels],
    convolutions: blocks(options, shape, 'rows'),
    imagePooling,
    denseUnits,
    pooling,
    padding: PADDING,
  })
}

function buildImageClassifier(options: NetworkOptions, shape: NetworkShape): tfl.LayersModel {
  const { walk, denseUnits, imagePooling, pooling, fusion, stepPixels } = options
  const common = commonOptions(options, shape)
  const inputShape: [number, number, number] = [shape.height, required(shape.width), shape.channels]
  const steps = { walk, ...(stepPixels !== undefined && { stepPixels }) }
  switch (options.network) {
    case 'crnn': {
      const timeAxis = walk === 'rows' ? 'rows' : 'columns'
      const convolutions = blocks(options, shape, timeAxis)
      return buildCrnn({ ...common, inputShape, timeAxis, convolutions, denseUnits, pooling })
    }
    case 'parallel': {
      const convolutions = blocks(options, shape, 'rows')
      return buildParallel({ ...common, ...steps, inputShape, convolutions, imagePooling, denseUnits, pooling, fusion })
    }
    case 'lstm':
      return buildImageLstm({ ...common, ...steps, inputShape, pooling })
    case 'hierarchical': {
      const [rowUnits, columnUnits = rowUnits, ...more] = options.lstmUnits
      if (rowUnits === undefined || columnUnits === undefined || more.length > 0)
        throw expected({
          doing: DOING,
          want: '1 or 2 numbers',
          of: `${flagOf('lstmUnits')} with ${flagOf('network')} hierarchical`,
          got: options.lstmUnits,
        })
      return buildHierarchicalLstm({ inputShape, rowUnits, columnUnits, head: common.head, seed: common.seed })
    }
  }
}

/** Columns of the image that become one step of a reader. */
export function columnsPerStep({ poolWidth }: Pick<ModelOptions, 'poolWidth'>): number {
  return poolWidth.reduce((product, pool) => product * pool, 1)
}

/** The convolution blocks; a pool is [time, the other axis]. */
function blocks(options: ModelOptions, { height, width }: NetworkShape, time: 'rows' | 'columns'): ConvolutionBlock[] {
  const { filters, kernelSize, poolWidth, poolHeight, convDropout } = options
  for (const [name, pools, size] of [
    ['poolWidth', poolWidth, width ?? Infinity],
    ['poolHeight', poolHeight, height],
  ] as const) {
    if (pools.length !== filters.length)
      throw expected({
        doing: DOING,
        want: `${filters.length} numbers (one for each block)`,
        of: flagOf(name),
        got: pools.join(','),
      })
    const pooled = pools.reduce((product, pool) => product * pool, 1)
    if (pooled > size)
      throw expected({
        doing: DOING,
        want: `a product of at most ${size} (the ${name === 'poolWidth' ? 'width' : 'height'} of images)`,
        of: flagOf(name),
        got: `${pools.join(',')} (${pooled})`,
        hint: 'Pool less, use fewer blocks (--filters), or larger images.',
      })
  }
  return filters.map((count, block) => {
    const [across, down] = [poolWidth[block] ?? 1, poolHeight[block] ?? 1]
    return {
      filters: count,
      kernelSize,
      pool: time === 'columns' ? [across, down] : [down, across],
      dropout: convDropout,
    }
  })
}

function requireOption(name: 'network' | 'walk', value: string, want: string, what: string): void {
  if (value !== want) throw expected({ doing: DOING, want, of: `${flagOf(name)} with ${what}`, got: value })
}

function required(width: number | null): number {
  if (width === null) throw new Error(`${DOING}: expected a fixed width for a classifier`)
  return width
}
