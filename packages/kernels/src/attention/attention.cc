// Dot-product and additive attention over a sequence, both ways. Scores, masked softmax and the sum of values are computed for a
// tile of queries at a time; a tile's scores stay near, and what additive attention takes the tanh of is never written out. Steps
// that masks leave out are left out of the products: rows are gathered by the steps that exist. Tiles are independent of each
// other, so the bits do not depend on the number of threads.

constexpr int64_t kQueryTile = 8 * kRows, kKeyTile = 8 * kRows;
constexpr int64_t kFewRows = 3;  // with so few queries packing the keys would cost more than the product

// The steps that exist of each item, and how many of its existing keys each existing query may see: these are the first ones.
struct KeptPairs {
  int64_t batch, queries, keys;
  int32_t *query_index, *visible, *key_index, *query_count, *key_count;

  KeptPairs(int64_t b, int64_t tq, int64_t tv, const uint8_t* query_mask, const uint8_t* value_mask, bool causal)
      : batch(b), queries(tq), keys(tv) {
    query_index = reinterpret_cast<int32_t*>(scratch(0, weft::kSlotKernel, b * (2 * tq + tv + 2) + 1));
    visible = query_index + b * tq, key_index = visible + b * tq, query_count = key_index + b * tv, key_count = query_count + b;
    for (int64_t item = 0; item < b; item++) {
      int32_t *at = key_index + item * tv, found = 0, rows = 0, seen = 0;
      for (int32_t j = 0; j < tv; j++)
        if (value_mask == nullptr || value_mask[item * tv + j]) at[found++] = j;
      for (int32_t i = 0; i < tq; i++) {
        while (seen < found && (!causal || at[seen] <= i)) seen++;
        if (query_mask != nullptr && !query_mask[item * tq + i]) continue;
        query_index[item * tq + rows] = i, visible[item * tq + rows++] = seen;
      }
      query_count[item] = rows, key_count[item] = found;
    }
  }
};

// Rows of a matrix by number, as an operand: element (i, k) is data[index[i] * row + k].
struct GatheredRows {
  const float* data;
  int64_t row;
  const int32_t* index;

  void pack_rows(float* to, int64_t i, int rows, int64_t k0, int64_t depth) const {
    const float* starts[kRows];
    for (int r = 0; r < rows; r++) starts[r] = data + index[i + r] * row + k0;
    interleave_rows(to, starts, rows, depth);
  }
  void pack_cols(float* to, int64_t k0, int64_t depth, int64_t j0, int width, int padded) const {
    for (int64_t k = 0; k < depth; k++, to += padded) {
      const float* from = data + index[k0 + k] * row + j0;
      for (int j = 0; j < padded; j += kLanes) store(to + j, load_partial(from + j, smaller(kLanes, larger(width - j, 0))));
    }
  }
  bool rows_are_contiguous() const { return false; }
  const float* at(int64_t i, int64_t j) const { return data + index[i] * row + j; }
};

// The transpose of the above: element (k, j) is data[index[j] * row + k].
struct GatheredColumns {
  const float* data;
  int64_t row;
  const int32_t* index;

  void pack_cols(float* to, int64_t k0, int64_t depth, int64_t j0, int width, int padded) const {
    const float* starts[kCols];
    // Columns beyond the last repeat it: nothing reads what they give.
    for (int j = 0; j < padded; j++) starts[j] = at(k0, j0 + smaller(j, width - 1));
    interleave_rows(to, starts, padded, depth);
  }
  bool rows_are_contiguous() const { return false; }
  const float* at(int64_t k, int64_t j) const { return data + index[j] * row + k; }
};

// A product's rows go to numbered rows, times a factor.
struct ScatteredRows {
  float* data;
  int64_t row;
  const int32_t* index;
  float factor = 1;
  WEFT_INLINE void operator()(int64_t i, int64_t j, Vec value, int width, bool first, bool last) const {
    float* to = data + index[i] * row + j;
    if (!first) value += load_partial(to, width);
    store_partial(to, last ? value * factor : value, width);
  }
};

// A product times a factor.
struct ScaledOutput {
  float* data;
  int64_t row;
  float factor;
  WEFT_INLINE void operator()(int64_t i, int64_t j, Vec value, int width, bool first, bool last) const {
    float* to = data + i * row + j;
    if (!first) value += load_partial(to, width);
    store_partial(to, last ? value * factor : value, width);
  }
};

