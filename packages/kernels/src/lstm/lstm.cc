// LSTM over a whole sequence, forward and backward; see lstm.ts for the formula and the meaning of each argument, lstm-cell.h for
// the algebra of one cell.
//
// Forward: one product for all steps' inputs (x W + b, in stretches of time that stay in the cache), then for each step h U with
// U packed once into panels of one vector of units x four gates, so that gates, cell and output are computed from registers in
// the same pass. Threads divide the items, and never wait for each other; only when U is too large for one core's cache do they
// divide the units, and meet after each step. Backward: the same steps in reverse leave the gates' gradients where the gates
// were; the weights' gradients are then one product each over all steps.

constexpr int64_t kLstmStretchRows = 1024, kLstmJoinedFeatures = 256;

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

  // The gates [rows, 4U] of a stretch, with x W + b in them unless joined; null when nobody needs them.
  float* project(const Stretch& stretch) const {
    float* gates = kept_gates ? kept_gates + stretch.first_row * s.depth
                   : joined   ? nullptr
                              : scratch(0, kSlotHiddenStretch, larger<int64_t>(stretch.rows, 1) * s.depth);
    if (joined) return gates;
    Output projected = {gates, s.depth};
    projected.bias = bias;
    gemm(stretch.rows, s.depth, s.features, s.inputs(stretch.first_row, stretch.from), Matrix{kernel, s.depth, 1}, projected);
    return gates;
  }

  // The steps of a stretch for one thread; `side` says which rows are read first.
  void run(const Stretch& stretch, float* gates, int side, int thread, int count) const {
    const auto lay = [&](int64_t step, float* rows) {
      lay_input(s.time, s.division, s.x, s.dropout, s.features, stretch.step(step), rows, row_size, thread, count);
    };
    if (joined) {
      lay(0, rows_of[side]);
      s.division.meet(count);
    }
    for (int64_t n = 0; n < stretch.count; n++, side ^= 1) {
      const int64_t t = stretch.step(n);
      step(t, rows_of[side], rows_of[side ^ 1], gates ? gates + (s.time.first_row[t] - stretch.first_row) * s.depth : nullptr,
           thread, count);
      if (joined && n + 1 < stretch.count) lay(n + 1, rows_of[side ^ 1]);
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

#define FIELDS(TENSOR, NUMBER)                                                                                    \
  TENSOR(x)                    /* [B, T, D] */                                                                    \
  TENSOR(kernel)               /* [D, 4U] */                                                                      \
  TENSOR(recurrentKernel)      /* [U, 4U] */                                                                      \
  TENSOR(bias)                 /* [4U] or none */                                                                 \
  TENSOR(peepholes)            /* [3, U] or none */                                                               \
  TENSOR(initialHidden)        /* [B, U] or none */                                                               \
  TENSOR(initialCell)          /* [B, U] or none */                                                               \
  TENSOR(mask)                 /* [B, T] bytes or none */                                                         \
  TENSOR(dropoutMask)          /* [B, D] or none */                                                               \
  TENSOR(recurrentDropoutMask) /* [B, U] or none */                                                               \
  TENSOR(output)               /* out: [B, T, outputWidth] or [B, outputWidth] */                                 \
  TENSOR(lastHidden)           /* out: [B, U] */                                                                  \
  TENSOR(lastCell)             /* out: [B, U] */                                                                  \
  TENSOR(gates)                /* out: [rows, 4U] or none */                                                      \
  TENSOR(cells)                /* out: [rows, U] or none */                                                       \
  TENSOR(hiddens)              /* out: [rows, U] or none */                                                       \
  NUMBER(batch)                                                                                                   \
  NUMBER(steps)                                                                                                   \
  NUMBER(features) NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates) \
      NUMBER(outputWidth) NUMBER(outputOffset)
WEFT_KERNEL(lstm_forward, FIELDS) {
  const Lstm s(args);
  const LstmForward pass(s, args);
  start_hidden(s.time, s.initial_hidden, s.recurrent_mask, s.units, pass.h, pass.rows_of, pass.row_size, pass.width_x);
  to_places(s.time, s.initial_cell, s.units, pass.c);
  pass.pack();
  int side = 0;
  for (int64_t done = 0; done < s.steps;) {
    const Stretch stretch(s.time, done, pass.joined ? INT64_MAX : kLstmStretchRows);
    float* gates = pass.project(stretch);
    parallel(s.division.threads, [&](int thread, int count) { pass.run(stretch, gates, side, thread, count); });
    side ^= stretch.count & 1;
    done += stretch.count;
  }
  finish_hidden(s.time, pass.h, s.units, s.sequences, pass.output, s.out_width, args.lastHidden.f32());
  to_items(s.time, pass.c, s.units, args.lastCell.f32());
}
#undef FIELDS

// The backward pass.
struct LstmBackward {
  static constexpr int kSums = kLstmGates + 3;  // what is summed over rows: the gates' gradients, and the peepholes'
  const Lstm& s;
  const float *dy, *cells;
  const StateBefore hidden_before, cell_before;
  const ThreadSums sums;
  float *gates, *dh, *dc, *panels;  // dh and dc by place; panels of U transposed

  template <class Args>
  LstmBackward(const Lstm& sizes, const Args& a)
      : s(sizes),
        dy(a.outputGradient ? a.outputGradient.f32() + static_cast<int64_t>(a.outputOffset) : nullptr),
        cells(a.cells.f32()),
        hidden_before(s.time, a.hiddens.f32(), s.initial_hidden, s.units),
        cell_before(s.time, cells, s.initial_cell, s.units),
        sums{kSums * s.units},
        gates(a.gates.f32()) {
    dh = scratch(0, kSlotHiddenStates, 2 * s.batch * s.units), dc = dh + s.batch * s.units;
    panels = scratch(0, kSlotHiddenPanels, s.division.blocks * s.depth * kLanes);
  }

  // All steps for one thread: the gates become their gradients, and these are summed.
  void run(int thread, int count) const {
    const Range mine = s.division.blocks_of(thread, count);
    float* own = sums.start(thread);
    for (int64_t n = 0; n < s.steps; n++) {
      const int64_t t = s.time.backwards ? n : s.steps - 1 - n;
      for (int64_t block = mine.begin; block < mine.end; block++) cells_of(t, block * kLanes, own, thread, count);
      s.division.meet(count);  // the product below reads all units' gates
      hidden_gradient(s.time, s.division, t, gates + s.time.first_row[t] * s.depth, s.depth, panels, s.recurrent_mask, s.units,
                      dh, thread, count);
    }
  }

  // The cells of step t for a vector of units.
  WEFT_INLINE void cells_of(int64_t t, int64_t unit, float* own, int thread, int count) const {
    const int n = s.lanes(unit);
    Vec sum[kSums];
    for (int k = 0; k < kSums; k++) sum[k] = load_partial(own + k * s.units + unit, n);
    s.division.for_tiles(thread, count, s.time.active[t], [&](int64_t place0, int tile) {
      for (int64_t place = place0; place < place0 + tile; place++) cell(t, place, unit, n, sum);
    });
    for (int k = 0; k < kSums; k++) store_partial(own + k * s.units + unit, sum[k], n);
  }

  // The cell of one item.
  WEFT_INLINE void cell(int64_t t, int64_t place, int64_t unit, int n, Vec (&sum)[kSums]) const {
    const int64_t row = s.time.first_row[t] + place, item = s.time.order[place], at = place * s.units + unit;
    float* gate = gates + row * s.depth + unit;
    Vec d = load_partial(dh + at, n);
    const bool hole = s.time.hole(t, place);
    if (s.sequences && dy != nullptr && (!hole || s.time.started(t, place)))
      d += load_partial(dy + (item * s.steps + t) * s.out_width + unit, n);
    if (hole) {
      store_partial(dh + at, d, n);
      for (int k = 0; k < kLstmGates; k++) store_partial(gate + k * s.units, splat_zero(), n);
      return;
    }
    const Vec i = load_partial(gate, n), f = load_partial(gate + s.units, n);
    const Vec g = load_partial(gate + 2 * s.units, n), o = load_partial(gate + 3 * s.units, n);
    const Vec c = load_partial(cells + row * s.units + unit, n), before = load_partial(cell_before(t, place) + unit, n);
    const Peepholes peep = s.peepholes_of(unit, n);
    LstmCellGradient gradient = lstm_cell_gradient(i, f, g, o, c, before, d, load_partial(dc + at, n), peep, s.kind, s.hard);
    if (peep.any) {
      gradient.c_before += gradient.z[0] * peep.i();
      gradient.c_before += gradient.z[1] * peep.f();
      sum[kLstmGates] += gradient.z[0] * before;
      sum[kLstmGates + 1] += gradient.z[1] * before;
      sum[kLstmGates + 2] += gradient.z[3] * c;
    }
    for (int k = 0; k < kLstmGates; k++) {
      store_partial(gate + k * s.units, gradient.z[k], n);
      sum[k] += gradient.z[k];
    }
    store_partial(dc + at, gradient.c_before, n);
  }

  // The weights' gradients: one product each over all rows, and the sums.
  void weights(float* kernel, float* recurrent, float* bias, float* peepholes) const {
    const Matrix gradients = {gates, s.depth, 1};
    gemm(s.features, s.depth, s.time.rows, s.input_columns(), gradients, Output{kernel, s.depth});
    gemm(s.units, s.depth, s.time.rows, hidden_before.columns(s.recurrent_mask), gradients, Output{recurrent, s.depth});
    sums.total(s.division.threads, 0, s.depth, bias);
    sums.total(s.division.threads, s.depth, 3 * s.units, peepholes);
  }
};

#define FIELDS(TENSOR, NUMBER)                                                                                    \
  TENSOR(x)                     /* [B, T, D] */                                                                   \
  TENSOR(recurrentKernel)       /* [U, 4U] */                                                                     \
  TENSOR(peepholes)             /* [3, U] or none */                                                              \
  TENSOR(initialHidden)         /* [B, U] or none */                                                              \
  TENSOR(initialCell)           /* [B, U] or none */                                                              \
  TENSOR(mask)                  /* [B, T] bytes or none */                                                        \
  TENSOR(dropoutMask)           /* [B, D] or none */                                                              \
  TENSOR(recurrentDropoutMask)  /* [B, U] or none */                                                              \
  TENSOR(gates)                 /* in and out: [rows, 4U], which become their gradients */                        \
  TENSOR(cells)                 /* [rows, U] */                                                                   \
  TENSOR(hiddens)               /* [rows, U] */                                                                   \
  TENSOR(outputGradient)        /* [B, T, outputWidth] or [B, outputWidth], or none */                            \
  TENSOR(lastHiddenGradient)    /* [B, U] or none */                                                              \
  TENSOR(lastCellGradient)      /* [B, U] or none */                                                              \
  TENSOR(kernelGradient)        /* out: [D, 4U] */                                                                \
  TENSOR(recurrentGradient)     /* out: [U, 4U] */                                                                \
  TENSOR(biasGradient)          /* out: [4U] or none */                                                           \
  TENSOR(peepholesGradient)     /* out: [3, U] or none */                                                         \
  TENSOR(initialHiddenGradient) /* out: [B, U] or none */                                                         \
  TENSOR(initialCellGradient)   /* out: [B, U] or none */                                                         \
  NUMBER(batch)                                                                                                   \
  NUMBER(steps)                                                                                                   \
  NUMBER(features) NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates) \
      NUMBER(outputWidth) NUMBER(outputOffset)
WEFT_KERNEL(lstm_backward, FIELDS) {
  const Lstm s(args);
  const LstmBackward pass(s, args);
  start_gradient(s.time, pass.dy, s.out_width, s.sequences, args.lastHiddenGradient.f32(), s.units, pass.dh);
  to_places(s.time, args.lastCellGradient.f32(), s.units, pass.dc);
  pack_transposed(s.division, s.recurrent_kernel, s.units, s.depth, pass.panels);
  parallel(s.division.threads, [&](int thread, int count) { pass.run(thread, count); });
  if (args.initialHiddenGradient) to_items(s.time, pass.dh, s.units, args.initialHiddenGradient.f32());
  if (args.initialCellGradient) to_items(s.time, pass.dc, s.units, args.initialCellGradient.f32());
  pass.weights(args.kernelGradient.f32(), args.recurrentGradient.f32(), args.biasGradient.f32(), args.peepholesGradient.f32());
}
#undef FIELDS
