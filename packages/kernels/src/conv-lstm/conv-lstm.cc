// Convolutional LSTM over a whole sequence, forward; see conv-lstm.ts for the formula and the meaning of each argument.
//
// For each step both convolutions of a strip of pixels go into a buffer that stays in the first-level cache, and gates, cell and
// output are computed from there: nothing of size [B, T, H, W, 4F] is written unless the gradient needs it. The state before is
// read from the outputs. Threads divide the items and never wait for each other, or the rows of all items and meet after each
// step. Where there is no state before, its convolution is left out.

#define CONV_LSTM_SIZES(NUMBER)                                                                                                \
  NUMBER(batch)                                                                                                                \
  NUMBER(steps)                                                                                                                \
  NUMBER(inHeight) NUMBER(inWidth) NUMBER(inChannels) NUMBER(outHeight) NUMBER(outWidth) NUMBER(filters) NUMBER(filterHeight)  \
      NUMBER(filterWidth) NUMBER(strideHeight) NUMBER(strideWidth) NUMBER(dilationHeight) NUMBER(dilationWidth) NUMBER(padTop) \
          NUMBER(padLeft) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates)

// Sizes, from the numbers that all kernels of this room take.
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
    const int64_t rows = whole(a.filterHeight), cols = whole(a.filterWidth), gates = kLstmGates * filters;
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
  double work() const {
    return 2.0 * pixels * kLstmGates * filters * input.filter_height * input.filter_width * (input.in_channels + filters);
  }
};

// And the tensors that both directions read.
struct ConvLstm : ConvLstmSizes {
  const float *x, *initial_hidden, *initial_cell, *peepholes, *recurrent_mask;
  template <class Args>
  explicit ConvLstm(const Args& a) : ConvLstmSizes(a) {
    x = a.x.f32(), initial_hidden = a.initialHidden.f32(), initial_cell = a.initialCell.f32();
    peepholes = a.peepholes.f32(), recurrent_mask = a.recurrentDropoutMask.f32();
  }
};

// Which thread does what. With little work in a step the threads would wait for each other longer than they compute.
struct ConvLstmDivision {
  int threads;
  bool by_items;
  ConvLstmDivision(const ConvLstm& s, const KeptSteps& kept) {
    threads = s.work() * s.batch * s.steps < 200000 ? 1 : thread_count();
    by_items = threads == 1 || kept.deals_evenly(threads) || s.work() * s.batch < 1e6;
  }
};

// What both convolutions of a strip of pixels may take of the first-level cache, each.
constexpr int64_t kStripFloats = 16 * 1024;

// One step of the cell (lstm-cell.h) on neighbouring pixels, from what the convolutions gave.
struct CellStep {
  const float *z_input, *z_state;  // [pixels, z_step]; the second null where there is no state before
  int64_t z_step;
  const float* cell_before;  // [pixels, F] or null
  const float* peepholes;    // [pixels, 3F] or null
  float *cell, *hidden;      // [pixels, F]
  float* gates;              // [pixels, 4F] or null
};

template <bool HasPeepholes>
static void conv_lstm_cells(const CellStep& step, int64_t pixels, int64_t filters, CellActivation kind, bool hard) {
  for (int64_t p = 0; p < pixels; p++) {
    const float *z_input = step.z_input + p * step.z_step, *z_state = step.z_state ? step.z_state + p * step.z_step : nullptr;
    for_vectors(0, filters, [&](int64_t j, int n) {
      Vec z[kLstmGates];
      for (int k = 0; k < kLstmGates; k++) {
        z[k] = load_partial(z_input + k * filters + j, n);
        if (z_state != nullptr) z[k] += load_partial(z_state + k * filters + j, n);
      }
      const Vec before = step.cell_before ? load_partial(step.cell_before + p * filters + j, n) : splat_zero();
      const Peepholes peep = {HasPeepholes, HasPeepholes ? step.peepholes + p * 3 * filters + j : nullptr, filters, n};
      const LstmCell cell = lstm_cell(z, before, peep, kind, hard);
      store_partial(step.cell + p * filters + j, cell.c, n);
      store_partial(step.hidden + p * filters + j, cell.h, n);
      if (step.gates == nullptr) return;
      float* gates = step.gates + p * kLstmGates * filters + j;
      store_partial(gates, cell.i, n);
      store_partial(gates + filters, cell.f, n);
      store_partial(gates + 2 * filters, cell.g, n);
      store_partial(gates + 3 * filters, cell.o, n);
    });
  }
}

