// Convolutional LSTM backward: the steps in reverse. For each band of rows the transposed convolution of the next step's gate
// gradients gives the gradient of the state; the gates, read once, are replaced by their gradients; and while these are in a
// cache, their products with the input and the state before are added to the gradients of both filters. The gradient of the input
// is another kernel, run only when it is wanted.

// One step of the cell's gradient on neighbouring pixels.
struct CellStepGradient {
  const float* dh;  // [pixels, dh_step] from the step after, or null
  int64_t dh_step;
  const float* dropout;        // [pixels, F], what that is multiplied by, or null
  const float* const* added;   // other gradients of this hidden state, each for a whole frame
  int64_t added_count, first;  // their first float for these pixels
  const float *cell, *cell_before, *peepholes;
  float *dc, *gates;
};

template <bool Peepholes>
static void cell_backward(const CellStepGradient& step, int64_t pixels, int64_t filters, CellActivation kind, bool hard) {
  for (int64_t p = 0; p < pixels; p++)
    for_vectors(0, filters, [&](int64_t j, int n) {
      const int64_t at = p * filters + j;
      Vec d = step.dh ? load_partial(step.dh + p * step.dh_step + j, n) : splat_zero();
      if (step.dropout != nullptr) d *= load_partial(step.dropout + at, n);
      for (int64_t k = 0; k < step.added_count; k++) d += load_partial(step.added[k] + step.first + at, n);
      float* gates = step.gates + p * kConvGates * filters + j;
      const Vec i = load_partial(gates, n), f = load_partial(gates + filters, n);
      const Vec g = load_partial(gates + 2 * filters, n), o = load_partial(gates + 3 * filters, n);
      const Vec activated = cell_activate(load_partial(step.cell + at, n), kind);
      const Vec before = step.cell_before ? load_partial(step.cell_before + at, n) : splat_zero();
      const Vec d_o = d * activated * gate_slope(o, hard);
      Vec dcell = load_partial(step.dc + at, n) + d * o * cell_slope(activated, kind);
      const float* peep = Peepholes ? step.peepholes + p * 3 * filters + j : nullptr;
      if (Peepholes) dcell += d_o * load_partial(peep + 2 * filters, n);
      const Vec d_i = dcell * g * gate_slope(i, hard), d_f = dcell * before * gate_slope(f, hard);
      Vec dc = dcell * f;
      if (Peepholes) dc += d_i * load_partial(peep, n) + d_f * load_partial(peep + filters, n);
      store_partial(step.dc + at, dc, n);
      store_partial(gates, d_i, n);
      store_partial(gates + filters, d_f, n);
      store_partial(gates + 2 * filters, dcell * i * cell_slope(g, kind), n);
      store_partial(gates + 3 * filters, d_o, n);
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
static void peephole_gradient(const ConvLstmSizes& s, const KeptSteps& kept, const float* gates, const float* cells,
                              const float* initial_cell, float* out) {
  parallel_range(s.pixels, 1, 256, [&](int64_t begin, int64_t end) {
    const int64_t filters = s.filters;
    std::memset(out + begin * 3 * filters, 0, sizeof(float) * (end - begin) * 3 * filters);
    for (int64_t item = 0; item < s.batch; item++)
      for (int64_t k = 0; k < kept.count[item]; k++) {
        const int64_t frame = kept.frame(item, k);
        const float* before = k > 0          ? cells + kept.frame(item, k - 1) * s.frame
                              : initial_cell ? initial_cell + item * s.frame
                                             : nullptr;
        for (int64_t p = begin; p < end; p++)
          for_vectors(0, filters, [&](int64_t j, int n) {
            const float* d = gates + (frame * s.pixels + p) * kConvGates * filters + j;
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

#define FIELDS(TENSOR, NUMBER)                                                                                                \
  TENSOR(x)                                                                                                                   \
  TENSOR(recurrentKernel)                                                                                                     \
  TENSOR(peepholes)                                                                                                           \
  TENSOR(initialHidden)                                                                                                       \
  TENSOR(initialCell)                                                                                                         \
  TENSOR(mask)                                                                                                                \
  TENSOR(recurrentDropoutMask) TENSOR(gates) TENSOR(cells) TENSOR(hiddens) TENSOR(outputGradient) TENSOR(lastHiddenGradient)  \
      TENSOR(lastCellGradient) TENSOR(kernelGradient) TENSOR(recurrentGradient) TENSOR(biasGradient) TENSOR(peepholeGradient) \
          TENSOR(initialHiddenGradient) TENSOR(cellGradient) CONV_LSTM_SIZES(NUMBER)
WEFT_KERNEL(conv_lstm_backward, FIELDS) {
  const ConvLstmSizes s(args);
  const KeptSteps kept(s.batch, s.steps, args.mask.u8(), args.goBackwards != 0);
  const int threads = s.work() * s.batch * s.steps < 200000 ? 1 : thread_count();
  const bool by_items = threads == 1 || kept.deals_evenly(threads) || s.work() * s.batch < 1e6;
  const float *x = args.x.f32(), *initial_hidden = args.initialHidden.f32(), *initial_cell = args.initialCell.f32();
  const float *peepholes = args.peepholes.f32(), *recurrent_mask = args.recurrentDropoutMask.f32();
  const float *dy = args.outputGradient.f32(), *dh = args.lastHiddenGradient.f32(), *dc = args.lastCellGradient.f32();
  const float *cells = args.cells.f32(), *hiddens = args.hiddens.f32();
  float *gates = args.gates.f32(), *dcell = args.cellGradient.f32(), *initial_dh = args.initialHiddenGradient.f32();
  const int64_t targets = kConvGates * s.filters, gates_frame = targets * s.pixels;
  std::memcpy(dcell, dc, sizeof(float) * s.batch * s.frame);
  if (initial_dh) std::memcpy(initial_dh, dh, sizeof(float) * s.batch * s.frame);

  const int64_t axes_size = FrameConvolution::axes_size(s.input);
  int64_t* axes = reinterpret_cast<int64_t*>(scratch(0, kSlotFrameAxes, 6 * axes_size));
  const FrameConvolution input(s.input, nullptr, false, axes), state(s.state, nullptr, false, axes + axes_size);
  FrameConvolution back(s.state, args.recurrentKernel.f32(), true, axes + 2 * axes_size);
  back.place(scratch(0, kSlotFrameWeights, FrameConvolution::packed_floats(back.depth, s.filters)), nullptr);
  const FilterSums sums(input, state);

  parallel(threads, [&](int thread, int count) {
    back.pack(thread, count);
    std::memset(scratch(thread, kSlotFrameSums, sums.size), 0, sizeof(float) * sums.size);
    if (count > 1) barrier(count);
    for_teams(by_items, s.batch, thread, count, [&](Team team) {
      const int64_t n_rows = back.band_rows(team.last - team.first, team.size);
      const int64_t bands = (s.height + n_rows - 1) / n_rows, dh_step = back.panels * kCols;
      const int64_t part = larger<int64_t>(1, smaller(n_rows, kGradientPixels / s.width));
      float* band = scratch(thread, kSlotFrameBand, back.band_floats(n_rows) + s.width * dh_step);
      float* line = band + back.band_floats(n_rows);
      const float** added = reinterpret_cast<const float**>(scratch(thread, kSlotFrameHidden, 2 * (s.steps + 3)));
      const int64_t longest = team.first < team.last ? kept.count[kept.order[team.first]] : 0;
      for (int64_t k = longest - 1; k >= 0; k--) {
        const Range mine = share(kept.running(team.first, team.last, k) * bands, 1, team.index, team.size);
        for (int64_t work = mine.begin; work < mine.end; work++) {
          const int64_t item = kept.order[team.first + work / bands], at = kept.frame(item, k), row0 = work % bands * n_rows;
          const int64_t rows = smaller(n_rows, s.height - row0);
          const bool last = k + 1 == kept.count[item];
          int64_t added_count = 0;
          if (last) added[added_count++] = dh + item * s.frame;
          if (last && !s.sequences) added[added_count++] = dy + item * s.frame;
          if (s.sequences) {
            added[added_count++] = dy + at * s.frame;
            kept.repeats(item, k, [&](int64_t frame) { added[added_count++] = dy + frame * s.frame; });
          }
          const float* hidden_before = k > 0            ? hiddens + kept.frame(item, k - 1) * s.frame
                                       : initial_hidden ? initial_hidden + item * s.frame
                                                        : nullptr;
          const float* cell_before = k > 0          ? cells + kept.frame(item, k - 1) * s.frame
                                     : initial_cell ? initial_cell + item * s.frame
                                                    : nullptr;
          const float* factors = recurrent_mask ? recurrent_mask + item * s.frame : nullptr;
          if (!last) back.fill(gates + kept.frame(item, k + 1) * gates_frame, nullptr, row0, rows, band, nullptr);
          for (int64_t from = 0; from < rows; from += part) {
            const int64_t n = smaller(part, rows - from);
            for (int64_t row = from; row < from + n; row++) {
              const int64_t pixel = (row0 + row) * s.width, j = pixel * s.filters;
              if (!last) back.strip(band, row, 0, s.width, line, dh_step);
              const CellStepGradient step = {last ? nullptr : line,
                                             dh_step,
                                             factors && !last ? factors + j : nullptr,
                                             added,
                                             added_count,
                                             j,
                                             cells + at * s.frame + j,
                                             cell_before ? cell_before + j : nullptr,
                                             peepholes ? peepholes + 3 * j : nullptr,
                                             dcell + item * s.frame + j,
                                             gates + at * gates_frame + pixel * targets};
              (peepholes ? cell_backward<true> : cell_backward<false>)(step, s.width, s.filters, s.kind, s.hard);
            }
            sums.add(x + at * s.in_frame, hidden_before, factors, gates + at * gates_frame, row0 + from, n, thread);
          }
        }
        team.meet();
      }
      if (initial_dh == nullptr) return;
      const Range mine = share(kept.running(team.first, team.last, 0) * bands, 1, team.index, team.size);
      for (int64_t work = mine.begin; work < mine.end; work++) {
        const int64_t item = kept.order[team.first + work / bands], row0 = work % bands * n_rows;
        const int64_t rows = smaller(n_rows, s.height - row0);
        back.fill(gates + kept.frame(item, 0) * gates_frame, nullptr, row0, rows, band, nullptr);
        for (int64_t row = 0; row < rows; row++) {
          back.strip(band, row, 0, s.width, line, dh_step);
          for (int64_t col = 0; col < s.width; col++) {
            const int64_t to = item * s.frame + ((row0 + row) * s.width + col) * s.filters;
            for_vectors(0, s.filters, [&](int64_t j, int n) {
              const Vec value = load_partial(line + col * dh_step + j, n);
              store_partial(initial_dh + to + j, recurrent_mask ? value * load_partial(recurrent_mask + to + j, n) : value, n);
            });
          }
        }
      }
    });
    if (count > 1) barrier(count);
    sums.reduce(thread, count, args.kernelGradient.f32(), args.recurrentGradient.f32(), args.biasGradient.f32());
  });
  if (args.peepholeGradient) peephole_gradient(s, kept, gates, cells, initial_cell, args.peepholeGradient.f32());
}
#undef FIELDS

// The gradient of the input, from the gates' gradients that the kernel above left; zero at steps that do not exist.
#define FIELDS(TENSOR, NUMBER) TENSOR(gatesGradient) TENSOR(kernel) TENSOR(mask) TENSOR(inputGradient) CONV_LSTM_SIZES(NUMBER)
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
      conv_backward_input(shape, args.gatesGradient.f32() + from * kConvGates * s.frame, nullptr, Activation::linear,
                          args.kernel.f32(), out);
    else
      std::memset(out, 0, sizeof(float) * (to - from) * s.in_frame);
  }
}
#undef FIELDS
#undef CONV_LSTM_SIZES
