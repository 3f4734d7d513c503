// Vectors of the widest kind that this translation unit is compiled for, written with compiler vector extensions, so that one
// source serves every instruction set. Everything here is in the namespace of its instruction set: nothing may be merged by the
// linker with a version that another processor cannot run, so kernels also use no templates of the standard library.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define WEFT_ISA avx512
#define WEFT_LANES 16
#elif defined(__AVX2__)
#define WEFT_ISA avx2
#define WEFT_LANES 8
#elif defined(__ARM_NEON)
#define WEFT_ISA neon
#define WEFT_LANES 4
#else
#define WEFT_ISA baseline
#define WEFT_LANES 4
#endif

namespace WEFT_ISA {

constexpr int kLanes = WEFT_LANES;
typedef float Vec __attribute__((vector_size(WEFT_LANES * 4)));
typedef int32_t VecInt __attribute__((vector_size(WEFT_LANES * 4)));
// The same vectors at addresses of any alignment.
typedef float VecUnaligned __attribute__((vector_size(WEFT_LANES * 4), aligned(4), may_alias));

#define WEFT_INLINE inline __attribute__((always_inline))

WEFT_INLINE Vec load(const float* from) { return *reinterpret_cast<const VecUnaligned*>(from); }
WEFT_INLINE void store(float* to, Vec value) { *reinterpret_cast<VecUnaligned*>(to) = value; }
WEFT_INLINE Vec splat(float value) { return Vec{} + value; }
WEFT_INLINE Vec splat_zero() { return Vec{}; }

// The first n lanes, the others zero; 0 <= n <= kLanes. Memory beyond them is not touched. AddressSanitizer does not see masked
// instructions.
#if WEFT_LANES == 16 && !defined(WEFT_SANITIZED)
WEFT_INLINE __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1); }
WEFT_INLINE Vec load_partial(const float* from, int n) {
  return n >= kLanes ? load(from) : Vec(_mm512_maskz_loadu_ps(first_lanes(n), from));
}
WEFT_INLINE void store_partial(float* to, Vec value, int n) {
  n >= kLanes ? store(to, value) : _mm512_mask_storeu_ps(to, first_lanes(n), __m512(value));
}
#elif WEFT_LANES == 8 && !defined(WEFT_SANITIZED)
WEFT_INLINE __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
WEFT_INLINE Vec load_partial(const float* from, int n) {
  return n >= kLanes ? load(from) : Vec(_mm256_maskload_ps(from, first_lanes(n)));
}
WEFT_INLINE void store_partial(float* to, Vec value, int n) {
  n >= kLanes ? store(to, value) : _mm256_maskstore_ps(to, first_lanes(n), __m256(value));
}
#else
WEFT_INLINE Vec load_partial(const float* from, int n) {
  if (n >= kLanes) return load(from);
  alignas(64) float lanes[kLanes] = {};
  std::memcpy(lanes, from, sizeof(float) * n);
  return load(lanes);
}
WEFT_INLINE void store_partial(float* to, Vec value, int n) {
  if (n >= kLanes) return store(to, value);
  alignas(64) float lanes[kLanes];
  store(lanes, value);
  std::memcpy(to, lanes, sizeof(float) * n);
}
#endif

// a / b to the last digit or two, for b that is neither zero, infinite nor denormal: without the processor's slow division.
WEFT_INLINE Vec quotient(Vec a, Vec b) {
#if WEFT_LANES == 16
  const Vec r = Vec(_mm512_rcp14_ps(__m512(b)));
  return a * (r * (2.0f - b * r));
#else
  return a / b;
#endif
}

template <class T>
WEFT_INLINE T smaller(T a, T b) {
  return a < b ? a : b;
}
template <class T>
WEFT_INLINE T larger(T a, T b) {
  return a > b ? a : b;
}

WEFT_INLINE Vec select(VecInt mask, Vec yes, Vec no) { return mask ? yes : no; }
// NaN in `a` stays NaN, as in JavaScript's Math.max and Math.min when `b` is a number.
WEFT_INLINE Vec max(Vec a, Vec b) { return (a > b) | (a != a) ? a : b; }
WEFT_INLINE Vec min(Vec a, Vec b) { return (a < b) | (a != a) ? a : b; }
WEFT_INLINE Vec relu(Vec x) { return x < splat_zero() ? splat_zero() : x; }
WEFT_INLINE Vec bits_to_float(VecInt bits) {
  Vec out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}
WEFT_INLINE VecInt float_to_bits(Vec value) {
  VecInt out;
  std::memcpy(&out, &value, sizeof out);
  return out;
}
WEFT_INLINE Vec abs(Vec x) { return bits_to_float(float_to_bits(x) & 0x7fffffff); }

