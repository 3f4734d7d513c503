// Convolution over images and volumes whose channels lie last, without im2col. A band of the source is copied, padded, into
// scratch memory that stays in a core's cache; there each tap of the filter is a contiguous run of floats from each pixel, so
// that the register tile of a matrix product (pixels x filters) reads its left operand where it lies. The gradient of the input
// is the same computation over the output's gradient, once for each phase of the stride. An image is a volume of one plane. The
// gradient of the filter is conv-filter.h.
#pragma once
#include "gemm.h"

namespace WEFT_ISA {

// Sizes of a convolution; `in` is x and `out` is y, whichever direction is computed.
struct ConvShape {
  int64_t batch, in_height, in_width, in_channels, out_height, out_width, out_channels, filter_height, filter_width;
  int64_t stride_height, stride_width, dilation_height, dilation_width, pad_top, pad_left;
  int64_t in_depth = 1, out_depth = 1, filter_depth = 1, stride_depth = 1, dilation_depth = 1, pad_front = 0;
  bool pointwise() const {
    return filter_depth * filter_height * filter_width == 1 && stride_depth == 1 && stride_height == 1 && stride_width == 1 &&
           pad_front == 0 && pad_top == 0 && pad_left == 0 && in_depth == out_depth && in_height == out_height &&
           in_width == out_width;
  }
};

// How the kernels take a ConvShape, and the activation after it.
#define CONV_SHAPE(NUMBER)                                                                                             \
  NUMBER(batch)                                                                                                        \
  NUMBER(inHeight)                                                                                                     \
  NUMBER(inWidth)                                                                                                      \
  NUMBER(inChannels)                                                                                                   \
  NUMBER(outHeight) NUMBER(outWidth) NUMBER(outChannels) NUMBER(filterHeight) NUMBER(filterWidth) NUMBER(strideHeight) \
      NUMBER(strideWidth) NUMBER(dilationHeight) NUMBER(dilationWidth) NUMBER(padTop) NUMBER(padLeft) NUMBER(inDepth)  \
          NUMBER(outDepth) NUMBER(filterDepth) NUMBER(strideDepth) NUMBER(dilationDepth) NUMBER(padFront) NUMBER(activation)

template <class Args>
static ConvShape conv_shape(const Args& a) {
  const double sizes[] = {a.batch,         a.inHeight,      a.inWidth,     a.inChannels,   a.outHeight,   a.outWidth,
                          a.outChannels,   a.filterHeight,  a.filterWidth, a.strideHeight, a.strideWidth, a.dilationHeight,
                          a.dilationWidth, a.padTop,        a.padLeft,     a.inDepth,      a.outDepth,    a.filterDepth,
                          a.strideDepth,   a.dilationDepth, a.padFront};
  int64_t n[21];
  for (int i = 0; i < 21; i++) n[i] = static_cast<int64_t>(sizes[i]);
  return {n[0],  n[1],  n[2],  n[3],  n[4],  n[5],  n[6],  n[7],  n[8],  n[9], n[10],
          n[11], n[12], n[13], n[14], n[15], n[16], n[17], n[18], n[19], n[20]};
}
static Activation activation_of(double code) { return static_cast<Activation>(static_cast<int>(code)); }

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
  int64_t height, width, channels, depth = 1;
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

  // rows x cols pixels from (row0, col0) of an image, or of a plane when planes are counted through all volumes; zero outside.
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

// The axis of planes of an image: one, read through one tap. `zero` is the memory of its tap.
static ConvAxis flat_axis(int64_t* zero) {
  *zero = 0;
  return {1, 0, 1, 0, 1, 1, 1, zero, zero};
}

// Those of an axis's taps that read inside a source of `size` positions, for output i: the taps before them read in front of it,
// those after them behind it.
static Range taps_inside(const ConvAxis& axis, int64_t i, int64_t size) {
  const int64_t at = axis.src_first + i * axis.src_step;
  Range inside = {0, axis.taps};
  while (inside.begin < inside.end && at + axis.offset[inside.begin] < 0) inside.begin++;
  while (inside.end > inside.begin && at + axis.offset[inside.end - 1] >= size) inside.end--;
  return inside;
}

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
  const float* filter;  // [filter depth, filter height, filter width, in, out]
  int64_t filter_width, in_channels, out_channels;
  bool transposed;  // source channels are the filter's last axis
  int64_t filter_height = 1;

