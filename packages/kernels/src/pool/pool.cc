// Pooling over windows of images whose channels lie last, by vectors of channels, and its gradients. Padding takes no part:
// neither in a maximum nor in the count of a mean.
#define POOL_SHAPE(NUMBER)                                                                                     \
  NUMBER(batch)                                                                                                \
  NUMBER(inHeight)                                                                                             \
  NUMBER(inWidth) NUMBER(channels) NUMBER(outHeight) NUMBER(outWidth) NUMBER(filterHeight) NUMBER(filterWidth) \
      NUMBER(strideHeight) NUMBER(strideWidth) NUMBER(padTop) NUMBER(padLeft)

struct PoolShape {
  int64_t batch, in_height, in_width, channels, out_height, out_width, filter_height, filter_width, stride_height, stride_width,
      pad_top, pad_left;
  bool disjoint() const { return stride_height >= filter_height && stride_width >= filter_width; }
};

template <class Args>
static PoolShape pool_shape(const Args& a) {
  const double sizes[] = {a.batch,        a.inHeight,    a.inWidth,      a.channels,    a.outHeight, a.outWidth,
                          a.filterHeight, a.filterWidth, a.strideHeight, a.strideWidth, a.padTop,    a.padLeft};
  int64_t n[12];
  for (int i = 0; i < 12; i++) n[i] = static_cast<int64_t>(sizes[i]);
  return {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11]};
}

// The part of window `at` that lies inside [0, size).
static Range pool_window(int64_t at, int64_t stride, int64_t pad, int64_t filter, int64_t size) {
  const int64_t begin = at * stride - pad;
  return {larger<int64_t>(0, begin), smaller(begin + filter, size)};
}

// f(output offset, rows, columns) for every window of images x output rows in [begin, end); offsets of pixels, not floats.
template <class F>
static void for_windows(const PoolShape& s, int64_t begin, int64_t end, F f) {
  for (int64_t line = begin; line < end; line++) {
    const int64_t image = line / s.out_height, row = line % s.out_height;
    const Range rows = pool_window(row, s.stride_height, s.pad_top, s.filter_height, s.in_height);
    for (int64_t col = 0; col < s.out_width; col++)
      f(line * s.out_width + col, image * s.in_height, rows,
        pool_window(col, s.stride_width, s.pad_left, s.filter_width, s.in_width));
  }
}

constexpr int64_t kPoolWorth = 1 << 14;  // floats below which one thread is faster

// The largest or the mean of each window, for images x output rows in [begin, end); from the last to the first, since what the
// kernel before this one wrote last is still in a cache.
template <bool kMean>
static void pool_lines(const PoolShape& s, const float* x, float* out, int64_t begin, int64_t end) {
  for (int64_t line = end - 1; line >= begin; line--)
    for_windows(s, line, line + 1, [&](int64_t at, int64_t first_row, Range rows, Range cols) {
      const int64_t count = larger<int64_t>(0, rows.end - rows.begin) * larger<int64_t>(0, cols.end - cols.begin);
      for_vectors(0, s.channels, [&](int64_t c, int n) __attribute__((always_inline)) {
        Vec result = kMean ? splat_zero() : splat(-INFINITY);
        for (int64_t y = rows.begin; y < rows.end; y++) {
          const float* from = x + ((first_row + y) * s.in_width + cols.begin) * s.channels + c;
          for (int64_t i = cols.begin; i < cols.end; i++, from += s.channels) {
            const Vec value = load_partial(from, n);
            result = kMean ? result + value : value > result ? value : result;
          }
        }
        store_partial(out + at * s.channels + c, kMean ? result / splat(static_cast<float>(count)) : result, n);
      });
    });
}

#define FIELDS(TENSOR, NUMBER) TENSOR(x) TENSOR(out) POOL_SHAPE(NUMBER) NUMBER(mean)
WEFT_KERNEL(pool, FIELDS) {
  const PoolShape s = pool_shape(args);
  const int64_t lines = s.batch * s.out_height;
  parallel_range(lines, 1, args.x.length < kPoolWorth ? lines + 1 : 0, [&](int64_t begin, int64_t end) {
    const auto run = args.mean != 0 ? pool_lines<true> : pool_lines<false>;
    run(s, args.x.f32(), args.out.f32(), begin, end);
  });
}
#undef FIELDS

