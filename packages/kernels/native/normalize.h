// Layer normalisation of one row, x̂ = (x - mean) / √(variance + ε) with the variance divided by the number of values, and its
// gradient: what the plain op and the normalised recurrent cells share. A row stays in the nearest cache between its passes, and
// the mean is taken off before squaring, so that no large mean swallows the variance.
#pragma once
#include "gemm.h"

namespace WEFT_ISA {

// The sum of all lanes by halves: a quarter of the latency of adding lane after lane, which a short row would wait for.
WEFT_INLINE float halving_sum(Four x) { return (x[0] + x[2]) + (x[1] + x[3]); }
#if WEFT_LANES >= 8
typedef float Eight __attribute__((vector_size(32)));
WEFT_INLINE float halving_sum(Eight x) {
  Four low, high;
  std::memcpy(&low, &x, sizeof low);
  std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof low, sizeof high);
  return halving_sum(low + high);
}
#endif
#if WEFT_LANES >= 16
WEFT_INLINE float halving_sum(Vec x) {
  Eight low, high;
  std::memcpy(&low, &x, sizeof low);
  std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof low, sizeof high);
  return halving_sum(low + high);
}
#endif

// Lanes from n on are zero.
WEFT_INLINE Vec first_of(Vec x, int n) {
  if (n >= kLanes) return x;
  VecInt lane;
  for (int i = 0; i < kLanes; i++) lane[i] = i;
  return lane < VecInt{} + n ? x : splat_zero();
}

struct Moments {
  float mean, inverse;  // inverse = 1 / √(variance + ε)
};
WEFT_INLINE Moments moments(const float* x, int64_t count, float epsilon) {
  Vec total = splat_zero(), squares = splat_zero();
  for_vectors(0, count, [&](int64_t i, int n) { total += load_partial(x + i, n); });
  const float mean = halving_sum(total) / static_cast<float>(count);
  for_vectors(0, count, [&](int64_t i, int n) {
    const Vec d = first_of(load_partial(x + i, n) - mean, n);
    squares += d * d;
  });
  return {mean, 1 / __builtin_sqrtf(halving_sum(squares) / static_cast<float>(count) + epsilon)};
}

// The gradient of x from g, that of x̂: (g - mean(g) - x̂ mean(g x̂)) inverse.
struct NormGradient {
  float mean, slope, inverse;
  WEFT_INLINE NormGradient(Vec sum, Vec products, int64_t count, float inverse)
      : mean(halving_sum(sum) / static_cast<float>(count)),
        slope(halving_sum(products) / static_cast<float>(count)),
        inverse(inverse) {}
  WEFT_INLINE Vec operator()(Vec g, Vec normed) const { return (g - mean - normed * slope) * inverse; }
};

}  // namespace WEFT_ISA
