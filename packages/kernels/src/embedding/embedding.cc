// Rows of a table by index, and the gradient of that: rows added up by index.

// out [batch, outer, count, width] from x [batch, outer, dim, width] and indices [batch, count].
#define FIELDS(TENSOR, NUMBER) \
  TENSOR(x) TENSOR(indices) TENSOR(out) NUMBER(batch) NUMBER(outer) NUMBER(dim) NUMBER(count) NUMBER(width)
WEFT_KERNEL(gather, FIELDS) {
  const int64_t outer = args.outer, dim = args.dim, count = args.count, width = args.width;
  const int32_t* indices = args.indices.i32();
  parallel_range(static_cast<int64_t>(args.batch) * outer * count, 1, (1 << 15) / larger<int64_t>(width, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t block = row / count, index = indices[block / outer * count + row % count];
      std::memcpy(args.out.f32() + row * width, args.x.f32() + (block * dim + index) * width, sizeof(float) * width);
    }
  });
}
#undef FIELDS

// out [segments, width]: the rows of x [count, width] whose id it is, added in their order. Other ids are dropped. Each thread adds
// for segments of its own, so the bits do not depend on how many there are.
#define FIELDS(TENSOR, NUMBER) TENSOR(x) TENSOR(ids) TENSOR(out) NUMBER(width)
WEFT_KERNEL(segment_sum, FIELDS) {
  const int64_t width = args.width, segments = width == 0 ? 0 : args.out.length / width;
  const int32_t* ids = args.ids.i32();
  parallel_range(segments, 1, args.x.length < (1 << 15) ? segments + 1 : 1, [&](int64_t begin, int64_t end) {
    std::memset(args.out.f32() + begin * width, 0, sizeof(float) * (end - begin) * width);
    for (int64_t row = 0; row < args.ids.length; row++) {
      if (ids[row] < begin || ids[row] >= end) continue;
      const float* from = args.x.f32() + row * width;
      float* to = args.out.f32() + ids[row] * width;
      for_vectors(0, width, [&](int64_t i, int n) { store_partial(to + i, load_partial(to + i, n) + load_partial(from + i, n), n); });
    }
  });
}
#undef FIELDS
