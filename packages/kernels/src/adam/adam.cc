// One Adam step for one variable, in place (Kingma and Ba 2015, algorithm 1, with decoupled weight decay as in Loshchilov and
// Hutter 2019); and the sum of squares of a tensor, for clipping by norm. See adam.ts for the formula.
#define FIELDS(TENSOR, NUMBER)                                                                                           \
  TENSOR(variable)                                                                                                       \
  TENSOR(gradient) TENSOR(m) TENSOR(v) NUMBER(stepSize) NUMBER(beta1) NUMBER(beta2) NUMBER(epsilon) NUMBER(inverseBias2) \
      NUMBER(decay) NUMBER(scale) NUMBER(clip)
WEFT_KERNEL(adam_update, FIELDS) {
  float *variable = args.variable.f32(), *m = args.m.f32(), *v = args.v.f32();
  const float* gradient = args.gradient.f32();
  const float step_size = args.stepSize, beta1 = args.beta1, beta2 = args.beta2, epsilon = args.epsilon;
  const float rest1 = 1 - args.beta1, rest2 = 1 - args.beta2;  // in double first: 1 - 0.999f has only four digits
  const float inverse_bias2 = args.inverseBias2, keep = 1 - args.decay, scale = args.scale, clip = args.clip;
  parallel_range(args.variable.length, 16 * kLanes, 1 << 15, [&](int64_t begin, int64_t end) {
    for_vectors(begin, end, [&](int64_t i, int n) {
      Vec g = load_partial(gradient + i, n) * scale;
      if (clip > 0) g = min(max(g, splat(-clip)), splat(clip));
      const Vec new_m = load_partial(m + i, n) * beta1 + g * rest1;
      const Vec new_v = load_partial(v + i, n) * beta2 + g * g * rest2;
      const Vec old = load_partial(variable + i, n);
      store_partial(m + i, new_m, n);
      store_partial(v + i, new_v, n);
      store_partial(variable + i, old * keep - step_size * new_m / (sqrt(new_v * inverse_bias2) + epsilon), n);
    });
  });
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER) TENSOR(x) TENSOR(out)
WEFT_KERNEL(sum_of_squares, FIELDS) {
  const float* x = args.x.f32();
  double total = 0;
  for (int64_t i = 0; i < args.x.length; i += 4096) {
    Vec part = splat_zero();
    for_vectors(i, smaller<int64_t>(i + 4096, args.x.length), [&](int64_t at, int n) {
      const Vec value = load_partial(x + at, n);
      part += value * value;
    });
    total += sum(part);
  }
  static_cast<double*>(args.out.data)[0] += total;
}
#undef FIELDS
