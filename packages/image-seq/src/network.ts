/**
 * The network that the options describe, with new weights: which of core's builders, and with which sizes. A reader is a CRNN over
 * columns that ends in CTC; a classifier is any of the networks; image sequences run the CRNN's convolutions on every frame.
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

/** What a network sees and says. */
export interface NetworkShape {
  readonly task: ImageTask
  /** Whether an item is a sequence of images. */
  readonly frames: boolean
  readonly height: number
  /** Null: any width. */
  readonly width: number | null
  readonly channels: number
  /** Classes, or for a reader the symbols and the blank. */
  readonly outputs: number
}

/** Marks padded columns and frames: no pixel is this after normalisation. */
export const PADDING = -10_000

const DOING = 'building the network'

/** @throws UserError for options that do not go together, named as flags. */
export function buildNetwork(options: ModelOptions & { readonly seed: number }, shape: NetworkShape): tfl.LayersModel {
  const { network, walk, seed, denseUnits, imagePooling } = options
  const { task, frames, height, width, channels, outputs } = shape
  if (task === 'read' || frames) requireOption('network', network, 'crnn', task === 'read' ? 'texts' : 'frames')
  if (task === 'read') requireOption('walk', walk, 'columns', 'texts')
  if (network === 'crnn' && walk === 'hilbert')
    throw expected({ doing: DOING, want: 'columns or rows for the network crnn', of: flagOf('walk'), got: walk })
  const head = { units: outputs, dropout: options.headDropout }
  const recurrent = {
    units: options.lstmUnits,
    bidirectional: options.bidirectional,
    dropout: options.lstmDropout,
  }
  if (task === 'read') {
    return buildCrnn({
      inputShape: [height, width, channels],
      timeAxis: 'columns',
      convolutions: blocks(options, shape, 'columns'),
      denseUnits,
      recurrent,
      head: { ...head, ctc: true },
      padding: PADDING,
      seed,
      name: 'reader',
    })
  }
  const { pooling } = options
  const image = { height, width: required(width), channels }
  if (frames) {
    return buildFrameSequence({
      inputShape: [null, image.height, image.width, channels],
      convolutions: blocks(options, shape, 'rows'),
      imagePooling,
      denseUnits,
      recurrent,
      pooling,
      head,
      padding: PADDING,
      seed,
    })
  }
  const inputShape: [number, number, number] = [image.height, image.width, channels]
  switch (network) {
    case 'crnn':
      return buildCrnn({
        inputShape,
        timeAxis: walk === 'rows' ? 'rows' : 'columns',
        convolutions: blocks(options, shape, walk === 'rows' ? 'rows' : 'columns'),
        denseUnits,
        recurrent,
        pooling,
        head,
        seed,
      })
    case 'parallel':
      return buildParallel({
        inputShape,
        convolutions: blocks(options, shape, 'rows'),
        imagePooling,
        denseUnits,
        walk,
        ...(options.stepPixels !== undefined && { stepPixels: options.stepPixels }),
        recurrent,
        pooling,
        fusion: options.fusion,
        head,
        seed,
      })
    case 'lstm':
      return buildImageLstm({
        inputShape,
        walk,
        ...(options.stepPixels !== undefined && { stepPixels: options.stepPixels }),
        recurrent,
        pooling,
        head,
        seed,
      })
    case 'hierarchical': {
      const [rowUnits, columnUnits = rowUnits, ...more] = options.lstmUnits
      if (rowUnits === undefined || columnUnits === undefined || more.length > 0)
        throw expected({
          doing: DOING,
          want: '1 or 2 numbers for the network hierarchical',
          of: flagOf('lstmUnits'),
          got: options.lstmUnits,
        })
      return buildHierarchicalLstm({ inputShape, rowUnits, columnUnits, head, seed })
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
        want: `${filters.length} numbers, one for each of the filters,`,
        of: flagOf(name),
        got: pools.join(','),
      })
    const pooled = pools.reduce((product, pool) => product * pool, 1)
    if (pooled > size)
      throw expected({
        doing: DOING,
        want: `pooling by at most ${size} together, the image's ${name === 'poolWidth' ? 'width' : 'height'},`,
        of: flagOf(name),
        got: `${pools.join(',')}, which is ${pooled}`,
        hint: 'Pool less, use fewer blocks (--filters), or take larger images.',
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

function requireOption(name: 'network' | 'walk', value: string, wanted: string, what: string): void {
  if (value !== wanted)
    throw expected({ doing: DOING, want: `${wanted}, which ${what} need,`, of: flagOf(name), got: value })
}

function required(width: number | null): number {
  if (width === null) throw new Error(`${DOING}: expected a fixed width for a classifier`)
  return width
}
