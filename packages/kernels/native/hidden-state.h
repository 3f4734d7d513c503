// What recurrent kernels share around their cell: h before the first step and after the last one, the product of all running rows
// with the recurrent weights, where a state of the step before lies, and the sums that threads make apart. No cell's algebra.
#pragma once
#include "sequence.h"

namespace WEFT_ISA {

constexpr int kSlotHiddenPanels = weft::kSlotKernel + 1, kSlotHiddenStates = weft::kSlotKernel + 2,
              kSlotHiddenStretch = weft::kSlotKernel + 3, kSlotHiddenZeros = weft::kSlotKernel + 4,
              kSlotHiddenSums = weft::kSlotKernel + 5;

// Sizes, options and tensors that every recurrent kernel takes, forward and backward.
struct Recurrence {
  const int64_t batch, steps, features, units, depth;  // depth: floats of a row of gates
  const Timeline time;
  const Division division;
  const CellActivation kind;
  const bool sequences;
  const float *x, *dropout, *recurrent_kernel, *recurrent_mask, *initial_hidden;

  template <class Args>
  Recurrence(const Args& a, int64_t gates)
      : batch(a.batch),
        steps(a.steps),
        features(a.features),
        units(a.units),
        depth(gates * units),
        time(batch, steps, a.mask.u8(), a.goBackwards != 0),
        division(batch, units, gates),
        kind(static_cast<CellActivation>(static_cast<int>(a.activation))),
        sequences(a.returnSequences != 0),
        x(a.x.f32()),
        dropout(a.dropoutMask.f32()),
        recurrent_kernel(a.recurrentKernel.f32()),
        recurrent_mask(a.recurrentDropoutMask.f32()),
        initial_hidden(a.initialHidden.f32()) {}

  // How many units there are from `unit` on, a vector's at most.
  WEFT_INLINE int lanes(int64_t unit) const { return static_cast<int>(smaller<int64_t>(kLanes, units - unit)); }
  // Rows of x, as an operand, and their transpose.
  InputRows inputs(int64_t first_row, int64_t first_step) const { return {x, dropout, time, features, first_row, first_step}; }
  InputColumns input_columns() const { return {inputs(0, 0)}; }
  // h as the product with U reads it.
  WEFT_INLINE Vec masked(Vec h, int64_t item, int64_t unit, int n) const {
    return recurrent_mask ? h * load_partial(recurrent_mask + item * units + unit, n) : h;
  }
};

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

// A state by place [B, U] from one by item; zeros from null.
inline void to_places(const Timeline& time, const float* items, int64_t units, float* places) {
  const size_t bytes = sizeof(float) * units;
  for (int64_t place = 0; place < time.batch; place++, places += units)
    items ? std::memcpy(places, items + time.order[place] * units, bytes) : std::memset(places, 0, bytes);
}
// And back.
inline void to_items(const Timeline& time, const float* places, int64_t units, float* items) {
  for (int64_t place = 0; place < time.batch; place++, places += units)
    std::memcpy(items + time.order[place] * units, places, sizeof(float) * units);
}

// h before the first step, by place; each of `masked`, rows of `row_size` floats, has it times the recurrent dropout mask, since
// going backwards short items begin at a later step.
template <int N>
inline void start_hidden(const Timeline& time, const float* initial, const float* mask, int64_t units, float* h,
                         float* const (&masked)[N], int64_t row_size, int64_t offset) {
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
// end. The output's rows are `out_width` floats apart.
inline void finish_hidden(const Timeline& time, const float* h, int64_t units, bool sequences, float* output, int64_t out_width,
                          float* last) {
  const size_t bytes = sizeof(float) * units;
  for (int64_t place = 0; place < time.batch; place++, h += units) {
    const int64_t item = time.order[place];
    const bool any = time.length[item] > 0;
    std::memcpy(last + item * units, h, bytes);
    if (!sequences) {
      any ? std::memcpy(output + item * out_width, h, bytes) : std::memset(output + item * out_width, 0, bytes);
      continue;
    }
    for (int64_t t = time.length[item]; t < time.steps; t++) {
      float* to = output + (item * time.steps + t) * out_width;
      any && !time.backwards ? std::memcpy(to, h, bytes) : std::memset(to, 0, bytes);
    }
  }
}

// The gradient of that last h, by place, from the output's and the last state's; either may be null.
inline void start_gradient(const Timeline& time, const float* dy, int64_t dy_width, bool sequences, const float* last,
                           int64_t units, float* dh) {
  for (int64_t place = 0; place < time.batch; place++) {
    const int64_t item = time.order[place];
    const bool any = time.length[item] > 0;
    for (int64_t j = 0; j < units; j++) {
      float value = last ? last[item * units + j] : 0.0f;
      if (dy != nullptr && any && !sequences) value += dy[item * dy_width + j];
      // Outputs past a row's end repeat its last one.
      if (dy != nullptr && any && sequences && !time.backwards)
        for (int64_t t = time.length[item]; t < time.steps; t++) value += dy[(item * time.steps + t) * dy_width + j];
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

// The step back through h U: dh by place becomes the gates' gradients of step t, rows of `depth` floats, times U transposed in
// `panels`, times the recurrent dropout mask. At a hole dh stays.
inline void hidden_gradient(const Timeline& time, const Division& division, int64_t t, const float* gradients, int64_t depth,
                            const float* panels, const float* mask, int64_t units, float* dh, int thread, int count) {
  for_products(division, thread, count, time.active[t], units, gradients, depth, panels, depth * kLanes, depth,
               [&](int64_t place, int64_t unit, int n, Vec value) {
                 if (time.hole(t, place)) return;
                 if (mask) value *= load_partial(mask + time.order[place] * units + unit, n);
                 store_partial(dh + place * units + unit, value, n);
               });
}

// Where a state (h or c) of the step processed before lies, kept by row; before the first step the initial one, or zeros.
struct StateBefore {
  const Timeline& time;
  const float *kept, *initial;
  int64_t units;
  const float* zeros;

  StateBefore(const Timeline& timeline, const float* kept_rows, const float* initial_state, int64_t size)
      : time(timeline), kept(kept_rows), initial(initial_state), units(size) {
    float* nothing = scratch(0, kSlotHiddenZeros, size);
    std::memset(nothing, 0, sizeof(float) * size);
    zeros = nothing;
  }
  WEFT_INLINE const float* operator()(int64_t t, int64_t place) const {
    const int64_t before = time.previous(t);
    if (before >= 0 && place < time.active[before]) return kept + (time.first_row[before] + place) * units;
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

// What each thread sums over its own rows, and the total over all threads in their order.
struct ThreadSums {
  int64_t size;

  // This thread's `size` floats, zero.
  float* start(int thread) const {
    float* sums = of(thread);
    std::memset(sums, 0, sizeof(float) * size);
    return sums;
  }
  // to[0, count) = the totals from `first` on; nothing for null.
  void total(int threads, int64_t first, int64_t count, float* to) const {
    if (to == nullptr) return;
    std::memset(to, 0, sizeof(float) * count);
    for (int thread = 0; thread < threads; thread++) {
      const float* part = of(thread) + first;
      for_vectors(0, count,
                  [&](int64_t j, int n) { store_partial(to + j, load_partial(to + j, n) + load_partial(part + j, n), n); });
    }
  }

 private:
  float* of(int thread) const { return scratch(thread, kSlotHiddenSums, size + 1); }
};

}  // namespace WEFT_ISA
