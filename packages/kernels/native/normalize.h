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

// The sum of f(offset, lanes) over the vectors of a row, in four sums that need not wait for one another.
template <class F>
WEFT_INLINE float sum_vectors(int64_t count, F f) {
  Vec part[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes)
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) part[v] += f(i + v * kLanes, kLanes);
  for (; i < count; i += kLanes) part[0] += f(i, static_cast<int>(smaller<int64_t>(kLanes, count - i)));
  return halving_sum((part[0] + part[1]) + (part[2] + part[3]));
}

struct Moments {
  float mean, inverse;  // inverse = 1 / √(variance + ε)
};
WEFT_INLINE Moments moments(const float* x, int64_t count, float epsilon) {
  const float share_of_one = 1 / static_cast<float>(count);
  const float mean =
      share_of_one * sum_vectors(count, [&](int64_t i, int n) __attribute__((always_inline)) { return load_partial(x + i, n); });
  const float variance = share_of_one * sum_vectors(count, [&](int64_t i, int n) __attribute__((always_inline)) {
                           const Vec d = first_of(load_partial(x + i, n) - mean, n);
                           return d * d;
                         });
  return {mean, 1 / __builtin_sqrtf(variance + epsilon)};
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
