// The dropout mask of dropout.ts, with the same bits: a hash of the seed and each element's index against a threshold.
typedef uint32_t VecUint __attribute__((vector_size(WEFT_LANES * 4)));

WEFT_INLINE VecUint mix_bits(VecUint x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

#define FIELDS(TENSOR, NUMBER) \
  TENSOR(out) /* out: [n] */   \
  NUMBER(seed) NUMBER(threshold) NUMBER(kept)
WEFT_KERNEL(dropout_mask, FIELDS) {
  const uint32_t seed = static_cast<uint32_t>(args.seed), threshold = static_cast<uint32_t>(args.threshold);
  const Vec kept = splat(args.kept);
  VecUint lane = {};
  for (int i = 0; i < kLanes; i++) lane[i] = i;
  parallel_range(args.out.length, 16 * kLanes, kCheap, [&](int64_t begin, int64_t end) {
    for_vectors(begin, end, [&](int64_t i, int n) {
      const VecUint bits = mix_bits(mix_bits((lane + static_cast<uint32_t>(i)) ^ seed) + seed);
      store_partial(args.out.f32() + i, bits < threshold ? kept : splat_zero(), n);
    });
  });
}
#undef FIELDS
