// Layer-normalised LSTM over a whole sequence, forward and backward; see layer-norm-lstm.ts for the formula.
//
// Normalisation needs a row's sums over all units before the first gate, so a step has two halves: h U for the running items into
// rows of 4U, and then row by row, which stays in the nearest cache, the norms of x W and h U, the gates, the cell's norm and the
// output. Threads divide the items in both halves; only where they divide the units of the product (see Division) do they meet
// between the halves. The backward pass leaves the gradients of x W and h U where their normalised values were, and the weights'
// gradients are then one product each over all rows.

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

// dn = dh o φ'(φ(n)), and what reaches n from the step after where it is carried
WEFT_INLINE Vec layer_norm_lstm_n_gradient(Vec activated, Vec o, Vec dh, CellActivation kind) {
  return dh * o * cell_slope(activated, kind);
}
// dz_o = dh φ(n) σ'(o)
WEFT_INLINE Vec layer_norm_lstm_o_gradient(Vec activated, Vec o, Vec dh, bool hard) {
  return dh * activated * gate_slope(o, hard);
}
// dz_i = dc g σ'(i)   dz_f = dc c' σ'(f)   dz_g = dc i φ'(g)   dc' = dc f
struct LayerNormLstmCellGradient {
  Vec z_i, z_f, z_g, c_before;
};
WEFT_INLINE LayerNormLstmCellGradient layer_norm_lstm_cell_gradient(Vec i, Vec f, Vec g, Vec c_before, Vec dc,
                                                                    CellActivation kind, bool hard) {
  return {dc * g * gate_slope(i, hard), dc * c_before * gate_slope(f, hard), dc * i * cell_slope(g, kind), dc * f};
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

  // x W of a stretch, [rows, 4U].
  float* project(const Stretch& stretch) const {
    float* inputs = kept_gates ? kept_inputs + stretch.first_row * s.depth
                               : scratch(0, kSlotHiddenStretch, larger<int64_t>(stretch.rows, 1) * s.depth);
    gemm(stretch.rows, s.depth, s.features, s.inputs(stretch.first_row, stretch.from), Matrix{kernel, s.depth, 1},
         Output{inputs, s.depth});
    return inputs;
  }

  // The steps of a stretch for one thread; `recurrent_of_step` [B, 4U] serves where h U is not kept.
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

#define FIELDS(TENSOR, NUMBER)                                                                                   \
  TENSOR(x)                    /* [B, T, D] */                                                                   \
  TENSOR(kernel)               /* [D, 4U] */                                                                     \
  TENSOR(recurrentKernel)      /* [U, 4U] */                                                                     \
  TENSOR(bias)                 /* [4U] or none */                                                                \
  TENSOR(kernelGamma)          /* [4U] */                                                                        \
  TENSOR(recurrentGamma)       /* [4U] */                                                                        \
  TENSOR(stateGamma)           /* [U] */                                                                         \
  TENSOR(stateBeta)            /* [U] */                                                                         \
  TENSOR(initialHidden)        /* [B, U] or none */                                                              \
  TENSOR(initialCell)          /* [B, U] or none */                                                              \
  TENSOR(mask)                 /* [B, T] bytes or none */                                                        \
  TENSOR(dropoutMask)          /* [B, D] or none */                                                              \
  TENSOR(recurrentDropoutMask) /* [B, U] or none */                                                              \
  TENSOR(output)               /* out: [B, T, U] or [B, U] */                                                    \
  TENSOR(lastHidden)           /* out: [B, U] */                                                                 \
  TENSOR(lastCell)             /* out: [B, U] */                                                                 \
  TENSOR(gates)                /* out: [rows, 4U] or none */                                                     \
  TENSOR(inputNormed)          /* out: [rows, 4U] or none */                                                     \
  TENSOR(recurrentNormed)      /* out: [rows, 4U] or none */                                                     \
  TENSOR(cellNormed)           /* out: [rows, U] or none */                                                      \
  TENSOR(cells)                /* out: [rows, U] or none */                                                      \
  TENSOR(hiddens)              /* out: [rows, U] or none */                                                      \
  TENSOR(inverses)             /* out: [rows, 3] or none */                                                      \
  NUMBER(batch)                                                                                                  \
  NUMBER(steps)                                                                                                  \
  NUMBER(features)                                                                                               \
  NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates) NUMBER(epsilon) \
      NUMBER(normalizedCarry)
