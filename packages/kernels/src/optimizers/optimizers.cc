// Optimizer steps in place, each one call for all variables of a model: the gradients' common norm when it is to be clipped, then
// one pass over gradients, slots and variables. The elements of all variables together are cut into blocks that depend on nothing
// but their sizes, so that the norm, and with it every bit, is the same for any number of threads. See update.ts for the
// formulas.
#define UPDATE_FIELDS(TENSOR, NUMBER)                                           \
  TENSOR(variables) /* in and out: list of [n] */                               \
  TENSOR(gradients) /* list of [n] */                                           \
  TENSOR(first)     /* in and out: list of [n], the slots, or an empty one */   \
  TENSOR(second)    /* in and out: list of [n], the slots, or an empty one */   \
  TENSOR(rows)      /* list of [rows] int32 or none: those that are not zero */ \
  TENSOR(widths)    /* [variables] int32, elements of a row */                  \
  TENSOR(decays)    /* [variables] float64 or none */                           \
  TENSOR(out)       /* out: [1] float64, the norm */                            \
  NUMBER(learningRate) NUMBER(scale) NUMBER(clipNorm) NUMBER(clipValue)

constexpr int64_t kUpdateBlock = 4096;

// The elements that are updated. Of a variable whose gradient is zero but for some rows, these rows may be all.
struct UpdateBlocks {
  const weft::View *gradients, *rows;
  const int32_t* widths;  // elements of a row of each variable
  int64_t variables;

  int64_t rows_in_block(int64_t variable) const { return larger<int64_t>(1, kUpdateBlock / larger(widths[variable], 1)); }
  int64_t blocks_of(int64_t variable) const {
    const int64_t size = rows[variable] ? rows_in_block(variable) : kUpdateBlock;
    return ((rows[variable] ? rows[variable].length : gradients[variable].length) + size - 1) / size;
  }
  int64_t count() const {
    int64_t total = 0;
    for (int64_t v = 0; v < variables; v++) total += blocks_of(v);
    return total;
  }
  // f(block, variable, first element, end) for every stretch of the blocks of `range`.
  template <class F>
  WEFT_INLINE void each(Range range, F f) const {
    int64_t first = 0;
    for (int64_t v = 0; v < variables; v++) {
      const int64_t blocks = blocks_of(v);
      for (int64_t block = larger(range.begin, first); block < smaller(range.end, first + blocks); block++) {
        if (!rows[v]) {
          const int64_t begin = (block - first) * kUpdateBlock;
          f(block, v, begin, smaller(begin + kUpdateBlock, gradients[v].length));
          continue;
        }
        const int64_t from = (block - first) * rows_in_block(v), to = smaller(from + rows_in_block(v), rows[v].length);
        for (int64_t row = from; row < to; row++) {
          const int64_t begin = static_cast<int64_t>(rows[v].i32()[row]) * widths[v];
          f(block, v, begin, begin + widths[v]);
        }
      }
      first += blocks;
    }
  }
};

