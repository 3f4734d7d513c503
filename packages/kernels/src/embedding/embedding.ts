/**
 * Rows of a table by index (`GatherV2`), and the sum of rows by index (`UnsortedSegmentSum`), which is its gradient. That gradient
 * is a tensor of the table's shape, but where the table is much larger than the batch only the rows that occur are touched: the
 * others lie in a buffer that was zero before and, since those rows are cleared when the tensor goes, is again afterwards.
 * Optimizers to which a gradient of zero means no change update these rows alone.
 */
import * as tf from '@tensorflow/tfjs-core'
import { copyable, memoryLike, tensorOver } from '../copy/strided-copy.js'
import { nativeFunction } from '../binding.js'
import { type NativeKernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../nest.js'

const gatherNative = nativeFunction('gather', ['x', 'indices', 'out'], ['batch', 'outer', 'dim', 'count', 'width'])
const segmentSumNative = nativeFunction('segment_sum', ['x', 'ids', 'out'], ['width'])
const segmentSumRowsNative = nativeFunction('segment_sum_rows', ['x', 'ids', 'out', 'rows', 'found'], ['width'])

/** Clearing a smaller result costs less than keeping an account of its rows. */
const SPARSE_FROM = 1 << 15
/** How many segments there are for each id, at least, for most of them not to occur. */
const SPARSE_RATIO = 2

const gather = overrideKernel<tf.GatherV2Inputs, tf.GatherV2Attrs>({
  kernelName: tf.GatherV2,
  run({ inputs: { x, indices }, attrs, backend }) {
    const memory = copyable(backend, x)
    if (!x || !indices || memory?.BYTES_PER_ELEMENT !== 4) return undefined
    const ids = backend.memoryOf(indices)
    if (!(ids instanceof Int32Array)) return undefined
    const [axis = 0] = tf.util.parseAxisParam(attrs.axis, x.shape)
    const info = tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, attrs.batchDims ?? 0)
    // The displaced kernel words the error for an index that is not there.
    for (const index of ids) if (index < 0 || index >= info.dimSize) return undefined
    const out = memoryLike(backend, memory, info.outputShape)
    if (out.length > 0)
      gatherNative({
        x: memory,
        indices: ids,
        out,
        batch: info.batchSize,
        outer: info.outerSize,
        dim: info.dimSize,
        count: ids.length / info.batchSize,
        width: info.sliceSize,
      })
    return tensorOver(backend, out, info.outputShape, x.dtype)
  },
})

const segmentSum = overrideKernel<tf.UnsortedSegmentSumInputs, tf.UnsortedSegmentSumAttrs>({
  kernelName: tf.UnsortedSegmentSum,
  run({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) {
    if (x?.dtype !== 'float32' || segmentIds?.shape.length !== 1) return undefined
    const ids = backend.memoryOf(segmentIds)
    if (!(ids instanceof Int32Array)) return undefined
    const width = sizeOf(x.shape, 1)
    const shape = [numSegments, ...x.shape.slice(1)]
    if (numSegments * width < SPARSE_FROM || numSegments < SPARSE_RATIO * ids.length) {
      const out = backend.take(numSegments * width)
      segmentSumNative({ x: backend.array(x), ids, out, width })
      return backend.wrap(out, shape)
    }
    const out = backend.takeZeros(numSegments * width)
    const rows = new Int32Array(ids.length)
    const found = new Int32Array(1)
    segmentSumRowsNative({ x: backend.array(x), ids, out, rows, found, width })
    return backend.wrapRows(out, shape, rows.subarray(0, found[0]))
  },
})

export const embeddingKernels: readonly NativeKernel[] = [gather, segmentSum]
