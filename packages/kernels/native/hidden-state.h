// What recurrent kernels share around their cell: the projection of inputs, h before the first step and after the last one, the
// product of all running rows with the recurrent weights, where a state of the step before lies, and the sums that threads make
// apart. No cell's algebra.
#pragma once
#include "sequence.h"

namespace WEFT_ISA {

constexpr int kSlotHiddenPanels = weft::kSlotKernel + 1, kSlotHiddenStates = weft::kSlotKernel + 2,
              kSlotHiddenStretch = weft::kSlotKernel + 3, kSlotHiddenZeros = weft::kSlotKernel + 4,
              kSlotHiddenSums = weft::kSlotKernel + 5;

// Steps [from, from + count) in time whose inputs are projected together; those going backwards begin at the far end.
struct Stretch {
  int64_t done, from, count, rows, first_row;  // done: steps processed before
  bool backwards;

  // The one after `before` steps, with about `most` rows.
  Stretch(const Timeline& time, int64_t before, int64_t most) : done(before), count(0), rows(0), backwards(time.backwards) {
    for (; done + count < time.steps && rows < most; count++)
      rows += time.active[backwards ? time.steps - 1 - done - count : done + count];
    from = backwards ? time.steps - done - count : done;
    first_row = time.first_row[from];
  }
  int64_t step(int64_t s) const { return backwards ? from + count - 1 - s : from + s; }
};

// The numbers of every recurrent kernel, which Recurrence takes; a room's own follow them.
#define RECURRENCE_NUMBERS(NUMBER)                                          \
  NUMBER(batch) NUMBER(steps) NUMBER(features) NUMBER(units)                \
  NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation)

