// One step of an LSTM, the state changed in place; see step.ts.
#define FIELDS(TENSOR, NUMBER)                     \
  TENSOR(x)               /* [B, D] */             \
  TENSOR(kernel)          /* [D, 4U] */            \
  TENSOR(recurrentKernel) /* [U, 4U] */            \
  TENSOR(bias)            /* [4U] or none */       \
  TENSOR(peepholes)       /* [3, U] or none */     \
  TENSOR(hidden)          /* in and out: [B, U] */ \
  TENSOR(cell)            /* in and out: [B, U] */ \
  NUMBER(batch) NUMBER(features) NUMBER(units) NUMBER(activation) NUMBER(hardGates)
WEFT_KERNEL(lstm_step, FIELDS) {
  const int64_t batch = args.batch, features = args.features, units = args.units, width = kLstmGates * units;
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool hard = args.hardGates != 0;
  const float* peepholes = args.peepholes.f32();
  float* z = scratch(0, weft::kSlotKernel, batch * width + 1);
  Output sums = {z, width};
  sums.bias = args.bias.f32();
  gemm(batch, width, features, Matrix{args.x.f32(), features, 1}, Matrix{args.kernel.f32(), width, 1}, sums);
  sums.bias = nullptr, sums.accumulate = true;
  gemm(batch, width, units, Matrix{args.hidden.f32(), units, 1}, Matrix{args.recurrentKernel.f32(), width, 1}, sums);
  for (int64_t item = 0; item < batch; item++) {
    const float* gates = z + item * width;
    float *h = args.hidden.f32() + item * units, *c = args.cell.f32() + item * units;
    for_vectors(0, units, [&](int64_t j, int n) {
      // Written out, and not `lstm_cell`: the order in which the compiler fuses these products is part of a saved detector's bits.
      const Vec old_c = load_partial(c + j, n);
      const auto gate = [&](int which, int seen, Vec cell) {
        Vec sum = load_partial(gates + which * units + j, n);
        if (peepholes && seen >= 0) sum += load_partial(peepholes + seen * units + j, n) * cell;
        return which == 2 ? cell_activate(sum, kind) : hard ? hard_sigmoid(sum) : sigmoid(sum);
      };
      const Vec new_c = gate(1, 1, old_c) * old_c + gate(0, 0, old_c) * gate(2, -1, old_c);
      store_partial(c + j, new_c, n);
      store_partial(h + j, gate(3, 2, new_c) * cell_activate(new_c, kind), n);
    });
  }
}
#undef FIELDS
