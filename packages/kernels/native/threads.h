// The pool of threads that all kernels share, and the scratch memory that they reuse. A kernel runs under one lock, so both
// belong to one kernel at a time, whichever JavaScript thread called it. Work is divided by thread number alone: with the same
// number of threads a kernel gives the same bits at every run.
#pragma once
#include <cstddef>
#include <cstdint>

namespace weft {

using Task = void (*)(void* context, int thread, int threads);

// How many threads kernels may use, the calling one included.
int thread_count();

// Runs task(context, i, threads) for i in 0..threads-1, number 0 on the calling thread; returns when all have ended.
void run_parallel(int threads, Task task, void* context);

// Waits until all threads of the running task are here.
void barrier(int threads);

// At least `count` floats at a 64-byte boundary, private to the thread and slot, kept from call to call; the content is
// undefined.
float* scratch(int thread, int slot, size_t count);
// Slots: gemm.h and conv.h take the first ones; a kernel's own begin at kSlotKernel.
constexpr int kSlotPackA = 0, kSlotPackB = 1, kSlotReduce = 2, kSlotKernel = 3, kSlots = 12;

}  // namespace weft
