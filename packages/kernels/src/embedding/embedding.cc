// Rows of a table by index, and the gradient of that: rows added up by index.

// out [batch, outer, count, width] from x [batch, outer, dim, width] and indices [batch, count].
#define FIELDS(TENSOR, NUMBER)                            \
  TENSOR(x)       /* [batch, outer, dim, width] */        \
  TENSOR(indices) /* [batch, count] int32 */              \
  TENSOR(out)     /* out: [batch, outer, count, width] */ \
  NUMBER(batch) NUMBER(outer) NUMBER(dim) NUMBER(count) NUMBER(width)
WEFT_KERNEL(gather, FIELDS) {
  const int64_t outer = args.outer, dim = args.dim, count = args.count, width = args.width;
  const int32_t* indices = args.indices.i32();
  parallel_range(static_cast<int64_t>(args.batch) * outer * count, 1, (1 << 15) / larger<int64_t>(width, 1) + 1,
                 [&](int64_t begin, int64_t end) {
                   for (int64_t row = begin; row < end; row++) {
                     const int64_t block = row / count, index = indices[block / outer * count + row % count];
                     std::memcpy(args.out.f32() + row * width, args.x.f32() + (block * dim + index) * width,
                                 sizeof(float) * width);
                   }
                 });
}
#undef FIELDS

// out [segments, width]: the rows of x [count, width] whose id it is, added in their order. Other ids are dropped. Each thread
// adds for segments of its own, so the bits do not depend on how many there are.
#define FIELDS(TENSOR, NUMBER)             \
  TENSOR(x)   /* [count, width] */         \
  TENSOR(ids) /* [count] int32 */          \
  TENSOR(out) /* out: [segments, width] */ \
  NUMBER(width)
WEFT_KERNEL(segment_sum, FIELDS) {
  const int64_t width = args.width, segments = width == 0 ? 0 : args.out.length / width;
  const int32_t* ids = args.ids.i32();
  parallel_range(segments, 1, args.x.length < (1 << 15) ? segments + 1 : 1, [&](int64_t begin, int64_t end) {
    std::memset(args.out.f32() + begin * width, 0, sizeof(float) * (end - begin) * width);
    for (int64_t row = 0; row < args.ids.length; row++) {
      if (ids[row] < begin || ids[row] >= end) continue;
      const float* from = args.x.f32() + row * width;
      float* to = args.out.f32() + ids[row] * width;
      for_vectors(0, width,
                  [&](int64_t i, int n) { store_partial(to + i, load_partial(to + i, n) + load_partial(from + i, n), n); });
    }
  });
}
#undef FIELDS

// The same where few of many segments occur: `out` is zero when it comes, only the rows of ids that occur are touched, and each
// of these ids is written to `rows` once, their number to found[0]. Threads take ids in turn, so that frequent ones, which often
// are neighbours, are shared; each row is added up in the order of its ids.
#define FIELDS(TENSOR, NUMBER)                                          \
  TENSOR(x)     /* [count, width] */                                    \
  TENSOR(ids)   /* [count] int32 */                                     \
  TENSOR(out)   /* in and out: [segments, width], zero when it comes */ \
  TENSOR(rows)  /* out: [count] int32, the first found[0] of them */    \
  TENSOR(found) /* out: [1] int32 */                                    \
  NUMBER(width)
WEFT_KERNEL(segment_sum_rows, FIELDS) {
  const int64_t width = args.width, count = args.ids.length, segments = width == 0 ? 0 : args.out.length / width;
  const int32_t* ids = args.ids.i32();
  const size_t words = segments / 32 + 1;
  uint32_t* seen = reinterpret_cast<uint32_t*>(scratch(0, weft::kSlotKernel, words));
  std::memset(seen, 0, words * sizeof(uint32_t));
  int32_t found = 0;
  for (int64_t i = 0; i < count; i++) {
    const int32_t id = ids[i];
    if (id < 0 || id >= segments || (seen[id / 32] >> id % 32 & 1)) continue;
    seen[id / 32] |= 1u << id % 32;
    args.rows.i32()[found++] = id;
  }
  args.found.i32()[0] = found;
  parallel(args.x.length < (1 << 15) ? 1 : thread_count(), [&](int thread, int threads) {
    for (int64_t i = 0; i < count; i++) {
      if (ids[i] < 0 || ids[i] >= segments || ids[i] % threads != thread) continue;
      const float* from = args.x.f32() + i * width;
      float* to = args.out.f32() + ids[i] * width;
      for_vectors(0, width,
                  [&](int64_t j, int n) { store_partial(to + j, load_partial(to + j, n) + load_partial(from + j, n), n); });
    }
  });
}
#undef FIELDS
