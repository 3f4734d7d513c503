// Copies between strided arrays: transpositions, slices, concatenation, padding, tiling and reversal are all this one kernel with
// another layout. `layout` is a Nest in the order of the output: dimensions, strides of x (0 repeats, negative goes backwards), of out.
constexpr int64_t kTile = 16;

// The loops of `last` (contiguous in out) and `across` (contiguous in x), in tiles that fit the nearest cache.
template <class T>
static void copy_transposed(const T* x, T* out, const Nest& nest, int across) {
  const int last = nest.rank - 1;
  // The walk's loops: all but these two.
  Nest outer = nest;
  for (int i = across; i < last - 1; i++) outer.dims[i] = nest.dims[i + 1], outer.a[i] = nest.a[i + 1], outer.b[i] = nest.b[i + 1];
  const int64_t height = nest.dims[across], width = nest.dims[last], step_x = nest.a[last], step_out = nest.b[across];
  const int64_t tiles = (height + kTile - 1) / kTile, items = nest.count(nest.rank) / (height * width);
  parallel_range(items * tiles, 1, (1 << 15) / (kTile * width) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const Walk walk(outer, last - 1, unit / tiles);
      const int64_t top = unit % tiles * kTile, bottom = smaller(top + kTile, height);
      for (int64_t left = 0; left < width; left += kTile) {
        const int64_t right = smaller(left + kTile, width);
        const T* from = x + walk.a + top;
        T* to = out + walk.b + top * step_out;
        if (bottom - top == kTile && right - left == kTile) {
          // Each line of x is read once: lines a power of two apart would throw one another out of the cache.
          T tile[kTile][kTile];
          for (int j = 0; j < kTile; j++) std::memcpy(tile[j], from + (left + j) * step_x, sizeof(tile[j]));
          for (int i = 0; i < kTile; i++)
            for (int j = 0; j < kTile; j++) to[i * step_out + left + j] = tile[j][i];
        } else {
          for (int64_t i = 0; i < bottom - top; i++)
            for (int64_t j = left; j < right; j++) to[i * step_out + j] = from[i + j * step_x];
        }
      }
    }
  });
}

template <class T>
static void copy_strided(const T* x, T* out, const Nest& nest) {
  const int last = nest.rank - 1;
  const int64_t rows = nest.count(last), width = nest.dims[last], step_x = nest.a[last], step_out = nest.b[last];
  if (rows * width == 0) return;
  if (step_out == 1 && step_x > 1)
    for (int across = last - 1; across >= 0; across--)
      if (nest.a[across] == 1 && nest.dims[across] >= 4) return copy_transposed(x, out, nest, across);
  parallel_range(rows, 1, (1 << 15) / width + 1, [&](int64_t begin, int64_t end) {
    Walk walk(nest, last, begin);
    for (int64_t row = begin; row < end; row++, walk.next()) {
      const T* from = x + walk.a;
      T* to = out + walk.b;
      if (step_x == 1 && step_out == 1 && width > 16) std::memcpy(to, from, sizeof(T) * width);
      else if (step_x == 0 && step_out == 1) for (int64_t i = 0; i < width; i++) to[i] = *from;
      else for (int64_t i = 0; i < width; i++) to[i * step_out] = from[i * step_x];
    }
  });
}

#define FIELDS(TENSOR, NUMBER)                   \
  TENSOR(x)      /* [n] of 1 or 4 bytes */       \
  TENSOR(out)    /* out: [n] of as many bytes */ \
  TENSOR(layout) /* [3, 8] int32 */              \
  NUMBER(rank) NUMBER(xOffset) NUMBER(outOffset) NUMBER(bytes)
WEFT_KERNEL(copy, FIELDS) {
  const Nest nest(args.layout.i32(), args.rank);
  const int64_t x_offset = args.xOffset, out_offset = args.outOffset;
  if (args.bytes == 1) copy_strided(args.x.u8() + x_offset, args.out.u8() + out_offset, nest);
  else copy_strided(args.x.i32() + x_offset, args.out.i32() + out_offset, nest);
}
#undef FIELDS
