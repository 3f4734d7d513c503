// Depthwise convolution: each channel of the input has filters of its own, `multiplier` of them, and input channel c gives the
// output channels from c * multiplier on. A band of the source is copied, padded, as in native/conv.h, with each channel standing
// there as often as it has filters; then source, filter and output have the same channels, and everything is done by vectors of
// them.
constexpr int kSlotDepthwiseNarrow = weft::kSlotKernel + 4, kSlotDepthwiseLine = weft::kSlotKernel + 5;

static int64_t multiplier_of(const ConvShape& s) { return s.out_channels / larger<int64_t>(1, s.in_channels); }

// rows x cols pixels of an image with each channel `times` times.
static void fill_repeated(const ConvSource& source, int64_t times, int64_t image, int64_t row0, int64_t col0, int64_t rows,
                          int64_t cols, int thread, float* to) {
  if (times == 1) return source.fill(image, row0, col0, rows, cols, to);
  const int64_t count = rows * cols * source.channels;
  float* narrow = weft::scratch(thread, kSlotDepthwiseNarrow, count);
  source.fill(image, row0, col0, rows, cols, narrow);
  for (int64_t i = 0; i < count; i++)
    for (int64_t t = 0; t < times; t++) *to++ = narrow[i];
}

struct DepthwiseTile {
  const int64_t* offsets;  // of each tap, in floats
  const int64_t* filters;  // of each tap, in floats
  int64_t taps, step, out_step;
};

// P neighbouring outputs of a row, one vector of channels.
template <int P>
WEFT_INLINE void depthwise_tile(const DepthwiseTile& tile, const float* source, const float* filter, Vec bias,
                                Activation activation, float* out, int lanes) {
  Vec acc[P];
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) acc[p] = bias;
  for (int64_t t = 0; t < tile.taps; t++) {
    const Vec weight = load_partial(filter + tile.filters[t], lanes);
    const float* from = source + tile.offsets[t];
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) acc[p] += load_partial(from + p * tile.step, lanes) * weight;
  }
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) store_partial(out + p * tile.out_step, acc[p], lanes);
  if (activation != Activation::linear)
    for (int p = 0; p < P; p++) {
      float* at = out + p * tile.out_step;
      store_partial(at, activate(load_partial(at, lanes), activation), lanes);
    }
}

// to[c] = the sum of `times` neighbours.
static void sum_neighbours(const float* from, int64_t channels, int64_t times, float* to) {
  for (int64_t c = 0; c < channels; c++) {
    float total = 0.0f;
    for (int64_t t = 0; t < times; t++) total += *from++;
    to[c] = total;
  }
}

// The outputs of one phase, as conv_phase of conv.h has them. Of the `channels` in a band the source has one of `repeat` and the
// output the sum of every `sum` of them.
static void depthwise_phase(const ConvSource& source, int64_t repeat, const ConvAxis& rows, const ConvAxis& cols,
                            const float* filter, int64_t filter_width, int64_t channels, int64_t batch, const float* bias,
                            Activation activation, int64_t sum, float* out, int64_t out_height, int64_t out_width) {
  if (rows.outputs <= 0 || cols.outputs <= 0) return;
  const int threads =
      2.0 * batch * rows.outputs * cols.outputs * channels * (rows.taps * cols.taps + 1) < 200000 ? 1 : thread_count();
  const ConvBands bands = cut_bands(rows, cols, channels, batch, threads == 1 ? 1 : 4 * threads);
  const int64_t band_cols = (bands.cols - 1) * cols.src_step + cols.span, line = band_cols * channels;
  const int64_t taps = rows.taps * cols.taps, out_channels = channels / sum;
  int64_t* offsets = reinterpret_cast<int64_t*>(weft::scratch(0, kSlotConvRuns, 4 * taps + 4));
  int64_t* filters = offsets + taps;
  for (int64_t r = 0; r < rows.taps; r++)
    for (int64_t c = 0; c < cols.taps; c++) {
      offsets[r * cols.taps + c] = rows.offset[r] * line + cols.offset[c] * channels;
      filters[r * cols.taps + c] = (rows.index[r] * filter_width + cols.index[c]) * channels;
    }
  parallel(threads, [&](int thread, int count) {
    const Range mine = share(batch * bands.row_bands * bands.col_bands, 1, thread, count);
    float* copy = weft::scratch(thread, kSlotConvBand, ((bands.rows - 1) * rows.src_step + rows.span) * line);
    float* wide = sum == 1 ? nullptr : weft::scratch(thread, kSlotDepthwiseLine, bands.cols * channels);
    for (int64_t item = mine.begin; item < mine.end; item++) {
      const int64_t image = item / (bands.row_bands * bands.col_bands), band = item % (bands.row_bands * bands.col_bands);
      const int64_t row0 = band / bands.col_bands * bands.rows, row1 = smaller(row0 + bands.rows, rows.outputs);
      const int64_t col0 = band % bands.col_bands * bands.cols, width = smaller(bands.cols, cols.outputs - col0);
      fill_repeated(source, repeat, image, rows.src_first + row0 * rows.src_step, cols.src_first + col0 * cols.src_step,
                    (row1 - row0 - 1) * rows.src_step + rows.span, band_cols, thread, copy);
      for (int64_t row = row0; row < row1; row++) {
        const int64_t at =
            (image * out_height + rows.out_first + row * rows.out_step) * out_width + cols.out_first + col0 * cols.out_step;
        float* to = sum == 1 ? out + at * channels : wide;
        const DepthwiseTile tile = {offsets, filters, taps, cols.src_step * channels,
                                    sum == 1 ? cols.out_step * channels : channels};
        for_vectors(0, channels, [&](int64_t c, int lanes) __attribute__((always_inline)) {
          const Vec start = bias == nullptr ? splat_zero() : load_partial(bias + c, lanes);
          const float* from = copy + (row - row0) * rows.src_step * line + c;
          int64_t col = 0;
          for (; col + 8 <= width; col += 8)
            depthwise_tile<8>(tile, from + col * tile.step, filter + c, start, activation, to + col * tile.out_step + c, lanes);
          for (; col < width; col++)
            depthwise_tile<1>(tile, from + col * tile.step, filter + c, start, activation, to + col * tile.out_step + c, lanes);
        });
        if (sum > 1)
          for (int64_t col = 0; col < width; col++)
            sum_neighbours(wide + col * channels, out_channels, sum, out + (at + col * cols.out_step) * out_channels);
      }
    }
  });
}

