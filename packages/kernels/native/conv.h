// Convolution over images whose channels lie last, without im2col. A band of the source is copied, padded, into scratch memory
// that stays in a core's cache; there each tap of the filter is a contiguous run of floats from each pixel, so that the register
// tile of a matrix product (pixels x filters) reads its left operand where it lies. The gradient of the input is the same
// computation over the output's gradient, once for each phase of the stride; the gradient of the filter is a tile of taps x
// filters summed over pixels.
#pragma once
#include "gemm.h"

namespace WEFT_ISA {

// Sizes of a convolution; `in` is x and `out` is y, whichever direction is computed.
struct ConvShape {
  int64_t batch, in_height, in_width, in_channels, out_height, out_width, out_channels, filter_height, filter_width;
  int64_t stride_height, stride_width, dilation_height, dilation_width, pad_top, pad_left;
  int64_t taps() const { return filter_height * filter_width; }
  bool pointwise() const {
    return taps() == 1 && stride_height == 1 && stride_width == 1 && pad_top == 0 && pad_left == 0 && in_height == out_height &&
           in_width == out_width;
  }
};

// The gradient before an activation, from the gradient after it and the activation's output.
WEFT_INLINE Vec activation_gradient(Vec dy, Vec y, Activation activation) {
  switch (activation) {
    case Activation::relu:
      return y > splat_zero() ? dy : splat_zero();
    case Activation::relu6:
      return (y > splat_zero()) & (y < splat(6.0f)) ? dy : splat_zero();
    case Activation::sigmoid:
      return dy * y * (1.0f - y);
    case Activation::tanh:
      return dy * (1.0f - y * y);
    default:
      return dy;
  }
}

// Images to read, or gradients times the derivative of the activation that made `output`.
struct ConvSource {
  const float* data;
  const float* output;
  Activation activation;
  int64_t height, width, channels;
  bool plain() const { return output == nullptr || activation == Activation::linear; }

  // Floats [begin, begin + count) of the whole source.
  void copy(int64_t begin, int64_t count, float* to) const {
    if (plain()) {
      std::memcpy(to, data + begin, sizeof(float) * count);
      return;
    }
    for_vectors(0, count, [&](int64_t i, int n) {
      store_partial(to + i,
                    activation_gradient(load_partial(data + begin + i, n), load_partial(output + begin + i, n), activation), n);
    });
  }

  // rows x cols pixels from (row0, col0) of an image, zero outside it.
  void fill(int64_t image, int64_t row0, int64_t col0, int64_t rows, int64_t cols, float* to) const {
    const int64_t left = larger<int64_t>(0, smaller(-col0, cols)), right = larger(left, smaller(width - col0, cols));
    for (int64_t r = 0; r < rows; r++, to += cols * channels) {
      const int64_t y = row0 + r;
      if (y < 0 || y >= height || left >= right) {
        std::memset(to, 0, sizeof(float) * cols * channels);
        continue;
      }
      if (left > 0) std::memset(to, 0, sizeof(float) * left * channels);
      copy(((image * height + y) * width + col0 + left) * channels, (right - left) * channels, to + left * channels);
      if (right < cols) std::memset(to + right * channels, 0, sizeof(float) * (cols - right) * channels);
    }
  }
};

// One axis of a phase: which outputs it makes, which source positions each reads, and through which taps of the filter.
struct ConvAxis {
  int64_t outputs, out_first, out_step;  // output i lies at out_first + i * out_step
  int64_t src_first, src_step, span;     // and reads the `span` positions from src_first + i * src_step
  int64_t taps;
  int64_t* offset;  // of each tap in the span, ascending
  int64_t* index;   // of each tap in the filter
};

// y from x.
static ConvAxis forward_axis(int64_t outputs, int64_t filter, int64_t stride, int64_t dilation, int64_t pad, int64_t* memory) {
  ConvAxis axis = {outputs, 0, 1, -pad, stride, (filter - 1) * dilation + 1, filter, memory, memory + filter};
  for (int64_t k = 0; k < filter; k++) axis.offset[k] = k * dilation, axis.index[k] = k;
  return axis;
}

// The gradient of x at positions `phase`, `phase` + stride, ... from the gradient of y.
static ConvAxis backward_axis(int64_t inputs, int64_t filter, int64_t stride, int64_t dilation, int64_t pad, int64_t phase,
                              int64_t* memory) {
  ConvAxis axis = {(inputs - phase + stride - 1) / stride, phase, stride, 0, 1, 1, 0, memory, memory + filter};
  for (int64_t k = filter - 1; k >= 0; k--) {
    const int64_t at = phase + pad - k * dilation;
    if ((at % stride + stride) % stride != 0) continue;
    const int64_t position = at >= 0 ? at / stride : -(-at / stride);
    if (axis.taps == 0) axis.src_first = position;
    axis.offset[axis.taps] = position - axis.src_first;
    axis.index[axis.taps++] = k;
    axis.span = position - axis.src_first + 1;
  }
  return axis;
}

// The weights of a phase, as panels of kCols output channels: [panel][tap][source channel][kCols], zero beyond the last channel.
struct ConvWeights {
  const float* filter;  // [filter height, filter width, in, out]
  int64_t filter_width, in_channels, out_channels;
  bool transposed;  // source channels are the filter's last axis

