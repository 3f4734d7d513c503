// Batch normalisation over all axes but the last. The tensor is walked in wide rows, each a whole number of vectors and a whole
// number of pixels (the last may be cut short), so that any number of channels fills the vectors; what belongs to a channel is
// spread to the width of such a row.
struct WideRows {
  int64_t channels, width, full, length;  // floats of a wide row, how many whole ones, floats in all

  WideRows(int64_t rows, int64_t channels) : channels(channels), width(channels), length(rows * channels) {
    while (width % kLanes != 0) width += channels;
    full = length / width;
  }
  int threads() const { return length < (1 << 15) ? 1 : thread_count(); }

  // f(offset, column, lanes) for the vectors of a thread's share, in order; the thread that has the last whole row has the rest,
  // too.
  template <class F>
  void each(Range mine, F f) const {
    for (int64_t row = mine.begin; row < mine.end; row++)
      for (int64_t column = 0; column < width; column += kLanes) f(row * width + column, column, kLanes);
    if (mine.end == full) for_vectors(full * width, length, [&](int64_t at, int n) { f(at, at - full * width, n); });
  }

  // Sums of two quantities by channel: f(offset, column, lanes, a, b) adds to the vectors a and b. `sums` are `width` doubles for
  // each.
  template <class F>
  void sum(Range mine, double* sums, F f) const {
    constexpr int kGroup = 4;
    constexpr int64_t kChunk = 64;  // few enough additions in float32 between doubles
    for (int64_t i = 0; i < 2 * width; i++) sums[i] = 0;
    // From the last to the first: what the kernel before this one wrote last is still in a cache, and then what the pass after
    // this one reads first.
    for (int64_t until = mine.end; until > mine.begin; until -= kChunk) {
      const int64_t chunk = larger(until - kChunk, mine.begin);
      for (int64_t column = 0; column < width; column += kGroup * kLanes) {
        const int vectors = static_cast<int>(smaller<int64_t>(kGroup, (width - column) / kLanes));
        Vec a[kGroup] = {}, b[kGroup] = {};
        if (vectors == kGroup) {
          for (int64_t row = chunk; row < until; row++)
#pragma GCC unroll 4
            for (int v = 0; v < kGroup; v++) f(row * width + column + v * kLanes, column + v * kLanes, kLanes, a[v], b[v]);
        } else {
          for (int v = 0; v < vectors; v++)
            for (int64_t row = chunk; row < until; row++)
              f(row * width + column + v * kLanes, column + v * kLanes, kLanes, a[v], b[v]);
        }
        for (int v = 0; v < vectors; v++) add(sums, column + v * kLanes, kLanes, a[v], b[v]);
      }
    }
    if (mine.end == full)
      for_vectors(full * width, length, [&](int64_t at, int n) {
        Vec a = splat_zero(), b = splat_zero();
        f(at, at - full * width, n, a, b);
        add(sums, at - full * width, n, a, b);
      });
  }
  void add(double* sums, int64_t column, int n, Vec a, Vec b) const {
    for (int i = 0; i < n; i++) sums[column + i] += a[i], sums[width + column + i] += b[i];
  }

  // The sum by all threads of quantity 0 or 1 for a channel.
  double total(int threads, int slot, int quantity, int64_t channel) const {
    double result = 0;
    for (int t = 0; t < threads; t++) {
      const double* sums = reinterpret_cast<const double*>(weft::scratch(t, slot, 4 * width));
      for (int64_t i = channel; i < width; i += channels) result += sums[quantity * width + i];
    }
    return result;
  }
  double* sums(int thread, int slot) const { return reinterpret_cast<double*>(weft::scratch(thread, slot, 4 * width)); }
};

constexpr int kSlotNormSums = weft::kSlotKernel, kSlotNormSpread = weft::kSlotKernel + 1;