#define FIELDS(TENSOR, NUMBER)               \
  TENSOR(x)      /* [B, H', W', C] */        \
  TENSOR(filter) /* [K, K, C, multiplier] */ \
  TENSOR(bias)   /* [F] or none */           \
  TENSOR(out)    /* out: [B, H, W, F] */     \
  CONV_SHAPE(NUMBER)
WEFT_KERNEL(depthwise, FIELDS) {
  const ConvShape s = conv_shape(args);
  const ConvAxes axes = forward_axes(s);
  const ConvSource source = {args.x.f32(), nullptr, Activation::linear, s.in_height, s.in_width, s.in_channels};
  depthwise_phase(source, multiplier_of(s), axes.rows, axes.cols, args.filter.f32(), s.filter_width, s.out_channels, s.batch,
                  args.bias.f32(), activation_of(args.activation), 1, args.out.f32(), s.out_height, s.out_width);
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)                                                               \
  TENSOR(dy)            /* [B, H, W, F] */                                                   \
  TENSOR(y)             /* [B, H, W, F] or none: the output, where an activation followed */ \
  TENSOR(filter)        /* [K, K, C, multiplier] */                                          \
  TENSOR(inputGradient) /* out: [B, H', W', C] */                                            \
  CONV_SHAPE(NUMBER)
WEFT_KERNEL(depthwise_input_gradient, FIELDS) {
  const ConvShape s = conv_shape(args);
  const ConvSource source = {args.dy.f32(), args.y.f32(), activation_of(args.activation),
                             s.out_height,  s.out_width,  s.out_channels};
  int64_t *row_taps = axis_memory(s) + 2 * s.filter_depth, *col_taps = row_taps + 2 * s.filter_height;
  for (int64_t i = 0; i < s.stride_height; i++)
    for (int64_t j = 0; j < s.stride_width; j++) {
      const ConvAxis rows =
          backward_axis(s.in_height, s.filter_height, s.stride_height, s.dilation_height, s.pad_top, i, row_taps);
      const ConvAxis cols = backward_axis(s.in_width, s.filter_width, s.stride_width, s.dilation_width, s.pad_left, j, col_taps);
      depthwise_phase(source, 1, rows, cols, args.filter.f32(), s.filter_width, s.out_channels, s.batch, nullptr,
                      Activation::linear, multiplier_of(s), args.inputGradient.f32(), s.in_height, s.in_width);
    }
}
#undef FIELDS

// sums[t * channels] += the sum over a row's pixels of x at tap t times dy, for T neighbouring taps of a row and a vector of
// channels.
template <int T>
WEFT_INLINE void depthwise_filter_tile(const float* x, int64_t step, int64_t apart, const float* dy, int64_t channels,
                                       int64_t pixels, float* sums, int lanes) {
  Vec acc[T];
#pragma GCC unroll 4
  for (int t = 0; t < T; t++) acc[t] = load_partial(sums + t * channels, lanes);
  for (int64_t p = 0; p < pixels; p++, x += step, dy += channels) {
    const Vec gradient = load_partial(dy, lanes);
#pragma GCC unroll 4
    for (int t = 0; t < T; t++) acc[t] += load_partial(x + t * apart, lanes) * gradient;
  }
#pragma GCC unroll 4
  for (int t = 0; t < T; t++) store_partial(sums + t * channels, acc[t], lanes);
}

