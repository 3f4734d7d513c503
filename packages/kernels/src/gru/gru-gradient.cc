// GRU over a whole sequence, backward. The steps in reverse replace the gates that the pass forward kept by their gradients; the
// weights' gradients are then products over all rows. The candidate's gradient differs for x and for h: `gates` gets the one of
// x, and `products`, which held what the candidate took from h, the other with resetAfter; without it r h stays, as a factor.

#define FIELDS(TENSOR, NUMBER)                                                                                  \
  TENSOR(x)                                                                                                     \
  TENSOR(recurrentKernel)                                                                                       \
  TENSOR(initialHidden)                                                                                         \
  TENSOR(mask)                                                                                                  \
  TENSOR(dropoutMask)                                                                                           \
  TENSOR(recurrentDropoutMask)                                                                                  \
  TENSOR(gates)                                                                                                 \
  TENSOR(products)                                                                                              \
  TENSOR(hiddens)                                                                                               \
  TENSOR(outputGradient)                                                                                        \
  TENSOR(lastHiddenGradient)                                                                                    \
  TENSOR(kernelGradient)                                                                                        \
  TENSOR(recurrentGradient)                                                                                     \
  TENSOR(biasGradient) TENSOR(initialHiddenGradient) NUMBER(batch) NUMBER(steps) NUMBER(features) NUMBER(units) \
      NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates) NUMBER(resetAfter)
