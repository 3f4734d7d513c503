// What convolutional recurrent kernels share: which steps of each item exist, how threads divide items or bands of rows, and a
// convolution that is applied to bands of one frame at a time. A frame is an item's image at one step; frames are numbered
// item * T + step, and those of steps that do not exist are never touched.
#pragma once
#include "conv-filter.h"
#include "conv.h"
#include "sequence.h"

namespace WEFT_ISA {

constexpr int kSlotFrameSteps = weft::kSlotKernel, kSlotFrameAxes = weft::kSlotKernel + 1,
              kSlotFrameWeights = weft::kSlotKernel + 2, kSlotFrameBand = weft::kSlotKernel + 3,
              kSlotFrameStrip = weft::kSlotKernel + 4, kSlotFrameSums = weft::kSlotKernel + 5,
              kSlotFrameGradient = weft::kSlotKernel + 6, kSlotFrameHidden = weft::kSlotKernel + 7;

// Items, by place, and the share of the work on them that is a thread's: all of one item, or a part of every item.
struct Team {
  int64_t first, last;
  int index, size;
  void meet() const {
    if (size > 1) barrier(size);
  }
};

// The steps that exist, from the mask: any lengths, any holes. What the mask leaves out is skipped, so that the state before a
// step is that of the kept step before it.
struct KeptSteps {
  int64_t batch, steps;
  int64_t* count;  // [B] by item
  int64_t* order;  // [B] items, those with most steps first
  int32_t* kept;   // [B, T] by item: its steps in the order in which they are processed
  bool backwards;

  KeptSteps(int64_t b, int64_t t, const uint8_t* mask, bool reverse) : batch(b), steps(t), backwards(reverse) {
    count = reinterpret_cast<int64_t*>(scratch(0, kSlotFrameSteps, 4 * b + b * t + 2));
    order = count + b, kept = reinterpret_cast<int32_t*>(order + b);
    for (int64_t item = 0; item < b; item++) {
      count[item] = 0;
      for (int64_t s = 0; s < t; s++) {
        const int64_t step = reverse ? t - 1 - s : s;
        if (mask == nullptr || mask[item * t + step]) kept[item * t + count[item]++] = static_cast<int32_t>(step);
      }
    }
    int64_t place = 0;
    for (int64_t wanted = t; wanted >= 0; wanted--)
      for (int64_t item = 0; item < b; item++)
        if (count[item] == wanted) order[place++] = item;
  }
  int64_t frame(int64_t item, int64_t k) const { return item * steps + kept[item * steps + k]; }
  // Steps of the team's item that has most.
  int64_t longest(const Team& team) const { return team.first < team.last ? count[order[team.first]] : 0; }
  // f(item, first row, rows) for the team member's share of the bands of all the team's items that have a k-th step.
  template <class F>
  WEFT_INLINE void for_bands(const Team& team, int64_t k, int64_t height, int64_t n_rows, F f) const {
    int64_t running = 0;
    while (team.first + running < team.last && count[order[team.first + running]] > k) running++;
    const int64_t bands = (height + n_rows - 1) / n_rows;
    const Range mine = share(running * bands, 1, team.index, team.size);
    for (int64_t work = mine.begin; work < mine.end; work++) {
      const int64_t row = work % bands * n_rows;
      f(order[team.first + work / bands], row, smaller(n_rows, height - row));
    }
  }
  // f(frame) for the skipped steps at which the output of the k-th step repeats; for k = -1, those before there is any output.
  template <class F>
  WEFT_INLINE void repeats(int64_t item, int64_t k, F f) const {
    const int64_t way = backwards ? -1 : 1, end = backwards ? -1 : steps, *counts = count;
    const int32_t* own = kept + item * steps;
    const int64_t to = k + 1 < counts[item] ? own[k + 1] : end;
    for (int64_t t = k < 0 ? (backwards ? steps - 1 : 0) : own[k] + way; t != to; t += way) f(item * steps + t);
  }
  // Whether items can be dealt out to threads with little left waiting at the end.
  bool deals_evenly(int threads) const {
    int64_t most = 0, total = 0;
    for (int thread = 0; thread < threads; thread++) {
      int64_t own = 0;
      for (int64_t place = thread; place < batch; place += threads) own += count[order[place]];
      most = larger(most, own), total += own;
    }
    return most * threads <= total + total / 16;
  }
};

template <class F>
WEFT_INLINE void for_teams(bool by_items, int64_t batch, int thread, int count, F f) {
  if (!by_items) return f(Team{0, batch, thread, count});
  for (int64_t place = thread; place < batch; place += count) f(Team{place, place + 1, 0, 1});
}

// A band's source takes at most that much of a core's memory, where one row allows.
constexpr int64_t kFrameBandFloats = 64 * 1024;

// A convolution over bands of rows of one frame. A band's source is copied, padded, into a core's own memory, where neighbouring
// taps are runs of floats; see conv.h.
struct FrameConvolution {
  ConvAxis rows, cols;
  ConvWeights weights;
  int64_t height, width;  // of the source
  int64_t channels, targets, depth, panels, line, run_count;
  ConvRun* runs;
  float* packed;  // [panels, depth, kCols]
  float* biases;  // [panels, kCols]

  static int64_t axes_size(const ConvShape& s) {
    return 2 * (s.filter_height + s.filter_width + s.filter_height * s.filter_width);
  }  // int64_t's
  static int64_t packed_floats(int64_t depth, int64_t targets) { return (targets + kCols - 1) / kCols * kCols * (depth + 1); }

