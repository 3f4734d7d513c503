// What cells share whose only state is their output h (GRU and SimpleRNN): h before the first step and after the last one, the
// product of all running rows with the recurrent weights, and where the h of the step before lies.
#pragma once
#include "sequence.h"

namespace WEFT_ISA {

constexpr int kSlotHiddenPanels = weft::kSlotKernel + 1, kSlotHiddenStates = weft::kSlotKernel + 2,
              kSlotHiddenStretch = weft::kSlotKernel + 3, kSlotHiddenZeros = weft::kSlotKernel + 4,
              kSlotHiddenBias = weft::kSlotKernel + 5;

// Steps [from, from + count) in time whose inputs are projected together; those going backwards begin at the far end.
struct Stretch {
  int64_t from, count, rows, first_row;
  bool backwards;

  // The one after `done` steps, with about `most` rows.
  Stretch(const Timeline& time, int64_t done, int64_t most) : count(0), rows(0), backwards(time.backwards) {
    for (; done + count < time.steps && rows < most; count++)
      rows += time.active[backwards ? time.steps - 1 - done - count : done + count];
    from = backwards ? time.steps - done - count : done;
    first_row = time.first_row[from];
  }
  int64_t step(int64_t s) const { return backwards ? from + count - 1 - s : from + s; }
};

// h before the first step, by place; both of `masked`, rows of `row_size` floats, have it times the recurrent dropout mask, since
// going backwards short items begin at a later step.
inline void start_hidden(const Timeline& time, const float* initial, const float* mask, int64_t units, float* h,
                         float* const (&masked)[2], int64_t row_size, int64_t offset) {
  for (int64_t place = 0; place < time.batch; place++) {
    const int64_t from = time.order[place] * units;
    for (int64_t j = 0; j < units; j++) {
      const float value = initial ? initial[from + j] : 0.0f;
      h[place * units + j] = value;
      for (float* rows : masked) rows[place * row_size + offset + j] = mask ? value * mask[from + j] : value;
    }
  }
}

// From h by place after the last step: the last state, the output when only the last is wanted, else the steps past each row's
// end.
inline void finish_hidden(const Timeline& time, const float* h, int64_t units, bool sequences, float* output, float* last) {
  const size_t bytes = sizeof(float) * units;
  for (int64_t place = 0; place < time.batch; place++, h += units) {
    const int64_t item = time.order[place];
    const bool any = time.length[item] > 0;
    std::memcpy(last + item * units, h, bytes);
    if (!sequences) {
      any ? std::memcpy(output + item * units, h, bytes) : std::memset(output + item * units, 0, bytes);
      continue;
    }
    for (int64_t t = time.length[item]; t < time.steps; t++) {
      float* to = output + (item * time.steps + t) * units;
      any && !time.backwards ? std::memcpy(to, h, bytes) : std::memset(to, 0, bytes);
    }
  }
}

// The gradient of that last h, by place.
inline void start_gradient(const Timeline& time, const float* dy, bool sequences, const float* last, int64_t units, float* dh) {
  for (int64_t place = 0; place < time.batch; place++) {
    const int64_t item = time.order[place];
    const bool any = time.length[item] > 0;
    for (int64_t j = 0; j < units; j++) {
      float value = last ? last[item * units + j] : 0.0f;
      if (dy != nullptr && any && !sequences) value += dy[item * units + j];
      if (dy != nullptr && any && sequences && !time.backwards)
        for (int64_t t = time.length[item]; t < time.steps; t++) value += dy[(item * time.steps + t) * units + j];
      dh[place * units + j] = value;
    }
  }
}

// Lays x_t, times the dropout mask, at the beginning of the rows of this thread's share of the items running at t.
inline void lay_input(const Timeline& time, const Division& division, const float* x, const float* dropout, int64_t features,
                      int64_t t, float* rows, int64_t row_size, int thread, int count) {
  for (int64_t tile = thread; tile < division.tiles; tile += count)
    for (int64_t place = division.place(tile); place < smaller(division.place(tile + 1), time.active[t]); place++) {
      const float* from = x + (time.order[place] * time.steps + t) * features;
      const float* factors = dropout ? dropout + time.order[place] * features : nullptr;
      for_vectors(0, features, [&](int64_t k, int n) {
        const Vec value = load_partial(from + k, n);
        store_partial(rows + place * row_size + k, factors ? value * load_partial(factors + k, n) : value, n);
      });
    }
}

// A [units, depth] transposed as panels of one vector of units.
inline void pack_transposed(const Division& division, const float* a, int64_t units, int64_t depth, float* panels) {
  parallel(division.threads, [&](int thread, int count) {
    const Range mine = share(division.blocks, 1, thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++)
      for (int lane = 0; lane < kLanes; lane++) {
        const int64_t unit = block * kLanes + lane;
        float* to = panels + block * depth * kLanes + lane;
        for (int64_t k = 0; k < depth; k++) to[k * kLanes] = unit < units ? a[unit * depth + k] : 0.0f;
      }
  });
}

// f(place, unit, width, sum) for every vector that is this thread's of rows x panels: rows by place with `row_size` floats from
// one to the next, panels of one vector of units with `panel_size`.
template <class F>
WEFT_INLINE void for_products(const Division& division, int thread, int count, int64_t active, int64_t units, const float* rows,
                              int64_t row_size, const float* panels, int64_t panel_size, int64_t depth, F f) {
  constexpr int kWide = kLanes == 16 ? 4 : 2;
  const Range mine = division.blocks_of(thread, count);
  for (int64_t block = mine.begin; block < mine.end;) {
    const int wide = mine.end - block >= kWide ? kWide : mine.end - block >= 2 ? 2 : 1;
    division.for_tiles(thread, count, active, [&](int64_t place0, int tile) {
      alignas(64) Vec sums[kTileRows][kWide];
      auto product = [&](auto size, auto vecs) {
        constexpr int R = decltype(size)::value, V = decltype(vecs)::value;
        Vec acc[R][V];
        micro_rows(depth, rows + place0 * row_size, row_size, panels + block * panel_size, kLanes, panel_size, acc);
        for (int r = 0; r < R; r++)
          for (int v = 0; v < V; v++) sums[r][v] = acc[r][v];
      };
      with_rows(tile, [&](auto size) {
        wide == kWide ? product(size, Size<kWide>{}) : wide == 2 ? product(size, Size<2>{}) : product(size, Size<1>{});
      });
      for (int r = 0; r < tile; r++)
        for (int v = 0; v < wide; v++) {
          const int64_t unit = (block + v) * kLanes;
          f(place0 + r, unit, static_cast<int>(smaller<int64_t>(kLanes, units - unit)), sums[r][v]);
        }
    });
    block += wide;
  }
}

// Where h of the step processed before lies, kept by row; before the first step the initial state, or zeros.
struct HiddenBefore {
  const Timeline& time;
  const float *hiddens, *initial;
  int64_t units;
  const float* zeros;

