// The three convolutions of native/conv.h and native/conv-filter.h as kernels, for images (of one plane) and for volumes. `y` is
// the output of the forward pass, given where an activation followed.
#define CONV_SHAPE(NUMBER)                                                                                                 \
  NUMBER(batch)                                                                                                            \
  NUMBER(inHeight)                                                                                                         \
  NUMBER(inWidth)                                                                                                          \
  NUMBER(inChannels) NUMBER(outHeight) NUMBER(outWidth) NUMBER(outChannels) NUMBER(filterHeight) NUMBER(filterWidth)       \
      NUMBER(strideHeight) NUMBER(strideWidth) NUMBER(dilationHeight) NUMBER(dilationWidth) NUMBER(padTop) NUMBER(padLeft) \
          NUMBER(inDepth) NUMBER(outDepth) NUMBER(filterDepth) NUMBER(strideDepth) NUMBER(dilationDepth) NUMBER(padFront)  \
              NUMBER(activation)

template <class Args>
static ConvShape conv_shape(const Args& a) {
  const double sizes[] = {a.batch,         a.inHeight,      a.inWidth,     a.inChannels,   a.outHeight,   a.outWidth,
                          a.outChannels,   a.filterHeight,  a.filterWidth, a.strideHeight, a.strideWidth, a.dilationHeight,
                          a.dilationWidth, a.padTop,        a.padLeft,     a.inDepth,      a.outDepth,    a.filterDepth,
                          a.strideDepth,   a.dilationDepth, a.padFront};
  int64_t n[21];
  for (int i = 0; i < 21; i++) n[i] = static_cast<int64_t>(sizes[i]);
  return {n[0],  n[1],  n[2],  n[3],  n[4],  n[5],  n[6],  n[7],  n[8],  n[9], n[10],
          n[11], n[12], n[13], n[14], n[15], n[16], n[17], n[18], n[19], n[20]};
}
static Activation activation_of(double code) { return static_cast<Activation>(static_cast<int>(code)); }

#define FIELDS(TENSOR, NUMBER) TENSOR(x) TENSOR(filter) TENSOR(bias) TENSOR(out) CONV_SHAPE(NUMBER)
WEFT_KERNEL(conv, FIELDS) {
  conv_forward(conv_shape(args), args.x.f32(), args.filter.f32(), args.bias.f32(), activation_of(args.activation),
               args.out.f32());
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER) TENSOR(x) TENSOR(dy) TENSOR(y) TENSOR(filterGradient) TENSOR(biasGradient) CONV_SHAPE(NUMBER)
WEFT_KERNEL(conv_filter_gradient, FIELDS) {
  conv_backward_filter(conv_shape(args), args.x.f32(), args.dy.f32(), args.y.f32(), activation_of(args.activation),
                       args.filterGradient.f32(), args.biasGradient.f32());
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER) TENSOR(dy) TENSOR(y) TENSOR(filter) TENSOR(inputGradient) CONV_SHAPE(NUMBER)
WEFT_KERNEL(conv_input_gradient, FIELDS) {
  conv_backward_input(conv_shape(args), args.dy.f32(), args.y.f32(), activation_of(args.activation), args.filter.f32(),
                      args.inputGradient.f32());
}
#undef FIELDS
#undef CONV_SHAPE
