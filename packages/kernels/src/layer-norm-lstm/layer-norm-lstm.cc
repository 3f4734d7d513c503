// Layer-normalised LSTM over a whole sequence, forward; see layer-norm-lstm.ts for the formula, layer-norm-lstm-gradient.cc for the
// way back.
//
// Normalisation needs a row's sums over all units before the first gate, so a step has two halves: h U for the running items into
// rows of 4U, and then row by row, which stays in the nearest cache, the norms of x W and h U, the gates, the cell's norm and the
// output. Threads divide the items in both halves; only where they divide the units of the product (see Division) do they meet
// between the halves.

constexpr int kNormedGates = 4, kNorms = 3;  // norms of x W, of h U and of the cell, in this order
constexpr int kSlotNormedRecurrent = weft::kSlotKernel + 6, kSlotNormedRow = weft::kSlotKernel + 7;
constexpr int64_t kNormedStretchRows = 1024;

// Ba, Kiros and Hinton 2016, for one vector of units. From the normalised products x = N(x W) and u = N(h' U), the cell c' of the
// step before, and later the normalised cell m = N(c), for which the whole row must be there:
//   z = γ_x x + γ_h u + b
//   i = σ(z_i)   f = σ(z_f)   g = φ(z_g)   o = σ(z_o)   c = f c' + i g
//   n = γ_c m + β_c   h = o φ(n)
WEFT_INLINE Vec normalized(Vec value, const Moments& of) { return (value - of.mean) * of.inverse; }
struct LayerNormLstmCell {
  Vec i, f, g, o, c;
};
WEFT_INLINE LayerNormLstmCell layer_norm_lstm_cell(const Vec (&z)[kNormedGates], Vec c_before, CellActivation kind, bool hard) {
  const Vec i = gate_activate(z[0], hard), f = gate_activate(z[1], hard);
  const Vec g = cell_activate(z[2], kind), o = gate_activate(z[3], hard);
  return {i, f, g, o, f * c_before + i * g};
}
struct LayerNormLstmOutput {
  Vec n, h;
};
// `scaled` is γ_c m.
WEFT_INLINE LayerNormLstmOutput layer_norm_lstm_output(Vec scaled, Vec beta, Vec o, CellActivation kind) {
  const Vec n = scaled + beta;
  return {n, o * cell_activate(n, kind)};
}

// f(place) for the items running at a step that are this thread's: those of its tiles, or every count-th where tiles are shared.
template <class F>
WEFT_INLINE void for_places(const Division& division, int thread, int count, int64_t active, F f) {
  if (division.by_units) {
    for (int64_t place = thread; place < active; place += count) f(place);
  } else {
    division.for_tiles(thread, count, active, [&](int64_t from, int rows) {
      for (int64_t place = from; place < from + rows; place++) f(place);
    });
  }
}

// Sizes, options and the tensors that both directions read.
struct LayerNormLstm : Recurrence {
  const bool hard, carry_normed;  // carry_normed: the next step gets n as its c', not c
  const float *initial_cell, *gamma_x, *gamma_h, *gamma_c, *beta_c;

  template <class Args>
  explicit LayerNormLstm(const Args& a)
      : Recurrence(a, kNormedGates),
        hard(a.hardGates != 0),
        carry_normed(a.normalizedCarry != 0),
        initial_cell(a.initialCell.f32()),
        gamma_x(a.kernelGamma.f32()),
        gamma_h(a.recurrentGamma.f32()),
        gamma_c(a.stateGamma.f32()),
        beta_c(a.stateBeta.f32()) {}
};

struct LayerNormLstmForward {
  static constexpr int kPanelCols = kNormedGates * kLanes;
  const LayerNormLstm& s;
  const float epsilon;
  const float *kernel, *bias;
  float* output;
  // What the gradient needs, all null when none is recorded.
  float *kept_gates, *kept_inputs, *kept_recurrent, *kept_cell_normed, *cells, *hiddens, *inverses;
  float *h, *c, *fed, *panels;  // by place; fed: h times its dropout mask, which the product reads

  template <class Args>
  LayerNormLstmForward(const LayerNormLstm& sizes, const Args& a)
      : s(sizes),
        epsilon(static_cast<float>(a.epsilon)),
        kernel(a.kernel.f32()),
        bias(a.bias.f32()),
        output(a.output.f32()),
        kept_gates(a.gates.f32()),
        kept_inputs(a.inputNormed.f32()),
        kept_recurrent(a.recurrentNormed.f32()),
        kept_cell_normed(a.cellNormed.f32()),
        cells(a.cells.f32()),
        hiddens(a.hiddens.f32()),
        inverses(a.inverses.f32()) {
    h = scratch(0, kSlotHiddenStates, 3 * s.batch * s.units + kLanes);
    c = h + s.batch * s.units, fed = c + s.batch * s.units;
    panels = scratch(0, kSlotHiddenPanels, s.division.blocks * s.units * kPanelCols + kLanes);
  }

