// LSTM over a whole sequence, forward; see lstm.ts for the formula and the meaning of each argument, lstm-cell.h for the algebra
// of one cell, lstm-gradient.cc for the way back.
//
// One product for all steps' inputs (x W + b, in stretches of time that stay in the cache), then for each step h U with U packed
// once into panels of one vector of units x four gates, so that gates, cell and output are computed from registers in the same
// pass. Threads divide the items, and never wait for each other; only when U is too large for one core's cache do they divide the
// units, and meet after each step.

constexpr int64_t kLstmStretchRows = 1024, kLstmJoinedFeatures = 256;

// Sizes, options and the tensors that both directions read.
struct Lstm : Recurrence {
  const bool hard;
  const int64_t out_width;
  const float *peepholes, *initial_cell;

  template <class Args>
  explicit Lstm(const Args& a)
      : Recurrence(a, kLstmGates),
        hard(a.hardGates != 0),
        out_width(a.outputWidth),
        peepholes(a.peepholes.f32()),
        initial_cell(a.initialCell.f32()) {}

  WEFT_INLINE Peepholes peepholes_of(int64_t unit, int n) const {
    return {peepholes != nullptr, peepholes ? peepholes + unit : nullptr, units, n};
  }
};

// The forward pass. With few features x_t lies beside h_{t-1}, and one product serves both; else all steps' inputs are projected
// at once.
struct LstmForward {
  const Lstm& s;
  const bool joined;
  const int64_t width_x, row_size, panel_size;
  const float *kernel, *bias;
  float *output, *kept_gates, *cells, *hiddens;  // the last three are null when no gradient is recorded
  float* rows_of[2];                             // by place, two copies of the product's rows [x_t, h]: read one, write the other
  float *h, *c, *panels;                         // h unmasked

  template <class Args>
  LstmForward(const Lstm& sizes, const Args& a)
      : s(sizes),
        joined(s.features <= kLstmJoinedFeatures),
        width_x(joined ? s.features : 0),
        row_size(width_x + s.units),
        panel_size(row_size * kLstmGates * kLanes),
        kernel(a.kernel.f32()),
        bias(a.bias.f32()),
        output(a.output.f32() + static_cast<int64_t>(a.outputOffset)),
        kept_gates(a.gates.f32()),
        cells(a.cells.f32()),
        hiddens(a.hiddens.f32()) {
    rows_of[0] = scratch(0, kSlotHiddenStates, 2 * s.batch * (row_size + s.units));
    rows_of[1] = rows_of[0] + s.batch * row_size;
    h = rows_of[1] + s.batch * row_size, c = h + s.batch * s.units;
    panels = scratch(0, kSlotHiddenPanels, s.division.blocks * panel_size);
  }

  // [W, U], or U alone, into panels of one vector of units: for each row the four gates side by side.
  void pack() const {
    parallel(s.division.threads, [&](int thread, int count) {
      const Range mine = share(s.division.blocks, 1, thread, count);
      for (int64_t block = mine.begin; block < mine.end; block++) {
        const int64_t unit = block * kLanes;
        float* to = panels + block * panel_size;
        for (int64_t k = 0; k < row_size; k++) {
          const float* from = (k < width_x ? kernel + k * s.depth : s.recurrent_kernel + (k - width_x) * s.depth) + unit;
          for (int gate = 0; gate < kLstmGates; gate++, to += kLanes, from += s.units)
            store(to, load_partial(from, s.lanes(unit)));
        }
      }
    });
  }

  // The steps of a stretch for one thread. `gates` [rows, 4U] has x W + b in it unless joined, and is null when nobody needs it.
  void run(const Stretch& stretch, float* gates, int thread, int count) const {
    int side = stretch.done & 1;  // which rows are read first
    if (joined) {
      s.lay_input(stretch.step(0), rows_of[side], row_size, thread, count);
      s.division.meet(count);
    }
    for (int64_t n = 0; n < stretch.count; n++, side ^= 1) {
      const int64_t t = stretch.step(n);
      step(t, rows_of[side], rows_of[side ^ 1], gates ? gates + (s.time.first_row[t] - stretch.first_row) * s.depth : nullptr,
           thread, count);
      if (joined && n + 1 < stretch.count) s.lay_input(stretch.step(n + 1), rows_of[side ^ 1], row_size, thread, count);
      s.division.meet(count);
    }
  }

