// Convolutional LSTM backward: the steps in reverse. For each band of rows the transposed convolution of the next step's gate
// gradients gives the gradient of the state; the gates, read once, are replaced by their gradients; and while these are in a
// cache, their products with the input and the state before are added to the gradients of both filters. The gradient of the input
// is another kernel, run only when it is wanted.

// One step of the cell's gradient (lstm-cell.h) on neighbouring pixels.
struct CellStepGradient {
  const float* dh;  // [pixels, dh_step] from the step after, or null
  int64_t dh_step;
  const float* dropout;        // [pixels, F], what that is multiplied by, or null
  const float* const* added;   // other gradients of this hidden state, each for a whole frame
  int64_t added_count, first;  // their first float for these pixels
  const float *cell, *cell_before, *peepholes;
  float *dc, *gates;
};

template <bool HasPeepholes>
static void conv_lstm_cell_gradients(const CellStepGradient& step, int64_t pixels, int64_t filters, CellActivation kind,
                                     bool hard) {
  for (int64_t p = 0; p < pixels; p++)
    for_vectors(0, filters, [&](int64_t j, int n) {
      const int64_t at = p * filters + j;
      Vec d = step.dh ? load_partial(step.dh + p * step.dh_step + j, n) : splat_zero();
      if (step.dropout != nullptr) d *= load_partial(step.dropout + at, n);
      for (int64_t k = 0; k < step.added_count; k++) d += load_partial(step.added[k] + step.first + at, n);
      float* gates = step.gates + p * kLstmGates * filters + j;
      const Vec i = load_partial(gates, n), f = load_partial(gates + filters, n);
      const Vec g = load_partial(gates + 2 * filters, n), o = load_partial(gates + 3 * filters, n);
      const Vec cell = load_partial(step.cell + at, n);
      const Vec before = step.cell_before ? load_partial(step.cell_before + at, n) : splat_zero();
      const Peepholes peep = {HasPeepholes, HasPeepholes ? step.peepholes + p * 3 * filters + j : nullptr, filters, n};
      const LstmCellGradient gradient =
          lstm_cell_gradient(i, f, g, o, cell, before, d, load_partial(step.dc + at, n), peep, kind, hard);
      Vec dc = gradient.c_before;
      if (HasPeepholes) dc += gradient.z[0] * peep.i() + gradient.z[1] * peep.f();
      store_partial(step.dc + at, dc, n);
      for (int k = 0; k < kLstmGates; k++) store_partial(gates + k * filters, gradient.z[k], n);
    });
}

// The sums that become the gradients of both filters and the bias: [input depth + state depth + 1, padded].
struct FilterSums {
  const FrameConvolution &input, &state;
  int64_t gates, rows, size;

  FilterSums(const FrameConvolution& x, const FrameConvolution& h)
      : input(x), state(h), gates(x.targets), rows(x.depth + h.depth + 1), size(rows * x.panels * kCols) {}
  int64_t padded() const { return input.panels * kCols; }

  // Adds what rows [row, row + n) of a frame give; `state_frame` may be null. `gradients` are those of the frame's gates.
  void add(const float* x_frame, const float* state_frame, const float* factors, const float* gradients, int64_t row, int64_t n,
           int thread) const {
    const int64_t width = input.cols.outputs, pixels = n * width;
    float* sums = scratch(thread, kSlotFrameSums, size);
    float* band = scratch(thread, kSlotFrameStrip, input.band_floats(n) + 2 * state.band_floats(n) + 2 * kLanes);
    float *state_band = band + input.band_floats(n), *spare = state_band + state.band_floats(n);
    float* packed = scratch(thread, kSlotFrameGradient, pixels * kCols);
    input.fill(x_frame, nullptr, row, n, band, nullptr);
    if (state_frame != nullptr) state.fill(state_frame, factors, row, n, state_band, spare);
    for (int64_t panel = 0; panel < input.panels; panel++) {
      const int lanes = static_cast<int>(smaller<int64_t>(kCols, gates - panel * kCols));
      float* bias = sums + (rows - 1) * padded() + panel * kCols;
      Vec total[kVecs];
      for (int v = 0; v < kVecs; v++) total[v] = load(bias + v * kLanes);
      const float* from = gradients + row * width * gates + panel * kCols;
      for (int64_t p = 0; p < pixels; p++)
        for (int v = 0; v < kVecs; v++) {
          const Vec value = load_partial(from + p * gates + v * kLanes, smaller(kLanes, larger(lanes - v * kLanes, 0)));
          store(packed + p * kCols + v * kLanes, value);
          total[v] += value;
        }
      for (int v = 0; v < kVecs; v++) store(bias + v * kLanes, total[v]);
      input.add_filter_gradient(band, packed, n, width, panel, lanes, sums, padded());
      if (state_frame != nullptr)
        state.add_filter_gradient(state_band, packed, n, width, panel, lanes, sums + input.depth * padded(), padded());
    }
  }

