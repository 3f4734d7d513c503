/** Rows of a table by index (`GatherV2`), and the sum of rows by index (`UnsortedSegmentSum`), which is its gradient. */
import * as tf from '@tensorflow/tfjs-core'
import { copyable, memoryLike, tensorOver } from '../copy/strided-copy.js'
import { nativeFunction } from '../binding.js'
import { type NativeKernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../nest.js'

const gatherNative = nativeFunction('gather', ['x', 'indices', 'out'], ['batch', 'outer', 'dim', 'count', 'width'])
const segmentSumNative = nativeFunction('segment_sum', ['x', 'ids', 'out'], ['width'])

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
    const out = backend.take(numSegments * width)
    segmentSumNative({ x: backend.array(x), ids, out, width })
    return backend.wrap(out, [numSegments, ...x.shape.slice(1)])
  },
})

export const embeddingKernels: readonly NativeKernel[] = [gather, segmentSum]