WEFT_KERNEL(layer_norm_lstm_forward, FIELDS) {
  const LayerNormLstm s(args);
  const LayerNormLstmForward pass(s, args);
  float* const fed[1] = {pass.fed};
  start_hidden(s.time, s.initial_hidden, s.recurrent_mask, s.units, pass.h, fed, s.units, 0);
  to_places(s.time, s.initial_cell, s.units, pass.c);
  pass.pack();
  float* recurrent_of_step = args.gates ? nullptr : scratch(0, kSlotNormedRecurrent, s.batch * s.depth + kLanes);
  for (int64_t done = 0; done < s.steps;) {
    const Stretch stretch(s.time, done, kNormedStretchRows);
    float* inputs = pass.project(stretch);
    parallel(s.division.threads, [&](int thread, int count) { pass.run(stretch, inputs, recurrent_of_step, thread, count); });
    done += stretch.count;
  }
  finish_hidden(s.time, pass.h, s.units, s.sequences, pass.output, s.units, args.lastHidden.f32());
  to_items(s.time, pass.c, s.units, args.lastCell.f32());
}
#undef FIELDS

struct LayerNormLstmBackward {
  const LayerNormLstm& s;
  const float *dy, *cell_normed, *inverses;
  const StateBefore hidden_before, cell_before;
  const ThreadSums sums;                                 // bias, γ_x, γ_h [4U each], γ_c, β_c [U each]
  float *gates, *inputs, *recurrent, *dh, *dc, *panels;  // dh and dc by place; panels of U transposed

  template <class Args>
  LayerNormLstmBackward(const LayerNormLstm& sizes, const Args& a)
      : s(sizes),
        dy(a.outputGradient.f32()),
        cell_normed(a.cellNormed.f32()),
        inverses(a.inverses.f32()),
        hidden_before(s.time, a.hiddens.f32(), s.initial_hidden, s.units),
        cell_before(s.time, a.cells.f32(), s.initial_cell, s.units),
        sums{kNorms * s.depth + 2 * s.units},
        gates(a.gates.f32()),
        inputs(a.inputNormed.f32()),
        recurrent(a.recurrentNormed.f32()) {
    dh = scratch(0, kSlotHiddenStates, 2 * s.batch * s.units + kLanes), dc = dh + s.batch * s.units;
    panels = scratch(0, kSlotHiddenPanels, s.division.blocks * s.depth * kLanes + kLanes);
  }

  // All steps for one thread.
  void run(int thread, int count) const {
    float *own = sums.start(thread), *scaled_row = scratch(thread, kSlotNormedRow, s.units + kLanes);
    for (int64_t n = 0; n < s.steps; n++) {
      const int64_t t = s.time.backwards ? n : s.steps - 1 - n;
      for_places(s.division, thread, count, s.time.active[t], [&](int64_t place) { row(t, place, own, scaled_row); });
      s.division.meet(count);  // the product below reads whole rows
      hidden_gradient(s.time, s.division, t, recurrent + s.time.first_row[t] * s.depth, s.depth, panels, s.recurrent_mask,
                      s.units, dh, thread, count);
      s.division.meet(count);
    }
  }

  static WEFT_INLINE void add(float* to, Vec value, int n) { store_partial(to, load_partial(to, n) + value, n); }

  // One item at step t.
  WEFT_INLINE void row(int64_t t, int64_t place, float* own, float* scaled_row) const {
    const int64_t row = s.time.first_row[t] + place, item = s.time.order[place];
    float *x_row = inputs + row * s.depth, *u_row = recurrent + row * s.depth, *gate = gates + row * s.depth;
    const bool hole = s.time.hole(t, place), outputs = s.sequences && dy != nullptr && (!hole || s.time.started(t, place));
    const float* dy_row = outputs ? dy + (item * s.steps + t) * s.units : nullptr;
    float* dh_row = dh + place * s.units;
    if (hole) {
      if (dy_row) for_vectors(0, s.units, [&](int64_t j, int n) { add(dh_row + j, load_partial(dy_row + j, n), n); });
      std::memset(x_row, 0, sizeof(float) * s.depth);
      std::memset(u_row, 0, sizeof(float) * s.depth);
      return;
    }
    const float *normed = cell_normed + row * s.units, *inverse = inverses + row * kNorms;
    const NormGradient of_c = through_output(dh_row, dy_row, dc + place * s.units, normed, inverse[2], gate, own, scaled_row);
    through_cell(of_c, cell_before(t, place), normed, inverse, x_row, u_row, gate, dc + place * s.units, own, scaled_row);
  }

