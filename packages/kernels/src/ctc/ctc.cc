// Connectionist temporal classification: -log p(labels | logits) of each item and, when asked, its gradient by the logits.
//
// An item's S = 2L + 1 states are its labels with a blank before, between and after them. alpha[t + 1][s] is the log probability
// of all paths that end in state s at step t; beta goes the other way (Graves et al. 2006, section 4.1). Each step's log
// probabilities are taken relative to the largest among the states, whose sum is kept in a double: alpha and beta stay small, so
// that long sequences lose no digits. Rows of states have minus infinity on both sides, so that neighbours need no cases.
constexpr int kSlotCtcAlpha = weft::kSlotKernel, kSlotCtcEmission = weft::kSlotKernel + 1, kSlotCtcRows = weft::kSlotKernel + 2;

struct CtcItem {
  const float* logits;  // [steps, classes]
  const int32_t* labels;
  int64_t steps, classes, label_count, blank;
  float* gradient;  // [steps, classes], or null

  int64_t states() const { return 2 * label_count + 1; }
};

// Memory of a thread; rows are `stride` apart and begin after kLanes entries of minus infinity.
struct CtcRows {
  int64_t stride;
  float *alphas, *emissions;        // a row a step when there is a gradient, else two and one
  float *skip, *beta, *posteriors;  // skip[s]: 0 where a path may come from s - 2, else minus infinity

  float* alpha(int64_t row) const { return alphas + row * stride; }
  float* emission(int64_t row) const { return emissions + row * stride; }
};

static void fill_row(float* row, int64_t stride, float value) {
  for (int64_t i = 0; i < stride; i++) row[i - kLanes] = value;
}

static CtcRows ctc_rows(const CtcItem& item, int thread) {
  CtcRows rows;
  rows.stride = (item.states() + kLanes - 1) / kLanes * kLanes + 2 * kLanes;
  const int64_t alphas = item.gradient ? item.steps + 1 : 2, emissions = item.gradient ? item.steps : 1;
  rows.alphas = scratch(thread, kSlotCtcAlpha, alphas * rows.stride) + kLanes;
  rows.emissions = scratch(thread, kSlotCtcEmission, emissions * rows.stride) + kLanes;
  rows.skip = scratch(thread, kSlotCtcRows, 3 * rows.stride) + kLanes;
  rows.beta = rows.skip + rows.stride;
  rows.posteriors = rows.beta + rows.stride;
  for (int64_t i = 0; i < alphas; i++) fill_row(rows.alpha(i), rows.stride, -INFINITY);
  for (int64_t i = 0; i < emissions; i++) fill_row(rows.emission(i), rows.stride, -INFINITY);
  fill_row(rows.skip, rows.stride, -INFINITY);
  fill_row(rows.beta, rows.stride, -INFINITY);
  for (int64_t i = 1; i < item.label_count; i++) {
    if (item.labels[i] != item.labels[i - 1]) rows.skip[2 * i + 1] = 0;
  }
  return rows;
}

// log(exp(a) + exp(b) + exp(c)), also when all are minus infinity.
WEFT_INLINE Vec log_sum(Vec a, Vec b, Vec c) {
  const Vec best = max(max(a, b), c);
  const Vec shift = best == splat(-INFINITY) ? splat_zero() : best;
  return shift + log(exp(a - shift) + exp(b - shift) + exp(c - shift));
}

// Writes each state's logit less the largest among them; returns the log probability that was taken from all.
static double ctc_emit(const CtcItem& item, int64_t step, float* row) {
  const float* x = item.logits + step * item.classes;
  float* gradient = item.gradient ? item.gradient + step * item.classes : nullptr;
  const RowScale scale = scale_row(x, item.classes, gradient);
  if (gradient) {
    const float inverse = 1 / scale.total;
    for_vectors(0, item.classes,
                [&](int64_t i, int n) { store_partial(gradient + i, load_partial(gradient + i, n) * inverse, n); });
  }
  const float blank = x[item.blank];
  float largest = blank;
  for (int64_t i = 0; i < item.label_count; i++) largest = larger(largest, x[item.labels[i]]);
  if (!(largest > -INFINITY)) largest = 0;
  row[0] = blank - largest;
  for (int64_t i = 0; i < item.label_count; i++) {
    row[2 * i + 1] = x[item.labels[i]] - largest;
    row[2 * i + 2] = blank - largest;
  }
  return double(largest) - scale.best - __builtin_logf(scale.total);
}

struct CtcLikelihood {
  double taken;    // the sum of what emissions were made relative to
  float relative;  // of all paths, relative to it; minus infinity when there is none
};

static CtcLikelihood ctc_forward(const CtcItem& item, const CtcRows& rows) {
  const int64_t states = item.states();
  const bool keep = item.gradient != nullptr;
  double taken = 0;
  rows.alpha(0)[0] = 0;
  for (int64_t t = 0; t < item.steps; t++) {
    const float* from = rows.alpha(keep ? t : t & 1);
    float* to = rows.alpha(keep ? t + 1 : (t + 1) & 1);
    float* emission = rows.emission(keep ? t : 0);
    taken += ctc_emit(item, t, emission);
    for (int64_t s = 0; s < states; s += kLanes) {
      const Vec before = log_sum(load(from + s), load(from + s - 1), load(from + s - 2) + load(rows.skip + s));
      store(to + s, before + load(emission + s));
    }
  }
  const float* last = rows.alpha(keep ? item.steps : item.steps & 1) + states - 1;
  return {taken, log_sum(splat(last[0]), splat(last[-1]), splat(-INFINITY))[0]};
}

