// What all recurrent kernels share: which steps exist, how threads divide them, and the operands that let one matrix product read
// or write the rows of a sequence where they lie.
//
// Variable lengths: items are ordered by length, longest first, so that the items still running at a step are a prefix. "Row"
// below means one running item at one step; rows are numbered by step, then by that order.
#pragma once
#include "gemm.h"

namespace WEFT_ISA {

// The steps that exist, from the mask.
struct Timeline {
  int64_t batch, steps, rows;
  int64_t* order;      // [B] item at each place, longest first
  int64_t* length;     // [B] by item: last kept step + 1
  int64_t* first;      // [B] by item: first kept step
  int64_t* active;     // [T + 1] items running at each step
  int64_t* first_row;  // [T + 1]
  const uint8_t* mask;
  bool holes;  // a masked step lies before an item's last kept one
  bool backwards;

  Timeline(int64_t b, int64_t t, const uint8_t* m, bool reverse)
      : batch(b), steps(t), rows(0), mask(m), holes(false), backwards(reverse) {
    int64_t* memory = reinterpret_cast<int64_t*>(scratch(0, weft::kSlotKernel, 2 * (3 * b + 2 * t + 8)));
    order = memory, length = order + b, first = length + b, active = first + b, first_row = active + t + 1;
    for (int64_t i = 0; i <= t; i++) active[i] = 0;
    for (int64_t i = 0; i < b; i++) {
      length[i] = t, first[i] = 0;
      if (m == nullptr) continue;
      const uint8_t* row = m + i * t;
      while (length[i] > 0 && !row[length[i] - 1]) length[i]--;
      while (first[i] < length[i] && !row[first[i]]) first[i]++;
      for (int64_t s = 0; s < length[i]; s++) holes |= !row[s];
    }
    for (int64_t i = 0; i < b; i++)
      for (int64_t s = 0; s < length[i]; s++) active[s]++;
    for (int64_t s = 0; s < t; s++) first_row[s] = rows, rows += active[s];
    first_row[t] = rows;
    // Counting sort by length, longest first, stable.
    int64_t place = 0;
    for (int64_t wanted = t; wanted >= 0 && place < b; wanted--)
      for (int64_t i = 0; i < b; i++)
        if (length[i] == wanted) order[place++] = i;
  }
  // The step processed before `t`; -1 when there is none.
  int64_t previous(int64_t t) const { return backwards ? (t + 1 < steps ? t + 1 : -1) : t - 1; }
  bool hole(int64_t t, int64_t place) const { return holes && !mask[order[place] * steps + t]; }
  // At a hole the output repeats the last one; before the first kept step there is none.
  bool started(int64_t t, int64_t place) const { return backwards || t >= first[order[place]]; }
};

enum class CellActivation { tanh = 0, relu = 1, linear = 2 };
WEFT_INLINE Vec cell_activate(Vec x, CellActivation kind) {
  return kind == CellActivation::tanh ? tanh(x) : kind == CellActivation::relu ? relu(x) : x;
}
// The derivative, from the activation's value.
WEFT_INLINE Vec cell_slope(Vec y, CellActivation kind) {
  if (kind == CellActivation::tanh) return 1.0f - y * y;
  return kind == CellActivation::relu ? (y > splat_zero() ? splat(1.0f) : splat_zero()) : splat(1.0f);
}
WEFT_INLINE Vec gate_activate(Vec x, bool hard) { return hard ? hard_sigmoid(x) : sigmoid(x); }
WEFT_INLINE Vec gate_slope(Vec y, bool hard) {
  if (!hard) return y * (1.0f - y);
  return (y > splat_zero()) & (y < splat(1.0f)) ? splat(0.2f) : splat_zero();
}

// Rows of x, one for each row of the timeline, times the dropout mask of the item.
struct InputRows {
  const float* x;
  const float* dropout;  // [B, D] or null
  const Timeline& time;
  int64_t features, first_row, first_step;

