// Pooling over windows of images or volumes whose channels lie last, by vectors of channels, and its gradients. An image is a
// volume of one plane. Padding takes no part: neither in a maximum nor in the count of a mean.
#define POOL_SHAPE(NUMBER)                                                                                          \
  NUMBER(batch)                                                                                                     \
  NUMBER(inHeight)                                                                                                  \
  NUMBER(inWidth)                                                                                                   \
  NUMBER(channels)                                                                                                  \
  NUMBER(outHeight)                                                                                                 \
  NUMBER(outWidth) NUMBER(filterHeight) NUMBER(filterWidth) NUMBER(strideHeight) NUMBER(strideWidth) NUMBER(padTop) \
      NUMBER(padLeft) NUMBER(inDepth) NUMBER(outDepth) NUMBER(filterDepth) NUMBER(strideDepth) NUMBER(padFront)

// One axis: windows, and the positions they lie over.
struct PoolAxis {
  int64_t in, out, filter, stride, pad;
  bool disjoint() const { return stride >= filter; }
  // The part of window `at` that lies inside.
  Range window(int64_t at) const {
    const int64_t begin = at * stride - pad;
    return {larger<int64_t>(0, begin), smaller(begin + filter, in)};
  }
  // The positions from this window to the next; the first and the last also own what lies outside all windows.
  Range owned(int64_t at) const {
    return {at == 0 ? 0 : larger<int64_t>(0, at * stride - pad), at + 1 == out ? in : smaller(in, (at + 1) * stride - pad)};
  }
  // Whether windows leave no position out.
  bool covered() const { return filter == stride && pad == 0 && out * stride == in; }
};

struct PoolShape {
  int64_t batch, channels;
  PoolAxis planes, rows, cols;
  bool disjoint() const { return planes.disjoint() && rows.disjoint() && cols.disjoint(); }
  bool covered() const { return planes.covered() && rows.covered() && cols.covered(); }
  // Rows of windows: volumes x planes x rows.
  int64_t lines() const { return batch * planes.out * rows.out; }
  int64_t pixels() const { return batch * planes.in * rows.in * cols.in; }
};

template <class Args>
static PoolShape pool_shape(const Args& a) {
  const auto axis = [](double in, double out, double filter, double stride, double pad) {
    return PoolAxis{static_cast<int64_t>(in), static_cast<int64_t>(out), static_cast<int64_t>(filter),
                    static_cast<int64_t>(stride), static_cast<int64_t>(pad)};
  };
  return {static_cast<int64_t>(a.batch), static_cast<int64_t>(a.channels),
          axis(a.inDepth, a.outDepth, a.filterDepth, a.strideDepth, a.padFront),
          axis(a.inHeight, a.outHeight, a.filterHeight, a.strideHeight, a.padTop),
          axis(a.inWidth, a.outWidth, a.filterWidth, a.strideWidth, a.padLeft)};
}

// One window: its output, and where its part inside the input begins, as offsets of a pixel's first float; how many planes, rows
// and columns it has there, and how far apart they are.
struct PoolWindow {
  int64_t out, first, planes, rows, cols, plane_step, row_step, step;

  int64_t count() const { return planes * rows * cols; }
  // f(offset) for its pixels in the order of memory.
  template <class F>
  WEFT_INLINE void for_pixels(F f) const {
    for (int64_t p = 0; p < planes; p++)
      for (int64_t y = 0; y < rows; y++) {
        int64_t at = first + p * plane_step + y * row_step;
        for (int64_t i = 0; i < cols; i++, at += step) f(at);
      }
  }
};

// f(window) for every window of the rows of windows in [begin, end).
template <class F>
WEFT_INLINE void for_windows(const PoolShape& s, int64_t begin, int64_t end, F f) {
  const auto length = [](Range range) { return larger<int64_t>(0, range.end - range.begin); };
  const int64_t step = s.channels, row_step = s.cols.in * step, plane_step = s.rows.in * row_step;
  for (int64_t line = begin; line < end; line++) {
    const int64_t volume = line / (s.planes.out * s.rows.out);
    const Range planes = s.planes.window(line / s.rows.out % s.planes.out), rows = s.rows.window(line % s.rows.out);
    const int64_t first = (volume * s.planes.in + planes.begin) * plane_step + rows.begin * row_step;
    for (int64_t col = 0; col < s.cols.out; col++) {
      const Range cols = s.cols.window(col);
      f(PoolWindow{(line * s.cols.out + col) * step, first + cols.begin * step, length(planes), length(rows), length(cols),
                   plane_step, row_step, step});
    }
  }
}

constexpr int64_t kPoolWorth = 1 << 14;  // floats below which one thread is faster

// The largest or the mean of each window, for rows of windows in [begin, end); from the last to the first, since what the kernel
// before this one wrote last is still in a cache.
template <bool kMean>
static void pool_lines(const PoolShape& s, const float* x, float* out, int64_t begin, int64_t end) {
  for (int64_t line = end - 1; line >= begin; line--)
    for_windows(s, line, line + 1, [&](const PoolWindow& window) __attribute__((always_inline)) {
      const int64_t count = window.count();
      for_vectors(0, s.channels, [&](int64_t c, int n) __attribute__((always_inline)) {
        Vec result = kMean ? splat_zero() : splat(-INFINITY);
        window.for_pixels([&](int64_t pixel) __attribute__((always_inline)) {
          const Vec value = load_partial(x + pixel + c, n);
          result = kMean ? result + value : value > result ? value : result;
        });
        store_partial(out + window.out + c, kMean ? result / splat(static_cast<float>(count)) : result, n);
      });
    });
}