  int64_t sources() const { return transposed ? out_channels : in_channels; }
  int64_t targets() const { return transposed ? in_channels : out_channels; }

  void pack(const ConvAxis& rows, const ConvAxis& cols, Range panels, float* to) const {
    const int64_t depth = rows.taps * cols.taps * sources();
    for (int64_t panel = panels.begin; panel < panels.end; panel++) {
      float* next = to + panel * depth * kCols;
      const int width = static_cast<int>(smaller<int64_t>(kCols, targets() - panel * kCols));
      for (int64_t r = 0; r < rows.taps; r++)
        for (int64_t c = 0; c < cols.taps; c++) {
          const float* tap = filter + (rows.index[r] * filter_width + cols.index[c]) * in_channels * out_channels;
          const Matrix matrix = {tap, transposed ? 1 : out_channels, transposed ? out_channels : 1};
          matrix.pack_cols(next, 0, sources(), panel * kCols, width, kCols);
          next += sources() * kCols;
        }
    }
  }
};

struct ConvRun {
  int64_t offset, length;
};

struct ConvTile {
  const ConvRun* runs;
  int64_t run_count;
  const float* source;
  int64_t step;  // floats from pixel to pixel
  const float* weights;
  float* out;
  int64_t out_step;
  const float* bias;  // kCols floats
  Activation activation;
  int width;  // output channels of this panel
};

// Activations that need many instructions, outside the tiles so that they stand there once.
static __attribute__((noinline)) void conv_activate(const ConvTile& tile, int rows) {
  for (int r = 0; r < rows; r++)
    for_vectors(0, tile.width, [&](int64_t i, int n) {
      float* at = tile.out + r * tile.out_step + i;
      store_partial(at, activate(load_partial(at, n), tile.activation), n);
    });
}

// R pixels of one output row, V vectors of output channels.
template <int R, int V>
static void conv_tile(const ConvTile& tile) {
  Vec acc[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[r][v] = load(tile.bias + v * kLanes);
  const float* b = tile.weights;
  const int64_t step = tile.step, step3 = 3 * tile.step;
  for (int64_t run = 0; run < tile.run_count; run++) {
    // Every fourth pixel has a pointer of its own: more would not fit the registers.
    const float* a[4];
    a[0] = tile.source + tile.runs[run].offset;
    for (int i = 1; i < 4; i++) a[i] = a[i - 1] + (4 * i < R ? 4 * step : 0);
    for (int64_t k = tile.runs[run].length; k > 0; k--, b += kCols) {
      Vec column[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) column[v] = load(b + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        const float* from = a[r / 4];
        const float value = r % 4 == 0 ? *from : r % 4 == 1 ? from[step] : r % 4 == 2 ? from[2 * step] : from[step3];
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) acc[r][v] += value * column[v];
      }
#pragma GCC unroll 4
      for (int i = 0; 4 * i < R; i++) a[i]++;
    }
  }
  const bool relu_now = tile.activation == Activation::relu;
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      const int width = tile.width - v * kLanes;
      const Vec value = relu_now ? relu(acc[r][v]) : acc[r][v];
      float* to = tile.out + r * tile.out_step + v * kLanes;
      if (width >= kLanes)
        store(to, value);
      else
        store_partial(to, value, width);
    }
  if (!relu_now && tile.activation != Activation::linear) conv_activate(tile, R);
}