  WEFT_INLINE void locate(int64_t row, int64_t& step, int64_t& place) const {
    while (step + 1 < time.steps && row >= time.first_row[step + 1]) step++;
    place = row - time.first_row[step];
  }
  void pack_rows(float* to, int64_t i, int rows, int64_t k0, int64_t depth) const {
    int64_t step = first_step, place = 0;
    const float* starts[kRows];
    for (int r = 0; r < rows; r++) {
      locate(first_row + i + r, step, place);
      starts[r] = x + (time.order[place] * time.steps + step) * features + k0;
    }
    interleave_rows(to, starts, rows, depth);
    if (dropout == nullptr) return;
    step = first_step;
    for (int r = 0; r < rows; r++) {
      locate(first_row + i + r, step, place);
      const float* factors = dropout + time.order[place] * features + k0;
      for (int64_t k = 0; k < depth; k++) to[k * rows + r] *= factors[k];
    }
  }
};

// The transpose of the above: element (feature, row).
struct InputColumns {
  InputRows rows;
  void pack_rows(float* to, int64_t i, int count, int64_t k0, int64_t depth) const {
    int64_t step = rows.first_step, place = 0;
    for (int64_t k = 0; k < depth; k++, to += count) {
      rows.locate(rows.first_row + k0 + k, step, place);
      const float* from = rows.x + (rows.time.order[place] * rows.time.steps + step) * rows.features + i;
      const float* keep = rows.dropout ? rows.dropout + rows.time.order[place] * rows.features + i : nullptr;
      for (int r = 0; r < count; r++) to[r] = keep ? from[r] * keep[r] : from[r];
    }
  }
};

constexpr int kTileRows = 6;
// Who computes what at each step. Items, by place, are cut into tiles of at most kTileRows.
struct Division {
  int threads;
  bool by_units;
  int64_t batch, tiles, blocks;

  // A step multiplies [B, units] with [units, gates * units].
  Division(int64_t batch_size, int64_t units, int64_t gates) : threads(thread_count()), by_units(false), batch(batch_size) {
    blocks = (units + kLanes - 1) / kLanes;
    if (2.0 * gates * batch * units * units < 200000) threads = 1;  // a step is over in a microsecond
    constexpr int64_t kCacheBytes = 1 << 20, kEnoughRows = 32;
    by_units = threads > 1 && (batch < threads || (4 * gates * units * units > kCacheBytes && batch < kEnoughRows * threads));
    if (by_units) threads = static_cast<int>(smaller<int64_t>(threads, blocks));
    const int64_t sharers = by_units ? 1 : threads;
    tiles = (batch + kTileRows * sharers - 1) / (kTileRows * sharers) * sharers;
  }
  Range blocks_of(int thread, int count) const { return by_units ? share(blocks, 1, thread, count) : Range{0, blocks}; }
  bool mine(int64_t tile, int thread, int count) const { return by_units || tile % count == thread; }
  int64_t place(int64_t tile) const { return batch * tile / tiles; }
  // f(first place, rows) for this thread's tiles that still have running items.
  template <class F>
  WEFT_INLINE void for_tiles(int thread, int count, int64_t active, F f) const {
    for (int64_t tile = 0; tile < tiles; tile++) {
      const int64_t from = place(tile), to = smaller(place(tile + 1), active);
      if (from >= active) return;
      if (from < to && mine(tile, thread, count)) f(from, static_cast<int>(to - from));
    }
  }
  void meet(int count) const {
    if (by_units) barrier(count);
  }
};

// f(Size<rows>) for the number of rows in a tile.
template <class F>
WEFT_INLINE void with_rows(int rows, F f) {
  switch (rows) {
    case 1:
      return f(Size<1>{});
    case 2:
      return f(Size<2>{});
    case 3:
      return f(Size<3>{});
    case 4:
      return f(Size<4>{});
    case 5:
      return f(Size<5>{});
    default:
      return f(Size<6>{});
  }
}

// Columns of the previous step's h (times the recurrent dropout mask), one for each row: element (unit, row).
struct HiddenColumns {
  const float* const* rows;   // [rows] pointers to h of the step before
  const float* const* masks;  // [rows] or null
  void pack_rows(float* to, int64_t i, int count, int64_t k0, int64_t depth) const {
    for (int64_t k = 0; k < depth; k++, to += count) {
      const float* from = rows[k0 + k] + i;
      const float* keep = masks ? masks[k0 + k] + i : nullptr;
      for (int r = 0; r < count; r++) to[r] = keep ? from[r] * keep[r] : from[r];
    }
  }
};

// Writes each row's gradient where its input lies, times the dropout mask of the item.
struct InputGradient {
  float* data;
  const float* dropout;
  const Timeline& time;
  const int32_t* step_of_row;
  int64_t features;
  bool accumulate;  // onto what is there
  WEFT_INLINE void operator()(int64_t row, int64_t j, Vec value, int width, bool first, bool) const {
    const int64_t step = step_of_row[row], item = time.order[row - time.first_row[step]];
    float* to = data + (item * time.steps + step) * features + j;
    if (dropout != nullptr) value *= load_partial(dropout + item * features + j, width);
    if (!first || accumulate) value += load_partial(to, width);
    store_partial(to, value, width);
  }
};

}  // namespace WEFT_ISA