WEFT_KERNEL(gru_backward, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, units = args.units, width = kGruGates * units;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool hard = args.hardGates != 0, sequences = args.returnSequences != 0, after = args.resetAfter != 0;
  const Division division(batch, units, kGruGates);
  const float *recurrent_mask = args.recurrentDropoutMask.f32(), *dy = args.outputGradient.f32();
  const HiddenBefore hidden_before(time, args.hiddens.f32(), args.initialHidden.f32(), units);
  float *gates = args.gates.f32(), *products = args.products.f32();

  float* dh = scratch(0, kSlotHiddenStates, batch * units);  // by place
  start_gradient(time, dy, sequences, args.lastHiddenGradient.f32(), units, dh);
  float* panels = scratch(0, kSlotHiddenPanels, division.blocks * width * kLanes);
  pack_transposed(division, args.recurrentKernel.f32(), units, width, panels);

  parallel(division.threads, [&](int thread, int count) {
    const Range mine = division.blocks_of(thread, count);
    float* bias_part =
        scratch(thread, kSlotHiddenBias, 4 * units);  // z, r, the candidate's for x and for h, over this thread's rows
    std::memset(bias_part, 0, sizeof(float) * 4 * units);
    for (int64_t s = 0; s < steps; s++) {
      const int64_t t = time.backwards ? s : steps - 1 - s;
      const int64_t active = time.active[t], row0 = time.first_row[t];
      for (int64_t block = mine.begin; block < mine.end; block++) {
        const int64_t unit = block * kLanes;
        const int n = static_cast<int>(smaller<int64_t>(kLanes, units - unit));
        Vec sums[4];
        for (int k = 0; k < 4; k++) sums[k] = load_partial(bias_part + k * units + unit, n);
        division.for_tiles(thread, count, active, [&](int64_t place0, int tile) {
          for (int64_t place = place0; place < place0 + tile; place++) {
            const int64_t row = row0 + place, at = place * units + unit;
            float *gate = gates + row * width + unit, *product = products + row * units + unit;
            Vec d = load_partial(dh + at, n);
            const bool hole = time.hole(t, place);
            if (sequences && dy != nullptr && (!hole || time.started(t, place)))
              d += load_partial(dy + (time.order[place] * steps + t) * units + unit, n);
            if (hole) {
              store_partial(dh + at, d, n);
              for (int k = 0; k < kGruGates; k++) store_partial(gate + k * units, splat_zero(), n);
              store_partial(product, splat_zero(), n);
              continue;
            }
            const Vec z = load_partial(gate, n), candidate = load_partial(gate + 2 * units, n);
            const Vec before = load_partial(hidden_before(t, place) + unit, n);
            const Vec dz = d * (before - candidate) * gate_slope(z, hard);
            const Vec dcandidate = d * (1.0f - z) * cell_slope(candidate, kind);
            store_partial(dh + at, d * z, n);
            store_partial(gate, dz, n);
            store_partial(gate + 2 * units, dcandidate, n);
            sums[0] += dz, sums[2] += dcandidate;
            if (!after) continue;
            const Vec r = load_partial(gate + units, n);
            const Vec dr = dcandidate * load_partial(product, n) * gate_slope(r, hard), dproduct = dcandidate * r;
            store_partial(gate + units, dr, n);
            store_partial(product, dproduct, n);
            sums[1] += dr, sums[3] += dproduct;
          }
        });
        for (int k = 0; k < 4; k++) store_partial(bias_part + k * units + unit, sums[k], n);
      }
      division.meet(count);  // the products below read the gates of all units
      auto add = [&](int64_t place, int64_t unit, int n, Vec value) {
        if (time.hole(t, place)) return;
        if (recurrent_mask) value *= load_partial(recurrent_mask + time.order[place] * units + unit, n);
        float* to = dh + place * units + unit;
        store_partial(to, load_partial(to, n) + value, n);
      };
      const float *rows = gates + row0 * width, *panel_candidate = panels + 2 * units * kLanes;
      if (after) {
        for_products(division, thread, count, active, units, products + row0 * units, units, panel_candidate, width * kLanes,
                     units, add);
      } else {
        // The gradient of r h, which gives that of r before the product with z and r.
        for_products(division, thread, count, active, units, rows + 2 * units, width, panel_candidate, width * kLanes, units,
                     [&](int64_t place, int64_t unit, int n, Vec value) {
                       if (time.hole(t, place)) return;
                       float *gate = gates + (row0 + place) * width + units + unit, *sum = bias_part + units + unit;
                       const Vec r = load_partial(gate, n);
                       Vec before = load_partial(hidden_before(t, place) + unit, n);
                       if (recurrent_mask) before *= load_partial(recurrent_mask + time.order[place] * units + unit, n);
                       const Vec dr = value * before * gate_slope(r, hard);
                       store_partial(gate, dr, n);
                       store_partial(sum, load_partial(sum, n) + dr, n);
                       add(place, unit, n, value * r);
                     });
        division.meet(count);
      }
      for_products(division, thread, count, active, units, rows, width, panels, width * kLanes, 2 * units, add);
    }
  });

  if (args.initialHiddenGradient)
    for (int64_t place = 0; place < batch; place++)
      std::memcpy(args.initialHiddenGradient.f32() + time.order[place] * units, dh + place * units, sizeof(float) * units);

  const Matrix gradients = {gates, width, 1}, candidates = {gates + 2 * units, width, 1};
  gemm(features, width, time.rows, InputColumns{{args.x.f32(), args.dropoutMask.f32(), time, features, 0, 0}}, gradients,
       Output{args.kernelGradient.f32(), width});
  const HiddenColumns before = hidden_before.columns(recurrent_mask);
  float* recurrent = args.recurrentGradient.f32();
  gemm(units, 2 * units, time.rows, before, gradients, Output{recurrent, width});
  if (after)
    gemm(units, units, time.rows, before, Matrix{products, units, 1}, Output{recurrent + 2 * units, width});
  else
    gemm(units, units, time.rows, Matrix{products, 1, units}, candidates, Output{recurrent + 2 * units, width});

  if (!args.biasGradient) return;
  // Both biases get the gradients of z and r; the candidate's two have one each.
  float* total = args.biasGradient.f32();
  std::memset(total, 0, sizeof(float) * width * (after ? 2 : 1));
  auto add = [&](float* to, const float* part, int64_t count) {
    for_vectors(0, count,
                [&](int64_t j, int n) { store_partial(to + j, load_partial(to + j, n) + load_partial(part + j, n), n); });
  };
  for (int thread = 0; thread < division.threads; thread++) {
    const float* part = scratch(thread, kSlotHiddenBias, 4 * units);
    add(total, part, width);
    if (!after) continue;
    add(total + width, part, 2 * units);
    add(total + width + 2 * units, part + 3 * units, units);
  }
}
#undef FIELDS