  // One thread's share of the sums over all threads, in their order.
  void reduce(int thread, int count, float* kernel, float* recurrent, float* bias) const {
    const Range mine = share(rows, 1, thread, count);
    for (int64_t row = mine.begin; row < mine.end; row++) {
      float* to = row < input.depth ? kernel + row * gates : row < rows - 1 ? recurrent + (row - input.depth) * gates : bias;
      if (to == nullptr) continue;
      for_vectors(0, gates, [&](int64_t j, int n) {
        Vec total = splat_zero();
        for (int t = 0; t < count; t++) total += load(scratch(t, kSlotFrameSums, size) + row * padded() + j);
        store_partial(to + j, total, n);
      });
    }
  }
};

// Gradients of the peephole weights [pixels, 3F], sums over items and steps of the gates' gradients times the cells that they
// saw.
static void peephole_gradient(const ConvLstm& s, const KeptSteps& kept, const float* gates, const float* cells, float* out) {
  parallel_range(s.pixels, 1, 256, [&](int64_t begin, int64_t end) {
    const int64_t filters = s.filters;
    std::memset(out + begin * 3 * filters, 0, sizeof(float) * (end - begin) * 3 * filters);
    for (int64_t item = 0; item < s.batch; item++)
      for (int64_t k = 0; k < kept.count[item]; k++) {
        const int64_t frame = kept.frame(item, k);
        const float* before = k > 0            ? cells + kept.frame(item, k - 1) * s.frame
                              : s.initial_cell ? s.initial_cell + item * s.frame
                                               : nullptr;
        for (int64_t p = begin; p < end; p++)
          for_vectors(0, filters, [&](int64_t j, int n) {
            const float* d = gates + (frame * s.pixels + p) * kLstmGates * filters + j;
            float* to = out + p * 3 * filters + j;
            const Vec c = load_partial(cells + frame * s.frame + p * filters + j, n);
            store_partial(to + 2 * filters, load_partial(to + 2 * filters, n) + load_partial(d + 3 * filters, n) * c, n);
            if (before == nullptr) return;
            const Vec c0 = load_partial(before + p * filters + j, n);
            store_partial(to, load_partial(to, n) + load_partial(d, n) * c0, n);
            store_partial(to + filters, load_partial(to + filters, n) + load_partial(d + filters, n) * c0, n);
          });
      }
  });
}

// Outputs of a frame whose gradient tiles pass over while it stays in the first-level cache.
constexpr int64_t kGradientPixels = 160;

// The backward pass: what a band of rows of one step reads and writes.
struct ConvLstmBackward {
  const ConvLstm& s;
  const KeptSteps& kept;
  const FrameConvolution& back;  // from the gates' gradients to the state's
  const FilterSums& sums;
  const float *cells, *hiddens, *dy, *last_dh;
  float *gates, *dcell;

  float* gates_of(int64_t item, int64_t k) const { return gates + kept.frame(item, k) * s.pixels * kLstmGates * s.filters; }

  // Lists the gradients that reach the k-th hidden state from outside of the recurrence, each for a whole frame.
  int64_t list_added(int64_t item, int64_t k, const float** added) const {
    int64_t n = 0;
    const bool last = k + 1 == kept.count[item];
    if (last) added[n++] = last_dh + item * s.frame;
    if (last && !s.sequences) added[n++] = dy + item * s.frame;
    if (!s.sequences) return n;
    added[n++] = dy + kept.frame(item, k) * s.frame;
    kept.repeats(item, k, [&](int64_t frame) { added[n++] = dy + frame * s.frame; });
    return n;
  }

