// GRU over a whole sequence, backward; the cell's algebra is in gru.cc. The steps in reverse replace the gates that the pass
// forward kept by their gradients; the weights' gradients are then products over all rows. The candidate's gradient differs for x
// and for h: `gates` gets the one of x, and `products`, which held what the candidate took from h, the other with resetAfter;
// without it r h stays, as a factor.

struct GruBackward {
  static constexpr int kSums = 4;  // z, r, the candidate's for x and for h
  const Gru& s;
  const float* dy;
  const StateBefore hidden_before;
  const ThreadSums sums;
  float *gates, *products, *dh, *panels;  // dh by place; panels of U transposed

  template <class Args>
  GruBackward(const Gru& sizes, const Args& a)
      : s(sizes),
        dy(a.outputGradient.f32()),
        hidden_before(s, a.hiddens.f32(), s.initial_hidden),
        sums{kSums * s.units},
        gates(a.gates.f32()),
        products(a.products.f32()) {
    dh = scratch(0, kSlotHiddenStates, s.batch * s.units);
    panels = scratch(0, kSlotHiddenPanels, s.division.blocks * s.depth * kLanes);
  }

  // All steps for one thread.
  void run(int thread, int count) const {
    float* own = sums.start(thread);
    for (int64_t n = 0; n < s.steps; n++) {
      const int64_t t = s.step_back(n);
      s.for_cells<kSums>(t, own, thread, count, [&](int64_t place, int64_t unit, int width, Vec(&sum)[kSums]) {
        cell(t, place, unit, width, sum);
      });
      s.division.meet(count);  // the products read the gates of all units
      hidden_gradients(t, own, thread, count);
    }
  }

  // The cell of one item; with the reset before, the gradient of r waits for the product.
  WEFT_INLINE void cell(int64_t t, int64_t place, int64_t unit, int n, Vec (&sum)[kSums]) const {
    const int64_t row = s.time.first_row[t] + place, at = place * s.units + unit;
    float *gate = gates + row * s.depth + unit, *product = products + row * s.units + unit;
    Vec d = load_partial(dh + at, n);
    const bool hole = s.time.hole(t, place);
    if (s.sequences && dy != nullptr && (!hole || s.time.started(t, place)))
      d += load_partial(dy + (s.time.order[place] * s.steps + t) * s.units + unit, n);
    if (hole) {
      store_partial(dh + at, d, n);
      for (int k = 0; k < kGruGates; k++) store_partial(gate + k * s.units, splat_zero(), n);
      store_partial(product, splat_zero(), n);
      return;
    }
    const Vec z = load_partial(gate, n), candidate = load_partial(gate + 2 * s.units, n);
    const Vec before = load_partial(hidden_before(t, place) + unit, n);
    const GruCellGradient gradient = gru_cell_gradient(z, candidate, before, d, s.kind, s.hard);
    store_partial(dh + at, gradient.h_before, n);
    store_partial(gate, gradient.z, n);
    store_partial(gate + 2 * s.units, gradient.candidate, n);
    sum[0] += gradient.z, sum[2] += gradient.candidate;
    if (!s.after) return;
    const GruResetGradient reset =
        gru_reset_gradient(load_partial(gate + s.units, n), load_partial(product, n), gradient.candidate, s.hard);
    store_partial(gate + s.units, reset.r, n);
    store_partial(product, reset.y, n);
    sum[1] += reset.r, sum[3] += reset.y;
  }