// Sizes, options and tensors that every recurrent kernel takes, forward and backward, and what each does with them.
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

  // x W + b of a stretch, [rows, depth]: where `kept` has these rows, or in scratch memory when no gradient will need them.
  float* project(const Stretch& stretch, const float* kernel, const float* bias, float* kept) const {
    float* rows = kept ? kept + stretch.first_row * depth
                       : scratch(0, kSlotHiddenStretch, larger<int64_t>(stretch.rows, 1) * depth);
    Output projected = {rows, depth};
    projected.bias = bias;
    gemm(stretch.rows, depth, features, inputs(stretch.first_row, stretch.from), Matrix{kernel, depth, 1}, projected);
    return rows;
  }

  // Lays x_t, times the dropout mask, at the beginning of the rows of this thread's share of the items running at t.
  void lay_input(int64_t t, float* rows, int64_t row_size, int thread, int count) const {
    for (int64_t tile = thread; tile < division.tiles; tile += count)
      for (int64_t place = division.place(tile); place < smaller(division.place(tile + 1), time.active[t]); place++) {
        const float* from = x + (time.order[place] * steps + t) * features;
        const float* factors = dropout ? dropout + time.order[place] * features : nullptr;
        for_vectors(0, features, [&](int64_t k, int n) {
          const Vec value = load_partial(from + k, n);
          store_partial(rows + place * row_size + k, factors ? value * load_partial(factors + k, n) : value, n);
        });
      }
  }

  // f(stretch) for all steps, in stretches of about `most` rows.
  template <class F>
  void for_stretches(int64_t most, F f) const {
    for (int64_t done = 0; done < steps;) {
      const Stretch stretch(time, done, most);
      f(stretch);
      done += stretch.count;
    }
  }

  // A state by place [B, U] from one by item; zeros from null.
  void to_places(const float* items, float* places) const {
    const size_t bytes = sizeof(float) * units;
    for (int64_t place = 0; place < batch; place++, places += units)
      items ? std::memcpy(places, items + time.order[place] * units, bytes) : std::memset(places, 0, bytes);
  }
  // And back; nothing for null.
  void to_items(const float* places, float* items) const {
    if (items == nullptr) return;
    for (int64_t place = 0; place < batch; place++, places += units)
      std::memcpy(items + time.order[place] * units, places, sizeof(float) * units);
  }

  // h before the first step, by place; each of `masked`, rows of `row_size` floats, has it from `offset` on times the recurrent
  // dropout mask, since going backwards short items begin at a later step.
  template <int N>
  void start_hidden(float* h, float* const (&masked)[N], int64_t row_size, int64_t offset) const {
    for (int64_t place = 0; place < batch; place++) {
      const int64_t from = time.order[place] * units;
      for (int64_t j = 0; j < units; j++) {
        const float value = initial_hidden ? initial_hidden[from + j] : 0.0f;
        h[place * units + j] = value;
        for (float* rows : masked) rows[place * row_size + offset + j] = recurrent_mask ? value * recurrent_mask[from + j] : value;
      }
    }
  }

  // From h by place after the last step: the last state, the output when only the last is wanted, else the steps past each row's
  // end. The output's rows are `out_width` floats apart.
  void finish_hidden(const float* h, float* output, int64_t out_width, float* last) const {
    const size_t bytes = sizeof(float) * units;
    for (int64_t place = 0; place < batch; place++, h += units) {
      const int64_t item = time.order[place];
      const bool any = time.length[item] > 0;
      std::memcpy(last + item * units, h, bytes);
      if (!sequences) {
        any ? std::memcpy(output + item * out_width, h, bytes) : std::memset(output + item * out_width, 0, bytes);
        continue;
      }
      for (int64_t t = time.length[item]; t < steps; t++) {
        float* to = output + (item * steps + t) * out_width;
        any && !time.backwards ? std::memcpy(to, h, bytes) : std::memset(to, 0, bytes);
      }
    }
  }

  // The gradient of that last h, by place, from the output's, rows `dy_width` floats apart, and the last state's; either may be
  // null.
  void start_gradient(const float* dy, int64_t dy_width, const float* last, float* dh) const {
    for (int64_t place = 0; place < batch; place++) {
      const int64_t item = time.order[place];
      const bool any = time.length[item] > 0;
      for (int64_t j = 0; j < units; j++) {
        float value = last ? last[item * units + j] : 0.0f;
        if (dy != nullptr && any && !sequences) value += dy[item * dy_width + j];
        // Outputs past a row's end repeat its last one.
        if (dy != nullptr && any && sequences && !time.backwards)
          for (int64_t t = time.length[item]; t < steps; t++) value += dy[(item * steps + t) * dy_width + j];
        dh[place * units + j] = value;
      }
    }
  }

  // U transposed as panels of one vector of units.
  void pack_transposed(float* panels) const {
    parallel(division.threads, [&](int thread, int count) {
      const Range mine = share(division.blocks, 1, thread, count);
      for (int64_t block = mine.begin; block < mine.end; block++)
        for (int lane = 0; lane < kLanes; lane++) {
          const int64_t unit = block * kLanes + lane;
          float* to = panels + block * depth * kLanes + lane;
          for (int64_t k = 0; k < depth; k++) to[k * kLanes] = unit < units ? recurrent_kernel[unit * depth + k] : 0.0f;
        }
    });
  }

  // f(place, unit, width, sum) for every vector that is this thread's of rows x panels at step t: rows by place with `row_size`
  // floats from one to the next, panels of one vector of units with `panel_size`, `inner` products each.
  template <class F>
  WEFT_INLINE void for_products(int64_t t, const float* rows, int64_t row_size, const float* panels, int64_t panel_size,
                                int64_t inner, int thread, int count, F f) const {
    constexpr int kWide = kLanes == 16 ? 4 : 2;
    const Range mine = division.blocks_of(thread, count);
    for (int64_t block = mine.begin; block < mine.end;) {
      const int wide = mine.end - block >= kWide ? kWide : mine.end - block >= 2 ? 2 : 1;
      division.for_tiles(thread, count, time.active[t], [&](int64_t place0, int tile) {
        alignas(64) Vec sums[kTileRows][kWide];
        auto product = [&](auto size, auto vecs) {
          constexpr int R = decltype(size)::value, V = decltype(vecs)::value;
          Vec acc[R][V];
          micro_rows(inner, rows + place0 * row_size, row_size, panels + block * panel_size, kLanes, panel_size, acc);
          for (int r = 0; r < R; r++)
            for (int v = 0; v < V; v++) sums[r][v] = acc[r][v];
        };
        with_rows(tile, [&](auto size) {
          wide == kWide ? product(size, Size<kWide>{}) : wide == 2 ? product(size, Size<2>{}) : product(size, Size<1>{});
        });
        for (int r = 0; r < tile; r++)
          for (int v = 0; v < wide; v++) {
            const int64_t unit = (block + v) * kLanes;
            f(place0 + r, unit, lanes(unit), sums[r][v]);
          }
      });
      block += wide;
    }
  }

  // The step back through h U: dh by place becomes the gates' gradients of step t, rows of `depth` floats, times U transposed in
  // `panels`, times the recurrent dropout mask. At a hole dh stays.
  void hidden_gradient(int64_t t, const float* gradients, const float* panels, float* dh, int thread, int count) const {
    for_products(t, gradients, depth, panels, depth * kLanes, depth, thread, count,
                 [&](int64_t place, int64_t unit, int n, Vec value) {
                   if (time.hole(t, place)) return;
                   store_partial(dh + place * units + unit, masked(value, time.order[place], unit, n), n);
                 });
  }

  // f(place, unit, width, sums) for every vector of the items of step t that is this thread's; f adds to the N vectors of `sums`,
  // which come from and return to this thread's `own` sums [N, units].
  template <int N, class F>
  WEFT_INLINE void for_cells(int64_t t, float* own, int thread, int count, F f) const {
    const Range mine = division.blocks_of(thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++) {
      const int64_t unit = block * kLanes;
      const int n = lanes(unit);
      Vec sums[N];
      for (int k = 0; k < N; k++) sums[k] = load_partial(own + k * units + unit, n);
      division.for_tiles(thread, count, time.active[t], [&](int64_t place0, int tile) {
        for (int64_t place = place0; place < place0 + tile; place++) f(place, unit, n, sums);
      });
      for (int k = 0; k < N; k++) store_partial(own + k * units + unit, sums[k], n);
    }
  }

  // The steps in the order of the gradient.
  int64_t step_back(int64_t n) const { return time.backwards ? n : steps - 1 - n; }
};

// Where a state (h or c) of the step processed before lies, kept by row; before the first step the initial one, or zeros.
struct StateBefore {
  const Timeline& time;
  const float *kept, *initial;
  int64_t units;
  const float* zeros;

  StateBefore(const Recurrence& of, const float* kept_rows, const float* initial_state)
      : time(of.time), kept(kept_rows), initial(initial_state), units(of.units) {
    float* nothing = scratch(0, kSlotHiddenZeros, units);
    std::memset(nothing, 0, sizeof(float) * units);
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