template <int R>
struct ConvTiles {
  static void run(int rows, const ConvTile& tile) {
    if (rows == R) return tile.width <= kLanes ? conv_tile<R, 1>(tile) : conv_tile<R, kVecs>(tile);
    ConvTiles<R - 1>::run(rows, tile);
  }
};
template <>
struct ConvTiles<0> {
  static void run(int, const ConvTile&) {}
};

// How a phase is cut into items of work: bands of rows, and of columns where a row alone is large.
struct ConvBands {
  int64_t rows, cols, row_bands, col_bands;
};
constexpr int64_t kBandFloats = 24 * 1024;
static ConvBands cut_bands(const ConvAxis& rows, const ConvAxis& cols, int64_t channels, int64_t batch, int64_t wanted_items) {
  const auto extent = [](const ConvAxis& axis, int64_t n) { return (n - 1) * axis.src_step + axis.span; };
  ConvBands bands = {rows.outputs, cols.outputs, 1, 1};
  const int64_t one_row = extent(rows, 1) * channels;
  if (one_row * extent(cols, bands.cols) > kBandFloats)
    bands.cols = larger<int64_t>(2 * kRows, (kBandFloats / one_row - cols.span) / cols.src_step / kRows * kRows);
  const int64_t line = extent(cols, bands.cols) * channels;
  bands.rows = larger<int64_t>(1, smaller<int64_t>(rows.outputs, (kBandFloats / line - rows.span) / rows.src_step + 1));
  const auto count = [](int64_t total, int64_t size) { return (total + size - 1) / size; };
  if (batch * count(rows.outputs, bands.rows) * count(cols.outputs, bands.cols) < wanted_items) {
    const int64_t wanted = count(wanted_items, batch);
    bands.rows = smaller(bands.rows, count(rows.outputs, smaller(rows.outputs, wanted)));
    if (rows.outputs < wanted)
      bands.cols = smaller(bands.cols, larger<int64_t>(kRows, count(cols.outputs, count(wanted, rows.outputs))));
  }
  bands.cols = smaller(bands.cols, cols.outputs);
  bands.row_bands = count(rows.outputs, bands.rows);
  bands.col_bands = count(cols.outputs, bands.cols);
  return bands;
}

constexpr int kSlotConvBand = weft::kSlotPackA, kSlotConvWeights = weft::kSlotPackB, kSlotConvSums = weft::kSlotReduce,
              kSlotConvRuns = weft::kSlotKernel, kSlotConvLine = weft::kSlotKernel + 1, kSlotConvAxes = weft::kSlotKernel + 2,
              kSlotConvGradient = weft::kSlotKernel + 3;