// Sizes and inputs of both directions; rows of scores are `keys` apart, those of an item's masked queries at its end.
struct AttentionTask {
  const KeptPairs& kept;
  int64_t features, depth;
  bool additive;
  float factor;  // of the scores of dot-product attention
  const float *query, *key, *value, *scale, *dropout;

  const float* queries_of(int64_t item) const { return query + item * kept.queries * features; }
  const float* keys_of(int64_t item) const { return key + item * kept.keys * features; }
  const float* values_of(int64_t item) const { return value + item * kept.keys * depth; }
  // Of the query at a place, by key.
  const float* dropout_of(int64_t item, int64_t place) const {
    return dropout + (item * kept.queries + kept.query_index[item * kept.queries + place]) * kept.keys;
  }

  // p[r][c] for the queries at places [from, from + rows) and the first n keys.
  void scores(int thread, int64_t item, int64_t from, int64_t rows, int64_t n, float* p) const {
    const int32_t *places = kept.query_index + item * kept.queries + from, *index = kept.key_index + item * kept.keys;
    const GatheredRows q = {queries_of(item), features, places}, k = {keys_of(item), features, index};
    if (additive) return additive_scores(thread, q, k, rows, n, kept.visible + item * kept.queries + from, p);
    if (rows <= kFewRows) {
      for (int64_t c = 0; c < n; c++)
        for (int64_t r = 0; r < rows; r++) {
          Vec part = splat_zero();
          for_vectors(0, features, [&](int64_t d, int w) { part += load_partial(q.at(r, d), w) * load_partial(k.at(c, d), w); });
          p[r * kept.keys + c] = sum(part) * factor;
        }
      return;
    }
    gemm_share(thread, Range{0, rows}, Range{0, n}, features, q, GatheredColumns{k.data, k.row, k.index},
               ScaledOutput{p, kept.keys, factor});
  }

  // sum over d of scale[d] tanh(q[r][d] + k[c][d]), with keys in the lanes.
  void additive_scores(int thread, const GatheredRows& q, const GatheredRows& k, int64_t rows, int64_t n, const int32_t* visible,
                       float* p) const {
    float* panel = scratch(thread, weft::kSlotKernel + 1, features * kLanes + 1);
    for (int64_t c = 0; c < n; c += kLanes) {
      const int width = static_cast<int>(smaller<int64_t>(kLanes, n - c));
      const float* starts[kLanes];
      for (int j = 0; j < kLanes; j++) starts[j] = k.at(c + smaller(j, width - 1), 0);
      interleave_rows(panel, starts, kLanes, features);
      for (int64_t r = 0; r < rows; r++) {
        if (visible[r] <= c) continue;
        const float* from = q.at(r, 0);
        Vec total = splat_zero();
        for (int64_t d = 0; d < features; d++) {
          const Vec t = tanh(load(panel + d * kLanes) + from[d]);
          total += scale ? t * scale[d] : t;
        }
        store_partial(p + r * kept.keys + c, total, width);
      }
    }
  }

  // The context of a tile's queries from their weights.
  void context(int thread, int64_t item, int64_t from, int64_t rows, int64_t n, const float* p, float* output) const {
    const int32_t *places = kept.query_index + item * kept.queries + from, *index = kept.key_index + item * kept.keys;
    float* to = output + item * kept.queries * depth;
    const GatheredRows v = {values_of(item), depth, index};
    if (rows > kFewRows)
      return gemm_share(thread, Range{0, rows}, Range{0, depth}, n, Matrix{p, kept.keys, 1}, v, ScatteredRows{to, depth, places});
    for (int64_t r = 0; r < rows; r++)
      for_vectors(0, depth, [&](int64_t j, int w) {
        Vec total = splat_zero();
        for (int64_t c = 0; c < n; c++) total += load_partial(v.at(c, j), w) * p[r * kept.keys + c];
        store_partial(to + places[r] * depth + j, total, w);
      });
  }
};

