// out[b] = activation(op(a[b]) * op(x[b]) + bias): a batch of matrix products, each operand transposed or not, shared by the
// whole batch when its batch size is 1.
#define FIELDS(TENSOR, NUMBER)                            \
  TENSOR(a)    /* [batchA, rows, depth], or transposed */ \
  TENSOR(b)    /* [batchB, depth, cols], or transposed */ \
  TENSOR(bias) /* [cols] or none */                       \
  TENSOR(out)  /* out: [batch, rows, cols] */             \
  NUMBER(batch)                                           \
  NUMBER(batchA) NUMBER(batchB) NUMBER(rows) NUMBER(cols) NUMBER(depth) NUMBER(transposeA) NUMBER(transposeB) NUMBER(activation)
WEFT_KERNEL(matmul, FIELDS) {
  const int64_t batch = args.batch, rows = args.rows, cols = args.cols, depth = args.depth;
  const Matrix a0 = {args.a.f32(), args.transposeA ? 1 : depth, args.transposeA ? rows : 1};
  const Matrix b0 = {args.b.f32(), args.transposeB ? 1 : cols, args.transposeB ? depth : 1};
  auto one = [&](int64_t i, auto product) {
    Matrix a = a0, b = b0;
    a.data += args.batchA > 1 ? i * rows * depth : 0;
    b.data += args.batchB > 1 ? i * depth * cols : 0;
    Output out = {args.out.f32() + i * rows * cols, cols};
    out.bias = args.bias.f32();
    out.activation = static_cast<Activation>(static_cast<int>(args.activation));
    product(a, b, out);
  };
  // A shared right operand makes the whole batch one tall product.
  if (args.batchB <= 1 && !args.transposeA && args.batchA == batch) {
    Output out = {args.out.f32(), cols};
    out.bias = args.bias.f32();
    out.activation = static_cast<Activation>(static_cast<int>(args.activation));
    return gemm(batch * rows, cols, depth, a0, b0, out);
  }
  if (batch < thread_count()) {
    for (int64_t i = 0; i < batch; i++)
      one(i, [&](const Matrix& a, const Matrix& b, const Output& out) { gemm(rows, cols, depth, a, b, out); });
    return;
  }
  parallel(2.0 * batch * rows * cols * depth < 200000 ? 1 : thread_count(), [&](int thread, int threads) {
    const Range mine = share(batch, 1, thread, threads);
    for (int64_t i = mine.begin; i < mine.end; i++)
      one(i, [&](const Matrix& a, const Matrix& b, const Output& out) {
        gemm_share(thread, {0, rows}, {0, cols}, depth, a, b, out);
      });
  });
}
#undef FIELDS
