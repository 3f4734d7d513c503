// All kernels for one instruction set: the build compiles this file once for each, with that set's flags.
#include "conv-filter.h"
#include "conv.h"
#include "conv-sequence.h"
#include "gemm.h"
#include "hidden-state.h"
#include "kernel.h"
#include "lstm-cell.h"
#include "nest.h"
#include "normalize.h"
#include "parallel.h"
#include "sequence.h"
#include "simd.h"
#include "softmax.h"

namespace WEFT_ISA {
#include "kernels.inc"

// Made when it is asked for, not when the library loads: this code may hold instructions that the processor lacks.
const weft::KernelEntry* kernel_table() {
  static const weft::KernelEntry table[] = {
#define KERNEL(name) {#name, name##_tensors, name##_numbers, name##_run},
#include "kernels.inc"
#undef KERNEL
      {nullptr, nullptr, nullptr, nullptr},
  };
  return table;
}
}  // namespace WEFT_ISA