// Over the lanes of a vector, by halves, so that each step waits for few others.
typedef float Quad __attribute__((vector_size(16)));
WEFT_INLINE float sum(Vec x) {
  Quad parts[kLanes / 4];
  std::memcpy(parts, &x, sizeof x);
  for (int n = kLanes / 8; n > 0; n /= 2)
    for (int i = 0; i < n; i++) parts[i] += parts[i + n];
  return (parts[0][0] + parts[0][2]) + (parts[0][1] + parts[0][3]);
}
WEFT_INLINE float max_lane(Vec x) {
  Quad parts[kLanes / 4];
  std::memcpy(parts, &x, sizeof x);
  for (int n = kLanes / 8; n > 0; n /= 2)
    for (int i = 0; i < n; i++) parts[i] = (parts[i] > parts[i + n]) | (parts[i] != parts[i]) ? parts[i] : parts[i + n];
  float best = parts[0][0];
  for (int i = 1; i < 4; i++) best = (best > parts[0][i] || best != best) ? best : parts[0][i];
  return best;
}

// exp(x), relative error below 2e-7 (Cephes' polynomial); 0 below -87.3, infinity above 88.72, NaN stays.
WEFT_INLINE Vec exp(Vec x) {
  const Vec rounding = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  Vec clamped = x < splat(-87.3f) ? splat(-87.3f) : x;
  clamped = clamped > splat(88.722839f) ? splat(88.722839f) : clamped;
  const Vec shifted = clamped * 1.44269504088896341f + rounding;
  const Vec n = shifted - rounding;
  Vec r = clamped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  Vec p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  // 2^n in two steps, so that n = 128 does not overflow the exponent.
  const VecInt exponent = float_to_bits(shifted) - 0x4b400000;
  const VecInt half = exponent >> 1;
  const Vec scale1 = bits_to_float((half + 127) << 23), scale2 = bits_to_float((exponent - half + 127) << 23);
  Vec out = p * scale1 * scale2;
  out = x > splat(88.722839f) ? splat(INFINITY) : out;
  out = x < splat(-87.3f) ? splat_zero() : out;
  return x != x ? x : out;
}

// tanh(x), error below 4e-7: a rational minimax approximation on [-7.9, 7.9], beyond which float32 has no digit left
// (the coefficients are those that Eigen's tanh uses).
WEFT_INLINE Vec tanh(Vec x) {
  const float limit = 7.90531110763549805f;
  Vec v = x < splat(-limit) ? splat(-limit) : x;
  v = v > splat(limit) ? splat(limit) : v;
  const Vec z = v * v;
  Vec p = z * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = p * z - 8.60467152213735e-11f;
  p = p * z + 5.12229709037114e-08f;
  p = p * z + 1.48572235717979e-05f;
  p = p * z + 6.37261928875436e-04f;
  p = p * z + 4.89352455891786e-03f;
  Vec q = z * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = q * z + 2.26843463243900e-03f;
  q = q * z + 4.89352518554385e-03f;
  return quotient(v * p, q);
}

WEFT_INLINE Vec sigmoid(Vec x) { return tanh(x * 0.5f) * 0.5f + 0.5f; }
WEFT_INLINE Vec hard_sigmoid(Vec x) { return min(max(x * 0.2f + 0.5f, splat_zero()), splat(1.0f)); }

// log(x), relative error below 2e-7 (Cephes); -infinity at 0, NaN below.
WEFT_INLINE Vec log(Vec x) {
  const VecInt tiny = x < splat(1.17549435e-38f);
  const Vec scaled = tiny ? x * 8388608.0f : x;
  const VecInt bits = float_to_bits(scaled);
  VecInt exponent = ((bits >> 23) & 0xff) - 126;
  Vec m = bits_to_float((bits & 0x007fffff) | 0x3f000000);  // in [0.5, 1)
  const VecInt low = m < splat(0.707106781186547524f);
  exponent = exponent + low;  // a true lane is -1
  m = (low ? m + m : m) - 1.0f;
  Vec e = __builtin_convertvector(exponent, Vec) - (tiny ? splat(23.0f) : splat_zero());
  const Vec z = m * m;
  Vec p = splat(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  Vec out = p * m * z - e * 2.12194440e-4f - z * 0.5f + m + e * 0.693359375f;
  out = x == splat_zero() ? splat(-INFINITY) : out;
  out = x < splat_zero() ? splat(NAN) : out;
  out = x == splat(INFINITY) ? x : out;
  return x != x ? x : out;
}

WEFT_INLINE Vec sqrt(Vec x) {
#if WEFT_LANES == 16
  return Vec(_mm512_sqrt_ps(__m512(x)));
#elif WEFT_LANES == 8
  return Vec(_mm256_sqrt_ps(__m256(x)));
#else
  alignas(64) float lanes[kLanes];
  store(lanes, x);
  for (int i = 0; i < kLanes; i++) lanes[i] = __builtin_sqrtf(lanes[i]);
  return load(lanes);
#endif
}

// An element-wise pass: `f(offset, lanes)` for every vector of [begin, end); the last one may be partial.
template <class F>
WEFT_INLINE void for_vectors(int64_t begin, int64_t end, F f) {
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) f(i, kLanes);
  if (i < end) f(i, static_cast<int>(end - i));
}

}  // namespace WEFT_ISA