// mean and biased variance of each channel; output = (x - mean) * gamma / sqrt(variance + epsilon) + beta, then a rectifier if
// asked.
#define FIELDS(TENSOR, NUMBER)          \
  TENSOR(x)        /* [rows, C] */      \
  TENSOR(gamma)    /* [C] */            \
  TENSOR(beta)     /* [C] */            \
  TENSOR(output)   /* out: [rows, C] */ \
  TENSOR(mean)     /* out: [C] */       \
  TENSOR(variance) /* out: [C] */       \
  NUMBER(rows) NUMBER(channels) NUMBER(epsilon) NUMBER(rectify)
WEFT_KERNEL(batch_norm_training, FIELDS) {
  const WideRows wide(static_cast<int64_t>(args.rows), static_cast<int64_t>(args.channels));
  const int64_t width = wide.width, channels = wide.channels;
  const double rows = args.rows, epsilon = args.epsilon;
  const float *x = args.x.f32(), *gamma = args.gamma.f32(), *beta = args.beta.f32();
  float *output = args.output.f32(), *mean = args.mean.f32(), *variance = args.variance.f32();
  const bool rectify = args.rectify != 0;
  parallel(wide.threads(), [&](int thread, int count) {
    const Range mine = share(wide.full, 1, thread, count);
    float* spread = weft::scratch(thread, kSlotNormSpread, 4 * width);
    float *center = spread, *scale = spread + width, *shift = spread + 2 * width;
    // Around the first pixel's values, so that no large mean swallows the variance.
    for (int64_t i = 0; i < width; i++) shift[i] = x[i % channels];
    wide.sum(mine, wide.sums(thread, kSlotNormSums),
             [&](int64_t at, int64_t column, int n, Vec& a, Vec& b) __attribute__((always_inline)) {
               const Vec d = load_partial(x + at, n) - load_partial(shift + column, n);
               a += d;
               b += d * d;
             });
    if (count > 1) barrier(count);
    for (int64_t c = 0; c < channels; c++) {
      const double around = wide.total(count, kSlotNormSums, 0, c) / rows;
      const double spread_of = wide.total(count, kSlotNormSums, 1, c) / rows - around * around;
      const double channel_variance = spread_of > 0 ? spread_of : spread_of == spread_of ? 0 : spread_of;
      const double channel_mean = around + x[c];
      if (thread == 0) mean[c] = static_cast<float>(channel_mean), variance[c] = static_cast<float>(channel_variance);
      const float channel_scale = static_cast<float>(gamma[c] / __builtin_sqrt(channel_variance + epsilon));
      for (int64_t i = c; i < width; i += channels)
        center[i] = static_cast<float>(channel_mean), scale[i] = channel_scale, shift[i] = beta[c];
    }
    wide.each(mine, [&](int64_t at, int64_t column, int n) __attribute__((always_inline)) {
      const Vec y = (load_partial(x + at, n) - load(center + column)) * load(scale + column) + load(shift + column);
      store_partial(output + at, rectify ? relu(y) : y, n);
    });
  });
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)          \
  TENSOR(x)        /* [rows, C] */      \
  TENSOR(dy)       /* [rows, C] */      \
  TENSOR(gamma)    /* [C] */            \
  TENSOR(beta)     /* [C] */            \
  TENSOR(mean)     /* [C] */            \
  TENSOR(variance) /* [C] */            \
  TENSOR(dx)       /* out: [rows, C] */ \
  TENSOR(dgamma)   /* out: [C] */       \
  TENSOR(dbeta)    /* out: [C] */       \
  NUMBER(rows) NUMBER(channels) NUMBER(epsilon) NUMBER(rectify)
