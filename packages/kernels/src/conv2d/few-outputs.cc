// Convolutions to a few channels from many, such as one logit for each pixel. A tile of filters would be nearly empty, so a
// vector holds neighbouring floats of the input instead: the forward pass is a dot product with the filter for each pixel and
// output, the gradient of a filter the sum of the inputs that it saw, each times its pixel's gradient. The gradient of the input
// has many channels to fill: conv.h computes it.

constexpr int64_t kFewOutputs = 4;
static bool few_outputs(const ConvShape& s) {
  return s.out_channels <= kFewOutputs && s.in_channels >= kLanes && s.in_depth == 1 && s.filter_depth == 1;
}

static FrameConvolution few_convolution(const ConvShape& s, const float* filter) {
  int64_t* axes = reinterpret_cast<int64_t*>(scratch(0, kSlotFrameAxes, 2 * FrameConvolution::axes_size(s)));
  return FrameConvolution(s, filter, false, axes);
}

// The lanes' sum is the dot product of what a filter sees at `source` with its weights.
WEFT_INLINE Vec few_products(const FrameConvolution& convolution, const float* source, const float* weights) {
  Vec total[2] = {splat_zero(), splat_zero()};
  for (int64_t run = 0; run < convolution.run_count; run++) {
    const float* from = source + convolution.runs[run].offset;
    const int64_t length = convolution.runs[run].length;
    int64_t i = 0;
    for (; i + 2 * kLanes <= length; i += 2 * kLanes) {
      total[0] += load(from + i) * load(weights + i);
      total[1] += load(from + i + kLanes) * load(weights + i + kLanes);
    }
    for_vectors(i, length, [&](int64_t j, int n) { total[0] += load_partial(from + j, n) * load_partial(weights + j, n); });
    weights += length;
  }
  return total[0] + total[1];
}

static void few_forward(const ConvShape& s, const float* x, const float* filter, const float* bias, Activation activation,
                        float* y) {
  const FrameConvolution convolution = few_convolution(s, filter);
  const int64_t outputs = s.out_channels, depth = convolution.depth, in_frame = s.in_height * s.in_width * s.in_channels;
  float* weights = scratch(0, kSlotFrameWeights, outputs * depth);  // [outputs, depth]
  for (int64_t o = 0; o < outputs; o++)
    for (int64_t d = 0; d < depth; d++) weights[o * depth + d] = filter[d * outputs + o];
  const int threads = 2.0 * s.batch * s.out_height * s.out_width * outputs * depth < 200000 ? 1 : thread_count();
  const int64_t n_rows = convolution.band_rows(s.batch, threads), bands = (s.out_height + n_rows - 1) / n_rows;
  const int64_t step = s.stride_width * s.in_channels;
  parallel(threads, [&](int thread, int count) {
    float* band = scratch(thread, kSlotFrameBand, convolution.band_floats(n_rows));
    alignas(64) float products[kLanes * kLanes], columns[kLanes * kLanes];
    const float* lines[kLanes];
    for (int r = 0; r < kLanes; r++) lines[r] = products + r * kLanes;
    const Range mine = share(s.batch * bands, 1, thread, count);
    for (int64_t work = mine.begin; work < mine.end; work++) {
      const int64_t image = work / bands, row0 = work % bands * n_rows, rows = smaller(n_rows, s.out_height - row0);
      convolution.fill(x + image * in_frame, nullptr, row0, rows, band, nullptr);
      for (int64_t row = 0; row < rows; row++)
        for_vectors(0, s.out_width, [&](int64_t col, int n) {
          const float* source = band + row * s.stride_height * convolution.line + col * step;
          float* to = y + ((image * s.out_height + row0 + row) * s.out_width + col) * outputs;
          for (int64_t o = 0; o < outputs; o++) {
            for (int p = 0; p < n; p++)
              store(products + p * kLanes, few_products(convolution, source + p * step, weights + o * depth));
            interleave_rows(columns, lines, n, kLanes);  // [kLanes, n]: the sum of each pixel's lanes is one of columns
            Vec total = splat(bias ? bias[o] : 0.0f);
            for (int lane = 0; lane < kLanes; lane++) total += load_partial(columns + lane * n, n);
            total = activate(total, activation);
            if (outputs == 1) {
              store_partial(to, total, n);
              continue;
            }
            for (int p = 0; p < n; p++) to[p * outputs + o] = total[p];
          }
        });
    }
  });
}