  // U in panels of four vectors of columns.
  void pack() const {
    parallel(s.division.threads, [&](int thread, int count) {
      const Range mine = share(s.division.blocks, 1, thread, count);
      for (int64_t block = mine.begin; block < mine.end; block++) {
        float* to = panels + block * s.units * kPanelCols;
        for (int64_t k = 0; k < s.units; k++)
          for (int64_t col = block * kPanelCols; col < (block + 1) * kPanelCols; col += kLanes, to += kLanes) {
            const int64_t left = larger<int64_t>(s.depth - col, 0);
            store(to, left > 0
                          ? load_partial(s.recurrent_kernel + k * s.depth + col, static_cast<int>(smaller<int64_t>(kLanes, left)))
                          : splat_zero());
          }
      }
    });
  }

  // The steps of a stretch for one thread, from x W [rows, 4U]; `recurrent_of_step` [B, 4U] serves where h U is not kept.
  void run(const Stretch& stretch, float* inputs, float* recurrent_of_step, int thread, int count) const {
    // A row's gates and cell, when they are not kept.
    float* own = scratch(thread, kSlotNormedRow, s.depth + s.units + kLanes);
    for (int64_t n = 0; n < stretch.count; n++) {
      const int64_t t = stretch.step(n), row0 = s.time.first_row[t];
      float* recurrent = kept_gates ? kept_recurrent + row0 * s.depth : recurrent_of_step;
      multiply(t, recurrent, thread, count);
      s.division.meet(count);  // the norms read all units of a row
      float* x_rows = inputs + (row0 - stretch.first_row) * s.depth;
      for_places(s.division, thread, count, s.time.active[t], [&](int64_t place) {
        if (s.time.hole(t, place))
          skip(t, place);
        else
          cell(t, place, x_rows + place * s.depth, recurrent + place * s.depth, own);
      });
      s.division.meet(count);
    }
  }

  // h U of step t, [places, 4U].
  WEFT_INLINE void multiply(int64_t t, float* recurrent, int thread, int count) const {
    const Range mine = s.division.blocks_of(thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++)
      s.division.for_tiles(thread, count, s.time.active[t], [&](int64_t place0, int tile) {
        with_rows(tile, [&](auto size) {
          constexpr int R = decltype(size)::value;
          Vec acc[R][kNormedGates];
          micro_rows(s.units, fed + place0 * s.units, s.units, panels + block * s.units * kPanelCols, kPanelCols, kLanes, acc);
          for (int v = 0; v < kNormedGates; v++) {
            const int64_t col = block * kPanelCols + v * kLanes, left = s.depth - col;
            for (int r = 0; r < R && left > 0; r++)
              store_partial(recurrent + (place0 + r) * s.depth + col, acc[r][v],
                            static_cast<int>(smaller<int64_t>(kLanes, left)));
          }
        });
      });
  }

  float* output_of(int64_t t, int64_t place) const {
    return s.sequences ? output + (s.time.order[place] * s.steps + t) * s.units : nullptr;
  }

  // A masked step of one item: the states stay.
  void skip(int64_t t, int64_t place) const {
    const size_t bytes = sizeof(float) * s.units;
    const int64_t row = s.time.first_row[t] + place;
    if (float* out = output_of(t, place))
      s.time.started(t, place) ? std::memcpy(out, h + place * s.units, bytes) : std::memset(out, 0, bytes);
    if (!kept_gates) return;
    std::memcpy(cells + row * s.units, c + place * s.units, bytes);
    std::memcpy(hiddens + row * s.units, h + place * s.units, bytes);
  }

