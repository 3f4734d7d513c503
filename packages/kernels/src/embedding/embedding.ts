/**
 * Rows of a table by index (`GatherV2`), and the sum of rows by index (`UnsortedSegmentSum`), which is its gradient. That gradient
 * is a tensor of the table's shape, but where the table is much larger than the batch only the rows that occur are touched: the
 * others lie in a buffer that was zero before and, since those rows are cleared when the tensor goes, is again afterwards.
 * Optimizers to which a gradient of zero means no change update these rows alone.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { copyable, memoryLike } from '../copy/strided-copy.js'
import { entry } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../shape.js'

const gatherEntry = entry('gather', ['x', 'indices', 'out'], ['batch', 'outer', 'dim', 'count', 'width'])
const segmentSumEntry = entry('segment_sum', ['x', 'ids', 'out'], ['width'])
const segmentSumRowsEntry = entry('segment_sum_rows', ['x', 'ids', 'out', 'rows', 'found'], ['width'])

/** Clearing a smaller result costs less than keeping an account of its rows. */
const SPARSE_FROM = 1 << 15
/** How many segments there are for each id, at least, for most of them not to occur. */
const SPARSE_RATIO = 2

const gather = overrideKernel<tf.GatherV2Inputs, tf.GatherV2Attrs>({
  kernelName: tf.GatherV2,
  entries: [gatherEntry],
  run({ inputs: { x, indices }, attrs, executor }) {
    const memory = copyable(executor, x)
    if (!x || !indices || !memory || executor.typeOf(memory) === 'bool') return undefined
    const ids = executor.block(indices)
    if (executor.typeOf(ids) !== 'int32') return undefined
    const [axis = 0] = tf.util.parseAxisParam(attrs.axis, x.shape)
    const info = tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, attrs.batchDims ?? 0)
    // The displaced kernel words the error for an index that is not there.
    for (const index of executor.read(ids)) if (index < 0 || index >= info.dimSize) return undefined
    const out = memoryLike(executor, memory, info.outputShape)
    if (out.length > 0)
      executor.run(gatherEntry, {
        x: memory,
        indices: ids,
        out,
        batch: info.batchSize,
        outer: info.outerSize,
        dim: info.dimSize,
        count: ids.length / info.batchSize,
        width: info.sliceSize,
      })
    return executor.tensor(out, info.outputShape, x.dtype)
  },
})

const segmentSum = overrideKernel<tf.UnsortedSegmentSumInputs, tf.UnsortedSegmentSumAttrs>({
  kernelName: tf.UnsortedSegmentSum,
  entries: [segmentSumEntry, segmentSumRowsEntry],
  run({ inputs: { x, segmentIds }, attrs: { numSegments }, executor }) {
    if (x?.dtype !== 'float32' || segmentIds?.shape.length !== 1) return undefined
    const ids = executor.block(segmentIds)
    if (executor.typeOf(ids) !== 'int32') return undefined
    const width = sizeOf(x.shape, 1)
    const shape = [numSegments, ...x.shape.slice(1)]
    if (numSegments * width < SPARSE_FROM || numSegments < SPARSE_RATIO * ids.length) {
      const out = executor.take(numSegments * width)
      executor.run(segmentSumEntry, { x: executor.floats(x), ids, out, width })
      return executor.tensor(out, shape)
    }
    const out = executor.takeZeros(numSegments * width)
    const rows = executor.take(ids.length, 'int32')
    const found = executor.take(1, 'int32')
    executor.run(segmentSumRowsEntry, { x: executor.floats(x), ids, out, rows, found, width })
    const [count] = executor.read(found)
    return executor.tensorOfRows(out, shape, Int32Array.from(executor.read(rows).subarray(0, count)))
  },
})

export const embeddingKernels: readonly Kernel[] = [gather, segmentSum]