  int64_t sources() const { return transposed ? out_channels : in_channels; }
  int64_t targets() const { return transposed ? in_channels : out_channels; }

  void pack(const ConvAxis& planes, const ConvAxis& rows, const ConvAxis& cols, Range panels, float* to) const {
    const int64_t depth = planes.taps * rows.taps * cols.taps * sources();
    for (int64_t panel = panels.begin; panel < panels.end; panel++) {
      float* next = to + panel * depth * kCols;
      const int width = static_cast<int>(smaller<int64_t>(kCols, targets() - panel * kCols));
      for (int64_t p = 0; p < planes.taps; p++)
        for (int64_t r = 0; r < rows.taps; r++)
          for (int64_t c = 0; c < cols.taps; c++) {
            const int64_t tap = (planes.index[p] * filter_height + rows.index[r]) * filter_width + cols.index[c];
            const Matrix matrix = {filter + tap * in_channels * out_channels, transposed ? 1 : out_channels,
                                   transposed ? out_channels : 1};
            matrix.pack_cols(next, 0, sources(), panel * kCols, width, kCols);
            next += sources() * kCols;
          }
    }
  }
  void pack(const ConvAxis& rows, const ConvAxis& cols, Range panels, float* to) const {
    int64_t zero;
    pack(flat_axis(&zero), rows, cols, panels, to);
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

// The runs of floats that a pixel's taps read in a band: those of a plane's taps together, planes `plane` floats apart and lines
// `line` floats. Returns how many a plane has.
static int64_t conv_runs(const ConvAxis& planes, const ConvAxis& rows, const ConvAxis& cols, int64_t sources, int64_t plane,
                         int64_t line, ConvRun* runs) {
  int64_t count = 0;
  for (int64_t p = 0; p < planes.taps; p++)
    for (int64_t r = 0; r < rows.taps; r++)
      for (int64_t c = 0; c < cols.taps; c++) {
        const int64_t offset = planes.offset[p] * plane + rows.offset[r] * line + cols.offset[c] * sources;
        // Neighbouring taps make one run.
        if (r + c > 0 && runs[count - 1].offset + runs[count - 1].length == offset)
          runs[count - 1].length += sources;
        else
          runs[count++] = {offset, sources};
      }
  return planes.taps > 0 ? count / planes.taps : 0;
}

// How many planes of outputs make one item of work, where a whole plane is one.
static int64_t planes_together(const ConvAxis& planes, const ConvBands& bands, int64_t plane_floats, int64_t batch,
                               int64_t wanted_items) {
  if (bands.row_bands * bands.col_bands > 1) return 1;
  const int64_t fit = (kBandFloats / larger<int64_t>(plane_floats, 1) - planes.span) / planes.src_step + 1;
  const int64_t groups = larger((planes.outputs + fit - 1) / larger<int64_t>(fit, 1), (wanted_items + batch - 1) / batch);
  return larger<int64_t>(1, (planes.outputs + groups - 1) / larger<int64_t>(groups, 1));
}

static bool conv_inside(const ConvAxis& axis, int64_t size) {
  return axis.src_first >= 0 && axis.src_first + (axis.outputs - 1) * axis.src_step + axis.span <= size;
}

// The outputs of one phase: out[volume, plane, row, col, channel], of out_depth x out_height x out_width pixels a volume.
static void conv_phase(const ConvSource& source, const ConvAxis& planes, const ConvAxis& rows, const ConvAxis& cols,
                       const ConvWeights& weights, int64_t batch, const float* bias, Activation activation, float* out,
                       int64_t out_depth, int64_t out_height, int64_t out_width) {
  if (batch <= 0 || planes.outputs <= 0 || rows.outputs <= 0 || cols.outputs <= 0) return;
  const int64_t sources = weights.sources(), targets = weights.targets(), plane_depth = rows.taps * cols.taps * sources,
                depth = planes.taps * plane_depth;
  const int64_t panels = (targets + kCols - 1) / kCols;
  float* packed = weft::scratch(0, kSlotConvWeights, panels * kCols * (depth + 1));
  float* biases = packed + panels * kCols * depth;
  for (int64_t i = 0; i < panels * kCols; i++) biases[i] = bias != nullptr && i < targets ? bias[i] : 0.0f;

  const double work = 2.0 * batch * planes.outputs * rows.outputs * cols.outputs * targets * (depth + 1);
  const int threads = work < 200000 ? 1 : thread_count();
  const int64_t wanted = threads == 1 ? 1 : 4 * threads;
  const ConvBands bands = cut_bands(rows, cols, planes.span * sources, batch * planes.outputs, wanted);
  const int64_t band_rows = (bands.rows - 1) * rows.src_step + rows.span,
                band_cols = (bands.cols - 1) * cols.src_step + cols.span;
  const bool in_place =
      source.plain() && conv_inside(planes, source.depth) && conv_inside(rows, source.height) && conv_inside(cols, source.width);
  const int64_t line = (in_place ? source.width : band_cols) * sources, plane = (in_place ? source.height : band_rows) * line;
  const int64_t together = planes_together(planes, bands, plane, batch, wanted);
  const int64_t groups = (planes.outputs + together - 1) / together, plane_bands = bands.row_bands * bands.col_bands;
  ConvRun* runs = reinterpret_cast<ConvRun*>(weft::scratch(0, kSlotConvRuns, 4 * planes.taps * rows.taps * cols.taps + 4));
  const int64_t plane_runs = conv_runs(planes, rows, cols, sources, plane, line, runs);

  parallel(threads, [&](int thread, int count) {
    weights.pack(planes, rows, cols, share(panels, 1, thread, count), packed);
    if (count > 1) barrier(count);
    const Range mine = share(batch * groups * plane_bands, 1, thread, count);
    float* copy =
        in_place ? nullptr : weft::scratch(thread, kSlotConvBand, ((together - 1) * planes.src_step + planes.span) * plane);
    for (int64_t item = mine.begin; item < mine.end; item++) {
      const int64_t volume = item / (groups * plane_bands), band = item % plane_bands;
      const int64_t plane0 = item / plane_bands % groups * together, plane1 = smaller(plane0 + together, planes.outputs);
      const int64_t row0 = band / bands.col_bands * bands.rows, row1 = smaller(row0 + bands.rows, rows.outputs);
      const int64_t col0 = band % bands.col_bands * bands.cols, col1 = smaller(col0 + bands.cols, cols.outputs);
      const int64_t src_plane = planes.src_first + plane0 * planes.src_step, src_row = rows.src_first + row0 * rows.src_step,
                    src_col = cols.src_first + col0 * cols.src_step;
      const float* base =
          in_place
              ? source.data + (((volume * source.depth + src_plane) * source.height + src_row) * source.width + src_col) * sources
              : copy;
      // Planes outside the volume are not filled: no tap reads them.
      const int64_t src_end = smaller(src_plane + (plane1 - plane0 - 1) * planes.src_step + planes.span, source.depth);
      if (!in_place)
        for (int64_t p = larger<int64_t>(0, src_plane); p < src_end; p++)
          source.fill(volume * source.depth + p, src_row, src_col, (row1 - row0 - 1) * rows.src_step + rows.span, band_cols,
                      copy + (p - src_plane) * plane);
      ConvTile tile = {nullptr, 0,          nullptr, cols.src_step * sources, nullptr, nullptr, cols.out_step * targets,
                       nullptr, activation, 0};
      const int64_t tiles = (col1 - col0 + kRows - 1) / kRows;
      for (int64_t panel = 0; panel < panels; panel++) {
        tile.bias = biases + panel * kCols;
        tile.width = static_cast<int>(smaller<int64_t>(kCols, targets - panel * kCols));
        for (int64_t p = plane0; p < plane1; p++) {
          const Range inside = taps_inside(planes, p, source.depth);
          tile.runs = runs + inside.begin * plane_runs;
          tile.run_count = (inside.end - inside.begin) * plane_runs;
          tile.weights = packed + (panel * depth + inside.begin * plane_depth) * kCols;
          const float* from_plane = base + (p - plane0) * planes.src_step * plane;
          const int64_t out_plane = volume * out_depth + planes.out_first + p * planes.out_step;
          for (int64_t row = row0; row < row1; row++) {
            const int64_t out_row = (out_plane * out_height + rows.out_first + row * rows.out_step) * out_width;
            for (int64_t t = 0; t < tiles; t++) {
              const int64_t from = (col1 - col0) * t / tiles, to = (col1 - col0) * (t + 1) / tiles;
              tile.source = from_plane + (row - row0) * rows.src_step * line + from * tile.step;
              tile.out = out + (out_row + cols.out_first + (col0 + from) * cols.out_step) * targets + panel * kCols;
              ConvTiles<kRows>::run(static_cast<int>(to - from), tile);
            }
          }
        }
      }
    }
  });
}

// The same for images.
inline void conv_phase(const ConvSource& source, const ConvAxis& rows, const ConvAxis& cols, const ConvWeights& weights,
                       int64_t batch, const float* bias, Activation activation, float* out, int64_t out_height,
                       int64_t out_width) {
  int64_t zero;
  conv_phase(source, flat_axis(&zero), rows, cols, weights, batch, bias, activation, out, 1, out_height, out_width);
}

// The axes of y from x.
struct ConvAxes {
  ConvAxis planes, rows, cols;
};
static int64_t* axis_memory(const ConvShape& s) {
  return reinterpret_cast<int64_t*>(weft::scratch(0, kSlotConvAxes, 4 * (s.filter_depth + s.filter_height + s.filter_width)));
}
static ConvAxes forward_axes(const ConvShape& s) {
  int64_t *planes = axis_memory(s), *rows = planes + 2 * s.filter_depth, *cols = rows + 2 * s.filter_height;
  return {forward_axis(s.out_depth, s.filter_depth, s.stride_depth, s.dilation_depth, s.pad_front, planes),
          forward_axis(s.out_height, s.filter_height, s.stride_height, s.dilation_height, s.pad_top, rows),
          forward_axis(s.out_width, s.filter_width, s.stride_width, s.dilation_width, s.pad_left, cols)};
}

// y = activation(x * filter + bias)
static void conv_forward(const ConvShape& s, const float* x, const float* filter, const float* bias, Activation activation,
                         float* y) {
  if (s.pointwise()) {
    Output out = {y, s.out_channels};
    out.bias = bias;
    out.activation = activation;
    return gemm(s.batch * s.out_depth * s.out_height * s.out_width, s.out_channels, s.in_channels, Matrix{x, s.in_channels, 1},
                Matrix{filter, s.out_channels, 1}, out);
  }
  const ConvAxes axes = forward_axes(s);
  const ConvSource source = {x, nullptr, Activation::linear, s.in_height, s.in_width, s.in_channels, s.in_depth};
  const ConvWeights weights = {filter, s.filter_width, s.in_channels, s.out_channels, false, s.filter_height};
  conv_phase(source, axes.planes, axes.rows, axes.cols, weights, s.batch, bias, activation, y, s.out_depth, s.out_height,
             s.out_width);
}

// dx from dy, and from y where an activation came after the convolution.
static void conv_backward_input(const ConvShape& s, const float* dy, const float* y, Activation activation, const float* filter,
                                float* dx) {
  const ConvSource source = {dy, y, activation, s.out_height, s.out_width, s.out_channels, s.out_depth};
  if (s.pointwise() && source.plain())
    return gemm(s.batch * s.in_depth * s.in_height * s.in_width, s.in_channels, s.out_channels, Matrix{dy, s.out_channels, 1},
                Matrix{filter, 1, s.out_channels}, Output{dx, s.in_channels});
  const ConvWeights weights = {filter, s.filter_width, s.in_channels, s.out_channels, true, s.filter_height};
  int64_t *plane_taps = axis_memory(s), *row_taps = plane_taps + 2 * s.filter_depth, *col_taps = row_taps + 2 * s.filter_height;
  for (int64_t h = 0; h < s.stride_depth; h++)
    for (int64_t i = 0; i < s.stride_height; i++)
      for (int64_t j = 0; j < s.stride_width; j++) {
        const ConvAxis planes =
            backward_axis(s.in_depth, s.filter_depth, s.stride_depth, s.dilation_depth, s.pad_front, h, plane_taps);
        const ConvAxis rows =
            backward_axis(s.in_height, s.filter_height, s.stride_height, s.dilation_height, s.pad_top, i, row_taps);
        const ConvAxis cols =
            backward_axis(s.in_width, s.filter_width, s.stride_width, s.dilation_width, s.pad_left, j, col_taps);
        conv_phase(source, planes, rows, cols, weights, s.batch, nullptr, Activation::linear, dx, s.in_depth, s.in_height,
                   s.in_width);
      }
}

}  // namespace WEFT_ISA