  HiddenBefore(const Timeline& timeline, const float* kept, const float* initial_hidden, int64_t size)
      : time(timeline), hiddens(kept), initial(initial_hidden), units(size) {
    float* nothing = scratch(0, kSlotHiddenZeros, size);
    std::memset(nothing, 0, sizeof(float) * size);
    zeros = nothing;
  }
  WEFT_INLINE const float* operator()(int64_t t, int64_t place) const {
    const int64_t before = time.previous(t);
    if (before >= 0 && place < time.active[before]) return hiddens + (time.first_row[before] + place) * units;
    return initial ? initial + time.order[place] * units : zeros;
  }
  // The same for every row, for products over all rows; it stays valid until the next kernel.
  HiddenColumns columns(const float* mask) const {
    const float** rows = reinterpret_cast<const float**>(scratch(0, kSlotHiddenStretch, 4 * (time.rows + 1)));
    const float** masks = mask ? rows + time.rows : nullptr;
    for (int64_t t = 0; t < time.steps; t++)
      for (int64_t place = 0; place < time.active[t]; place++) {
        const int64_t row = time.first_row[t] + place;
        rows[row] = (*this)(t, place);
        if (masks) masks[row] = mask + time.order[place] * units;
      }
    return {rows, masks};
  }
};

}  // namespace WEFT_ISA