  // The k-th step of an item, rows [row0, row0 + rows): its gates become their gradients, which are added to the filters'.
  void band(int64_t item, int64_t k, int64_t row0, int64_t rows, int thread) const {
    const int64_t at = kept.frame(item, k), own = item * s.frame, targets = kLstmGates * s.filters;
    const bool last = k + 1 == kept.count[item];
    const float* factors = s.recurrent_mask ? s.recurrent_mask + own : nullptr;
    const float* hidden_before = k > 0              ? hiddens + kept.frame(item, k - 1) * s.frame
                                 : s.initial_hidden ? s.initial_hidden + own
                                                    : nullptr;
    const float* cell_before = k > 0            ? cells + kept.frame(item, k - 1) * s.frame
                               : s.initial_cell ? s.initial_cell + own
                                                : nullptr;
    const float** added = reinterpret_cast<const float**>(scratch(thread, kSlotFrameHidden, 2 * (s.steps + 3)));
    const int64_t added_count = list_added(item, k, added), dh_step = back.panels * kCols;
    float* source = scratch(thread, kSlotFrameBand, back.band_floats(rows) + s.width * dh_step);
    float* dh = source + back.band_floats(rows);
    if (!last) back.fill(gates_of(item, k + 1), nullptr, row0, rows, source, nullptr);
    const int64_t part = larger<int64_t>(1, smaller(rows, kGradientPixels / s.width));
    for (int64_t from = 0; from < rows; from += part) {
      const int64_t n = smaller(part, rows - from);
      for (int64_t row = from; row < from + n; row++) {
        const int64_t pixel = (row0 + row) * s.width, j = pixel * s.filters;
        if (!last) back.strip(source, row, 0, s.width, dh, dh_step);
        const CellStepGradient step = {last ? nullptr : dh,
                                       dh_step,
                                       factors && !last ? factors + j : nullptr,
                                       added,
                                       added_count,
                                       j,
                                       cells + at * s.frame + j,
                                       cell_before ? cell_before + j : nullptr,
                                       s.peepholes ? s.peepholes + 3 * j : nullptr,
                                       dcell + own + j,
                                       gates_of(item, k) + pixel * targets};
        (s.peepholes ? conv_lstm_cell_gradients<true> : conv_lstm_cell_gradients<false>)(step, s.width, s.filters, s.kind,
                                                                                         s.hard);
      }
      sums.add(s.x + at * s.in_frame, hidden_before, factors, gates_of(item, k), row0 + from, n, thread);
    }
  }

  // The gradient of an item's initial hidden state, rows [row0, row0 + rows).
  void initial_band(int64_t item, int64_t row0, int64_t rows, float* initial_dh, int thread) const {
    const int64_t dh_step = back.panels * kCols;
    float* source = scratch(thread, kSlotFrameBand, back.band_floats(rows) + s.width * dh_step);
    float* dh = source + back.band_floats(rows);
    back.fill(gates_of(item, 0), nullptr, row0, rows, source, nullptr);
    for (int64_t row = 0; row < rows; row++) {
      back.strip(source, row, 0, s.width, dh, dh_step);
      for (int64_t col = 0; col < s.width; col++) {
        const int64_t to = item * s.frame + ((row0 + row) * s.width + col) * s.filters;
        for_vectors(0, s.filters, [&](int64_t j, int n) {
          const Vec value = load_partial(dh + col * dh_step + j, n);
          store_partial(initial_dh + to + j, s.recurrent_mask ? value * load_partial(s.recurrent_mask + to + j, n) : value, n);
        });
      }
    }
  }
};

#define FIELDS(TENSOR, NUMBER)                                                                   \
  TENSOR(x)                     /* [B, T, H', W', C] */                                          \
  TENSOR(recurrentKernel)       /* [K, K, F, 4F] */                                              \
  TENSOR(peepholes)             /* [H, W, 3F] or none */                                         \
  TENSOR(initialHidden)         /* [B, H, W, F] or none */                                       \
  TENSOR(initialCell)           /* [B, H, W, F] or none */                                       \
  TENSOR(mask)                  /* [B, T] bytes or none */                                       \
  TENSOR(recurrentDropoutMask)  /* [B, H, W, F] or none */                                       \
  TENSOR(gates)                 /* in and out: [B, T, H, W, 4F], which become their gradients */ \
  TENSOR(cells)                 /* [B, T, H, W, F] */                                            \
  TENSOR(hiddens)               /* [B, T, H, W, F] */                                            \
  TENSOR(outputGradient)        /* [B, T, H, W, F] or [B, H, W, F] */                            \
  TENSOR(lastHiddenGradient)    /* [B, H, W, F] */                                               \
  TENSOR(lastCellGradient)      /* [B, H, W, F] */                                               \
  TENSOR(kernelGradient)        /* out: [K, K, C, 4F] */                                         \
  TENSOR(recurrentGradient)     /* out: [K, K, F, 4F] */                                         \
  TENSOR(biasGradient)          /* out: [4F] or none */                                          \
  TENSOR(peepholeGradient)      /* out: [H, W, 3F] or none */                                    \
  TENSOR(initialHiddenGradient) /* out: [B, H, W, F] or none */                                  \
  TENSOR(cellGradient)          /* out: [B, H, W, F], the initial cell's */                      \
  CONV_LSTM_SIZES(NUMBER)
