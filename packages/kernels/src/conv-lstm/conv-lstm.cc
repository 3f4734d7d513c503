// Convolutional LSTM over a whole sequence, forward; see conv-lstm.ts for the formula and the meaning of each argument.
//
// For each step both convolutions of a strip of pixels go into a buffer that stays in the first-level cache, and gates, cell and
// output are computed from there: nothing of size [B, T, H, W, 4F] is written unless the gradient needs it. The state before is
// read from the outputs. Threads divide the items and never wait for each other, or the rows of all items and meet after each
// step. Where there is no state before, its convolution is left out.

constexpr int kConvGates = 4;

#define CONV_LSTM_SIZES(NUMBER)                                                                                               \
  NUMBER(batch)                                                                                                               \
  NUMBER(steps)                                                                                                               \
  NUMBER(inHeight)                                                                                                            \
  NUMBER(inWidth)                                                                                                             \
  NUMBER(inChannels)                                                                                                          \
  NUMBER(outHeight) NUMBER(outWidth) NUMBER(filters) NUMBER(filterHeight) NUMBER(filterWidth) NUMBER(strideHeight)            \
      NUMBER(strideWidth) NUMBER(dilationHeight) NUMBER(dilationWidth) NUMBER(padTop) NUMBER(padLeft) NUMBER(returnSequences) \
          NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates)

// Sizes that both directions take from their numbers.
struct ConvLstmSizes {
  ConvShape input, state;                                                 // the convolutions of one frame of x, and of the state
  int64_t batch, steps, filters, pixels, height, width, in_frame, frame;  // a frame's floats, of x and of the state
  CellActivation kind;
  bool hard, sequences;

  template <class Args>
  explicit ConvLstmSizes(const Args& a) {
    const auto whole = [](double value) { return static_cast<int64_t>(value); };
    batch = whole(a.batch), steps = whole(a.steps), filters = whole(a.filters);
    height = whole(a.outHeight), width = whole(a.outWidth), pixels = height * width;
    const int64_t rows = whole(a.filterHeight), cols = whole(a.filterWidth), gates = kConvGates * filters;
    input = {1,
             whole(a.inHeight),
             whole(a.inWidth),
             whole(a.inChannels),
             height,
             width,
             gates,
             rows,
             cols,
             whole(a.strideHeight),
             whole(a.strideWidth),
             whole(a.dilationHeight),
             whole(a.dilationWidth),
             whole(a.padTop),
             whole(a.padLeft)};
    state = {1, height, width, filters, height, width, gates, rows, cols, 1, 1, 1, 1, (rows - 1) / 2, (cols - 1) / 2};
    in_frame = input.in_height * input.in_width * input.in_channels, frame = pixels * filters;
    kind = static_cast<CellActivation>(static_cast<int>(a.activation));
    hard = a.hardGates != 0, sequences = a.returnSequences != 0;
  }
  // Floating-point operations of the two convolutions of one frame.
  double work() const { return 2.0 * pixels * kConvGates * filters * input.taps() * (input.in_channels + filters); }
};

// One step of the cell on neighbouring pixels, from what the convolutions gave.
struct CellStep {
  const float *z_input, *z_state;  // [pixels, z_step]; the second null where there is no state before
  int64_t z_step;
  const float* cell_before;  // [pixels, F] or null
  const float* peepholes;    // [pixels, 3F] or null
  float *cell, *hidden;      // [pixels, F]
  float* gates;              // [pixels, 4F] or null
};

