// Layer normalisation of rows, see layer-norm.ts: a row is read once from memory and stays in the nearest cache for its mean, its
// variance and the result. The gradients of scale and shift are summed by fixed chunks of rows, then chunk after chunk, so that
// they have the same bits for any number of threads.
constexpr int kSlotChunks = weft::kSlotKernel;
constexpr int64_t kMostChunks = 16, kNormWorth = 1 << 13;

#define FIELDS(TENSOR, NUMBER)           \
  TENSOR(x)      /* [rows, cols] */      \
  TENSOR(gamma)  /* [cols] */            \
  TENSOR(beta)   /* [cols] */            \
  TENSOR(output) /* out: [rows, cols] */ \
  NUMBER(cols) NUMBER(epsilon)
WEFT_KERNEL(layer_norm, FIELDS) {
  const int64_t cols = args.cols;
  if (cols == 0) return;
  const float *gamma = args.gamma.f32(), *beta = args.beta.f32();
  parallel_range(args.x.length / cols, 1, kNormWorth / cols + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* x = args.x.f32() + row * cols;
      float* output = args.output.f32() + row * cols;
      const Moments row_of = moments(x, cols, static_cast<float>(args.epsilon));
      for_vectors(0, cols, [&](int64_t j, int n) {
        const Vec normed = (load_partial(x + j, n) - row_of.mean) * row_of.inverse;
        store_partial(output + j, normed * load_partial(gamma + j, n) + load_partial(beta + j, n), n);
      });
    }
  });
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)           \
  TENSOR(x)      /* [rows, cols] */      \
  TENSOR(dy)     /* [rows, cols] */      \
  TENSOR(gamma)  /* [cols] */            \
  TENSOR(dx)     /* out: [rows, cols] */ \
  TENSOR(dgamma) /* out: [cols] */       \
  TENSOR(dbeta)  /* out: [cols] */       \
  NUMBER(cols) NUMBER(epsilon)
WEFT_KERNEL(layer_norm_gradient, FIELDS) {
  const int64_t cols = args.cols;
  if (cols == 0) return;
  const int64_t rows = args.x.length / cols, chunks = smaller(rows, kMostChunks);
  const float* gamma = args.gamma.f32();
  float* sums = scratch(0, kSlotChunks, 2 * (chunks + 1) * cols);  // [chunks, 2, cols]
  parallel_range(chunks, 1, rows * cols < kNormWorth ? chunks + 1 : 0, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; chunk++) {
      float *dgamma = sums + 2 * chunk * cols, *dbeta = dgamma + cols;
      std::memset(dgamma, 0, sizeof(float) * 2 * cols);
      for (int64_t row = rows * chunk / chunks; row < rows * (chunk + 1) / chunks; row++) {
        const float *x = args.x.f32() + row * cols, *dy = args.dy.f32() + row * cols;
        float* dx = args.dx.f32() + row * cols;
        const Moments row_of = moments(x, cols, static_cast<float>(args.epsilon));
        Vec sum = splat_zero(), products = splat_zero();
        for_vectors(0, cols, [&](int64_t j, int n) {
          const Vec normed = (load_partial(x + j, n) - row_of.mean) * row_of.inverse;
          const Vec d = load_partial(dy + j, n), g = d * load_partial(gamma + j, n);
          sum += g;
          products += g * normed;
          store_partial(dgamma + j, load_partial(dgamma + j, n) + d * normed, n);
          store_partial(dbeta + j, load_partial(dbeta + j, n) + d, n);
        });
        const NormGradient gradient(sum, products, cols, row_of.inverse);
        for_vectors(0, cols, [&](int64_t j, int n) {
          const Vec normed = (load_partial(x + j, n) - row_of.mean) * row_of.inverse;
          store_partial(dx + j, gradient(load_partial(dy + j, n) * load_partial(gamma + j, n), normed), n);
        });
      }
    }
  });
  for_vectors(0, cols, [&](int64_t j, int n) {
    Vec dgamma = splat_zero(), dbeta = splat_zero();
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      dgamma += load_partial(sums + 2 * chunk * cols + j, n);
      dbeta += load_partial(sums + (2 * chunk + 1) * cols + j, n);
    }
    store_partial(args.dgamma.f32() + j, dgamma, n);
    store_partial(args.dbeta.f32() + j, dbeta, n);
  });
}
#undef FIELDS
