// A nest of loops over two strided operands, and a walk through its outer loops: what broadcasting and copying are made of.
#pragma once
#include "parallel.h"

namespace WEFT_ISA {

constexpr int kMaxRank = 8;

struct Nest {
  int rank;
  int64_t dims[kMaxRank], a[kMaxRank], b[kMaxRank];

  // `layout` holds the dimensions, then the strides of a, then those of b, kMaxRank apart.
  Nest(const int32_t* layout, int from_rank) : rank(0) {
    for (int i = 0; i < from_rank; i++) {
      const int64_t dim = layout[i], step_a = layout[kMaxRank + i], step_b = layout[2 * kMaxRank + i];
      if (dim == 1) continue;
      // A loop that goes on where the next inner one ends is one with it.
      if (rank > 0 && a[rank - 1] == step_a * dim && b[rank - 1] == step_b * dim) {
        dims[rank - 1] *= dim, a[rank - 1] = step_a, b[rank - 1] = step_b;
      } else {
        dims[rank] = dim, a[rank] = step_a, b[rank] = step_b, rank++;
      }
    }
    if (rank == 0) dims[0] = a[0] = b[0] = rank = 1;
  }

  // Iterations of the outermost `depth` loops together.
  int64_t count(int depth) const {
    int64_t total = 1;
    for (int i = 0; i < depth; i++) total *= dims[i];
    return total;
  }
};

// A position in the outermost `depth` loops of a nest, and the offsets there.
struct Walk {
  const Nest& nest;
  int depth;
  int64_t index[kMaxRank];
  int64_t a = 0, b = 0;

  Walk(const Nest& in, int loops, int64_t number) : nest(in), depth(loops) {
    for (int i = depth - 1; i >= 0; i--) {
      index[i] = number % nest.dims[i];
      number /= nest.dims[i];
      a += index[i] * nest.a[i];
      b += index[i] * nest.b[i];
    }
  }

  void next() {
    for (int i = depth - 1; i >= 0; i--) {
      a += nest.a[i], b += nest.b[i];
      if (++index[i] < nest.dims[i]) return;
      a -= nest.dims[i] * nest.a[i], b -= nest.dims[i] * nest.b[i];
      index[i] = 0;
    }
  }
};

}  // namespace WEFT_ISA
