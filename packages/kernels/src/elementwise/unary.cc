// Functions of one element: out[i] = f(x[i]), with up to two parameters p and q. NaN stays NaN wherever it does in JavaScript.
#define FIELDS(TENSOR, NUMBER) \
  TENSOR(x)   /* [n] */        \
  TENSOR(out) /* out: [n] */   \
  NUMBER(p) NUMBER(q)

// `worth`: elements from which a second thread pays.
#define UNARY(op, worth, formula)                                                                \
  WEFT_KERNEL(unary_##op, FIELDS) {                                                              \
    const float* from = args.x.f32();                                                            \
    float* to = args.out.f32();                                                                  \
    const Vec p = splat(args.p), q = splat(args.q);                                              \
    (void)p, (void)q;                                                                            \
    parallel_range(args.x.length, 16 * kLanes, worth, [&](int64_t begin, int64_t end) {          \
      for_vectors(begin, end, [&](int64_t i, int n) {                                            \
        const Vec x = load_partial(from + i, n);                                                 \
        store_partial(to + i, formula, n);                                                       \
      });                                                                                        \
    });                                                                                          \
  }
constexpr int64_t kCheap = 1 << 15, kCostly = 1 << 13;

// log(1 + x) without losing the digits of a small x (Kahan's correction).
WEFT_INLINE Vec log1p(Vec x) {
  const Vec u = x + 1.0f, d = u - 1.0f;
  const Vec corrected = log(u) * (x / d);
  return d == splat_zero() ? x : u == splat(INFINITY) ? u : corrected;
}
WEFT_INLINE Vec accurate_sigmoid(Vec x) { return 1.0f / (exp(-x) + 1.0f); }
WEFT_INLINE Vec sign(Vec x) { return x > splat_zero() ? splat(1.0f) : x < splat_zero() ? splat(-1.0f) : splat_zero(); }

UNARY(relu, kCheap, relu(x))
UNARY(relu6, kCheap, min(relu(x), splat(6.0f)))
UNARY(sigmoid, kCostly, accurate_sigmoid(x))
UNARY(tanh, kCostly, x != x ? x : tanh(x))
UNARY(exp, kCostly, exp(x))
UNARY(log, kCostly, log(x))
UNARY(log1p, kCostly, log1p(x))
UNARY(sqrt, kCheap, sqrt(x))
UNARY(rsqrt, kCheap, 1.0f / sqrt(x))
UNARY(square, kCheap, x * x)
UNARY(neg, kCheap, -x)
UNARY(abs, kCheap, abs(x))
UNARY(reciprocal, kCheap, 1.0f / x)
UNARY(clip, kCheap, min(max(x, p), q))
UNARY(step, kCheap, x != x ? x : x > splat_zero() ? splat(1.0f) : p)
UNARY(elu, kCostly, x < splat_zero() ? exp(x) - 1.0f : x)
UNARY(sign, kCheap, sign(x))
UNARY(softplus, kCostly, x != x ? x : relu(x) + log1p(exp(-abs(x))))
UNARY(leaky_relu, kCheap, x < splat_zero() ? x * p : x)
#undef UNARY
#undef FIELDS

// JavaScript's ToInt32: truncation modulo 2^32, 0 for what is not finite.
static int32_t to_int32(float x) {
  if (x > -2147483648.0f && x < 2147483648.0f) return static_cast<int32_t>(x);
  if (!(x - x == 0)) return 0;
  const double wrapped = __builtin_fmod(x, 4294967296.0);
  return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(wrapped)));
}

// Element types, numbered as in cast.ts.
enum { kTypeFloat = 0, kTypeInt = 1, kTypeBool = 2 };

#define FIELDS(TENSOR, NUMBER)          \
  TENSOR(x)   /* [n] of type from */    \
  TENSOR(out) /* out: [n] of type to */ \
  NUMBER(from) NUMBER(to)
WEFT_KERNEL(cast, FIELDS) {
  const int from = args.from, to = args.to;
  auto each = [&](auto* in, auto* out, auto convert) {
    parallel_range(args.x.length, 256, kCheap, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) out[i] = convert(in[i]);
    });
  };
  auto to_bool = [](auto x) -> uint8_t { return x != 0; };
  const weft::View &x = args.x, &out = args.out;
  if (from == kTypeFloat && to == kTypeInt) return each(x.f32(), out.i32(), to_int32);
  if (from == kTypeFloat && to == kTypeBool) return each(x.f32(), out.u8(), to_bool);
  if (from == kTypeInt && to == kTypeFloat) return each(x.i32(), out.f32(), [](int32_t v) { return static_cast<float>(v); });
  if (from == kTypeInt && to == kTypeBool) return each(x.i32(), out.u8(), to_bool);
  if (from == kTypeBool && to == kTypeFloat) return each(x.u8(), out.f32(), [](uint8_t v) { return static_cast<float>(v); });
  if (from == kTypeBool && to == kTypeInt) return each(x.u8(), out.i32(), [](uint8_t v) { return static_cast<int32_t>(v); });
}
#undef FIELDS