// Each thread owns whole images, or rows of windows where windows do not overlap, or else a share of the channels: what it
// writes, nobody else does.
template <class F>
static void pool_backward(const PoolShape& s, float* dx, F window) {
  const int64_t row = s.in_width * s.channels, lines = s.batch * s.out_height;
  const int threads = s.batch * s.in_height * row < kPoolWorth ? 1 : thread_count();
  parallel(threads, [&](int thread, int count) {
    if (s.disjoint()) {
      const Range mine = share(lines, 1, thread, count);
      for (int64_t line = mine.begin; line < mine.end; line++) {
        // The input rows from this row of windows to the next; the first and the last also own what lies outside all windows.
        const int64_t image = line / s.out_height, at = line % s.out_height;
        const int64_t begin = at == 0 ? 0 : larger<int64_t>(0, at * s.stride_height - s.pad_top);
        const int64_t end = at + 1 == s.out_height ? s.in_height : smaller(s.in_height, (at + 1) * s.stride_height - s.pad_top);
        const bool covered = s.filter_height == s.stride_height && s.filter_width == s.stride_width && s.pad_top == 0 &&
                             s.pad_left == 0 && end - begin == s.filter_height && s.out_width * s.stride_width == s.in_width;
        if (!covered && end > begin)
          std::memset(dx + (image * s.in_height + begin) * row, 0, sizeof(float) * (end - begin) * row);
        for_windows(s, line, line + 1, [&](int64_t out, int64_t first_row, Range rows, Range cols) {
          window(out, first_row, rows, cols, Range{0, s.channels}, false);
        });
      }
      return;
    }
    const bool by_images = s.batch >= count;
    const Range images = by_images ? share(s.batch, 1, thread, count) : Range{0, s.batch};
    const Range channels = by_images ? Range{0, s.channels} : share(s.channels, kLanes, thread, count);
    if (channels.begin >= channels.end) return;
    for (int64_t pixel = images.begin * s.in_height * s.in_width; pixel < images.end * s.in_height * s.in_width; pixel++)
      std::memset(dx + pixel * s.channels + channels.begin, 0, sizeof(float) * (channels.end - channels.begin));
    for_windows(
        s, images.begin * s.out_height, images.end * s.out_height,
        [&](int64_t out, int64_t first_row, Range rows, Range cols) { window(out, first_row, rows, cols, channels, true); });
  });
}

// The gradient of a maximum goes to the first of the largest values, as in TensorFlow.js.
#define FIELDS(TENSOR, NUMBER) TENSOR(x) TENSOR(dy) TENSOR(dx) POOL_SHAPE(NUMBER)
WEFT_KERNEL(max_pool_gradient, FIELDS) {
  const PoolShape s = pool_shape(args);
  const float *x = args.x.f32(), *dy = args.dy.f32();
  float* dx = args.dx.f32();
  pool_backward(s, dx, [&](int64_t at, int64_t first_row, Range rows, Range cols, Range channels, bool add) {
    for_vectors(channels.begin, channels.end, [&](int64_t c, int n) __attribute__((always_inline)) {
      const auto offset = [&](int64_t y, int64_t i) { return ((first_row + y) * s.in_width + i) * s.channels + c; };
      Vec best = splat(-INFINITY);
      VecInt place = VecInt{} - 1, index = VecInt{};
      for (int64_t y = rows.begin; y < rows.end; y++)
        for (int64_t i = cols.begin; i < cols.end; i++, index += 1) {
          const Vec value = load_partial(x + offset(y, i), n);
          const VecInt more = value > best;
          best = more ? value : best;
          place = more ? index : place;
        }
      const Vec gradient = load_partial(dy + at * s.channels + c, n);
      index = VecInt{};
      for (int64_t y = rows.begin; y < rows.end; y++)
        for (int64_t i = cols.begin; i < cols.end; i++, index += 1) {
          const Vec part = place == index ? gradient : splat_zero();
          float* to = dx + offset(y, i);
          store_partial(to, add ? load_partial(to, n) + part : part, n);
        }
    });
  });
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER) TENSOR(dy) TENSOR(dx) POOL_SHAPE(NUMBER)
WEFT_KERNEL(average_pool_gradient, FIELDS) {
  const PoolShape s = pool_shape(args);
  const float* dy = args.dy.f32();
  float* dx = args.dx.f32();
  pool_backward(s, dx, [&](int64_t at, int64_t first_row, Range rows, Range cols, Range channels, bool add) {
    const float count = static_cast<float>((rows.end - rows.begin) * (cols.end - cols.begin));
    for_vectors(channels.begin, channels.end, [&](int64_t c, int n) __attribute__((always_inline)) {
      const Vec part = load_partial(dy + at * s.channels + c, n) / splat(count);
      for (int64_t y = rows.begin; y < rows.end; y++)
        for (int64_t i = cols.begin; i < cols.end; i++) {
          float* to = dx + ((first_row + y) * s.in_width + i) * s.channels + c;
          store_partial(to, add ? load_partial(to, n) + part : part, n);
        }
    });
  });
}
#undef FIELDS
#undef POOL_SHAPE