// V vectors of one run of taps: sums += the band's floats, each times the gradient of the pixel that saw it.
template <int V>
static void few_gradient(const float* source, int64_t step, int64_t line, const float* gradient, int64_t gradient_step,
                         int64_t rows, int64_t cols, float* sums) {
  Vec total[V];
  for (int v = 0; v < V; v++) total[v] = load(sums + v * kLanes);
  for (int64_t row = 0; row < rows; row++)
    for (int64_t col = 0; col < cols; col++, gradient += gradient_step) {
      const float* from = source + row * line + col * step;
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) total[v] += *gradient * load(from + v * kLanes);
    }
  for (int v = 0; v < V; v++) store(sums + v * kLanes, total[v]);
}

static void few_backward_filter(const ConvShape& s, const float* x, const float* dy, const float* y, Activation activation,
                                float* filter_gradient, float* bias_gradient) {
  const FrameConvolution convolution = few_convolution(s, nullptr);
  const int64_t outputs = s.out_channels, depth = convolution.depth, in_frame = s.in_height * s.in_width * s.in_channels;
  // What lies beyond a run of taps is read and summed too, and dropped: each run of sums ends at a whole vector.
  int64_t padded = 0;
  for (int64_t run = 0; run < convolution.run_count; run++)
    padded += (convolution.runs[run].length + kLanes - 1) / kLanes * kLanes;
  const int64_t size = outputs * (padded + 1);
  const ConvSource gradients = {dy, y, activation, s.out_height, s.out_width, outputs};
  const int threads = 2.0 * s.batch * s.out_height * s.out_width * outputs * depth < 200000 ? 1 : thread_count();
  const int64_t n_rows = convolution.band_rows(s.batch, threads), bands = (s.out_height + n_rows - 1) / n_rows;
  const int64_t step = s.stride_width * s.in_channels, line = s.stride_height * convolution.line;
  parallel(threads, [&](int thread, int count) {
    float* sums = scratch(thread, kSlotFrameSums, size);
    std::memset(sums, 0, sizeof(float) * size);
    float* band = scratch(thread, kSlotFrameBand, convolution.band_floats(n_rows) + kLanes);
    float* pixels = scratch(thread, kSlotFrameStrip, n_rows * s.out_width * outputs);
    const Range mine = share(s.batch * bands, 1, thread, count);
    for (int64_t work = mine.begin; work < mine.end; work++) {
      const int64_t image = work / bands, row0 = work % bands * n_rows, rows = smaller(n_rows, s.out_height - row0);
      const int64_t floats = rows * s.out_width * outputs;
      convolution.fill(x + image * in_frame, nullptr, row0, rows, band, nullptr);
      gradients.copy((image * s.out_height + row0) * s.out_width * outputs, floats, pixels);
      for (int64_t o = 0; o < outputs; o++) {
        float* to = sums + o * (padded + 1);
        for (int64_t i = o; i < floats; i += outputs) to[padded] += pixels[i];
        for (int64_t run = 0; run < convolution.run_count; run++) {
          const float* source = band + convolution.runs[run].offset;
          int64_t vectors = (convolution.runs[run].length + kLanes - 1) / kLanes;
          for (int64_t taken; vectors > 0; vectors -= taken, source += taken * kLanes, to += taken * kLanes) {
            taken = vectors >= 6 ? 6 : vectors >= 2 ? 2 : 1;
            const auto add = taken == 6 ? few_gradient<6> : taken == 2 ? few_gradient<2> : few_gradient<1>;
            add(source, step, line, pixels + o, outputs, rows, s.out_width, to);
          }
        }
      }
    }
  });
  for (int64_t o = 0; o < outputs; o++) {
    auto total = [&](int64_t at) {
      float sum = 0;
      for (int thread = 0; thread < threads; thread++) sum += scratch(thread, kSlotFrameSums, size)[o * (padded + 1) + at];
      return sum;
    };
    int64_t d = 0, at = 0;
    for (int64_t run = 0; run < convolution.run_count; run++) {
      const int64_t length = convolution.runs[run].length;
      for (int64_t i = 0; i < length; i++) filter_gradient[(d + i) * outputs + o] = total(at + i);
      d += length, at += (length + kLanes - 1) / kLanes * kLanes;
    }
    if (bias_gradient != nullptr) bias_gradient[o] = total(padded);
  }
}
