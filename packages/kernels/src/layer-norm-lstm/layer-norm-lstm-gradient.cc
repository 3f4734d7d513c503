// Layer-normalised LSTM over a whole sequence, backward; the cell's algebra forward is in layer-norm-lstm.cc. The gradients of x W
// and h U take the place of their normalised values; the weights' gradients are then one product each over all rows.

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
        hidden_before(s, a.hiddens.f32(), s.initial_hidden),
        cell_before(s, a.cells.f32(), s.initial_cell),
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
      const int64_t t = s.step_back(n);
      for_places(s.division, thread, count, s.time.active[t], [&](int64_t place) { row(t, place, own, scaled_row); });
      s.division.meet(count);  // the product below reads whole rows
      s.hidden_gradient(t, recurrent + s.time.first_row[t] * s.depth, panels, dh, thread, count);
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
  RECURRENCE_NUMBERS(NUMBER) NUMBER(hardGates) NUMBER(normalizedCarry)
WEFT_KERNEL(layer_norm_lstm_backward, FIELDS) {
  const LayerNormLstm s(args);
  const LayerNormLstmBackward pass(s, args);
  s.start_gradient(pass.dy, s.units, args.lastHiddenGradient.f32(), pass.dh);
  s.to_places(args.lastCellGradient.f32(), pass.dc);
  s.pack_transposed(pass.panels);
  parallel(s.division.threads, [&](int thread, int count) { pass.run(thread, count); });
  s.to_items(pass.dh, args.initialHiddenGradient.f32());
  s.to_items(pass.dc, args.initialCellGradient.f32());
  const int threads = s.division.threads;
  pass.sums.total(threads, 0, s.depth, args.biasGradient.f32());
  pass.sums.total(threads, s.depth, s.depth, args.kernelGammaGradient.f32());
  pass.sums.total(threads, 2 * s.depth, s.depth, args.recurrentGammaGradient.f32());
  pass.sums.total(threads, 3 * s.depth, s.units, args.stateGammaGradient.f32());
  pass.sums.total(threads, 3 * s.depth + s.units, s.units, args.stateBetaGradient.f32());
  pass.weights(args.kernelGradient.f32(), args.recurrentGradient.f32());
}
#undef FIELDS
