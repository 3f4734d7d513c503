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
  NUMBER(batch) NUMBER(steps) NUMBER(features) NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation)
WEFT_KERNEL(simple_rnn_forward, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, units = args.units;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool sequences = args.returnSequences != 0;
  const Division division(batch, units, 1);
  const float *u = args.recurrentKernel.f32(), *recurrent_mask = args.recurrentDropoutMask.f32();
  float* output = args.output.f32();

  // By place: two copies of h times the recurrent dropout mask (read one, write the other), and h itself.
  float* states = scratch(0, kSlotHiddenStates, 3 * batch * units);
  float* masked_of[2] = {states, states + batch * units};
  float* h = states + 2 * batch * units;
  start_hidden(time, args.initialHidden.f32(), recurrent_mask, units, h, masked_of, units, 0);
  float* panels = scratch(0, kSlotHiddenPanels, division.blocks * units * kLanes);
  parallel(division.threads, [&](int thread, int count) {
    const Range mine = share(division.blocks, 1, thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++)
      for (int64_t k = 0; k < units; k++)
        store(panels + (block * units + k) * kLanes,
              load_partial(u + k * units + block * kLanes, static_cast<int>(smaller<int64_t>(kLanes, units - block * kLanes))));
  });

  int parity = 0;
  for (int64_t done = 0; done < steps;) {
    const Stretch stretch(time, done, kSimpleStretchRows);
    float* rows = args.hiddens ? args.hiddens.f32() + stretch.first_row * units
                               : scratch(0, kSlotHiddenStretch, larger<int64_t>(stretch.rows, 1) * units);
    Output projected = {rows, units};
    projected.bias = args.bias.f32();
    gemm(stretch.rows, units, features,
         InputRows{args.x.f32(), args.dropoutMask.f32(), time, features, stretch.first_row, stretch.from},
         Matrix{args.kernel.f32(), units, 1}, projected);
    parallel(division.threads, [&](int thread, int count) {
      int side = parity;
      for (int64_t s = 0; s < stretch.count; s++, side ^= 1) {
        const int64_t t = stretch.step(s);
        float *next = masked_of[side ^ 1], *row = rows + (time.first_row[t] - stretch.first_row) * units;
        for_products(division, thread, count, time.active[t], units, masked_of[side], units, panels, units * kLanes, units,
                     [&](int64_t place, int64_t unit, int n, Vec product) {
                       const int64_t item = time.order[place], at = place * units + unit;
                       Vec new_h = simple_rnn_cell(load_partial(row + at, n), product, kind), out = new_h;
                       if (time.hole(t, place)) {
                         new_h = load_partial(h + at, n);
                         out = time.started(t, place) ? new_h : splat_zero();
                       }
                       store_partial(h + at, new_h, n);
                       store_partial(row + at, new_h, n);
                       store_partial(next + at,
                                     recurrent_mask ? new_h * load_partial(recurrent_mask + item * units + unit, n) : new_h, n);
                       if (sequences) store_partial(output + (item * steps + t) * units + unit, out, n);
                     });
        division.meet(count);
      }
    });
    parity ^= stretch.count & 1;
    done += stretch.count;
  }
  finish_hidden(time, h, units, sequences, output, units, args.lastHidden.f32());
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
  NUMBER(batch) NUMBER(steps) NUMBER(features) NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation)
WEFT_KERNEL(simple_rnn_backward, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, units = args.units;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool sequences = args.returnSequences != 0;
  const Division division(batch, units, 1);
  const float *recurrent_mask = args.recurrentDropoutMask.f32(), *dy = args.outputGradient.f32(), *hiddens = args.hiddens.f32();
  const StateBefore hidden_before(time, hiddens, args.initialHidden.f32(), units);
  const ThreadSums sums = {units};
  float* gates = args.gates.f32();

  float* dh = scratch(0, kSlotHiddenStates, batch * units);  // by place
  start_gradient(time, dy, units, sequences, args.lastHiddenGradient.f32(), units, dh);
  float* panels = scratch(0, kSlotHiddenPanels, division.blocks * units * kLanes);
  pack_transposed(division, args.recurrentKernel.f32(), units, units, panels);

  parallel(division.threads, [&](int thread, int count) {
    const Range mine = division.blocks_of(thread, count);
    float* bias_part = sums.start(thread);
    for (int64_t s = 0; s < steps; s++) {
      const int64_t t = time.backwards ? s : steps - 1 - s, active = time.active[t], row0 = time.first_row[t];
      for (int64_t block = mine.begin; block < mine.end; block++) {
        const int64_t unit = block * kLanes;
        const int n = static_cast<int>(smaller<int64_t>(kLanes, units - unit));
        Vec sum = load_partial(bias_part + unit, n);
        division.for_tiles(thread, count, active, [&](int64_t place0, int tile) {
          for (int64_t place = place0; place < place0 + tile; place++) {
            const int64_t row = (row0 + place) * units + unit, at = place * units + unit;
            Vec d = load_partial(dh + at, n), gradient = splat_zero();
            const bool hole = time.hole(t, place);
            if (sequences && dy != nullptr && (!hole || time.started(t, place)))
              d += load_partial(dy + (time.order[place] * steps + t) * units + unit, n);
            if (hole)
              store_partial(dh + at, d, n);
            else
              gradient = simple_rnn_cell_gradient(load_partial(hiddens + row, n), d, kind);
            store_partial(gates + row, gradient, n);
            sum += gradient;
          }
        });
        store_partial(bias_part + unit, sum, n);
      }
      division.meet(count);  // the product below reads the gradients of all units
      hidden_gradient(time, division, t, gates + row0 * units, units, panels, recurrent_mask, units, dh, thread, count);
    }
  });

  if (args.initialHiddenGradient) to_items(time, dh, units, args.initialHiddenGradient.f32());
  const Matrix gradients = {gates, units, 1};
  gemm(features, units, time.rows, InputColumns{{args.x.f32(), args.dropoutMask.f32(), time, features, 0, 0}}, gradients,
       Output{args.kernelGradient.f32(), units});
  gemm(units, units, time.rows, hidden_before.columns(recurrent_mask), gradients, Output{args.recurrentGradient.f32(), units});
  sums.total(division.threads, 0, units, args.biasGradient.f32());
}
#undef FIELDS