  // Through the output and the cell's scale; the output gate becomes its gradient, and scaled_row what reaches the cell's norm.
  WEFT_INLINE NormGradient through_output(const float* dh_row, const float* dy_row, const float* dc_row, const float* cell,
                                          float inverse, float* gate, float* own, float* scaled_row) const {
    const int64_t units = s.units;
    float *sum_gamma_c = own + kNorms * s.depth, *sum_beta_c = sum_gamma_c + units;
    Vec sum = splat_zero(), products = splat_zero();
    for_vectors(0, units, [&](int64_t j, int n) __attribute__((always_inline)) {
      Vec d = load_partial(dh_row + j, n);
      if (dy_row) d += load_partial(dy_row + j, n);
      const Vec m = load_partial(cell + j, n), gamma = load_partial(s.gamma_c + j, n);
      const Vec scaled = m * gamma, activated = cell_activate(scaled + load_partial(s.beta_c + j, n), s.kind);
      const Vec o = load_partial(gate + 3 * units + j, n);
      Vec dn = layer_norm_lstm_n_gradient(activated, o, d, s.kind);
      if (s.carry_normed) dn += load_partial(dc_row + j, n);
      store_partial(gate + 3 * units + j, layer_norm_lstm_o_gradient(activated, o, d, s.hard), n);
      store_partial(scaled_row + j, dn * gamma, n);
      sum += dn * gamma;
      products += dn * gamma * m;
      add(sum_gamma_c + j, dn * m, n);
      add(sum_beta_c + j, dn, n);
    });
    return NormGradient(sum, products, units, inverse);
  }

  // Through the cell's norm, the gates, which become their gradients, and the norms of both products.
  WEFT_INLINE void through_cell(const NormGradient& of_c, const float* c_before, const float* cell, const float* inverse,
                                float* x_row, float* u_row, float* gate, float* dc_row, float* own,
                                const float* scaled_row) const {
    const int64_t units = s.units;
    float *sum_bias = own, *sum_gamma_x = sum_bias + s.depth, *sum_gamma_h = sum_gamma_x + s.depth;
    Vec sum_x = splat_zero(), products_x = splat_zero(), sum_h = splat_zero(), products_h = splat_zero();
    for_vectors(0, units, [&](int64_t j, int n) __attribute__((always_inline)) {
      Vec dcell = of_c(load_partial(scaled_row + j, n), load_partial(cell + j, n));
      if (!s.carry_normed) dcell += load_partial(dc_row + j, n);
      const LayerNormLstmCellGradient gradient = layer_norm_lstm_cell_gradient(
          load_partial(gate + j, n), load_partial(gate + units + j, n), load_partial(gate + 2 * units + j, n),
          load_partial(c_before + j, n), dcell, s.kind, s.hard);
      const Vec dz[kNormedGates] = {gradient.z_i, gradient.z_f, gradient.z_g, load_partial(gate + 3 * units + j, n)};
      store_partial(dc_row + j, gradient.c_before, n);
      for (int k = 0; k < kNormedGates; k++) {
        const int64_t at = k * units + j;
        const Vec normed_x = load_partial(x_row + at, n), normed_h = load_partial(u_row + at, n);
        const Vec d_x = dz[k] * load_partial(s.gamma_x + at, n), d_h = dz[k] * load_partial(s.gamma_h + at, n);
        if (k < 3) store_partial(gate + at, dz[k], n);
        sum_x += d_x, products_x += d_x * normed_x;
        sum_h += d_h, products_h += d_h * normed_h;
        add(sum_bias + at, dz[k], n);
        add(sum_gamma_x + at, dz[k] * normed_x, n);
        add(sum_gamma_h + at, dz[k] * normed_h, n);
      }
    });
    const NormGradient of_x(sum_x, products_x, s.depth, inverse[0]), of_h(sum_h, products_h, s.depth, inverse[1]);
    for_vectors(0, s.depth, [&](int64_t at, int n) __attribute__((always_inline)) {
      const Vec dz = load_partial(gate + at, n);
      store_partial(x_row + at, of_x(dz * load_partial(s.gamma_x + at, n), load_partial(x_row + at, n)), n);
      store_partial(u_row + at, of_h(dz * load_partial(s.gamma_h + at, n), load_partial(u_row + at, n)), n);
    });
  }