template <bool Peepholes>
static void cell_forward(const CellStep& step, int64_t pixels, int64_t filters, CellActivation kind, bool hard) {
  for (int64_t p = 0; p < pixels; p++) {
    const float *z_input = step.z_input + p * step.z_step, *z_state = step.z_state ? step.z_state + p * step.z_step : nullptr;
    for_vectors(0, filters, [&](int64_t j, int n) {
      Vec z[kConvGates];
      for (int k = 0; k < kConvGates; k++) {
        z[k] = load_partial(z_input + k * filters + j, n);
        if (z_state != nullptr) z[k] += load_partial(z_state + k * filters + j, n);
      }
      const Vec before = step.cell_before ? load_partial(step.cell_before + p * filters + j, n) : splat_zero();
      const float* peep = Peepholes ? step.peepholes + p * 3 * filters + j : nullptr;
      if (Peepholes) {
        z[0] += load_partial(peep, n) * before;
        z[1] += load_partial(peep + filters, n) * before;
      }
      const Vec i = hard ? hard_sigmoid(z[0]) : sigmoid(z[0]), f = hard ? hard_sigmoid(z[1]) : sigmoid(z[1]);
      const Vec g = cell_activate(z[2], kind), c = f * before + i * g;
      if (Peepholes) z[3] += load_partial(peep + 2 * filters, n) * c;
      const Vec o = hard ? hard_sigmoid(z[3]) : sigmoid(z[3]);
      store_partial(step.cell + p * filters + j, c, n);
      store_partial(step.hidden + p * filters + j, o * cell_activate(c, kind), n);
      if (step.gates == nullptr) return;
      float* gates = step.gates + p * kConvGates * filters + j;
      store_partial(gates, i, n);
      store_partial(gates + filters, f, n);
      store_partial(gates + 2 * filters, g, n);
      store_partial(gates + 3 * filters, o, n);
    });
  }
}

#define FIELDS(TENSOR, NUMBER)                                                                                                   \
  TENSOR(x)                                                                                                                      \
  TENSOR(kernel)                                                                                                                 \
  TENSOR(recurrentKernel)                                                                                                        \
  TENSOR(bias)                                                                                                                   \
  TENSOR(peepholes)                                                                                                              \
  TENSOR(initialHidden)                                                                                                          \
  TENSOR(initialCell) TENSOR(mask) TENSOR(recurrentDropoutMask) TENSOR(output) TENSOR(lastHidden) TENSOR(lastCell) TENSOR(gates) \
      TENSOR(cells) TENSOR(hiddens) CONV_LSTM_SIZES(NUMBER)