  // Step t from the rows `previous`; h goes to the rows `next`. `gates` [places, 4U] or null.
  WEFT_INLINE void step(int64_t t, const float* previous, float* next, float* gates, int thread, int count) const {
    const Range mine = s.division.blocks_of(thread, count);
    alignas(64) Vec acc[kTileRows][kLstmGates];
    for (int64_t block = mine.begin; block < mine.end; block++) {
      const float* panel = panels + block * panel_size;
      const int64_t unit = block * kLanes;
      const int n = s.lanes(unit);
      Vec offset[kLstmGates];  // the bias, when no projection has added it
      for (int k = 0; k < kLstmGates; k++) offset[k] = joined && bias ? load_partial(bias + k * s.units + unit, n) : splat_zero();
      s.division.for_tiles(thread, count, s.time.active[t], [&](int64_t place0, int tile) {
        with_rows(tile, [&](auto size) {
          Vec local[decltype(size)::value][kLstmGates];
          micro_rows(row_size, previous + place0 * row_size, row_size, panel, kLstmGates * kLanes, kLanes, local);
          for (int r = 0; r < decltype(size)::value; r++)
            for (int k = 0; k < kLstmGates; k++) acc[r][k] = local[r][k];
        });
        for (int r = 0; r < tile; r++) {
          float* gate = gates ? gates + (place0 + r) * s.depth + unit : nullptr;
          Vec z[kLstmGates];
          for (int k = 0; k < kLstmGates; k++) z[k] = acc[r][k] + (joined ? offset[k] : load_partial(gate + k * s.units, n));
          update(t, place0 + r, unit, n, z, gate, next);
        }
      });
    }
  }

  // The cell of one item, from its gates' sums to all who need it.
  WEFT_INLINE void update(int64_t t, int64_t place, int64_t unit, int n, const Vec (&z)[kLstmGates], float* gate,
                          float* next) const {
    const int64_t item = s.time.order[place], at = place * s.units + unit;
    const Vec old_h = load_partial(h + at, n), old_c = load_partial(c + at, n);
    const LstmCell cell = lstm_cell(z, old_c, s.peepholes_of(unit, n), s.kind, s.hard);
    Vec new_c = cell.c, new_h = cell.h, out = new_h;
    if (s.time.hole(t, place)) {
      new_c = old_c, new_h = old_h;
      out = s.time.started(t, place) ? old_h : splat_zero();
    }
    store_partial(c + at, new_c, n);
    store_partial(h + at, new_h, n);
    store_partial(next + place * row_size + width_x + unit, s.masked(new_h, item, unit, n), n);
    if (s.sequences) store_partial(output + (item * s.steps + t) * s.out_width + unit, out, n);
    if (!kept_gates) return;
    const int64_t kept = (s.time.first_row[t] + place) * s.units + unit;
    store_partial(gate, cell.i, n);
    store_partial(gate + s.units, cell.f, n);
    store_partial(gate + 2 * s.units, cell.g, n);
    store_partial(gate + 3 * s.units, cell.o, n);
    store_partial(cells + kept, new_c, n);
    store_partial(hiddens + kept, new_h, n);
  }
};

#define FIELDS(TENSOR, NUMBER)                                                    \
  TENSOR(x)                    /* [B, T, D] */                                    \
  TENSOR(kernel)               /* [D, 4U] */                                      \
  TENSOR(recurrentKernel)      /* [U, 4U] */                                      \
  TENSOR(bias)                 /* [4U] or none */                                 \
  TENSOR(peepholes)            /* [3, U] or none */                               \
  TENSOR(initialHidden)        /* [B, U] or none */                               \
  TENSOR(initialCell)          /* [B, U] or none */                               \
  TENSOR(mask)                 /* [B, T] bytes or none */                         \
  TENSOR(dropoutMask)          /* [B, D] or none */                               \
  TENSOR(recurrentDropoutMask) /* [B, U] or none */                               \
  TENSOR(output)               /* out: [B, T, outputWidth] or [B, outputWidth] */ \
  TENSOR(lastHidden)           /* out: [B, U] */                                  \
  TENSOR(lastCell)             /* out: [B, U] */                                  \
  TENSOR(gates)                /* out: [rows, 4U] or none */                      \
  TENSOR(cells)                /* out: [rows, U] or none */                       \
  TENSOR(hiddens)              /* out: [rows, U] or none */                       \
  RECURRENCE_NUMBERS(NUMBER) NUMBER(hardGates) NUMBER(outputWidth) NUMBER(outputOffset)
WEFT_KERNEL(lstm_forward, FIELDS) {
  const Lstm s(args);
  const LstmForward pass(s, args);
  s.start_hidden(pass.h, pass.rows_of, pass.row_size, pass.width_x);
  s.to_places(s.initial_cell, pass.c);
  pass.pack();
  s.for_stretches(pass.joined ? INT64_MAX : kLstmStretchRows, [&](const Stretch& stretch) {
    float* gates = pass.joined ? pass.kept_gates : s.project(stretch, pass.kernel, pass.bias, pass.kept_gates);
    parallel(s.division.threads, [&](int thread, int count) { pass.run(stretch, gates, thread, count); });
  });
  s.finish_hidden(pass.h, pass.output, s.out_width, args.lastHidden.f32());
  s.to_items(pass.c, args.lastCell.f32());
}
#undef FIELDS
