// The matrix product that everything is built on: C[M, N] = A[M, K] * B[K, N], blocked for the caches, with packed panels and a
// register tile of kRows x kCols (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication"). Operands and
// the destination are small structs, so that transposed, gathered or scattered matrices, biases and activations cost no pass of
// their own. Work is divided by rows or columns of C, so the sum of each element has the same order for any number of threads.
#pragma once
#include "parallel.h"
#include "simd.h"

namespace WEFT_ISA {

#if WEFT_LANES == 16
constexpr int kRows = 14, kVecs = 2;
#elif WEFT_LANES == 8
constexpr int kRows = 6, kVecs = 2;
#elif defined(__ARM_NEON)
constexpr int kRows = 10, kVecs = 2;
#else
constexpr int kRows = 6, kVecs = 2;
#endif
constexpr int kCols = kVecs * kLanes;
constexpr int64_t kDepthBlock = 256, kRowBlock = 20 * kRows, kColBlock = 1024;

// tile[r][j] = sum over k of a[k * R + r] * b[k * stride + j], for R rows and V vectors of columns.
template <int R, int V>
static void micro(int64_t depth, const float* a, const float* b, int64_t stride, float* tile) {
  Vec acc[R][V];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) acc[r][v] = splat_zero();
  for (int64_t k = 0; k < depth; k++) {
    Vec column[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) column[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) acc[r][v] += a[r] * column[v];
    a += R;
    b += stride;
  }
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) store(tile + r * kCols + v * kLanes, acc[r][v]);
}

// acc[r][v] = sum over k of a[r * a_row + k] * b[k * step + v * apart ...]: rows of A as they lie in memory, and vectors of
// columns that may lie side by side or in panels of their own.
template <int R, int V>
WEFT_INLINE void micro_rows(int64_t depth, const float* a, int64_t a_row, const float* b, int64_t step, int64_t apart,
                            Vec (&acc)[R][V]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[r][v] = splat_zero();
  for (int64_t k = 0; k < depth; k++, b += step) {
    Vec column[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) column[v] = load(b + v * apart);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) acc[r][v] += a[r * a_row + k] * column[v];
  }
}

// A number as a type, to pick a template's size with a switch.
template <int N>
struct Size {
  static constexpr int value = N;
};

using Micro = void (*)(int64_t, const float*, const float*, int64_t, float*);
template <int R>
struct MicroTable {
  static Micro find(int rows, int vecs) {
    if (rows == R) return vecs == 1 ? micro<R, 1> : micro<R, 2>;
    return MicroTable<R - 1>::find(rows, vecs);
  }
};
template <>
struct MicroTable<0> {
  static Micro find(int, int) { return nullptr; }
};

typedef float Four __attribute__((vector_size(16)));
// Four lanes of the eight of a and b.
template <int I, int J, int K, int L>
WEFT_INLINE Four shuffle4(Four a, Four b) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, I, J, K, L);
#else
  typedef int32_t FourInt __attribute__((vector_size(16)));
  return __builtin_shuffle(a, b, FourInt{I, J, K, L});
#endif
}

// to[k * rows + r] = from[r][k]: rows of a matrix as a panel, four by four in registers.
static void interleave_rows(float* to, const float* const* from, int rows, int64_t depth) {
  typedef float FourUnaligned __attribute__((vector_size(16), aligned(4), may_alias));
  int r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *a = from[r], *b = from[r + 1], *c = from[r + 2], *d = from[r + 3];
    int64_t k = 0;
    for (; k + 4 <= depth; k += 4) {
      const Four va = *reinterpret_cast<const FourUnaligned*>(a + k), vb = *reinterpret_cast<const FourUnaligned*>(b + k);
      const Four vc = *reinterpret_cast<const FourUnaligned*>(c + k), vd = *reinterpret_cast<const FourUnaligned*>(d + k);
      const Four ab_low = shuffle4<0, 4, 1, 5>(va, vb), ab_high = shuffle4<2, 6, 3, 7>(va, vb);
      const Four cd_low = shuffle4<0, 4, 1, 5>(vc, vd), cd_high = shuffle4<2, 6, 3, 7>(vc, vd);
      float* out = to + k * rows + r;
      *reinterpret_cast<FourUnaligned*>(out) = shuffle4<0, 1, 4, 5>(ab_low, cd_low);
      *reinterpret_cast<FourUnaligned*>(out + rows) = shuffle4<2, 3, 6, 7>(ab_low, cd_low);
      *reinterpret_cast<FourUnaligned*>(out + 2 * rows) = shuffle4<0, 1, 4, 5>(ab_high, cd_high);
      *reinterpret_cast<FourUnaligned*>(out + 3 * rows) = shuffle4<2, 3, 6, 7>(ab_high, cd_high);
    }
    for (; k < depth; k++) {
      float* out = to + k * rows + r;
      out[0] = a[k], out[1] = b[k], out[2] = c[k], out[3] = d[k];
    }
  }
  for (; r < rows; r++)
    for (int64_t k = 0; k < depth; k++) to[k * rows + r] = from[r][k];
}