  // What reaches h of the step before through its products with U.
  WEFT_INLINE void hidden_gradients(int64_t t, float* own, int thread, int count) const {
    const int64_t row0 = s.time.first_row[t], panel_size = s.depth * kLanes;
    const float *rows = gates + row0 * s.depth, *panel_candidate = panels + 2 * s.units * kLanes;
    auto add = [&](int64_t place, int64_t unit, int n, Vec value) {
      if (s.time.hole(t, place)) return;
      if (s.recurrent_mask) value *= load_partial(s.recurrent_mask + s.time.order[place] * s.units + unit, n);
      float* to = dh + place * s.units + unit;
      store_partial(to, load_partial(to, n) + value, n);
    };
    if (s.after) {
      s.for_products(t, products + row0 * s.units, s.units, panel_candidate, panel_size, s.units, thread, count, add);
    } else {
      // The gradient of r h, which gives that of r before the product with z and r.
      s.for_products(t, rows + 2 * s.units, s.depth, panel_candidate, panel_size, s.units, thread, count,
                   [&](int64_t place, int64_t unit, int n, Vec value) {
                     if (s.time.hole(t, place)) return;
                     float *gate = gates + (row0 + place) * s.depth + s.units + unit, *sum = own + s.units + unit;
                     const Vec before = s.masked(load_partial(hidden_before(t, place) + unit, n), s.time.order[place], unit, n);
                     const GruResetGradient reset = gru_reset_gradient(load_partial(gate, n), before, value, s.hard);
                     store_partial(gate, reset.r, n);
                     store_partial(sum, load_partial(sum, n) + reset.r, n);
                     add(place, unit, n, reset.y);
                   });
      s.division.meet(count);
    }
    s.for_products(t, rows, s.depth, panels, panel_size, 2 * s.units, thread, count, add);
  }

  // The weights' gradients: products over all rows, and the sums.
  void weights(float* kernel, float* recurrent, float* bias) const {
    const Matrix gradients = {gates, s.depth, 1}, candidates = {gates + 2 * s.units, s.depth, 1};
    gemm(s.features, s.depth, s.time.rows, s.input_columns(), gradients, Output{kernel, s.depth});
    const HiddenColumns before = hidden_before.columns(s.recurrent_mask);
    gemm(s.units, 2 * s.units, s.time.rows, before, gradients, Output{recurrent, s.depth});
    const Output candidate = {recurrent + 2 * s.units, s.depth};
    if (s.after)
      gemm(s.units, s.units, s.time.rows, before, Matrix{products, s.units, 1}, candidate);
    else
      gemm(s.units, s.units, s.time.rows, Matrix{products, 1, s.units}, candidates, candidate);
    sums.total(s.division.threads, 0, s.depth, bias);
    if (bias == nullptr || !s.after) return;
    // Both biases get the gradients of z and r; the candidate's two have one each.
    sums.total(s.division.threads, 0, 2 * s.units, bias + s.depth);
    sums.total(s.division.threads, s.depth, s.units, bias + s.depth + 2 * s.units);
  }
};

#define FIELDS(TENSOR, NUMBER)                                                             \
  TENSOR(x)                     /* [B, T, D] */                                            \
  TENSOR(recurrentKernel)       /* [U, 3U] */                                              \
  TENSOR(initialHidden)         /* [B, U] or none */                                       \
  TENSOR(mask)                  /* [B, T] bytes or none */                                 \
  TENSOR(dropoutMask)           /* [B, D] or none */                                       \
  TENSOR(recurrentDropoutMask)  /* [B, U] or none */                                       \
  TENSOR(gates)                 /* in and out: [rows, 3U], which become their gradients */ \
  TENSOR(products)              /* in and out: [rows, U] */                                \
  TENSOR(hiddens)               /* [rows, U] */                                            \
  TENSOR(outputGradient)        /* [B, T, U] or [B, U], or none */                         \
  TENSOR(lastHiddenGradient)    /* [B, U] or none */                                       \
  TENSOR(kernelGradient)        /* out: [D, 3U] */                                         \
  TENSOR(recurrentGradient)     /* out: [U, 3U] */                                         \
  TENSOR(biasGradient)          /* out: [2, 3U] with resetAfter, [3U], or none */          \
  TENSOR(initialHiddenGradient) /* out: [B, U] or none */                                  \
  RECURRENCE_NUMBERS(NUMBER) NUMBER(hardGates) NUMBER(resetAfter)
WEFT_KERNEL(gru_backward, FIELDS) {
  const Gru s(args);
  const GruBackward pass(s, args);
  s.start_gradient(pass.dy, s.units, args.lastHiddenGradient.f32(), pass.dh);
  s.pack_transposed(pass.panels);
  parallel(s.division.threads, [&](int thread, int count) { pass.run(thread, count); });
  s.to_items(pass.dh, args.initialHiddenGradient.f32());
  pass.weights(args.kernelGradient.f32(), args.recurrentGradient.f32(), args.biasGradient.f32());
}
#undef FIELDS