#define FIELDS(TENSOR, NUMBER)           \
  TENSOR(x)   /* [B, D', H', W', C] */   \
  TENSOR(out) /* out: [B, D, H, W, C] */ \
  POOL_SHAPE(NUMBER) NUMBER(mean)
WEFT_KERNEL(pool, FIELDS) {
  const PoolShape s = pool_shape(args);
  const int64_t lines = s.lines();
  parallel_range(lines, 1, args.x.length < kPoolWorth ? lines + 1 : 0, [&](int64_t begin, int64_t end) {
    const auto run = args.mean != 0 ? pool_lines<true> : pool_lines<false>;
    run(s, args.x.f32(), args.out.f32(), begin, end);
  });
}
#undef FIELDS

// Zero in the input rows that a row of windows owns.
static void clear_owned(const PoolShape& s, int64_t line, float* dx) {
  const int64_t volume = line / (s.planes.out * s.rows.out), row = s.cols.in * s.channels;
  const Range planes = s.planes.owned(line / s.rows.out % s.planes.out), rows = s.rows.owned(line % s.rows.out);
  if (rows.end <= rows.begin) return;
  for (int64_t p = planes.begin; p < planes.end; p++)
    std::memset(dx + ((volume * s.planes.in + p) * s.rows.in + rows.begin) * row, 0,
                sizeof(float) * (rows.end - rows.begin) * row);
}

// window(window, channels, add) for every window. Each thread owns rows of windows where windows do not overlap, or else whole
// volumes or a share of the channels: what it writes, nobody else does.
template <class F>
static void pool_backward(const PoolShape& s, float* dx, F window) {
  const int threads = s.pixels() * s.channels < kPoolWorth ? 1 : thread_count();
  parallel(threads, [&](int thread, int count) {
    if (s.disjoint()) {
      const Range mine = share(s.lines(), 1, thread, count);
      // From the last to the first, as above.
      for (int64_t line = mine.end - 1; line >= mine.begin; line--) {
        if (!s.covered()) clear_owned(s, line, dx);
        for_windows(s, line, line + 1, [&](const PoolWindow& at) { window(at, Range{0, s.channels}, false); });
      }
      return;
    }
    const bool by_volumes = s.batch >= count;
    const Range volumes = by_volumes ? share(s.batch, 1, thread, count) : Range{0, s.batch};
    const Range channels = by_volumes ? Range{0, s.channels} : share(s.channels, kLanes, thread, count);
    if (channels.begin >= channels.end) return;
    const int64_t pixels = s.planes.in * s.rows.in * s.cols.in, lines = s.planes.out * s.rows.out;
    for (int64_t pixel = volumes.begin * pixels; pixel < volumes.end * pixels; pixel++)
      std::memset(dx + pixel * s.channels + channels.begin, 0, sizeof(float) * (channels.end - channels.begin));
    for_windows(s, volumes.begin * lines, volumes.end * lines, [&](const PoolWindow& at) { window(at, channels, true); });
  });
}

// The gradient of a maximum goes to the first of the largest values, as in TensorFlow.js.
#define FIELDS(TENSOR, NUMBER)             \
  TENSOR(x)  /* [B, D', H', W', C] */      \
  TENSOR(dy) /* [B, D, H, W, C] */         \
  TENSOR(dx) /* out: [B, D', H', W', C] */ \
  POOL_SHAPE(NUMBER)
WEFT_KERNEL(max_pool_gradient, FIELDS) {
  const PoolShape s = pool_shape(args);
  const float *x = args.x.f32(), *dy = args.dy.f32();
  float* dx = args.dx.f32();
  pool_backward(s, dx, [&](const PoolWindow& window, Range channels, bool add) {
    for_vectors(channels.begin, channels.end, [&](int64_t c, int n) __attribute__((always_inline)) {
      Vec best = splat(-INFINITY);
      VecInt place = VecInt{} - 1, index = VecInt{};
      window.for_pixels([&](int64_t pixel) __attribute__((always_inline)) {
        const Vec value = load_partial(x + pixel + c, n);
        const VecInt more = value > best;
        best = more ? value : best;
        place = more ? index : place;
        index += 1;
      });
      const Vec gradient = load_partial(dy + window.out + c, n);
      index = VecInt{};
      window.for_pixels([&](int64_t pixel) __attribute__((always_inline)) {
        const Vec part = place == index ? gradient : splat_zero();
        float* to = dx + pixel + c;
        store_partial(to, add ? load_partial(to, n) + part : part, n);
        index += 1;
      });
    });
  });
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)             \
  TENSOR(dy) /* [B, D, H, W, C] */         \
  TENSOR(dx) /* out: [B, D', H', W', C] */ \
  POOL_SHAPE(NUMBER)
WEFT_KERNEL(average_pool_gradient, FIELDS) {
  const PoolShape s = pool_shape(args);
  const float* dy = args.dy.f32();
  float* dx = args.dx.f32();
  pool_backward(s, dx, [&](const PoolWindow& window, Range channels, bool add) {
    const float count = static_cast<float>(window.count());
    for_vectors(channels.begin, channels.end, [&](int64_t c, int n) __attribute__((always_inline)) {
      const Vec part = load_partial(dy + window.out + c, n) / splat(count);
      window.for_pixels([&](int64_t pixel) __attribute__((always_inline)) {
        float* to = dx + pixel + c;
        store_partial(to, add ? load_partial(to, n) + part : part, n);
      });
    });
  });
}
#undef FIELDS
#undef POOL_SHAPE