WEFT_KERNEL(conv_lstm_forward, FIELDS) {
  const ConvLstmSizes s(args);
  const KeptSteps kept(s.batch, s.steps, args.mask.u8(), args.goBackwards != 0);
  const int threads = s.work() * s.batch * s.steps < 200000 ? 1 : thread_count();
  const bool by_items = threads == 1 || kept.deals_evenly(threads) || s.work() * s.batch < 1e6;
  const float *x = args.x.f32(), *initial_hidden = args.initialHidden.f32(), *initial_cell = args.initialCell.f32();
  const float *peepholes = args.peepholes.f32(), *recurrent_mask = args.recurrentDropoutMask.f32();
  float *output = args.output.f32(), *last_hidden = args.lastHidden.f32(), *last_cell = args.lastCell.f32();
  float *gates = args.gates.f32(), *cells = args.cells.f32(), *hiddens = args.hiddens.f32();

  int64_t* axes = reinterpret_cast<int64_t*>(scratch(0, kSlotFrameAxes, 4 * FrameConvolution::axes_size(s.input)));
  FrameConvolution input(s.input, args.kernel.f32(), false, axes);
  FrameConvolution state(s.state, args.recurrentKernel.f32(), false, axes + FrameConvolution::axes_size(s.input));
  const int64_t targets = kConvGates * s.filters;
  float* weights = scratch(0, kSlotFrameWeights, FrameConvolution::packed_floats(input.depth + state.depth + 1, targets));
  state.place(input.place(weights, args.bias.f32()), nullptr);
  // Hidden states are the outputs, or what is kept for the gradient, or the last two of each item.
  float* turns = s.sequences || hiddens ? nullptr : scratch(0, kSlotFrameHidden, 2 * s.batch * s.frame);
  auto hidden_of = [&](int64_t item, int64_t k) -> float* {
    if (turns != nullptr) return turns + (2 * item + (k & 1)) * s.frame;
    return (s.sequences ? output : hiddens) + kept.frame(item, k) * s.frame;
  };
  auto cell_of = [&](int64_t item, int64_t k) {
    return cells ? cells + kept.frame(item, k) * s.frame : last_cell + item * s.frame;
  };

  parallel(threads, [&](int thread, int count) {
    input.pack(thread, count), state.pack(thread, count);
    if (count > 1) barrier(count);
    for_teams(by_items, s.batch, thread, count, [&](Team team) {
      const int64_t n_rows = smaller(state.band_rows(team.last - team.first, team.size), input.band_rows(1, 1));
      const int64_t bands = (s.height + n_rows - 1) / n_rows, z_step = state.panels * kCols;
      const int64_t strip_pixels = smaller(s.width, larger<int64_t>(1, 16384 / z_step / kRows) * kRows);
      float* band = scratch(thread, kSlotFrameBand, input.band_floats(n_rows) + 2 * state.band_floats(n_rows) + 2 * kLanes);
      float *state_band = band + input.band_floats(n_rows), *spare = state_band + state.band_floats(n_rows);
      float* z = scratch(thread, kSlotFrameStrip, 2 * strip_pixels * z_step);
      const int64_t longest = team.first < team.last ? kept.count[kept.order[team.first]] : 0;
      for (int64_t k = 0; k < longest; k++) {
        const Range mine = share(kept.running(team.first, team.last, k) * bands, 1, team.index, team.size);
        for (int64_t work = mine.begin; work < mine.end; work++) {
          const int64_t item = kept.order[team.first + work / bands], at = kept.frame(item, k), row0 = work % bands * n_rows;
          const int64_t rows = smaller(n_rows, s.height - row0);
          const float* before = k > 0 ? hidden_of(item, k - 1) : initial_hidden ? initial_hidden + item * s.frame : nullptr;
          const float* cell_before = k > 0 ? cell_of(item, k - 1) : initial_cell ? initial_cell + item * s.frame : nullptr;
          float *hidden = hidden_of(item, k), *cell = cell_of(item, k);
          input.fill(x + at * s.in_frame, nullptr, row0, rows, band, nullptr);
          if (before)
            state.fill(before, recurrent_mask ? recurrent_mask + item * s.frame : nullptr, row0, rows, state_band, spare);
          for (int64_t row = 0; row < rows; row++)
            for (int64_t col = 0; col < s.width; col += strip_pixels) {
              const int64_t n = smaller(strip_pixels, s.width - col), pixel = (row0 + row) * s.width + col, j = pixel * s.filters;
              input.strip(band, row, col, n, z, z_step);
              if (before) state.strip(state_band, row, col, n, z + strip_pixels * z_step, z_step);
              const CellStep step = {z,
                                     before ? z + strip_pixels * z_step : nullptr,
                                     z_step,
                                     cell_before ? cell_before + j : nullptr,
                                     peepholes ? peepholes + 3 * j : nullptr,
                                     cell + j,
                                     hidden + j,
                                     gates ? gates + at * targets * s.pixels + pixel * targets : nullptr};
              (peepholes ? cell_forward<true> : cell_forward<false>)(step, n, s.filters, s.kind, s.hard);
            }
        }
        team.meet();
      }
    });
  });

  const size_t bytes = sizeof(float) * s.frame;
  auto copy_or_clear = [&](float* to, const float* from) { from ? std::memcpy(to, from, bytes) : std::memset(to, 0, bytes); };
  for (int64_t item = 0; item < s.batch; item++) {
    const int64_t last = kept.count[item] - 1, at = item * s.frame;
    const float* hidden = last < 0 ? nullptr : hidden_of(item, last);
    copy_or_clear(last_hidden + at, hidden ? hidden : initial_hidden ? initial_hidden + at : nullptr);
    if (last < 0)
      copy_or_clear(last_cell + at, initial_cell ? initial_cell + at : nullptr);
    else if (cells)
      std::memcpy(last_cell + at, cell_of(item, last), bytes);
    if (!s.sequences) {
      copy_or_clear(output + at, hidden);
      continue;
    }
    for (int64_t k = -1; k <= last; k++)
      kept.repeats(item, k,
                   [&](int64_t frame) { copy_or_clear(output + frame * s.frame, k < 0 ? nullptr : hidden_of(item, k)); });
  }
}
#undef FIELDS