// A matrix by strides: element (i, j) is data[i * row + j * col].
struct Matrix {
  const float* data;
  int64_t row, col;

  // to[k * rows + r] = element (i + r, k0 + k)
  void pack_rows(float* to, int64_t i, int rows, int64_t k0, int64_t depth) const {
    const float* from = data + i * row + k0 * col;
    if (row == 1) {
      for (int64_t k = 0; k < depth; k++, from += col, to += rows)
        for (int r = 0; r < rows; r++) to[r] = from[r];
      return;
    }
    if (col == 1) {
      const float* starts[kRows];
      for (int r = 0; r < rows; r++) starts[r] = from + r * row;
      return interleave_rows(to, starts, rows, depth);
    }
    for (int r = 0; r < rows; r++, from += row)
      for (int64_t k = 0; k < depth; k++) to[k * rows + r] = from[k * col];
  }

  // to[k * padded + j] = element (k0 + k, j0 + j), zero from `width` to `padded`
  void pack_cols(float* to, int64_t k0, int64_t depth, int64_t j0, int width, int padded) const {
    const float* from = data + k0 * row + j0 * col;
    if (col == 1) {
      for (int64_t k = 0; k < depth; k++, from += row, to += padded)
        for (int j = 0; j < padded; j += kLanes) store(to + j, load_partial(from + j, smaller(kLanes, larger(width - j, 0))));
      return;
    }
    if (row == 1 && width == padded) {
      const float* starts[kCols];
      for (int j = 0; j < width; j++) starts[j] = from + j * col;
      return interleave_rows(to, starts, width, depth);
    }
    for (int j = 0; j < padded; j++)
      for (int64_t k = 0; k < depth; k++) to[k * padded + j] = j < width ? from[k * row + j * col] : 0.0f;
  }
  bool rows_are_contiguous() const { return col == 1; }
  const float* at(int64_t i, int64_t j) const { return data + i * row + j * col; }
};

