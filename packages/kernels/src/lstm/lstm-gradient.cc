// LSTM over a whole sequence, backward; see lstm.ts for the formula, lstm-cell.h for the algebra of one cell. The steps in reverse
// leave the gates' gradients where the pass forward kept the gates; the weights' gradients are then one product each over all
// steps.

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
        hidden_before(s, a.hiddens.f32(), s.initial_hidden),
        cell_before(s, cells, s.initial_cell),
        sums{kSums * s.units},
        gates(a.gates.f32()) {
    dh = scratch(0, kSlotHiddenStates, 2 * s.batch * s.units), dc = dh + s.batch * s.units;
    panels = scratch(0, kSlotHiddenPanels, s.division.blocks * s.depth * kLanes);
  }

  // All steps for one thread: the gates become their gradients, and these are summed.
  void run(int thread, int count) const {
    float* own = sums.start(thread);
    for (int64_t n = 0; n < s.steps; n++) {
      const int64_t t = s.step_back(n);
      s.for_cells<kSums>(t, own, thread, count, [&](int64_t place, int64_t unit, int width, Vec(&sum)[kSums]) {
        cell(t, place, unit, width, sum);
      });
      s.division.meet(count);  // the product below reads all units' gates
      s.hidden_gradient(t, gates + s.time.first_row[t] * s.depth, panels, dh, thread, count);
    }
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

#define FIELDS(TENSOR, NUMBER)                                                             \
  TENSOR(x)                     /* [B, T, D] */                                            \
  TENSOR(recurrentKernel)       /* [U, 4U] */                                              \
  TENSOR(peepholes)             /* [3, U] or none */                                       \
  TENSOR(initialHidden)         /* [B, U] or none */                                       \
  TENSOR(initialCell)           /* [B, U] or none */                                       \
  TENSOR(mask)                  /* [B, T] bytes or none */                                 \
  TENSOR(dropoutMask)           /* [B, D] or none */                                       \
  TENSOR(recurrentDropoutMask)  /* [B, U] or none */                                       \
  TENSOR(gates)                 /* in and out: [rows, 4U], which become their gradients */ \
  TENSOR(cells)                 /* [rows, U] */                                            \
  TENSOR(hiddens)               /* [rows, U] */                                            \
  TENSOR(outputGradient)        /* [B, T, outputWidth] or [B, outputWidth], or none */     \
  TENSOR(lastHiddenGradient)    /* [B, U] or none */                                       \
  TENSOR(lastCellGradient)      /* [B, U] or none */                                       \
  TENSOR(kernelGradient)        /* out: [D, 4U] */                                         \
  TENSOR(recurrentGradient)     /* out: [U, 4U] */                                         \
  TENSOR(biasGradient)          /* out: [4U] or none */                                    \
  TENSOR(peepholesGradient)     /* out: [3, U] or none */                                  \
  TENSOR(initialHiddenGradient) /* out: [B, U] or none */                                  \
  TENSOR(initialCellGradient)   /* out: [B, U] or none */                                  \
  RECURRENCE_NUMBERS(NUMBER) NUMBER(hardGates) NUMBER(outputWidth) NUMBER(outputOffset)
WEFT_KERNEL(lstm_backward, FIELDS) {
  const Lstm s(args);
  const LstmBackward pass(s, args);
  s.start_gradient(pass.dy, s.out_width, args.lastHiddenGradient.f32(), pass.dh);
  s.to_places(args.lastCellGradient.f32(), pass.dc);
  s.pack_transposed(pass.panels);
  parallel(s.division.threads, [&](int thread, int count) { pass.run(thread, count); });
  s.to_items(pass.dh, args.initialHiddenGradient.f32());
  s.to_items(pass.dc, args.initialCellGradient.f32());
  pass.weights(args.kernelGradient.f32(), args.recurrentGradient.f32(), args.biasGradient.f32(), args.peepholesGradient.f32());
}
#undef FIELDS
