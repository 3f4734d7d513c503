// Functions of two elements with NumPy's broadcasting: arithmetic, comparisons, and the gradients of activations from dy and x or y.
// `layout` is a Nest of the output: its dimensions, then the strides of a and of b, which are 0 where an operand is repeated.
#define FIELDS(TENSOR, NUMBER)                          \
  TENSOR(a)      /* [n] by its strides in layout */     \
  TENSOR(b)      /* [n] by its strides in layout */     \
  TENSOR(out)    /* out: [n], bytes from comparisons */ \
  TENSOR(layout) /* [3, 8] int32 */                     \
  NUMBER(rank)

typedef uint8_t VecByte __attribute__((vector_size(WEFT_LANES)));
WEFT_INLINE void store_mask(uint8_t* to, VecInt mask, int n) {
  const VecByte bytes = __builtin_convertvector(mask & 1, VecByte);
  std::memcpy(to, &bytes, n);
}
WEFT_INLINE VecInt load_mask(const uint8_t* from, int n) {
  VecByte bytes = {};
  std::memcpy(&bytes, from, n);
  return __builtin_convertvector(bytes, VecInt) != 0;
}

// f(offset, lanes, a, b) for every vector of the output. The innermost strides are 0 or 1.
template <class F>
static void broadcast(const Nest& nest, const float* a, const float* b, int64_t worth, F f) {
  const int outer = nest.rank - 1;
  const int64_t inner = nest.dims[outer], rows = nest.count(outer);
  const bool each_a = nest.a[outer] != 0, each_b = nest.b[outer] != 0;
  // Not inlined: it stands in two places below, for every operation.
  auto run = [&](int64_t to, const float* from_a, const float* from_b, int64_t n) __attribute__((noinline)) {
    if (each_a && each_b) {
      for_vectors(0, n, [&](int64_t i, int lanes) { f(to + i, lanes, load_partial(from_a + i, lanes), load_partial(from_b + i, lanes)); });
    } else if (each_a) {
      const Vec one = splat(*from_b);
      for_vectors(0, n, [&](int64_t i, int lanes) { f(to + i, lanes, load_partial(from_a + i, lanes), one); });
    } else {
      const Vec one = splat(*from_a);
      if (each_b) for_vectors(0, n, [&](int64_t i, int lanes) { f(to + i, lanes, one, load_partial(from_b + i, lanes)); });
      else for_vectors(0, n, [&](int64_t i, int lanes) { f(to + i, lanes, one, splat(*from_b)); });
    }
  };
  if (rows == 1) {
    parallel_range(inner, 16 * kLanes, worth, [&](int64_t begin, int64_t end) {
      run(begin, a + (each_a ? begin : 0), b + (each_b ? begin : 0), end - begin);
    });
  } else if (rows > 1 && inner > 0) {
    parallel_range(rows, 1, worth / inner + 1, [&](int64_t begin, int64_t end) {
      Walk walk(nest, outer, begin);
      for (int64_t row = begin; row < end; row++, walk.next()) run(row * inner, a + walk.a, b + walk.b, inner);
    });
  }
}

#define BINARY(op, worth, formula)                                                                          \
  WEFT_KERNEL(binary_##op, FIELDS) {                                                                        \
    float* to = args.out.f32();                                                                             \
    broadcast(Nest(args.layout.i32(), args.rank), args.a.f32(), args.b.f32(), worth,                        \
              [=](int64_t i, int n, Vec a, Vec b) __attribute__((always_inline)) { store_partial(to + i, formula, n); }); \
  }
#define COMPARE(op, formula)                                                                                \
  WEFT_KERNEL(compare_##op, FIELDS) {                                                                       \
    uint8_t* to = args.out.u8();                                                                            \
    broadcast(Nest(args.layout.i32(), args.rank), args.a.f32(), args.b.f32(), kCheap,                       \
              [=](int64_t i, int n, Vec a, Vec b) __attribute__((always_inline)) { store_mask(to + i, formula, n); }); \
  }

// JavaScript's Math.pow: unlike C's, NaN whenever the exponent is, and for 1 or -1 to an infinite power.
WEFT_INLINE float power(float a, float b) {
  if (b == 2) return a * a;
  return b - b != 0 && (b != b || a == 1 || a == -1) ? NAN : __builtin_powf(a, b);
}
WEFT_INLINE Vec power(Vec a, Vec b) {
  Vec out;
  for (int i = 0; i < kLanes; i++) out[i] = power(a[i], b[i]);
  return out;
}

BINARY(add, kCheap, a + b)
BINARY(sub, kCheap, a - b)
BINARY(mul, kCheap, a * b)
BINARY(div, kCheap, a / b)
BINARY(maximum, kCheap, max(a, b))
BINARY(minimum, kCheap, min(a, b))
BINARY(squared_difference, kCheap, (a - b) * (a - b))
BINARY(pow, kCostly, power(a, b))
// a is dy; b is the input x, or the output y, of the activation.
BINARY(relu_grad, kCheap, b > splat_zero() ? a : splat_zero())
BINARY(relu6_grad, kCheap, (b > splat_zero()) & (b < splat(6.0f)) ? a : splat_zero())
BINARY(sigmoid_grad, kCheap, a * b * (1.0f - b))
BINARY(tanh_grad, kCheap, a * (1.0f - b * b))
BINARY(elu_grad, kCheap, b >= splat_zero() ? a : a * (b + 1.0f))
COMPARE(greater, a > b)
COMPARE(greater_equal, a >= b)
COMPARE(less, a < b)
COMPARE(less_equal, a <= b)
COMPARE(equal, a == b)
COMPARE(not_equal, a != b)
#undef BINARY
#undef COMPARE
#undef FIELDS

// out = condition ? a : b, all of one size.
#define FIELDS(TENSOR, NUMBER)      \
  TENSOR(condition) /* [n] bytes */ \
  TENSOR(a)         /* [n] */       \
  TENSOR(b)         /* [n] */       \
  TENSOR(out)       /* out: [n] */
WEFT_KERNEL(select, FIELDS) {
  const uint8_t* condition = args.condition.u8();
  const float *a = args.a.f32(), *b = args.b.f32();
  float* out = args.out.f32();
  parallel_range(args.out.length, 16 * kLanes, kCheap, [&](int64_t begin, int64_t end) {
    for_vectors(begin, end, [&](int64_t i, int n) {
      store_partial(out + i, select(load_mask(condition + i, n), load_partial(a + i, n), load_partial(b + i, n)), n);
    });
  });
}
#undef FIELDS

// Booleans of one size; b is left out for `not`.
#define FIELDS(TENSOR, NUMBER)        \
  TENSOR(a)   /* [n] bytes */         \
  TENSOR(b)   /* [n] bytes or none */ \
  TENSOR(out) /* out: [n] bytes */    \
  NUMBER(op)
WEFT_KERNEL(logical, FIELDS) {
  const uint8_t *a = args.a.u8(), *b = args.b.u8();
  uint8_t* out = args.out.u8();
  const int64_t n = args.out.length;
  switch (static_cast<int>(args.op)) {
    case 0: for (int64_t i = 0; i < n; i++) out[i] = (a[i] != 0) & (b[i] != 0); break;
    case 1: for (int64_t i = 0; i < n; i++) out[i] = (a[i] != 0) | (b[i] != 0); break;
    default: for (int64_t i = 0; i < n; i++) out[i] = a[i] == 0; break;
  }
}
#undef FIELDS