// f(item, first place, end) for every tile of at most `size` of the steps that exist, `counts` of each item.
template <class F>
static void for_step_tiles(int thread, int threads, const KeptPairs& kept, const int32_t* counts, int64_t longest, int64_t size,
                           F f) {
  const int64_t tiles = (longest + size - 1) / size;
  for (int64_t task = thread; task < kept.batch * tiles; task += threads) {
    const int64_t item = task / tiles, from = task % tiles * size, to = smaller<int64_t>(from + size, counts[item]);
    if (from < to) f(item, from, to);
  }
}

static int attention_threads(const AttentionTask& task) {
  const double pairs = static_cast<double>(task.kept.batch) * task.kept.queries * task.kept.keys;
  return pairs * (task.features * (task.additive ? 16 : 2) + 2 * task.depth) < 200000 ? 1 : thread_count();
}

#define ATTENTION_NUMBERS(NUMBER) \
  NUMBER(batch) NUMBER(queries) NUMBER(keys) NUMBER(features) NUMBER(depth) NUMBER(factor) NUMBER(causal) NUMBER(additive)
#define ATTENTION_TENSORS(TENSOR)                 \
  TENSOR(query)       /* [B, Tq, D] */            \
  TENSOR(key)         /* [B, Tv, D] */            \
  TENSOR(value)       /* [B, Tv, E] */            \
  TENSOR(scale)       /* [D] or none */           \
  TENSOR(queryMask)   /* [B, Tq] bytes or none */ \
  TENSOR(valueMask)   /* [B, Tv] bytes or none */ \
  TENSOR(dropoutMask) /* [B, Tq, Tv] or none */   \
  TENSOR(kept) /* in and out: [B, Tq, Tv] or none: the weights before dropout, by the places of existing queries and keys */

template <class Args>
static KeptPairs kept_steps(const Args& args) {
  return KeptPairs(args.batch, args.queries, args.keys, args.queryMask.u8(), args.valueMask.u8(), args.causal != 0);
}
template <class Args>
static AttentionTask attention_task(const Args& args, const KeptPairs& kept) {
  return {kept,
          static_cast<int64_t>(args.features),
          static_cast<int64_t>(args.depth),
          args.additive != 0,
          static_cast<float>(args.factor),
          args.query.f32(),
          args.key.f32(),
          args.value.f32(),
          args.scale.f32(),
          args.dropoutMask.f32()};
}

// `weights` [B, Tq, Tv] is what the values are multiplied by, or null; `kept` the weights before dropout, by the places of
// existing queries and keys, or null.
#define FIELDS(TENSOR, NUMBER)                                                      \
  ATTENTION_TENSORS(TENSOR)                                                         \
  TENSOR(output)  /* out: [B, Tq, E] */                                             \
  TENSOR(weights) /* out: [B, Tq, Tv] or none: what the values are multiplied by */ \
  ATTENTION_NUMBERS(NUMBER)
WEFT_KERNEL(attention_forward, FIELDS) {
  const KeptPairs kept = kept_steps(args);
  const AttentionTask task = attention_task(args, kept);
  std::memset(args.output.f32(), 0, sizeof(float) * args.output.length);
  if (args.weights) std::memset(args.weights.f32(), 0, sizeof(float) * args.weights.length);
  const int64_t keys = kept.keys;
  parallel(attention_threads(task), [&](int thread, int threads) {
    for_step_tiles(
        thread, threads, kept, kept.query_count, kept.queries, kQueryTile, [&](int64_t item, int64_t from, int64_t to) {
          const int64_t rows = to - from, at = item * kept.queries + from, n = kept.visible[at + rows - 1];
          float* p = args.kept ? args.kept.f32() + at * keys : scratch(thread, weft::kSlotKernel + 2, kQueryTile * keys + 1);
          float* dropped = task.dropout ? scratch(thread, weft::kSlotKernel + 3, kQueryTile * keys + 1) : p;
          task.scores(thread, item, from, rows, n, p);
          const int32_t* index = kept.key_index + item * keys;
          for (int64_t r = 0; r < rows; r++) {
            float *row = p + r * keys, *result = dropped + r * keys;
            const int64_t seen = kept.visible[at + r];
            const float inverse = 1 / scale_row(row, seen, row).total;
            for_vectors(0, seen, [&](int64_t c, int w) { store_partial(row + c, load_partial(row + c, w) * inverse, w); });
            std::memset(row + seen, 0, sizeof(float) * (kept.key_count[item] - seen));
            if (task.dropout) {
              const float* mask = task.dropout_of(item, from + r);
              for (int64_t c = 0; c < n; c++) result[c] = row[c] * mask[index[c]];
            }
            if (!args.weights) continue;
            float* all = args.weights.f32() + (item * kept.queries + kept.query_index[at + r]) * keys;
            for (int64_t c = 0; c < seen; c++) all[index[c]] = result[c];
          }
          task.context(thread, item, from, rows, n, dropped, args.output.f32());
        });
  });
}
#undef FIELDS