// The forward pass: what a band of rows of one step reads and writes.
struct ConvLstmForward {
  const ConvLstm& s;
  const KeptSteps& kept;
  const FrameConvolution &input, &state;
  float *output, *last_cell, *gates, *cells, *hiddens;
  float* turns;  // [B, 2, frame], where hidden states are neither outputs nor kept: the last two of each item

  float* hidden_of(int64_t item, int64_t k) const {
    if (turns != nullptr) return turns + (2 * item + (k & 1)) * s.frame;
    return (s.sequences ? output : hiddens) + kept.frame(item, k) * s.frame;
  }
  float* cell_of(int64_t item, int64_t k) const {
    return cells ? cells + kept.frame(item, k) * s.frame : last_cell + item * s.frame;
  }
  int64_t band_rows(const Team& team) const {
    return smaller(state.band_rows(team.last - team.first, team.size), input.band_rows(1, 1));
  }

  // The k-th step of an item, rows [row0, row0 + rows).
  void band(int64_t item, int64_t k, int64_t row0, int64_t rows, int thread) const {
    const int64_t at = kept.frame(item, k), own = item * s.frame, targets = kLstmGates * s.filters;
    const float* before = k > 0 ? hidden_of(item, k - 1) : s.initial_hidden ? s.initial_hidden + own : nullptr;
    const float* cell_before = k > 0 ? cell_of(item, k - 1) : s.initial_cell ? s.initial_cell + own : nullptr;
    float *hidden = hidden_of(item, k), *cell = cell_of(item, k);
    const int64_t input_floats = input.band_floats(rows), state_floats = state.band_floats(rows);
    float* input_band = scratch(thread, kSlotFrameBand, input_floats + 2 * state_floats);
    float *state_band = input_band + input_floats, *spare = state_band + state_floats;
    input.fill(s.x + at * s.in_frame, nullptr, row0, rows, input_band, nullptr);
    if (before) state.fill(before, s.recurrent_mask ? s.recurrent_mask + own : nullptr, row0, rows, state_band, spare);

    const int64_t z_step = state.panels * kCols;
    const int64_t strip = smaller(s.width, larger<int64_t>(1, kStripFloats / z_step / kRows) * kRows);
    float *z_input = scratch(thread, kSlotFrameStrip, 2 * strip * z_step), *z_state = z_input + strip * z_step;
    for (int64_t row = 0; row < rows; row++)
      for (int64_t col = 0; col < s.width; col += strip) {
        const int64_t n = smaller(strip, s.width - col), pixel = (row0 + row) * s.width + col, j = pixel * s.filters;
        input.strip(input_band, row, col, n, z_input, z_step);
        if (before) state.strip(state_band, row, col, n, z_state, z_step);
        const CellStep step = {z_input,
                               before ? z_state : nullptr,
                               z_step,
                               cell_before ? cell_before + j : nullptr,
                               s.peepholes ? s.peepholes + 3 * j : nullptr,
                               cell + j,
                               hidden + j,
                               gates ? gates + (at * s.pixels + pixel) * targets : nullptr};
        (s.peepholes ? conv_lstm_cells<true> : conv_lstm_cells<false>)(step, n, s.filters, s.kind, s.hard);
      }
  }

