// Lambdas over the thread pool of threads.h.
#pragma once
#include "simd.h"
#include "threads.h"

namespace WEFT_ISA {

using weft::barrier;
using weft::scratch;
using weft::thread_count;

// f(thread, threads) on `threads` threads.
template <class F>
inline void parallel(int threads, F f) {
  if (threads <= 1) return f(0, 1);
  weft::run_parallel(threads, [](void* context, int thread, int count) { (*static_cast<F*>(context))(thread, count); }, &f);
}

struct Range {
  int64_t begin, end;
};

// The share of `thread` when `total` is divided evenly in multiples of `grain`.
inline Range share(int64_t total, int64_t grain, int thread, int threads) {
  const int64_t blocks = (total + grain - 1) / grain;
  const int64_t begin = blocks * thread / threads * grain, end = blocks * (thread + 1) / threads * grain;
  return {smaller(begin, total), smaller(end, total)};
}

// f(begin, end) over shares of [0, total); one thread when there are fewer than `worth` of them.
template <class F>
inline void parallel_range(int64_t total, int64_t grain, int64_t worth, F f) {
  const int threads = total < worth ? 1 : thread_count();
  parallel(threads, [&](int thread, int count) {
    const Range r = share(total, grain, thread, count);
    if (r.begin < r.end) f(r.begin, r.end);
  });
}

}  // namespace WEFT_ISA