// The gradient of the scores of a tile's queries, from that of their context: p (dp - sum of p dp). Leaves in p the weights after
// dropout, which the values' gradient is made of.
static void score_gradient(int thread, const AttentionTask& task, int64_t item, int64_t from, int64_t rows, const float* gradient,
                           const float* weights_gradient, float* p, float* ds) {
  const KeptPairs& kept = task.kept;
  const int64_t keys = kept.keys, at = item * kept.queries + from, n = kept.visible[at + rows - 1];
  const int32_t *places = kept.query_index + at, *index = kept.key_index + item * keys;
  const GatheredRows dy = {gradient + item * kept.queries * task.depth, task.depth, places};
  const GatheredColumns v = {task.values_of(item), task.depth, index};
  gemm_share(thread, Range{0, rows}, Range{0, n}, task.depth, dy, v, Output{ds, keys});
  for (int64_t r = 0; r < rows; r++) {
    float *row = p + r * keys, *slope = ds + r * keys;
    const int64_t seen = kept.visible[at + r];
    if (weights_gradient) {
      const float* more = weights_gradient + (item * kept.queries + places[r]) * keys;
      for (int64_t c = 0; c < seen; c++) slope[c] += more[index[c]];
    }
    const float* mask = task.dropout ? task.dropout_of(item, from + r) : nullptr;
    if (mask)
      for (int64_t c = 0; c < seen; c++) slope[c] *= mask[index[c]];
    Vec part = splat_zero();
    for_vectors(0, seen, [&](int64_t c, int w) { part += load_partial(slope + c, w) * load_partial(row + c, w); });
    const float total = sum(part);
    for_vectors(0, seen, [&](int64_t c, int w) {
      store_partial(slope + c, load_partial(row + c, w) * (load_partial(slope + c, w) - total), w);
    });
    std::memset(slope + seen, 0, sizeof(float) * (kept.key_count[item] - seen));
    if (mask)
      for (int64_t c = 0; c < seen; c++) row[c] *= mask[index[c]];
  }
}

// Gradients of additive scores for features [d, d + w) of one item: dq[i] = sum over j of ds[i][j] scale (1 - t^2) and so on,
// with t = tanh(q[i] + k[j]) computed anew.
static Vec additive_gradient(const AttentionTask& task, int64_t item, int64_t d, int w, const float* ds, float* dq, float* dk) {
  const KeptPairs& kept = task.kept;
  const int32_t *places = kept.query_index + item * kept.queries, *index = kept.key_index + item * kept.keys;
  const Vec scale = task.scale ? load_partial(task.scale + d, w) : splat(1.0f);
  const float *q = task.queries_of(item) + d, *k = task.keys_of(item) + d;
  Vec scale_slope = splat_zero();
  for (int64_t r = 0; r < kept.query_count[item]; r++, ds += kept.keys) {
    const Vec from = load_partial(q + places[r] * task.features, w);
    Vec query_slope = splat_zero();
    for (int64_t c = 0; c < kept.visible[item * kept.queries + r]; c++) {
      const Vec t = tanh(from + load_partial(k + index[c] * task.features, w));
      const Vec slope = scale * (1.0f - t * t) * ds[c];
      float* to = dk + index[c] * task.features;
      scale_slope += t * ds[c];
      query_slope += slope;
      store_partial(to, load_partial(to, w) + slope, w);
    }
    store_partial(dq + places[r] * task.features, query_slope, w);
  }
  return scale_slope;
}

