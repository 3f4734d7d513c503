// The gradient of a recurrent layer's input, [rows, width] x [D, width] transposed, from the gradients of the gates that the
// layer's backward kernel left: the same for every kind of cell.
#define FIELDS(TENSOR, NUMBER)                     \
  TENSOR(gatesGradient) /* [rows, width] */        \
  TENSOR(kernel)        /* [D, width] */           \
  TENSOR(mask)          /* [B, T] bytes or none */ \
  TENSOR(dropoutMask)   /* [B, D] or none */       \
  TENSOR(inputGradient) /* out: [B, T, D] */       \
  NUMBER(batch) NUMBER(steps) NUMBER(features) NUMBER(width) NUMBER(goBackwards) NUMBER(accumulate)
WEFT_KERNEL(sequence_input_gradient, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, depth = args.width;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  float* dx = args.inputGradient.f32();
  const bool accumulate = args.accumulate != 0;
  for (int64_t item = 0; item < batch && !accumulate; item++)
    std::memset(dx + (item * steps + time.length[item]) * features, 0, sizeof(float) * (steps - time.length[item]) * features);
  int32_t* step_of_row = reinterpret_cast<int32_t*>(scratch(0, weft::kSlotKernel + 1, time.rows + 1));
  for (int64_t t = 0; t < steps; t++)
    for (int64_t row = time.first_row[t]; row < time.first_row[t + 1]; row++) step_of_row[row] = static_cast<int32_t>(t);
  gemm(time.rows, features, depth, Matrix{args.gatesGradient.f32(), depth, 1}, Matrix{args.kernel.f32(), 1, depth},
       InputGradient{dx, args.dropoutMask.f32(), time, step_of_row, features, accumulate});
}
#undef FIELDS