  // The cell of one item from its rows of x W and h U, which become their normalised values when they are kept.
  WEFT_INLINE void cell(int64_t t, int64_t place, float* x_row, float* u_row, float* own) const {
    const int64_t units = s.units, row = s.time.first_row[t] + place, item = s.time.order[place];
    const bool keep = kept_gates != nullptr;
    float *h_row = h + place * units, *c_row = c + place * units, *fed_row = fed + place * units, *out = output_of(t, place);
    float *gate = keep ? kept_gates + row * s.depth : own, *cell = keep ? kept_cell_normed + row * units : own + s.depth;
    const Moments of_x = moments(x_row, s.depth, epsilon), of_h = moments(u_row, s.depth, epsilon);
    for_vectors(0, units, [&](int64_t j, int n) __attribute__((always_inline)) {
      Vec z[kNormedGates];
      for (int k = 0; k < kNormedGates; k++) {
        const int64_t at = k * units + j;
        const Vec x = normalized(load_partial(x_row + at, n), of_x), u = normalized(load_partial(u_row + at, n), of_h);
        z[k] = x * load_partial(s.gamma_x + at, n) + u * load_partial(s.gamma_h + at, n);
        if (bias) z[k] += load_partial(bias + at, n);
        if (keep) store_partial(x_row + at, x, n), store_partial(u_row + at, u, n);
      }
      const LayerNormLstmCell gates = layer_norm_lstm_cell(z, load_partial(c_row + j, n), s.kind, s.hard);
      store_partial(cell + j, gates.c, n);
      store_partial(gate + 3 * units + j, gates.o, n);
      if (keep) {
        store_partial(gate + j, gates.i, n);
        store_partial(gate + units + j, gates.f, n);
        store_partial(gate + 2 * units + j, gates.g, n);
      }
    });
    const Moments of_c = moments(cell, units, epsilon);
    for_vectors(0, units, [&](int64_t j, int n) __attribute__((always_inline)) {
      const Vec raw = load_partial(cell + j, n), m = normalized(raw, of_c);
      const Vec scaled = m * load_partial(s.gamma_c + j, n);
      const LayerNormLstmOutput result =
          layer_norm_lstm_output(scaled, load_partial(s.beta_c + j, n), load_partial(gate + 3 * units + j, n), s.kind);
      const Vec carried = s.carry_normed ? result.n : raw;
      store_partial(c_row + j, carried, n);
      store_partial(h_row + j, result.h, n);
      store_partial(fed_row + j, s.masked(result.h, item, j, n), n);
      if (out) store_partial(out + j, result.h, n);
      if (keep) {
        store_partial(cell + j, m, n);
        store_partial(cells + row * units + j, carried, n);
        store_partial(hiddens + row * units + j, result.h, n);
      }
    });
    if (!keep) return;
    float* inverse = inverses + row * kNorms;
    inverse[0] = of_x.inverse, inverse[1] = of_h.inverse, inverse[2] = of_c.inverse;
  }
};

#define FIELDS(TENSOR, NUMBER)                                \
  TENSOR(x)                    /* [B, T, D] */                \
  TENSOR(kernel)               /* [D, 4U] */                  \
  TENSOR(recurrentKernel)      /* [U, 4U] */                  \
  TENSOR(bias)                 /* [4U] or none */             \
  TENSOR(kernelGamma)          /* [4U] */                     \
  TENSOR(recurrentGamma)       /* [4U] */                     \
  TENSOR(stateGamma)           /* [U] */                      \
  TENSOR(stateBeta)            /* [U] */                      \
  TENSOR(initialHidden)        /* [B, U] or none */           \
  TENSOR(initialCell)          /* [B, U] or none */           \
  TENSOR(mask)                 /* [B, T] bytes or none */     \
  TENSOR(dropoutMask)          /* [B, D] or none */           \
  TENSOR(recurrentDropoutMask) /* [B, U] or none */           \
  TENSOR(output)               /* out: [B, T, U] or [B, U] */ \
  TENSOR(lastHidden)           /* out: [B, U] */              \
  TENSOR(lastCell)             /* out: [B, U] */              \
  TENSOR(gates)                /* out: [rows, 4U] or none */  \
  TENSOR(inputNormed)          /* out: [rows, 4U] or none */  \
  TENSOR(recurrentNormed)      /* out: [rows, 4U] or none */  \
  TENSOR(cellNormed)           /* out: [rows, U] or none */   \
  TENSOR(cells)                /* out: [rows, U] or none */   \
  TENSOR(hiddens)              /* out: [rows, U] or none */   \
  TENSOR(inverses)             /* out: [rows, 3] or none */   \
  RECURRENCE_NUMBERS(NUMBER) NUMBER(hardGates) NUMBER(epsilon) NUMBER(normalizedCarry)
WEFT_KERNEL(layer_norm_lstm_forward, FIELDS) {
  const LayerNormLstm s(args);
  const LayerNormLstmForward pass(s, args);
  float* const fed[1] = {pass.fed};
  s.start_hidden(pass.h, fed, s.units, 0);
  s.to_places(s.initial_cell, pass.c);
  pass.pack();
  float* recurrent_of_step = args.gates ? nullptr : scratch(0, kSlotNormedRecurrent, s.batch * s.depth + kLanes);
  s.for_stretches(kNormedStretchRows, [&](const Stretch& stretch) {
    float* inputs = s.project(stretch, pass.kernel, nullptr, pass.kept_inputs);
    parallel(s.division.threads, [&](int thread, int count) { pass.run(stretch, inputs, recurrent_of_step, thread, count); });
  });
  s.finish_hidden(pass.h, pass.output, s.units, args.lastHidden.f32());
  s.to_items(pass.c, args.lastCell.f32());
}
#undef FIELDS