// Where a product goes: data[i * row + j], plus what was there, plus a bias by column, then an activation.
enum class Activation { linear = 0, relu = 1, sigmoid = 2, tanh = 3, relu6 = 4 };
WEFT_INLINE Vec activate(Vec x, Activation activation) {
  switch (activation) {
    case Activation::relu:
      return relu(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::tanh:
      return tanh(x);
    case Activation::relu6:
      return min(relu(x), splat(6.0f));
    default:
      return x;
  }
}
struct Output {
  float* data;
  int64_t row;
  bool accumulate = false;
  const float* bias = nullptr;
  Activation activation = Activation::linear;

  WEFT_INLINE void operator()(int64_t i, int64_t j, Vec value, int width, bool first, bool last) const {
    float* to = data + i * row + j;
    if (!first || accumulate) value += load_partial(to, width);
    if (last && bias != nullptr) value += load_partial(bias + j, width);
    if (last && activation != Activation::linear) value = activate(value, activation);
    store_partial(to, value, width);
  }
};

// One row of a product, at the pace of reading B: the columns [begin, end) of a * B.
template <class B, class Out>
static void gemm_row(int64_t row, Range cols, int64_t depth, const float* a, const B& b, const Out& out) {
  constexpr int kWide = 8;
  int64_t j = cols.begin;
  for (; j + kWide * kLanes <= cols.end; j += kWide * kLanes) {
    Vec acc[kWide];
#pragma GCC unroll 8
    for (int v = 0; v < kWide; v++) acc[v] = splat_zero();
    const float* from = b.at(0, j);
    for (int64_t k = 0; k < depth; k++, from += b.row)
#pragma GCC unroll 8
      for (int v = 0; v < kWide; v++) acc[v] += a[k] * load(from + v * kLanes);
    for (int v = 0; v < kWide; v++) out(row, j + v * kLanes, acc[v], kLanes, true, true);
  }
  for_vectors(j, cols.end, [&](int64_t at, int width) {
    Vec acc = splat_zero();
    const float* from = b.at(0, at);
    for (int64_t k = 0; k < depth; k++, from += b.row) acc += a[k] * load_partial(from, width);
    out(row, at, acc, width, true, true);
  });
}

// One thread's share of a product: rows x cols of C.
template <class A, class B, class Out>
static void gemm_share(int thread, Range rows, Range cols, int64_t depth, const A& a, const B& b, const Out& out) {
  if (rows.end - rows.begin == 1 && b.rows_are_contiguous()) {
    float* row = weft::scratch(thread, weft::kSlotPackA, larger<int64_t>(depth, 1));
    a.pack_rows(row, rows.begin, 1, 0, depth);
    return gemm_row(rows.begin, cols, depth, row, b, out);
  }
  alignas(64) float tile[kRows * kCols];
  // With one panel of rows each element of B is used once: packing it would cost more than it saves.
  const bool direct = rows.end - rows.begin <= kRows && b.rows_are_contiguous();
  for (int64_t j0 = cols.begin; j0 < cols.end; j0 += kColBlock) {
    const int64_t block_cols = smaller(kColBlock, cols.end - j0);
    for (int64_t k0 = 0; k0 < depth || k0 == 0; k0 += kDepthBlock) {
      const int64_t kc = smaller(kDepthBlock, depth - k0);
      const bool first = k0 == 0, last = k0 + kc >= depth;
      float* packed_b = weft::scratch(thread, weft::kSlotPackB, (block_cols + kCols) * kDepthBlock);
      for (int64_t j = 0; j < block_cols; j += kCols) {
        const int width = static_cast<int>(smaller<int64_t>(kCols, block_cols - j));
        if (!direct || width % kLanes != 0)
          b.pack_cols(packed_b + j * kc, k0, kc, j0 + j, width, (width + kLanes - 1) / kLanes * kLanes);
      }
      for (int64_t i0 = rows.begin; i0 < rows.end; i0 += kRowBlock) {
        const int64_t block_rows = smaller(kRowBlock, rows.end - i0);
        const int64_t panels = (block_rows + kRows - 1) / kRows;
        float* packed_a = weft::scratch(thread, weft::kSlotPackA, kRowBlock * kDepthBlock);
        for (int64_t p = 0; p < panels; p++) {
          const int64_t from = block_rows * p / panels, to = block_rows * (p + 1) / panels;
          a.pack_rows(packed_a + from * kc, i0 + from, static_cast<int>(to - from), k0, kc);
        }
        for (int64_t j = 0; j < block_cols; j += kCols) {
          const int width = static_cast<int>(smaller<int64_t>(kCols, block_cols - j));
          const int vecs = (width + kLanes - 1) / kLanes;
          const bool unpacked = direct && width % kLanes == 0;
          const float* panel_b = unpacked ? b.at(k0, j0 + j) : packed_b + j * kc;
          const int64_t stride = unpacked ? b.row : vecs * kLanes;
          for (int64_t p = 0; p < panels; p++) {
            const int64_t from = block_rows * p / panels, to = block_rows * (p + 1) / panels;
            MicroTable<kRows>::find(static_cast<int>(to - from), vecs)(kc, packed_a + from * kc, panel_b, stride, tile);
            for (int64_t i = from; i < to; i++)
              for (int v = 0; v < vecs; v++)
                out(i0 + i, j0 + j + v * kLanes, load(tile + (i - from) * kCols + v * kLanes),
                    smaller(kLanes, width - v * kLanes), first, last);
          }
        }
      }
      if (depth == 0) break;
    }
  }
}

// C = A * B on all threads; `out` receives each vector of C.
template <class A, class B, class Out>
static void gemm(int64_t rows, int64_t cols, int64_t depth, const A& a, const B& b, const Out& out) {
  if (rows <= 0 || cols <= 0) return;
  const double work = 2.0 * rows * cols * larger<int64_t>(depth, 1);
  const int threads = work < 200000 ? 1 : thread_count();
  const bool by_rows = rows >= cols;
  parallel(threads, [&](int thread, int count) {
    const Range all_rows = {0, rows}, all_cols = {0, cols};
    const Range mine = by_rows ? share(rows, 1, thread, count) : share(cols, kLanes, thread, count);
    if (mine.begin >= mine.end) return;
    by_rows ? gemm_share(thread, mine, all_cols, depth, a, b, out) : gemm_share(thread, all_rows, mine, depth, a, b, out);
  });
}

}  // namespace WEFT_ISA