// w = (1 - learning rate * decay) w - rule(scaled and clipped g, first slot, second slot, lanes). When the norm is to be clipped
// it is written to out[0], and nothing is updated when it is not finite.
template <class Args, class Rule>
static void update_all(const Args& args, Rule rule) {
  const weft::View *first = args.first.list(), *second = args.second.list(), *variables = args.variables.list();
  const UpdateBlocks blocks = {args.gradients.list(), args.rows.list(), args.widths.i32(), args.variables.length};
  const double* decays = static_cast<const double*>(args.decays.data);
  const int64_t count = blocks.count();
  double* squares = reinterpret_cast<double*>(scratch(0, weft::kSlotKernel, 2 * count));
  const int threads = count <= 16 ? 1 : thread_count();
  parallel(threads, [&](int thread, int sharers) {
    const Range mine = share(count, 1, thread, sharers);
    double scale_factor = args.scale;
    if (args.clipNorm > 0) {
      for (int64_t block = mine.begin; block < mine.end; block++) squares[block] = 0;
      blocks.each(mine, [&](int64_t block, int64_t v, int64_t begin, int64_t end) {
        const float* gradient = blocks.gradients[v].f32();
        Vec part = splat_zero();
        for_vectors(begin, end, [&](int64_t i, int n) {
          const Vec g = load_partial(gradient + i, n);
          part += g * g;
        });
        squares[block] += sum(part);
      });
      barrier(sharers);
      double total = 0;
      for (int64_t block = 0; block < count; block++) total += squares[block];
      const double norm = __builtin_sqrt(total) * scale_factor;
      if (thread == 0) static_cast<double*>(args.out.data)[0] = norm;
      if (!(norm <= 1.7e308)) return;
      if (norm > args.clipNorm) scale_factor *= args.clipNorm / norm;
    }
    const float scale = scale_factor, clip = args.clipValue;
    blocks.each(mine, [&](int64_t, int64_t v, int64_t begin, int64_t end) {
      float* variable = variables[v].f32();
      const float* gradient = blocks.gradients[v].f32();
      // A slot that the rule does not have is never read.
      float *a = args.first.length > 0 ? first[v].f32() : variable, *b = args.second.length > 0 ? second[v].f32() : variable;
      const float keep = decays ? 1 - args.learningRate * decays[v] : 1;
      for_vectors(begin, end, [&](int64_t i, int n) {
        Vec g = load_partial(gradient + i, n) * scale;
        if (clip > 0) g = min(max(g, splat(-clip)), splat(clip));
        store_partial(variable + i, load_partial(variable + i, n) * keep - rule(g, a + i, b + i, n), n);
      });
    });
  });
}

// Kingma and Ba 2015, algorithm 1.
#define FIELDS(TENSOR, NUMBER) \
  UPDATE_FIELDS(TENSOR, NUMBER) NUMBER(beta1) NUMBER(beta2) NUMBER(epsilon) NUMBER(stepSize) NUMBER(inverseBias2)
WEFT_KERNEL(adam_update, FIELDS) {
  const float step_size = args.stepSize, beta1 = args.beta1, beta2 = args.beta2, epsilon = args.epsilon;
  const float rest1 = 1 - args.beta1, rest2 = 1 - args.beta2;  // in double first: 1 - 0.999f has only four digits
  const float inverse_bias2 = args.inverseBias2;
  update_all(args, [=](Vec g, float* m, float* v, int n) {
    const Vec new_m = load_partial(m, n) * beta1 + g * rest1;
    const Vec new_v = load_partial(v, n) * beta2 + g * g * rest2;
    store_partial(m, new_m, n);
    store_partial(v, new_v, n);
    return step_size * new_m / (sqrt(new_v * inverse_bias2) + epsilon);
  });
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER) UPDATE_FIELDS(TENSOR, NUMBER) NUMBER(momentum) NUMBER(nesterov)
WEFT_KERNEL(sgd_update, FIELDS) {
  const float rate = args.learningRate, momentum = args.momentum;
  if (momentum == 0) return update_all(args, [=](Vec g, float*, float*, int) { return rate * g; });
  const bool nesterov = args.nesterov != 0;
  update_all(args, [=](Vec g, float* velocity, float*, int n) {
    const Vec moved = load_partial(velocity, n) * momentum + g;
    store_partial(velocity, moved, n);
    return rate * (nesterov ? g + moved * momentum : moved);
  });
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER) UPDATE_FIELDS(TENSOR, NUMBER) NUMBER(rho) NUMBER(momentum) NUMBER(epsilon)
WEFT_KERNEL(rmsprop_update, FIELDS) {
  const float rate = args.learningRate, rho = args.rho, rest = 1 - args.rho, momentum = args.momentum, epsilon = args.epsilon;
  const auto normalise = [=](Vec g, float* average, int n) {
    const Vec squares = load_partial(average, n) * rho + g * g * rest;
    store_partial(average, squares, n);
    return g / (sqrt(squares) + epsilon);
  };
  if (momentum == 0)
    return update_all(args, [=](Vec g, float* average, float*, int n) { return rate * normalise(g, average, n); });
  update_all(args, [=](Vec g, float* average, float* velocity, int n) {
    const Vec moved = load_partial(velocity, n) * momentum + normalise(g, average, n);
    store_partial(velocity, moved, n);
    return rate * moved;
  });
}
#undef FIELDS
#undef UPDATE_FIELDS