// The outputs of one phase: out[image, row, col, channel], `out_line` floats from row to row of pixels.
static void conv_phase(const ConvSource& source, const ConvAxis& rows, const ConvAxis& cols, const ConvWeights& weights,
                       int64_t batch, const float* bias, Activation activation, float* out, int64_t out_height,
                       int64_t out_width) {
  if (rows.outputs <= 0 || cols.outputs <= 0) return;
  const int64_t sources = weights.sources(), targets = weights.targets(), depth = rows.taps * cols.taps * sources;
  const int64_t panels = (targets + kCols - 1) / kCols;
  float* packed = weft::scratch(0, kSlotConvWeights, panels * kCols * (depth + 1));
  float* biases = packed + panels * kCols * depth;
  for (int64_t i = 0; i < panels * kCols; i++) biases[i] = bias != nullptr && i < targets ? bias[i] : 0.0f;

  const double work = 2.0 * batch * rows.outputs * cols.outputs * targets * (depth + 1);
  const int threads = work < 200000 ? 1 : thread_count();
  const ConvBands bands = cut_bands(rows, cols, sources, batch, threads == 1 ? 1 : 4 * threads);
  const int64_t band_cols = (bands.cols - 1) * cols.src_step + cols.span;
  const bool in_place = source.plain() && rows.src_first >= 0 && cols.src_first >= 0 &&
                        rows.src_first + (rows.outputs - 1) * rows.src_step + rows.span <= source.height &&
                        cols.src_first + (cols.outputs - 1) * cols.src_step + cols.span <= source.width;
  const int64_t line = (in_place ? source.width : band_cols) * sources;

  // Neighbouring taps make one run of floats.
  ConvRun* runs = reinterpret_cast<ConvRun*>(weft::scratch(0, kSlotConvRuns, 4 * rows.taps * cols.taps + 4));
  int64_t run_count = 0;
  for (int64_t r = 0; r < rows.taps; r++)
    for (int64_t c = 0; c < cols.taps; c++) {
      const int64_t offset = rows.offset[r] * line + cols.offset[c] * sources;
      if (run_count > 0 && runs[run_count - 1].offset + runs[run_count - 1].length == offset)
        runs[run_count - 1].length += sources;
      else
        runs[run_count++] = {offset, sources};
    }

  parallel(threads, [&](int thread, int count) {
    weights.pack(rows, cols, share(panels, 1, thread, count), packed);
    if (count > 1) barrier(count);
    const Range mine = share(batch * bands.row_bands * bands.col_bands, 1, thread, count);
    float* copy =
        in_place ? nullptr : weft::scratch(thread, kSlotConvBand, ((bands.rows - 1) * rows.src_step + rows.span) * line);
    for (int64_t item = mine.begin; item < mine.end; item++) {
      const int64_t image = item / (bands.row_bands * bands.col_bands), band = item % (bands.row_bands * bands.col_bands);
      const int64_t row0 = band / bands.col_bands * bands.rows, row1 = smaller(row0 + bands.rows, rows.outputs);
      const int64_t col0 = band % bands.col_bands * bands.cols, col1 = smaller(col0 + bands.cols, cols.outputs);
      const int64_t src_row = rows.src_first + row0 * rows.src_step, src_col = cols.src_first + col0 * cols.src_step;
      const float* base = source.data + ((image * source.height + src_row) * source.width + src_col) * sources;
      if (!in_place) {
        source.fill(image, src_row, src_col, (row1 - row0 - 1) * rows.src_step + rows.span, band_cols, copy);
        base = copy;
      }
      ConvTile tile = {runs,    run_count,  nullptr, cols.src_step * sources, nullptr, nullptr, cols.out_step * targets,
                       nullptr, activation, 0};
      const int64_t tiles = (col1 - col0 + kRows - 1) / kRows;
      for (int64_t panel = 0; panel < panels; panel++) {
        tile.weights = packed + panel * depth * kCols;
        tile.bias = biases + panel * kCols;
        tile.width = static_cast<int>(smaller<int64_t>(kCols, targets - panel * kCols));
        for (int64_t row = row0; row < row1; row++) {
          const int64_t out_row = (image * out_height + rows.out_first + row * rows.out_step) * out_width;
          for (int64_t t = 0; t < tiles; t++) {
            const int64_t from = (col1 - col0) * t / tiles, to = (col1 - col0) * (t + 1) / tiles;
            tile.source = base + (row - row0) * rows.src_step * line + from * tile.step;
            tile.out = out + (out_row + cols.out_first + (col0 + from) * cols.out_step) * targets + panel * kCols;
            ConvTiles<kRows>::run(static_cast<int>(to - from), tile);
          }
        }
      }
    }
  });
}

static int64_t* axis_memory(const ConvShape& s) {
  return reinterpret_cast<int64_t*>(weft::scratch(0, kSlotConvAxes, 4 * (s.filter_height + s.filter_width)));
}

// y = activation(x * filter + bias)
static void conv_forward(const ConvShape& s, const float* x, const float* filter, const float* bias, Activation activation,
                         float* y) {
  if (s.pointwise()) {
    Output out = {y, s.out_channels};
    out.bias = bias;
    out.activation = activation;
    return gemm(s.batch * s.out_height * s.out_width, s.out_channels, s.in_channels, Matrix{x, s.in_channels, 1},
                Matrix{filter, s.out_channels, 1}, out);
  }
  int64_t* memory = axis_memory(s);
  const ConvAxis rows = forward_axis(s.out_height, s.filter_height, s.stride_height, s.dilation_height, s.pad_top, memory);
  const ConvAxis cols =
      forward_axis(s.out_width, s.filter_width, s.stride_width, s.dilation_width, s.pad_left, memory + 2 * s.filter_height);
  const ConvSource source = {x, nullptr, Activation::linear, s.in_height, s.in_width, s.in_channels};
  const ConvWeights weights = {filter, s.filter_width, s.in_channels, s.out_channels, false};
  conv_phase(source, rows, cols, weights, s.batch, bias, activation, y, s.out_height, s.out_width);
}

