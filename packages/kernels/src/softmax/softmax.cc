// Softmax and log-softmax over the last axis with their gradients, and the cross-entropy of logits against targets: one pass over
// each row, which stays in the nearest cache between its steps.
template <class F>
static void for_rows(int64_t length, int64_t cols, F f) {
  if (cols == 0) return;
  parallel_range(length / cols, 1, kCostly / cols + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) f(row, row * cols);
  });
}

#define FIELDS(TENSOR, NUMBER)        \
  TENSOR(x)   /* [rows, cols] */      \
  TENSOR(out) /* out: [rows, cols] */ \
  NUMBER(cols)
WEFT_KERNEL(softmax, FIELDS) {
  const int64_t cols = args.cols;
  for_rows(args.x.length, cols, [&](int64_t, int64_t at) {
    float* out = args.out.f32() + at;
    const float inverse = 1 / scale_row(args.x.f32() + at, cols, out).total;
    for_vectors(0, cols, [&](int64_t i, int n) { store_partial(out + i, load_partial(out + i, n) * inverse, n); });
  });
}

WEFT_KERNEL(log_softmax, FIELDS) {
  const int64_t cols = args.cols;
  for_rows(args.x.length, cols, [&](int64_t, int64_t at) {
    const float* x = args.x.f32() + at;
    const RowScale scale = scale_row(x, cols, nullptr);
    const float log_total = __builtin_logf(scale.total);
    for_vectors(0, cols, [&](int64_t i, int n) {
      store_partial(args.out.f32() + at + i, load_partial(x + i, n) - scale.best - log_total, n);
    });
  });
}
#undef FIELDS

// dx = y (dy - Σ dy y) for y = softmax(x); dx = dy - exp(y) Σ dy for y = log_softmax(x).
#define FIELDS(TENSOR, NUMBER)        \
  TENSOR(dy)  /* [rows, cols] */      \
  TENSOR(y)   /* [rows, cols] */      \
  TENSOR(out) /* out: [rows, cols] */ \
  NUMBER(cols) NUMBER(log)
WEFT_KERNEL(softmax_grad, FIELDS) {
  const int64_t cols = args.cols;
  const bool log = args.log != 0;
  for_rows(args.y.length, cols, [&](int64_t, int64_t at) {
    const float *dy = args.dy.f32() + at, *y = args.y.f32() + at;
    Vec part = splat_zero();
    for_vectors(0, cols, [&](int64_t i, int n) {
      const Vec d = load_partial(dy + i, n);
      part += log ? d : d * load_partial(y + i, n);
    });
    const float total = sum(part);
    for_vectors(0, cols, [&](int64_t i, int n) {
      const Vec d = load_partial(dy + i, n), v = load_partial(y + i, n);
      store_partial(args.out.f32() + at + i, log ? d - exp(v) * total : v * (d - total), n);
    });
  });
}
#undef FIELDS

// loss[row] = -Σ labels log_softmax(logits).
#define FIELDS(TENSOR, NUMBER)      \
  TENSOR(labels) /* [rows, cols] */ \
  TENSOR(logits) /* [rows, cols] */ \
  TENSOR(out)    /* out: [rows] */  \
  NUMBER(cols)
WEFT_KERNEL(cross_entropy, FIELDS) {
  const int64_t cols = args.cols;
  for_rows(args.logits.length, cols, [&](int64_t row, int64_t at) {
    const float *x = args.logits.f32() + at, *labels = args.labels.f32() + at;
    const RowScale scale = scale_row(x, cols, nullptr);
    const float shift = scale.best + log(splat(scale.total))[0];
    Vec loss = splat_zero();
    // A label of 0 adds nothing, also where the logit is -infinity.
    for_vectors(0, cols, [&](int64_t i, int n) {
      const Vec label = load_partial(labels + i, n);
      loss += label == splat_zero() ? splat_zero() : label * (shift - load_partial(x + i, n));
    });
    args.out.f32()[row] = sum(loss);
  });
}
#undef FIELDS

// d logits = dy (softmax(logits) Σ labels - labels), with dy by row.
#define FIELDS(TENSOR, NUMBER)           \
  TENSOR(dy)     /* [rows] */            \
  TENSOR(labels) /* [rows, cols] */      \
  TENSOR(logits) /* [rows, cols] */      \
  TENSOR(out)    /* out: [rows, cols] */ \
  NUMBER(cols)
WEFT_KERNEL(cross_entropy_grad, FIELDS) {
  const int64_t cols = args.cols;
  for_rows(args.logits.length, cols, [&](int64_t row, int64_t at) {
    const float* labels = args.labels.f32() + at;
    float* out = args.out.f32() + at;
    const RowScale scale = scale_row(args.logits.f32() + at, cols, out);
    Vec part = splat_zero();
    for_vectors(0, cols, [&](int64_t i, int n) { part += load_partial(labels + i, n); });
    const float factor = sum(part) / scale.total, dy = args.dy.f32()[row];
    for_vectors(0, cols, [&](int64_t i, int n) {
      store_partial(out + i, (load_partial(out + i, n) * factor - load_partial(labels + i, n)) * dy, n);
    });
  });
}
#undef FIELDS