  // The weights' gradients: one product each over all rows.
  void weights(float* kernel, float* recurrent_kernel) const {
    gemm(s.features, s.depth, s.time.rows, s.input_columns(), Matrix{inputs, s.depth, 1}, Output{kernel, s.depth});
    gemm(s.units, s.depth, s.time.rows, hidden_before.columns(s.recurrent_mask), Matrix{recurrent, s.depth, 1},
         Output{recurrent_kernel, s.depth});
  }
};

#define FIELDS(TENSOR, NUMBER)                                                                   \
  TENSOR(x)                      /* [B, T, D] */                                                 \
  TENSOR(recurrentKernel)        /* [U, 4U] */                                                   \
  TENSOR(kernelGamma)            /* [4U] */                                                      \
  TENSOR(recurrentGamma)         /* [4U] */                                                      \
  TENSOR(stateGamma)             /* [U] */                                                       \
  TENSOR(stateBeta)              /* [U] */                                                       \
  TENSOR(initialHidden)          /* [B, U] or none */                                            \
  TENSOR(initialCell)            /* [B, U] or none */                                            \
  TENSOR(mask)                   /* [B, T] bytes or none */                                      \
  TENSOR(dropoutMask)            /* [B, D] or none */                                            \
  TENSOR(recurrentDropoutMask)   /* [B, U] or none */                                            \
  TENSOR(gates)                  /* in and out: [rows, 4U] */                                    \
  TENSOR(inputNormed)            /* in and out: [rows, 4U], which becomes the gradient of x W */ \
  TENSOR(recurrentNormed)        /* in and out: [rows, 4U], which becomes the gradient of h U */ \
  TENSOR(cellNormed)             /* [rows, U] */                                                 \
  TENSOR(cells)                  /* [rows, U] */                                                 \
  TENSOR(hiddens)                /* [rows, U] */                                                 \
  TENSOR(inverses)               /* [rows, 3] */                                                 \
  TENSOR(outputGradient)         /* [B, T, U] or [B, U], or none */                              \
  TENSOR(lastHiddenGradient)     /* [B, U] or none */                                            \
  TENSOR(lastCellGradient)       /* [B, U] or none */                                            \
  TENSOR(kernelGradient)         /* out: [D, 4U] */                                              \
  TENSOR(recurrentGradient)      /* out: [U, 4U] */                                              \
  TENSOR(biasGradient)           /* out: [4U] */                                                 \
  TENSOR(kernelGammaGradient)    /* out: [4U] */                                                 \
  TENSOR(recurrentGammaGradient) /* out: [4U] */                                                 \
  TENSOR(stateGammaGradient)     /* out: [U] */                                                  \
  TENSOR(stateBetaGradient)      /* out: [U] */                                                  \
  TENSOR(initialHiddenGradient)  /* out: [B, U] */                                               \
  TENSOR(initialCellGradient)    /* out: [B, U] */                                               \
  NUMBER(batch)                                                                                  \
  NUMBER(steps)                                                                                  \
  NUMBER(features)                                                                               \
  NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates) NUMBER(normalizedCarry)
WEFT_KERNEL(layer_norm_lstm_backward, FIELDS) {
  const LayerNormLstm s(args);
  const LayerNormLstmBackward pass(s, args);
  start_gradient(s.time, pass.dy, s.units, s.sequences, args.lastHiddenGradient.f32(), s.units, pass.dh);
  to_places(s.time, args.lastCellGradient.f32(), s.units, pass.dc);
  pack_transposed(s.division, s.recurrent_kernel, s.units, s.depth, pass.panels);
  parallel(s.division.threads, [&](int thread, int count) { pass.run(thread, count); });
  to_items(s.time, pass.dh, s.units, args.initialHiddenGradient.f32());
  to_items(s.time, pass.dc, s.units, args.initialCellGradient.f32());
  const int threads = s.division.threads;
  pass.sums.total(threads, 0, s.depth, args.biasGradient.f32());
  pass.sums.total(threads, s.depth, s.depth, args.kernelGammaGradient.f32());
  pass.sums.total(threads, 2 * s.depth, s.depth, args.recurrentGammaGradient.f32());
  pass.sums.total(threads, 3 * s.depth, s.units, args.stateGammaGradient.f32());
  pass.sums.total(threads, 3 * s.depth + s.units, s.units, args.stateBetaGradient.f32());
  pass.weights(args.kernelGradient.f32(), args.recurrentGradient.f32());
}
#undef FIELDS