// dx from dy, and from y where an activation came after the convolution.
static void conv_backward_input(const ConvShape& s, const float* dy, const float* y, Activation activation, const float* filter,
                                float* dx) {
  const ConvSource source = {dy, y, activation, s.out_height, s.out_width, s.out_channels};
  if (s.pointwise() && source.plain())
    return gemm(s.batch * s.in_height * s.in_width, s.in_channels, s.out_channels, Matrix{dy, s.out_channels, 1},
                Matrix{filter, 1, s.out_channels}, Output{dx, s.in_channels});
  const ConvWeights weights = {filter, s.filter_width, s.in_channels, s.out_channels, true};
  int64_t* memory = axis_memory(s);
  for (int64_t i = 0; i < s.stride_height; i++)
    for (int64_t j = 0; j < s.stride_width; j++) {
      const ConvAxis rows = backward_axis(s.in_height, s.filter_height, s.stride_height, s.dilation_height, s.pad_top, i, memory);
      const ConvAxis cols = backward_axis(s.in_width, s.filter_width, s.stride_width, s.dilation_width, s.pad_left, j,
                                          memory + 2 * s.filter_height);
      conv_phase(source, rows, cols, weights, s.batch, nullptr, Activation::linear, dx, s.in_height, s.in_width);
    }
}

struct FilterTile {
  const float* x;  // the tap's first float for the band's first pixel
  int64_t x_step, x_line;
  const float* dy;  // [rows * cols][kCols]
  int64_t rows, cols;
  float* sum;  // [R][stride]
  int64_t stride;
};