WEFT_KERNEL(conv_lstm_backward, FIELDS) {
  const ConvLstm s(args);
  const KeptSteps kept(s.batch, s.steps, args.mask.u8(), args.goBackwards != 0);
  const ConvLstmDivision division(s, kept);
  float *dcell = args.cellGradient.f32(), *initial_dh = args.initialHiddenGradient.f32();
  std::memcpy(dcell, args.lastCellGradient.f32(), sizeof(float) * s.batch * s.frame);
  if (initial_dh) std::memcpy(initial_dh, args.lastHiddenGradient.f32(), sizeof(float) * s.batch * s.frame);

  const int64_t axes_size = FrameConvolution::axes_size(s.input);
  int64_t* axes = reinterpret_cast<int64_t*>(scratch(0, kSlotFrameAxes, 6 * axes_size));
  const FrameConvolution input(s.input, nullptr, false, axes), state(s.state, nullptr, false, axes + axes_size);
  FrameConvolution back(s.state, args.recurrentKernel.f32(), true, axes + 2 * axes_size);
  back.place(scratch(0, kSlotFrameWeights, FrameConvolution::packed_floats(back.depth, s.filters)), nullptr);
  const FilterSums sums(input, state);
  const ConvLstmBackward pass = {s,
                                 kept,
                                 back,
                                 sums,
                                 args.cells.f32(),
                                 args.hiddens.f32(),
                                 args.outputGradient.f32(),
                                 args.lastHiddenGradient.f32(),
                                 args.gates.f32(),
                                 dcell};

  parallel(division.threads, [&](int thread, int count) {
    back.pack(thread, count);
    std::memset(scratch(thread, kSlotFrameSums, sums.size), 0, sizeof(float) * sums.size);
    if (count > 1) barrier(count);
    for_teams(division.by_items, s.batch, thread, count, [&](Team team) {
      const int64_t n_rows = back.band_rows(team.last - team.first, team.size);
      for (int64_t k = kept.longest(team) - 1; k >= 0; k--) {
        kept.for_bands(team, k, s.height, n_rows,
                       [&](int64_t item, int64_t row0, int64_t rows) { pass.band(item, k, row0, rows, thread); });
        team.meet();
      }
      if (initial_dh == nullptr) return;
      kept.for_bands(team, 0, s.height, n_rows,
                     [&](int64_t item, int64_t row0, int64_t rows) { pass.initial_band(item, row0, rows, initial_dh, thread); });
    });
    if (count > 1) barrier(count);
    sums.reduce(thread, count, args.kernelGradient.f32(), args.recurrentGradient.f32(), args.biasGradient.f32());
  });
  if (args.peepholeGradient) peephole_gradient(s, kept, args.gates.f32(), args.cells.f32(), args.peepholeGradient.f32());
}
#undef FIELDS

// The gradient of the input, from the gates' gradients that the kernel above left; zero at steps that do not exist.
#define FIELDS(TENSOR, NUMBER)                       \
  TENSOR(gatesGradient) /* [B, T, H, W, 4F] */       \
  TENSOR(kernel)        /* [K, K, C, 4F] */          \
  TENSOR(mask)          /* [B, T] bytes or none */   \
  TENSOR(inputGradient) /* out: [B, T, H', W', C] */ \
  CONV_LSTM_SIZES(NUMBER)
WEFT_KERNEL(conv_lstm_input_gradient, FIELDS) {
  const ConvLstmSizes s(args);
  const uint8_t* mask = args.mask.u8();
  const int64_t frames = s.batch * s.steps;
  for (int64_t from = 0, to; from < frames; from = to) {
    const bool kept = mask == nullptr || mask[from];
    for (to = from + 1; to < frames && (mask == nullptr || (mask[to] != 0) == kept);) to++;
    float* out = args.inputGradient.f32() + from * s.in_frame;
    ConvShape shape = s.input;
    shape.batch = to - from;
    if (kept)
      conv_backward_input(shape, args.gatesGradient.f32() + from * kLstmGates * s.frame, nullptr, Activation::linear,
                          args.kernel.f32(), out);
    else
      std::memset(out, 0, sizeof(float) * (to - from) * s.in_frame);
  }
}
#undef FIELDS
#undef CONV_LSTM_SIZES