  // The transposed one, of stride 1, gives the gradient of the other's source.
  FrameConvolution(const ConvShape& s, const float* filter, bool transposed, int64_t* memory) {
    int64_t* col_memory = memory + 2 * s.filter_height;
    rows = transposed ? backward_axis(s.in_height, s.filter_height, 1, 1, s.pad_top, 0, memory)
                      : forward_axis(s.out_height, s.filter_height, s.stride_height, s.dilation_height, s.pad_top, memory);
    cols = transposed ? backward_axis(s.in_width, s.filter_width, 1, 1, s.pad_left, 0, col_memory)
                      : forward_axis(s.out_width, s.filter_width, s.stride_width, s.dilation_width, s.pad_left, col_memory);
    weights = {filter, s.filter_width, s.in_channels, s.out_channels, transposed};
    height = transposed ? s.out_height : s.in_height, width = transposed ? s.out_width : s.in_width;
    channels = weights.sources(), targets = weights.targets(), depth = rows.taps * cols.taps * channels;
    panels = (targets + kCols - 1) / kCols;
    line = ((cols.outputs - 1) * cols.src_step + cols.span) * channels;
    runs = reinterpret_cast<ConvRun*>(col_memory + 2 * s.filter_width);
    run_count = 0;
    for (int64_t r = 0; r < rows.taps; r++)
      for (int64_t c = 0; c < cols.taps; c++) {
        const int64_t offset = rows.offset[r] * line + cols.offset[c] * channels;
        if (run_count > 0 && runs[run_count - 1].offset + runs[run_count - 1].length == offset)
          runs[run_count - 1].length += channels;
        else
          runs[run_count++] = {offset, channels};
      }
    packed = biases = nullptr;
  }
  // Where `pack` puts the weights; the bias may be null.
  float* place(float* memory, const float* bias) {
    packed = memory, biases = memory + panels * depth * kCols;
    for (int64_t i = 0; i < panels * kCols; i++) biases[i] = bias != nullptr && i < targets ? bias[i] : 0.0f;
    return memory + packed_floats(depth, targets);
  }
  void pack(int thread, int count) const { weights.pack(rows, cols, share(panels, 1, thread, count), packed); }

  // Rows of a band; with several threads there are bands enough for all, over so many frames.
  int64_t band_rows(int64_t frames, int threads) const {
    const int64_t fitting = (kFrameBandFloats / line - rows.span) / rows.src_step + 1, wanted = threads > 1 ? 4 * threads : 1;
    const int64_t enough = (frames * rows.outputs + wanted - 1) / wanted;
    return larger<int64_t>(1, smaller(smaller(fitting, enough), rows.outputs));
  }
  int64_t source_rows(int64_t n) const { return (n - 1) * rows.src_step + rows.span; }
  int64_t band_floats(int64_t n) const { return source_rows(n) * line; }
  // The source of output rows [row, row + n), times `factors` where there are any (`spare` then holds as many floats).
  void fill(const float* frame, const float* factors, int64_t row, int64_t n, float* band, float* spare) const {
    const int64_t from_row = rows.src_first + row * rows.src_step, line_pixels = line / channels;
    auto copy = [&](const float* from, float* to) {
      const ConvSource source = {from, nullptr, Activation::linear, height, width, channels};
      source.fill(0, from_row, cols.src_first, source_rows(n), line_pixels, to);
    };
    copy(frame, band);
    if (factors == nullptr) return;
    copy(factors, spare);
    for_vectors(0, band_floats(n), [&](int64_t i, int lanes) {
      store_partial(band + i, load_partial(band + i, lanes) * load_partial(spare + i, lanes), lanes);
    });
  }
  // n outputs of the band's row, from column `col`: out [n, out_step].
  void strip(const float* band, int64_t row, int64_t col, int64_t n, float* out, int64_t out_step) const {
    ConvTile tile = {runs,    run_count, nullptr, cols.src_step * channels, nullptr,
                     nullptr, out_step,  nullptr, Activation::linear,       0};
    const int64_t tiles = (n + kRows - 1) / kRows;
    for (int64_t panel = 0; panel < panels; panel++) {
      tile.weights = packed + panel * depth * kCols;
      tile.bias = biases + panel * kCols;
      tile.width = static_cast<int>(smaller<int64_t>(kCols, targets - panel * kCols));
      for (int64_t t = 0; t < tiles; t++) {
        const int64_t from = n * t / tiles, to = n * (t + 1) / tiles;
        tile.source = band + row * rows.src_step * line + (col + from) * tile.step;
        tile.out = out + from * out_step + panel * kCols;
        ConvTiles<kRows>::run(static_cast<int>(to - from), tile);
      }
    }
  }
  // Adds to sums [depth, padded] the products of a band's source and its gradient [panels, rows * cols, kCols], n_rows x n_cols
  // outputs.
  void add_filter_gradient(const float* band, const float* gradient, int64_t n_rows, int64_t n_cols, int64_t panel,
                           int width_left, float* sums, int64_t padded) const {
    int64_t first = 0;
    for (int64_t run = 0; run < run_count; first += runs[run++].length) {
      const int64_t length = runs[run].length, tiles = (length + kRows - 1) / kRows;
      for (int64_t t = 0; t < tiles; t++) {
        const int64_t from = length * t / tiles, to = length * (t + 1) / tiles;
        const FilterTile tile = {band + runs[run].offset + from,
                                 cols.src_step * channels,
                                 rows.src_step * line,
                                 gradient,
                                 n_rows,
                                 n_cols,
                                 sums + (first + from) * padded + panel * kCols,
                                 padded};
        FilterTiles<kRows>::run(static_cast<int>(to - from), width_left, tile);
      }
    }
  }
};

}  // namespace WEFT_ISA