  // What follows from the steps: the last states, and outputs at steps that do not exist.
  void finish(float* last_hidden) const {
    auto copy = [&](float* to, const float* from) {
      from ? std::memcpy(to, from, sizeof(float) * s.frame) : std::memset(to, 0, sizeof(float) * s.frame);
    };
    for (int64_t item = 0; item < s.batch; item++) {
      const int64_t last = kept.count[item] - 1, own = item * s.frame;
      const float* hidden = last < 0 ? nullptr : hidden_of(item, last);
      copy(last_hidden + own, hidden ? hidden : s.initial_hidden ? s.initial_hidden + own : nullptr);
      if (last < 0)
        copy(last_cell + own, s.initial_cell ? s.initial_cell + own : nullptr);
      else if (cells)
        copy(last_cell + own, cell_of(item, last));
      if (!s.sequences) copy(output + own, hidden);
      for (int64_t k = -1; s.sequences && k <= last; k++)
        kept.repeats(item, k, [&](int64_t frame) { copy(output + frame * s.frame, k < 0 ? nullptr : hidden_of(item, k)); });
    }
  }
};

// H', W' are the input's, H, W the state's, which are the output's of the input convolution.
#define FIELDS(TENSOR, NUMBER)                                                             \
  TENSOR(x)                    /* [B, T, H', W', C] */                                     \
  TENSOR(kernel)               /* [K, K, C, 4F] */                                         \
  TENSOR(recurrentKernel)      /* [K, K, F, 4F] */                                         \
  TENSOR(bias)                 /* [4F] or none */                                          \
  TENSOR(peepholes)            /* [H, W, 3F] or none */                                    \
  TENSOR(initialHidden)        /* [B, H, W, F] or none */                                  \
  TENSOR(initialCell)          /* [B, H, W, F] or none */                                  \
  TENSOR(mask)                 /* [B, T] bytes or none */                                  \
  TENSOR(recurrentDropoutMask) /* [B, H, W, F] or none */                                  \
  TENSOR(output)               /* out: [B, T, H, W, F] or [B, H, W, F] */                  \
  TENSOR(lastHidden)           /* out: [B, H, W, F] */                                     \
  TENSOR(lastCell)             /* out: [B, H, W, F] */                                     \
  TENSOR(gates)                /* out: [B, T, H, W, 4F] or none */                         \
  TENSOR(cells)                /* out: [B, T, H, W, F] or none */                          \
  TENSOR(hiddens)              /* out: [B, T, H, W, F] or none, where output holds them */ \
  CONV_LSTM_SIZES(NUMBER)
WEFT_KERNEL(conv_lstm_forward, FIELDS) {
  const ConvLstm s(args);
  const KeptSteps kept(s.batch, s.steps, args.mask.u8(), args.goBackwards != 0);
  const ConvLstmDivision division(s, kept);
  const int64_t axes_size = FrameConvolution::axes_size(s.input);
  int64_t* axes = reinterpret_cast<int64_t*>(scratch(0, kSlotFrameAxes, 4 * axes_size));
  FrameConvolution input(s.input, args.kernel.f32(), false, axes);
  FrameConvolution state(s.state, args.recurrentKernel.f32(), false, axes + axes_size);
  const int64_t packed = FrameConvolution::packed_floats(input.depth + state.depth + 1, kLstmGates * s.filters);
  state.place(input.place(scratch(0, kSlotFrameWeights, packed), args.bias.f32()), nullptr);
  float* turns = s.sequences || args.hiddens ? nullptr : scratch(0, kSlotFrameHidden, 2 * s.batch * s.frame);
  const ConvLstmForward pass = {
      s,    kept, input, state, args.output.f32(), args.lastCell.f32(), args.gates.f32(), args.cells.f32(), args.hiddens.f32(),
      turns};

  parallel(division.threads, [&](int thread, int count) {
    input.pack(thread, count), state.pack(thread, count);
    if (count > 1) barrier(count);
    for_teams(division.by_items, s.batch, thread, count, [&](Team team) {
      const int64_t n_rows = pass.band_rows(team), longest = kept.longest(team);
      for (int64_t k = 0; k < longest; k++) {
        kept.for_bands(team, k, s.height, n_rows,
                       [&](int64_t item, int64_t row0, int64_t rows) { pass.band(item, k, row0, rows, thread); });
        team.meet();
      }
    });
  });
  pass.finish(args.lastHidden.f32());
}
#undef FIELDS