// R neighbouring taps x V vectors of output channels, added over a band's pixels.
template <int R, int V>
static void filter_tile(const FilterTile& tile) {
  Vec acc[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[r][v] = load(tile.sum + r * tile.stride + v * kLanes);
  const float* dy = tile.dy;
  for (int64_t row = 0; row < tile.rows; row++) {
    const float* x = tile.x + row * tile.x_line;
    for (int64_t col = 0; col < tile.cols; col++, x += tile.x_step, dy += kCols) {
      Vec column[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) column[v] = load(dy + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < R; r++)
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) acc[r][v] += x[r] * column[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) store(tile.sum + r * tile.stride + v * kLanes, acc[r][v]);
}

template <int R>
struct FilterTiles {
  static void run(int rows, int width, const FilterTile& tile) {
    if (rows == R) return width <= kLanes ? filter_tile<R, 1>(tile) : filter_tile<R, kVecs>(tile);
    FilterTiles<R - 1>::run(rows, width, tile);
  }
};
template <>
struct FilterTiles<0> {
  static void run(int, int, const FilterTile&) {}
};

// The gradients of the filter and, unless null, of the bias. Each thread sums over its share of bands; the sums are added in
// order of the threads, so the result is the same at every run with as many threads.
static void conv_backward_filter(const ConvShape& s, const float* x, const float* dy, const float* y, Activation activation,
                                 float* filter_gradient, float* bias_gradient) {
  const int64_t channels = s.in_channels, filters = s.out_channels, panels = (filters + kCols - 1) / kCols,
                padded = panels * kCols;
  const int64_t row_depth = s.filter_width * channels, depth = s.filter_height * row_depth;
  const double work = 2.0 * s.batch * s.out_height * s.out_width * filters * depth;
  const int threads = work < 200000 ? 1 : thread_count();
  int64_t* memory = axis_memory(s);
  const ConvAxis rows = forward_axis(s.out_height, s.filter_height, s.stride_height, s.dilation_height, s.pad_top, memory);
  const ConvAxis cols =
      forward_axis(s.out_width, s.filter_width, s.stride_width, s.dilation_width, s.pad_left, memory + 2 * s.filter_height);
  const ConvSource images = {x, nullptr, Activation::linear, s.in_height, s.in_width, channels};
  const ConvSource gradients = {dy, y, activation, s.out_height, s.out_width, filters};
  // Bands of some 128 pixels: what a tile reads stays in the first-level cache while the tiles of all taps pass over it.
  const int64_t band_cols = smaller<int64_t>(s.out_width, 256),
                band_rows = larger<int64_t>(1, smaller(s.out_height, 160 / larger<int64_t>(1, band_cols)));
  const int64_t row_bands = (s.out_height + band_rows - 1) / band_rows,
                col_bands = (s.out_width + band_cols - 1) / larger<int64_t>(1, band_cols);
  const int64_t x_cols = (band_cols - 1) * s.stride_width + cols.span, x_line = x_cols * channels;
  // A run of taps at once when neither dilated; else one tap's channels.
  const bool merged = s.dilation_width == 1;
  const int64_t group = merged ? row_depth : channels, groups = merged ? s.filter_height : s.taps();
  const int64_t sum_size = (depth + 1) * padded;

  parallel(threads, [&](int thread, int count) {
    const Range mine = share(s.batch * row_bands * col_bands, 1, thread, count);
    float* sums = weft::scratch(thread, kSlotConvSums, sum_size);
    std::memset(sums, 0, sizeof(float) * sum_size);
    float* bias_sum = sums + depth * padded;
    float* source = weft::scratch(thread, kSlotConvBand, ((band_rows - 1) * s.stride_height + rows.span) * x_line);
    float* line = weft::scratch(thread, kSlotConvLine, band_cols * filters + kCols);
    float* packed = weft::scratch(thread, kSlotConvGradient, band_rows * band_cols * padded);
    // From the last to the first: what the kernel before this one wrote last is still in a cache.
    for (int64_t item = mine.end - 1; item >= mine.begin; item--) {
      const int64_t image = item / (row_bands * col_bands), band = item % (row_bands * col_bands);
      const int64_t row0 = band / col_bands * band_rows, n_rows = smaller(band_rows, s.out_height - row0);
      const int64_t col0 = band % col_bands * band_cols, n_cols = smaller(band_cols, s.out_width - col0);
      images.fill(image, rows.src_first + row0 * s.stride_height, cols.src_first + col0 * s.stride_width,
                  (n_rows - 1) * s.stride_height + rows.span, x_cols, source);
      // The gradient in panels of kCols filters, each [pixels][kCols].
      for (int64_t r = 0; r < n_rows; r++) {
        const int64_t begin = ((image * s.out_height + row0 + r) * s.out_width + col0) * filters;
        const float* from = dy + begin;
        if (!gradients.plain()) gradients.copy(begin, n_cols * filters, line), from = line;
        for (int64_t panel = 0; panel < panels; panel++) {
          const int width = static_cast<int>(smaller<int64_t>(kCols, filters - panel * kCols));
          float* to = packed + (panel * n_rows + r) * n_cols * kCols;
          for (int64_t c = 0; c < n_cols; c++)
            for (int v = 0; v < kCols; v += kLanes)
              store(to + c * kCols + v,
                    load_partial(from + c * filters + panel * kCols + v, smaller(kLanes, larger(width - v, 0))));
        }
      }
      for (int64_t panel = 0; panel < panels; panel++) {
        const int width = static_cast<int>(smaller<int64_t>(kCols, filters - panel * kCols));
        const float* panel_dy = packed + panel * n_rows * n_cols * kCols;
        if (bias_gradient != nullptr) {
          Vec total[kVecs];
          for (int v = 0; v < kVecs; v++) total[v] = load(bias_sum + panel * kCols + v * kLanes);
          for (int64_t p = 0; p < n_rows * n_cols; p++)
            for (int v = 0; v < kVecs; v++) total[v] += load(panel_dy + p * kCols + v * kLanes);
          for (int v = 0; v < kVecs; v++) store(bias_sum + panel * kCols + v * kLanes, total[v]);
        }
        for (int64_t g = 0; g < groups; g++) {
          const int64_t offset = merged ? rows.offset[g] * x_line
                                        : rows.offset[g / s.filter_width] * x_line + cols.offset[g % s.filter_width] * channels;
          const int64_t tiles = (group + kRows - 1) / kRows;
          for (int64_t t = 0; t < tiles; t++) {
            const int64_t from = group * t / tiles, to = group * (t + 1) / tiles;
            const FilterTile tile = {source + offset + from,
                                     s.stride_width * channels,
                                     s.stride_height * x_line,
                                     panel_dy,
                                     n_rows,
                                     n_cols,
                                     sums + (g * group + from) * padded + panel * kCols,
                                     padded};
            FilterTiles<kRows>::run(static_cast<int>(to - from), width, tile);
          }
        }
      }
    }
    if (count > 1) barrier(count);
    const Range reduced = share(depth + 1, 1, thread, count);
    for (int64_t row = reduced.begin; row < reduced.end; row++) {
      float* to = row < depth ? filter_gradient + row * filters : bias_gradient;
      if (to == nullptr) continue;
      for_vectors(0, filters, [&](int64_t i, int n) {
        Vec total = splat_zero();
        for (int t = 0; t < count; t++) total += load(weft::scratch(t, kSlotConvSums, sum_size) + row * padded + i);
        store_partial(to + i, total, n);
      });
    }
  });
}

}  // namespace WEFT_ISA