// `kept` becomes the weights after dropout; `scoreGradient` [B, Tq, Tv] is memory to work in.
#define FIELDS(TENSOR, NUMBER)                         \
  ATTENTION_TENSORS(TENSOR)                            \
  TENSOR(outputGradient)  /* [B, Tq, E] */             \
  TENSOR(weightsGradient) /* [B, Tq, Tv] or none */    \
  TENSOR(scoreGradient)   /* [B, Tq, Tv] to work in */ \
  TENSOR(queryGradient)   /* out: [B, Tq, D] */        \
  TENSOR(keyGradient)     /* out: [B, Tv, D] */        \
  TENSOR(valueGradient)   /* out: [B, Tv, E] */        \
  TENSOR(scaleGradient)   /* out: [D] or none */       \
  ATTENTION_NUMBERS(NUMBER)
WEFT_KERNEL(attention_backward, FIELDS) {
  const KeptPairs kept = kept_steps(args);
  const AttentionTask task = attention_task(args, kept);
  const int64_t keys = kept.keys, features = task.features, depth = task.depth;
  const weft::View results[] = {args.queryGradient, args.keyGradient, args.valueGradient, args.scaleGradient};
  for (const weft::View& result : results)
    if (result) std::memset(result.data, 0, sizeof(float) * result.length);
  const int64_t blocks = (features + kLanes - 1) / kLanes;
  float* scale_slopes = scratch(0, weft::kSlotKernel + 4, kept.batch * blocks * kLanes + 1);
  parallel(attention_threads(task), [&](int thread, int threads) {
    for_step_tiles(thread, threads, kept, kept.query_count, kept.queries, kQueryTile,
                   [&](int64_t item, int64_t from, int64_t to) {
                     const int64_t at = item * kept.queries + from, rows = to - from, n = kept.visible[at + rows - 1];
                     float *p = args.kept.f32() + at * keys, *ds = args.scoreGradient.f32() + at * keys;
                     score_gradient(thread, task, item, from, rows, args.outputGradient.f32(), args.weightsGradient.f32(), p, ds);
                     if (task.additive) return;
                     const GatheredRows k = {task.keys_of(item), features, kept.key_index + item * keys};
                     float* dq = args.queryGradient.f32() + item * kept.queries * features;
                     gemm_share(thread, Range{0, rows}, Range{0, features}, n, Matrix{ds, keys, 1}, k,
                                ScatteredRows{dq, features, kept.query_index + at, task.factor});
                   });
    barrier(threads);
    for_step_tiles(thread, threads, kept, kept.key_count, keys, kKeyTile, [&](int64_t item, int64_t from, int64_t to) {
      int64_t first = item * kept.queries, end = first + kept.query_count[item];
      while (first < end && kept.visible[first] <= from) first++;
      const int32_t *places = kept.query_index + first, *index = kept.key_index + item * keys + from;
      const Range rows = {0, to - from};
      const GatheredRows dy = {args.outputGradient.f32() + item * kept.queries * depth, depth, places};
      gemm_share(thread, rows, Range{0, depth}, end - first, Matrix{args.kept.f32() + first * keys + from, 1, keys}, dy,
                 ScatteredRows{args.valueGradient.f32() + item * keys * depth, depth, index});
      if (task.additive) return;
      const GatheredRows q = {task.queries_of(item), features, places};
      gemm_share(thread, rows, Range{0, features}, end - first, Matrix{args.scoreGradient.f32() + first * keys + from, 1, keys},
                 q, ScatteredRows{args.keyGradient.f32() + item * keys * features, features, index, task.factor});
    });
    if (!task.additive) return;
    for (int64_t part = thread; part < kept.batch * blocks; part += threads) {
      const int64_t item = part / blocks, d = part % blocks * kLanes;
      const Vec slope = additive_gradient(task, item, d, static_cast<int>(smaller<int64_t>(kLanes, features - d)),
                                          args.scoreGradient.f32() + item * kept.queries * keys,
                                          args.queryGradient.f32() + item * kept.queries * features + d,
                                          args.keyGradient.f32() + item * keys * features + d);
      store(scale_slopes + part * kLanes, slope);
    }
  });
  if (!args.scaleGradient) return;
  for (int64_t item = 0; item < kept.batch; item++)
    for (int64_t d = 0; d < features; d++) args.scaleGradient.f32()[d] += scale_slopes[item * blocks * kLanes + d];
}
#undef FIELDS
#undef ATTENTION_NUMBERS
#undef ATTENTION_TENSORS
