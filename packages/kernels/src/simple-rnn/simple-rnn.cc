// SimpleRNN over a whole sequence, forward and backward; see simple-rnn.ts for the formula and the meaning of each argument. All
// steps' inputs are projected in stretches of time that stay in the cache, into the place where each step then leaves its h.
// Threads divide the work as in lstm.cc.

constexpr int64_t kSimpleStretchRows = 4096;

// Elman 1990, for one vector of units: h = φ(x W + b + h' U), and the gradient of the sum from dh: dh φ'(h).
WEFT_INLINE Vec simple_rnn_cell(Vec from_x, Vec from_h, CellActivation kind) { return cell_activate(from_x + from_h, kind); }
WEFT_INLINE Vec simple_rnn_cell_gradient(Vec h, Vec dh, CellActivation kind) { return dh * cell_slope(h, kind); }

#define FIELDS(TENSOR, NUMBER)                                \
  TENSOR(x)                    /* [B, T, D] */                \
  TENSOR(kernel)               /* [D, U] */                   \
  TENSOR(recurrentKernel)      /* [U, U] */                   \
  TENSOR(bias)                 /* [U] or none */              \
  TENSOR(initialHidden)        /* [B, U] or none */           \
  TENSOR(mask)                 /* [B, T] bytes or none */     \
  TENSOR(dropoutMask)          /* [B, D] or none */           \
  TENSOR(recurrentDropoutMask) /* [B, U] or none */           \
  TENSOR(output)               /* out: [B, T, U] or [B, U] */ \
  TENSOR(lastHidden)           /* out: [B, U] */              \
  TENSOR(hiddens)              /* out: [rows, U] or none */   \
  RECURRENCE_NUMBERS(NUMBER)
WEFT_KERNEL(simple_rnn_forward, FIELDS) {
  const Recurrence s(args, 1);
  float* output = args.output.f32();

  // By place: two copies of h times the recurrent dropout mask (read one, write the other), and h itself.
  float* states = scratch(0, kSlotHiddenStates, 3 * s.batch * s.units);
  float* masked_of[2] = {states, states + s.batch * s.units};
  float* h = states + 2 * s.batch * s.units;
  s.start_hidden(h, masked_of, s.units, 0);
  float* panels = scratch(0, kSlotHiddenPanels, s.division.blocks * s.units * kLanes);
  parallel(s.division.threads, [&](int thread, int count) {
    const Range mine = share(s.division.blocks, 1, thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++)
      for (int64_t k = 0; k < s.units; k++)
        store(panels + (block * s.units + k) * kLanes,
              load_partial(s.recurrent_kernel + k * s.units + block * kLanes, s.lanes(block * kLanes)));
  });

  s.for_stretches(kSimpleStretchRows, [&](const Stretch& stretch) {
    float* rows = s.project(stretch, args.kernel.f32(), args.bias.f32(), args.hiddens.f32());
    parallel(s.division.threads, [&](int thread, int count) {
      int side = stretch.done & 1;
      for (int64_t step = 0; step < stretch.count; step++, side ^= 1) {
        const int64_t t = stretch.step(step);
        float *next = masked_of[side ^ 1], *row = rows + (s.time.first_row[t] - stretch.first_row) * s.units;
        s.for_products(t, masked_of[side], s.units, panels, s.units * kLanes, s.units, thread, count,
                       [&](int64_t place, int64_t unit, int n, Vec product) {
                         const int64_t item = s.time.order[place], at = place * s.units + unit;
                         Vec new_h = simple_rnn_cell(load_partial(row + at, n), product, s.kind), out = new_h;
                         if (s.time.hole(t, place)) {
                           new_h = load_partial(h + at, n);
                           out = s.time.started(t, place) ? new_h : splat_zero();
                         }
                         store_partial(h + at, new_h, n);
                         store_partial(row + at, new_h, n);
                         store_partial(next + at, s.masked(new_h, item, unit, n), n);
                         if (s.sequences) store_partial(output + (item * s.steps + t) * s.units + unit, out, n);
                       });
        s.division.meet(count);
      }
    });
  });
  s.finish_hidden(h, output, s.units, args.lastHidden.f32());
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)                                                  \
  TENSOR(x)                     /* [B, T, D] */                                 \
  TENSOR(recurrentKernel)       /* [U, U] */                                    \
  TENSOR(initialHidden)         /* [B, U] or none */                            \
  TENSOR(mask)                  /* [B, T] bytes or none */                      \
  TENSOR(dropoutMask)           /* [B, D] or none */                            \
  TENSOR(recurrentDropoutMask)  /* [B, U] or none */                            \
  TENSOR(gates)                 /* out: [rows, U], the gradients of the sums */ \
  TENSOR(hiddens)               /* [rows, U] */                                 \
  TENSOR(outputGradient)        /* [B, T, U] or [B, U], or none */              \
  TENSOR(lastHiddenGradient)    /* [B, U] or none */                            \
  TENSOR(kernelGradient)        /* out: [D, U] */                               \
  TENSOR(recurrentGradient)     /* out: [U, U] */                               \
  TENSOR(biasGradient)          /* out: [U] or none */                          \
  TENSOR(initialHiddenGradient) /* out: [B, U] or none */                       \
  RECURRENCE_NUMBERS(NUMBER)
WEFT_KERNEL(simple_rnn_backward, FIELDS) {
  const Recurrence s(args, 1);
  const float *dy = args.outputGradient.f32(), *hiddens = args.hiddens.f32();
  const StateBefore hidden_before(s, hiddens, s.initial_hidden);
  const ThreadSums sums = {s.units};
  float* gates = args.gates.f32();

  float* dh = scratch(0, kSlotHiddenStates, s.batch * s.units);  // by place
  s.start_gradient(dy, s.units, args.lastHiddenGradient.f32(), dh);
  float* panels = scratch(0, kSlotHiddenPanels, s.division.blocks * s.units * kLanes);
  s.pack_transposed(panels);

  parallel(s.division.threads, [&](int thread, int count) {
    float* own = sums.start(thread);
    for (int64_t step = 0; step < s.steps; step++) {
      const int64_t t = s.step_back(step), row0 = s.time.first_row[t];
      s.for_cells<1>(t, own, thread, count, [&](int64_t place, int64_t unit, int n, Vec(&sum)[1]) {
        const int64_t row = (row0 + place) * s.units + unit, at = place * s.units + unit;
        Vec d = load_partial(dh + at, n), gradient = splat_zero();
        const bool hole = s.time.hole(t, place);
        if (s.sequences && dy != nullptr && (!hole || s.time.started(t, place)))
          d += load_partial(dy + (s.time.order[place] * s.steps + t) * s.units + unit, n);
        if (hole)
          store_partial(dh + at, d, n);
        else
          gradient = simple_rnn_cell_gradient(load_partial(hiddens + row, n), d, s.kind);
        store_partial(gates + row, gradient, n);
        sum[0] += gradient;
      });
      s.division.meet(count);  // the product below reads the gradients of all units
      s.hidden_gradient(t, gates + row0 * s.units, panels, dh, thread, count);
    }
  });

  s.to_items(dh, args.initialHiddenGradient.f32());
  const Matrix gradients = {gates, s.units, 1};
  gemm(s.features, s.units, s.time.rows, s.input_columns(), gradients, Output{args.kernelGradient.f32(), s.units});
  gemm(s.units, s.units, s.time.rows, hidden_before.columns(s.recurrent_mask), gradients,
       Output{args.recurrentGradient.f32(), s.units});
  sums.total(s.division.threads, 0, s.units, args.biasGradient.f32());
}
#undef FIELDS