// One row of outputs: its gradient, and the padded rows of the source that it was made of.
static void add_filter_row(const ConvShape& s, const ConvAxes& axes, const float* source, int64_t line, const float* dy,
                           float* sums) {
  const int64_t channels = s.out_channels, step = s.stride_width * channels, apart = s.dilation_width * channels;
  for_vectors(0, channels, [&](int64_t c, int lanes) __attribute__((always_inline)) {
    for (int64_t r = 0; r < s.filter_height; r++) {
      const float* x = source + axes.rows.offset[r] * line + c;
      float* to = sums + r * s.filter_width * channels + c;
      int64_t t = 0;
      for (; t + 3 <= s.filter_width; t += 3)
        depthwise_filter_tile<3>(x + t * apart, step, apart, dy + c, channels, s.out_width, to + t * channels, lanes);
      for (; t < s.filter_width; t++)
        depthwise_filter_tile<1>(x + t * apart, step, apart, dy + c, channels, s.out_width, to + t * channels, lanes);
    }
    float* bias = sums + s.filter_height * s.filter_width * channels + c;
    Vec total = load_partial(bias, lanes);
    for (int64_t p = 0; p < s.out_width; p++) total += load_partial(dy + p * channels + c, lanes);
    store_partial(bias, total, lanes);
  });
}

// Each thread sums over its share of output rows, and the sums are added in order of the threads.
#define FIELDS(TENSOR, NUMBER)                                                                \
  TENSOR(x)              /* [B, H', W', C] */                                                 \
  TENSOR(dy)             /* [B, H, W, F] */                                                   \
  TENSOR(y)              /* [B, H, W, F] or none: the output, where an activation followed */ \
  TENSOR(filterGradient) /* out: [K, K, C, multiplier] */                                     \
  TENSOR(biasGradient)   /* out: [F] or none */                                               \
  CONV_SHAPE(NUMBER)
WEFT_KERNEL(depthwise_filter_gradient, FIELDS) {
  const ConvShape s = conv_shape(args);
  const ConvAxes axes = forward_axes(s);
  const int64_t channels = s.out_channels, taps = s.filter_height * s.filter_width, sum_size = (taps + 1) * channels;
  const ConvSource images = {args.x.f32(), nullptr, Activation::linear, s.in_height, s.in_width, s.in_channels};
  const ConvSource gradients = {args.dy.f32(), args.y.f32(), activation_of(args.activation), s.out_height, s.out_width, channels};
  const int64_t x_cols = (s.out_width - 1) * s.stride_width + axes.cols.span, lines = s.batch * s.out_height;
  const int threads = 2.0 * lines * s.out_width * sum_size < 200000 ? 1 : thread_count();
  parallel(threads, [&](int thread, int count) {
    float* sums = weft::scratch(thread, kSlotConvSums, sum_size);
    std::memset(sums, 0, sizeof(float) * sum_size);
    float* source = weft::scratch(thread, kSlotConvBand, axes.rows.span * x_cols * channels);
    float* row_dy = weft::scratch(thread, kSlotConvLine, s.out_width * channels);
    const Range mine = share(lines, 1, thread, count);
    for (int64_t item = mine.begin; item < mine.end; item++) {
      const int64_t image = item / s.out_height, row = item % s.out_height;
      fill_repeated(images, multiplier_of(s), image, axes.rows.src_first + row * s.stride_height, axes.cols.src_first,
                    axes.rows.span, x_cols, thread, source);
      gradients.copy(item * s.out_width * channels, s.out_width * channels, row_dy);
      add_filter_row(s, axes, source, x_cols * channels, row_dy, sums);
    }
    if (count > 1) barrier(count);
    const Range reduced = share(taps + 1, 1, thread, count);
    for (int64_t row = reduced.begin; row < reduced.end; row++) {
      float* to = row < taps ? args.filterGradient.f32() + row * channels : args.biasGradient.f32();
      if (to == nullptr) continue;
      for_vectors(0, channels, [&](int64_t i, int n) {
        Vec total = splat_zero();
        for (int t = 0; t < count; t++) total += load_partial(weft::scratch(t, kSlotConvSums, sum_size) + row * channels + i, n);
        store_partial(to + i, total, n);
      });
    }
  });
}
#undef FIELDS
