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
      Vec sum[kLstmGates];
      for (int k = 0; k < kLstmGates; k++) sum[k] = load_partial(gates + k * units + j, n);
      const Peepholes peep = {peepholes != nullptr, peepholes ? peepholes + j : nullptr, units, n};
      const LstmCell cell = lstm_cell(sum, load_partial(c + j, n), peep, kind, hard);
      store_partial(c + j, cell.c, n);
      store_partial(h + j, cell.h, n);
    });
  }
}
#undef FIELDS