// Turns the softmax in `gradient` into softmax - posterior; a step's posteriors are divided by their own sum, which the roundings
// of a long sequence move away from 1.
static void ctc_backward(const CtcItem& item, const CtcRows& rows, float likelihood) {
  const int64_t states = item.states();
  // What stands in `beta` between steps is beta of the step above plus its emission.
  float* beta = rows.beta;
  beta[states - 1] = 0;
  for (int64_t t = item.steps - 1; t >= 0; t--) {
    const float *alpha = rows.alpha(t + 1), *emission = rows.emission(t);
    Vec total = splat_zero();
    for (int64_t s = 0; s < states; s += kLanes) {
      const Vec after = log_sum(load(beta + s), load(beta + s + 1), load(beta + s + 2) + load(rows.skip + s + 2));
      const Vec posterior = exp(load(alpha + s) + after - likelihood);
      total += posterior;
      store(rows.posteriors + s, posterior);
      store(beta + s, after + load(emission + s));
    }
    const float inverse = 1 / sum(total);
    float* gradient = item.gradient + t * item.classes;
    float blank = rows.posteriors[0];
    for (int64_t i = 0; i < item.label_count; i++) {
      gradient[item.labels[i]] -= rows.posteriors[2 * i + 1] * inverse;
      blank += rows.posteriors[2 * i + 2];
    }
    gradient[item.blank] -= blank * inverse;
  }
}

static float ctc_item(const CtcItem& item, int thread, float impossible) {
  const int64_t size = item.steps * item.classes;
  const CtcRows rows = ctc_rows(item, thread);
  const CtcLikelihood likelihood = ctc_forward(item, rows);
  const double log_likelihood = likelihood.taken + likelihood.relative;
  if (log_likelihood != log_likelihood) {
    for (int64_t i = 0; item.gradient && i < size; i++) item.gradient[i] = NAN;
    return NAN;
  }
  if (log_likelihood == -INFINITY) {
    if (item.gradient) std::memset(item.gradient, 0, sizeof(float) * size);
    return impossible;
  }
  if (item.gradient) ctc_backward(item, rows, likelihood.relative);
  return float(0 - log_likelihood);
}

// `gradient` [batch, steps, classes] may be left out; `impossible` is the loss of an item that no path can spell.
#define FIELDS(TENSOR, NUMBER)                      \
  TENSOR(logits)       /* [B, T, V] */              \
  TENSOR(labels)       /* [B, labelWidth] int32 */  \
  TENSOR(logitLengths) /* [B] int32 */              \
  TENSOR(labelLengths) /* [B] int32 */              \
  TENSOR(loss)         /* out: [B] */               \
  TENSOR(gradient)     /* out: [B, T, V] or none */ \
  NUMBER(batch) NUMBER(steps) NUMBER(classes) NUMBER(labelWidth) NUMBER(blank) NUMBER(impossible)
WEFT_KERNEL(ctc_loss, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, classes = args.classes, width = args.labelWidth;
  // Items go round the threads, since they may come sorted by length.
  parallel(batch * steps < 64 ? 1 : thread_count(), [&](int thread, int threads) {
    for (int64_t b = thread; b < batch; b += threads) {
      CtcItem item;
      item.logits = args.logits.f32() + b * steps * classes;
      item.labels = args.labels.i32() + b * width;
      item.steps = args.logitLengths.i32()[b];
      item.label_count = args.labelLengths.i32()[b];
      item.classes = classes;
      item.blank = int64_t(args.blank);
      item.gradient = args.gradient ? args.gradient.f32() + b * steps * classes : nullptr;
      args.loss.f32()[b] = ctc_item(item, thread, float(args.impossible));
      if (item.gradient) std::memset(item.gradient + item.steps * classes, 0, sizeof(float) * (steps - item.steps) * classes);
    }
  });
}
#undef FIELDS

// d logits[b] = dy[b] · kept[b].
#define FIELDS(TENSOR, NUMBER)      \
  TENSOR(kept) /* [B, size] */      \
  TENSOR(dy)   /* [B] */            \
  TENSOR(out)  /* out: [B, size] */ \
  NUMBER(size)
WEFT_KERNEL(ctc_gradient, FIELDS) {
  const int64_t size = args.size;
  parallel_range(args.dy.length, 1, (1 << 16) / (size + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) {
      const float dy = args.dy.f32()[b];
      const float* kept = args.kept.f32() + b * size;
      float* out = args.out.f32() + b * size;
      for_vectors(0, size, [&](int64_t i, int n) { store_partial(out + i, load_partial(kept + i, n) * dy, n); });
    }
  });
}
#undef FIELDS
