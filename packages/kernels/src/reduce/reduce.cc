// Reductions of x [outer, count, inner] over its middle axis: sums (divided by `divisor`, for means), products, extremes, and where
// an extreme is. Sums are made of blocks whose size depends on the shape alone: accurate, and the same bits for any number of threads.
struct SumOf {
  static constexpr float start = 0;
  static WEFT_INLINE Vec both(Vec a, Vec b) { return a + b; }
  static WEFT_INLINE double both(double a, double b) { return a + b; }
};
struct ProductOf {
  static constexpr float start = 1;
  static WEFT_INLINE Vec both(Vec a, Vec b) { return a * b; }
  static WEFT_INLINE double both(double a, double b) { return a * b; }
};
struct MaxOf {
  static constexpr float start = -INFINITY;
  static WEFT_INLINE Vec both(Vec a, Vec b) { return max(a, b); }
  static WEFT_INLINE double both(double a, double b) { return a > b || a != a ? a : b; }
};
struct MinOf {
  static constexpr float start = INFINITY;
  static WEFT_INLINE Vec both(Vec a, Vec b) { return min(a, b); }
  static WEFT_INLINE double both(double a, double b) { return a < b || a != a ? a : b; }
};

// Elements that one thread's block gathers; of rows, at most 512.
constexpr int64_t kReduceBlock = 8192;

// n contiguous elements, in float32 over short pieces whose results are gathered in float64.
template <class Op>
static double reduce_run(const float* x, int64_t n) {
  constexpr int64_t piece = 128 * kLanes;
  double total = Op::start;
  for (int64_t begin = 0; begin < n; begin += piece) {
    const int64_t end = smaller(begin + piece, n);
    Vec part[4] = {splat(Op::start), splat(Op::start), splat(Op::start), splat(Op::start)};
    int64_t i = begin;
    for (; i + 4 * kLanes <= end; i += 4 * kLanes)
      for (int k = 0; k < 4; k++) part[k] = Op::both(part[k], load(x + i + k * kLanes));
    for (; i + kLanes <= end; i += kLanes) part[0] = Op::both(part[0], load(x + i));
    const Vec all = Op::both(Op::both(part[0], part[1]), Op::both(part[2], part[3]));
    for (int lane = 0; lane < kLanes; lane++) total = Op::both(total, static_cast<double>(all[lane]));
    for (; i < end; i++) total = Op::both(total, static_cast<double>(x[i]));
  }
  return total;
}

// out[j] = over rows of x[row * inner + j].
template <class Op>
static void reduce_rows(const float* x, int64_t rows, int64_t inner, float divisor, float* out) {
  int64_t j = 0;
  for (; j + 4 * kLanes <= inner; j += 4 * kLanes) {
    Vec part[4] = {splat(Op::start), splat(Op::start), splat(Op::start), splat(Op::start)};
    const float* from = x + j;
    for (int64_t row = 0; row < rows; row++, from += inner)
      for (int k = 0; k < 4; k++) part[k] = Op::both(part[k], load(from + k * kLanes));
    for (int k = 0; k < 4; k++) store(out + j + k * kLanes, part[k] / divisor);
  }
  for_vectors(j, inner, [&](int64_t at, int n) {
    Vec part[2] = {splat(Op::start), splat(Op::start)};
    const float* from = x + at;
    int64_t row = 0;
    for (; row + 2 <= rows; row += 2, from += 2 * inner) {
      part[0] = Op::both(part[0], load_partial(from, n));
      part[1] = Op::both(part[1], load_partial(from + inner, n));
    }
    if (row < rows) part[0] = Op::both(part[0], load_partial(from, n));
    store_partial(out + at, Op::both(part[0], part[1]) / divisor, n);
  });
}

template <class Op>
static void reduce(const float* x, float* out, int64_t outer, int64_t count, int64_t inner, float divisor) {
  const int64_t block = inner == 1 ? kReduceBlock : smaller<int64_t>(512, larger<int64_t>(64, kReduceBlock / larger<int64_t>(inner, 1)));
  const int64_t blocks = larger<int64_t>(1, (count + block - 1) / block), units = outer * blocks;
  const bool direct = blocks == 1;
  float* parts = direct ? out : scratch(0, weft::kSlotReduce, units * inner);
  parallel_range(units, 1, kCheap / larger<int64_t>(1, smaller(block, count) * inner) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t from = unit % blocks * block, rows = smaller(block, count - from);
      const float* at = x + (unit / blocks * count + from) * inner;
      if (inner == 1) parts[unit] = static_cast<float>(reduce_run<Op>(at, rows) / (direct ? divisor : 1));
      else reduce_rows<Op>(at, rows, inner, direct ? divisor : 1, parts + unit * inner);
    }
  });
  if (direct) return;
  for (int64_t i = 0; i < outer; i++) {
    if (inner == 1) out[i] = static_cast<float>(reduce_run<Op>(parts + i * blocks, blocks) / divisor);
    else reduce_rows<Op>(parts + i * blocks * inner, blocks, inner, divisor, out + i * inner);
  }
}

#define FIELDS(TENSOR, NUMBER)            \
  TENSOR(x)   /* [outer, count, inner] */ \
  TENSOR(out) /* out: [outer, inner] */   \
  NUMBER(outer) NUMBER(count) NUMBER(inner) NUMBER(divisor)
#define REDUCE(name, Op) \
  WEFT_KERNEL(reduce_##name, FIELDS) { reduce<Op>(args.x.f32(), args.out.f32(), args.outer, args.count, args.inner, args.divisor); }
REDUCE(sum, SumOf)
REDUCE(prod, ProductOf)
REDUCE(max, MaxOf)
REDUCE(min, MinOf)
#undef REDUCE
#undef FIELDS

// The index of the first largest (or smallest) element along the middle axis.
#define FIELDS(TENSOR, NUMBER)                \
  TENSOR(x)   /* [outer, count, inner] */     \
  TENSOR(out) /* out: [outer, inner] int32 */ \
  NUMBER(outer) NUMBER(count) NUMBER(inner) NUMBER(smallest)
WEFT_KERNEL(arg_extreme, FIELDS) {
  const int64_t count = args.count, inner = args.inner;
  const float sign = args.smallest != 0 ? -1 : 1;
  parallel_range(static_cast<int64_t>(args.outer) * inner, 1, kCheap / larger<int64_t>(count, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const float* x = args.x.f32() + at / inner * count * inner + at % inner;
      float best = sign * x[0];
      int32_t index = 0;
      for (int64_t i = 1; i < count; i++) {
        const float value = sign * x[i * inner];
        if (value > best) best = value, index = static_cast<int32_t>(i);
      }
      args.out.i32()[at] = index;
    }
  });
}
#undef FIELDS

// Whether all (or any) of count booleans in each of the rows are true.
#define FIELDS(TENSOR, NUMBER)          \
  TENSOR(x)   /* [rows, count] bytes */ \
  TENSOR(out) /* out: [rows] bytes */   \
  NUMBER(count) NUMBER(any)
WEFT_KERNEL(reduce_bool, FIELDS) {
  const int64_t count = args.count;
  const uint8_t* x = args.x.u8();
  for (int64_t row = 0; row < args.out.length; row++, x += count) {
    int64_t set = 0;
    for (int64_t i = 0; i < count; i++) set += x[i] != 0;
    args.out.u8()[row] = args.any != 0 ? set > 0 : set == count;
  }
}
#undef FIELDS
