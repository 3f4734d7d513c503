// The softmax of one row, which softmax, attention and CTC kernels begin with.
#pragma once
#include "simd.h"

namespace WEFT_ISA {

struct RowScale {
  float best;   // the row's largest element, which is subtracted so that exp cannot overflow
  float total;  // the sum of exp(x - best)
};

WEFT_INLINE Vec load_partial_or(const float* from, int n, float fill) {
  if (n >= kLanes) return load(from);
  VecInt lane;
  for (int i = 0; i < kLanes; i++) lane[i] = i;
  return select(lane < n, load_partial(from, n), splat(fill));
}

// Also writes exp(x - best) to `out` unless it is null; it may be x.
static inline RowScale scale_row(const float* x, int64_t cols, float* out) {
  Vec best = splat(-INFINITY), total = splat_zero();
  for_vectors(0, cols, [&](int64_t i, int n) { best = max(best, load_partial_or(x + i, n, -INFINITY)); });
  const float largest = max_lane(best);
  for_vectors(0, cols, [&](int64_t i, int n) {
    const Vec e = exp(load_partial_or(x + i, n, -INFINITY) - largest);
    total += e;
    if (out != nullptr) store_partial(out + i, e, n);
  });
  return {largest, sum(total)};
}

}  // namespace WEFT_ISA