WEFT_KERNEL(batch_norm_gradient, FIELDS) {
  const WideRows wide(static_cast<int64_t>(args.rows), static_cast<int64_t>(args.channels));
  const int64_t width = wide.width, channels = wide.channels;
  const double rows = args.rows, epsilon = args.epsilon;
  const float *x = args.x.f32(), *dy = args.dy.f32(), *gamma = args.gamma.f32(), *beta = args.beta.f32();
  float* dx = args.dx.f32();
  const bool rectify = args.rectify != 0;
  parallel(wide.threads(), [&](int thread, int count) {
    const Range mine = share(wide.full, 1, thread, count);
    float* spread = weft::scratch(thread, kSlotNormSpread, 5 * width);
    float *center = spread, *scale = spread + width, *shift = spread + 2 * width, *by_x = spread + 3 * width,
          *constant = spread + 4 * width;
    const auto inverse_deviation = [&](int64_t c) {
      return 1 / __builtin_sqrt(static_cast<double>(args.variance.f32()[c]) + epsilon);
    };
    for (int64_t i = 0; i < width; i++) {
      const int64_t c = i % channels;
      center[i] = args.mean.f32()[c];
      scale[i] = static_cast<float>(gamma[c] * inverse_deviation(c));
      shift[i] = beta[c];
    }
    // The gradient before the rectifier, which let pass what was positive.
    const auto before = [&](Vec gradient, Vec d, int64_t column) __attribute__((always_inline)) {
      return rectify ? (d * load(scale + column) + load(shift + column) > splat_zero() ? gradient : splat_zero()) : gradient;
    };
    wide.sum(mine, wide.sums(thread, kSlotNormSums),
             [&](int64_t at, int64_t column, int n, Vec& a, Vec& b) __attribute__((always_inline)) {
               const Vec d = load_partial(x + at, n) - load(center + column);
               const Vec g = before(load_partial(dy + at, n), d, column);
               a += g;
               b += g * d;
             });
    if (count > 1) barrier(count);
    for (int64_t c = 0; c < channels; c++) {
      const double sum = wide.total(count, kSlotNormSums, 0, c), product = wide.total(count, kSlotNormSums, 1, c),
                   inverse = inverse_deviation(c);
      if (thread == 0)
        args.dbeta.f32()[c] = static_cast<float>(sum), args.dgamma.f32()[c] = static_cast<float>(product * inverse);
      for (int64_t i = c; i < width; i += channels) {
        by_x[i] = static_cast<float>(-gamma[c] * inverse * inverse * inverse * product / rows);
        constant[i] = static_cast<float>(-gamma[c] * inverse * sum / rows);
      }
    }
    wide.each(mine, [&](int64_t at, int64_t column, int n) __attribute__((always_inline)) {
      const Vec d = load_partial(x + at, n) - load(center + column);
      const Vec g = before(load_partial(dy + at, n), d, column);
      store_partial(dx + at, g * load(scale + column) + d * load(by_x + column) + load(constant + column), n);
    });
  });
}
#undef FIELDS

// The same with a mean and a variance that are given.
#define FIELDS(TENSOR, NUMBER)          \
  TENSOR(x)        /* [rows, C] */      \
  TENSOR(gamma)    /* [C] or none */    \
  TENSOR(beta)     /* [C] or none */    \
  TENSOR(mean)     /* [C] */            \
  TENSOR(variance) /* [C] */            \
  TENSOR(output)   /* out: [rows, C] */ \
  NUMBER(rows) NUMBER(channels) NUMBER(epsilon)
WEFT_KERNEL(batch_norm_inference, FIELDS) {
  const WideRows wide(static_cast<int64_t>(args.rows), static_cast<int64_t>(args.channels));
  const int64_t width = wide.width;
  float* spread = weft::scratch(0, kSlotNormSpread, 3 * width);
  float *center = spread, *scale = spread + width, *shift = spread + 2 * width;
  for (int64_t i = 0; i < width; i++) {
    const int64_t c = i % wide.channels;
    center[i] = args.mean.f32()[c];
    scale[i] = static_cast<float>((args.gamma ? args.gamma.f32()[c] : 1) /
                                  __builtin_sqrt(static_cast<double>(args.variance.f32()[c]) + args.epsilon));
    shift[i] = args.beta ? args.beta.f32()[c] : 0;
  }
  const float* x = args.x.f32();
  float* output = args.output.f32();
  parallel(wide.threads(), [&](int thread, int count) {
    wide.each(share(wide.full, 1, thread, count), [&](int64_t at, int64_t column, int n) __attribute__((always_inline)) {
      store_partial(output + at, (load_partial(x + at, n) - load(center + column)) * load(scale + column) + load(shift + column),
                    n);
    });
  });
}
#undef FIELDS
