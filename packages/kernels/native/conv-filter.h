// The gradient of a convolution's filter: a register tile of taps x filters, summed over the pixels of a band whose gradient and
// source are copied into a core's cache. The taps of each plane of the filter have the band filled for them anew.
#pragma once
#include "conv.h"

namespace WEFT_ISA {

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

// Bands of some 128 pixels: what a tile reads stays in the first-level cache while the tiles of all taps pass over it.
struct FilterBands {
  int64_t rows, cols, row_bands, col_bands;
};
static FilterBands cut_filter_bands(const ConvShape& s) {
  const auto count = [](int64_t total, int64_t size) { return (total + size - 1) / larger<int64_t>(1, size); };
  const int64_t cols = smaller<int64_t>(s.out_width, 256);
  const int64_t most = larger<int64_t>(1, 160 / larger<int64_t>(1, cols));
  const int64_t rows = count(s.out_height, count(s.out_height, most));
  return {rows, cols, count(s.out_height, rows), count(s.out_width, cols)};
}

// A band of the gradient in panels of kCols filters, each [pixels][kCols].
static void pack_gradient(const ConvSource& gradients, int64_t image, int64_t row0, int64_t col0, int64_t rows, int64_t cols,
                          int thread, float* packed) {
  const int64_t filters = gradients.channels, panels = (filters + kCols - 1) / kCols;
  float* line = weft::scratch(thread, kSlotConvLine, cols * filters + kCols);
  for (int64_t r = 0; r < rows; r++) {
    const int64_t begin = ((image * gradients.height + row0 + r) * gradients.width + col0) * filters;
    const float* from = gradients.data + begin;
    if (!gradients.plain()) gradients.copy(begin, cols * filters, line), from = line;
    for (int64_t panel = 0; panel < panels; panel++) {
      const int width = static_cast<int>(smaller<int64_t>(kCols, filters - panel * kCols));
      float* to = packed + (panel * rows + r) * cols * kCols;
      for (int64_t c = 0; c < cols; c++)
        for (int v = 0; v < kCols; v += kLanes)
          store(to + c * kCols + v, load_partial(from + c * filters + panel * kCols + v, smaller(kLanes, larger(width - v, 0))));
    }
  }
}

// Starts reading floats [begin, begin + count) of the gradient, and of what it is made with, into the second-level cache.
WEFT_INLINE void prefetch_gradient(const ConvSource& gradients, int64_t begin, int64_t count) {
  if (begin < 0) return;
  for (int64_t i = begin; i < begin + count; i += 16) {
    __builtin_prefetch(gradients.data + i, 0, 2);
    if (!gradients.plain()) __builtin_prefetch(gradients.output + i, 0, 2);
  }
}

// sums[panel][j] += the sum of column j of each panel.
static void add_columns(const float* packed, int64_t pixels, int64_t panels, float* sums) {
  for (int64_t panel = 0; panel < panels; panel++, sums += kCols) {
    Vec total[kVecs];
    for (int v = 0; v < kVecs; v++) total[v] = load(sums + v * kLanes);
    for (int64_t p = 0; p < pixels; p++, packed += kCols)
      for (int v = 0; v < kVecs; v++) total[v] += load(packed + v * kLanes);
    for (int v = 0; v < kVecs; v++) store(sums + v * kLanes, total[v]);
  }
}

// The gradients of the filter and, unless null, of the bias. Each thread sums over its share of bands; the sums are added in
// order of the threads, so the result is the same at every run with as many threads.
static void conv_backward_filter(const ConvShape& s, const float* x, const float* dy, const float* y, Activation activation,
                                 float* filter_gradient, float* bias_gradient) {
  const int64_t channels = s.in_channels, filters = s.out_channels, panels = (filters + kCols - 1) / kCols,
                padded = panels * kCols;
  const int64_t row_depth = s.filter_width * channels, plane_depth = s.filter_height * row_depth,
                depth = s.filter_depth * plane_depth;
  const double work = 2.0 * s.batch * s.out_depth * s.out_height * s.out_width * filters * depth;
  const int threads = work < 200000 ? 1 : thread_count();
  const ConvAxes axes = forward_axes(s);
  const ConvAxis &rows = axes.rows, &cols = axes.cols;
  const ConvSource images = {x, nullptr, Activation::linear, s.in_height, s.in_width, channels, s.in_depth};
  const ConvSource gradients = {dy, y, activation, s.out_height, s.out_width, filters, s.out_depth};
  const FilterBands bands = cut_filter_bands(s);
  const int64_t x_cols = (bands.cols - 1) * s.stride_width + cols.span, x_line = x_cols * channels;
  // A run of taps at once when neither dilated; else one tap's channels.
  const bool merged = s.dilation_width == 1;
  const int64_t group = merged ? row_depth : channels, groups = merged ? s.filter_height : s.filter_height * s.filter_width;
  const int64_t sum_size = (depth + 1) * padded;

  parallel(threads, [&](int thread, int count) {
    const Range mine = share(s.batch * s.out_depth * bands.row_bands * bands.col_bands, 1, thread, count);
    float* sums = weft::scratch(thread, kSlotConvSums, sum_size);
    std::memset(sums, 0, sizeof(float) * sum_size);
    float* source = weft::scratch(thread, kSlotConvBand, ((bands.rows - 1) * s.stride_height + rows.span) * x_line);
    float* packed = weft::scratch(thread, kSlotConvGradient, bands.rows * bands.cols * padded);
    // From the last to the first: what the kernel before this one wrote last is still in a cache.
    for (int64_t item = mine.end - 1; item >= mine.begin; item--) {
      const int64_t image = item / (bands.row_bands * bands.col_bands), band = item % (bands.row_bands * bands.col_bands);
      const int64_t row0 = band / bands.col_bands * bands.rows, n_rows = smaller(bands.rows, s.out_height - row0);
      const int64_t col0 = band % bands.col_bands * bands.cols, n_cols = smaller(bands.cols, s.out_width - col0);
      pack_gradient(gradients, image, row0, col0, n_rows, n_cols, thread, packed);
      if (bias_gradient != nullptr) add_columns(packed, n_rows * n_cols, panels, sums + depth * padded);
      const int64_t volume = image / s.out_depth, plane = image % s.out_depth;
      const Range inside = taps_inside(axes.planes, plane, s.in_depth);
      // Of the band that is next, which lies before this one, a share is fetched with each group of tiles.
      const int64_t band_begin = ((image * s.out_height + row0) * s.out_width + col0) * filters,
                    band_size = bands.rows * bands.cols * filters;
      const int64_t prefetch_step = band_size / larger<int64_t>(1, (inside.end - inside.begin) * panels * groups) + 1;
      int64_t prefetched = 0;
      for (int64_t p = inside.begin; p < inside.end; p++) {
        const int64_t from_plane = axes.planes.src_first + plane * axes.planes.src_step + axes.planes.offset[p];
        images.fill(volume * s.in_depth + from_plane, rows.src_first + row0 * s.stride_height,
                    cols.src_first + col0 * s.stride_width, (n_rows - 1) * s.stride_height + rows.span, x_cols, source);
        for (int64_t panel = 0; panel < panels; panel++)
          for (int64_t g = 0; g < groups; g++) {
            prefetch_gradient(gradients, band_begin - band_size + prefetched, prefetch_step);
            prefetched += prefetch_step;
            const int64_t row = merged ? g : g / s.filter_width, col = merged ? 0 : g % s.filter_width;
            const int64_t tiles = (group + kRows - 1) / kRows;
            for (int64_t t = 0; t < tiles; t++) {
              const int64_t from = group * t / tiles, to = group * (t + 1) / tiles;
              const FilterTile tile = {source + rows.offset[row] * x_line + cols.offset[col] * channels + from,
                                       s.stride_width * channels,
                                       s.stride_height * x_line,
                                       packed + panel * n_rows * n_cols * kCols,
                                       n_rows,
                                       n_cols,
                                       sums + (p * plane_depth + g * group + from) * padded + panel * kCols,
                                       padded};
              const int width = static_cast<int>(smaller<int64_t>(kCols, filters - panel * kCols));
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
