// How a kernel meets JavaScript. A kernel names its tensors, each with its shape, and numbers once:
//
//   #define FIELDS(TENSOR, NUMBER) TENSOR(x) /* [B, D] */ TENSOR(y) /* out: [B, D] */ NUMBER(factor)
//   WEFT_KERNEL(scale, FIELDS) { ... args.x.f32() ... args.factor ... }
//   #undef FIELDS
//
// and the same names, in the same order, stand in its TypeScript room; the loader compares the two lists. Tensors are float32 and
// read unless the comment says "bytes", "int32" or "float64", "out" (written) or "in and out" (changed); "or none" may be left
// out. [rows, ...] has a row for each running item at each step (sequence.h), [n] any number of elements.
#pragma once
#include <cstdint>

namespace weft {

// A typed array that JavaScript passed, or a list of them; `data` is null for one left out.
struct View {
  void* data;
  int64_t length;  // in elements
  const View* list() const { return static_cast<const View*>(data); }
  float* f32() const { return static_cast<float*>(data); }
  int32_t* i32() const { return static_cast<int32_t*>(data); }
  uint8_t* u8() const { return static_cast<uint8_t*>(data); }
  explicit operator bool() const { return data != nullptr; }
};

struct KernelEntry {
  const char* name;
  const char* tensors;  // names, each followed by a comma
  const char* numbers;
  void (*run)(const View* tensors, const double* numbers);
};

}  // namespace weft

#define WEFT_FIELD_NAME(name) #name ","
#define WEFT_FIELD_NONE(name)
#define WEFT_FIELD_VIEW(name) weft::View name;
#define WEFT_FIELD_NUMBER(name) double name;
#define WEFT_TAKE_VIEW(name) args.name = *tensors++;
#define WEFT_TAKE_NUMBER(name) args.name = *numbers++;

#define WEFT_KERNEL(kernel, FIELDS)                                                            \
  struct kernel##_args {                                                                       \
    FIELDS(WEFT_FIELD_VIEW, WEFT_FIELD_NUMBER)                                                 \
  };                                                                                           \
  static void kernel(const kernel##_args& args);                                               \
  static void kernel##_run(const weft::View* tensors, const double* numbers) {                 \
    kernel##_args args;                                                                        \
    FIELDS(WEFT_TAKE_VIEW, WEFT_TAKE_NUMBER)                                                   \
    (void)tensors, (void)numbers;                                                              \
    kernel(args);                                                                              \
  }                                                                                            \
  static constexpr const char* kernel##_tensors = "" FIELDS(WEFT_FIELD_NAME, WEFT_FIELD_NONE); \
  static constexpr const char* kernel##_numbers = "" FIELDS(WEFT_FIELD_NONE, WEFT_FIELD_NAME); \
  static void kernel(const kernel##_args& args)
