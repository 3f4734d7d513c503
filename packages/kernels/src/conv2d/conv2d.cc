// The three convolutions of native/conv.h and native/conv-filter.h as kernels, for images (of one plane) and for volumes. `y` is
// the output of the forward pass, given where an activation followed.
#define FIELDS(TENSOR, NUMBER)              \
  TENSOR(x)      /* [B, D', H', W', C] */   \
  TENSOR(filter) /* [K, K, K, C, F] */      \
  TENSOR(bias)   /* [F] or none */          \
  TENSOR(out)    /* out: [B, D, H, W, F] */ \
  CONV_SHAPE(NUMBER)
WEFT_KERNEL(conv, FIELDS) {
  const ConvShape shape = conv_shape(args);
  const auto run = few_outputs(shape) ? few_forward : conv_forward;
  run(shape, args.x.f32(), args.filter.f32(), args.bias.f32(), activation_of(args.activation), args.out.f32());
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)                         \
  TENSOR(x)              /* [B, D', H', W', C] */      \
  TENSOR(dy)             /* [B, D, H, W, F] */         \
  TENSOR(y)              /* [B, D, H, W, F] or none */ \
  TENSOR(filterGradient) /* out: [K, K, K, C, F] */    \
  TENSOR(biasGradient)   /* out: [F] or none */        \
  CONV_SHAPE(NUMBER)
WEFT_KERNEL(conv_filter_gradient, FIELDS) {
  const ConvShape shape = conv_shape(args);
  const auto run = few_outputs(shape) ? few_backward_filter : conv_backward_filter;
  run(shape, args.x.f32(), args.dy.f32(), args.y.f32(), activation_of(args.activation), args.filterGradient.f32(),
      args.biasGradient.f32());
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)                        \
  TENSOR(dy)            /* [B, D, H, W, F] */         \
  TENSOR(y)             /* [B, D, H, W, F] or none */ \
  TENSOR(filter)        /* [K, K, K, C, F] */         \
  TENSOR(inputGradient) /* out: [B, D', H', W', C] */ \
  CONV_SHAPE(NUMBER)
WEFT_KERNEL(conv_input_gradient, FIELDS) {
  conv_backward_input(conv_shape(args), args.dy.f32(), args.y.f32(), activation_of(args.activation), args.filter.f32(),
                      args.inputGradient.f32());
}
#undef FIELDS
