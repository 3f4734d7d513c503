// Layer-normalised LSTM over a whole sequence, forward and backward; see layer-norm-lstm.ts for the formula.
//
// Normalisation needs a row's sums over all units before the first gate, so a step has two halves: h U for the running items into
// rows of 4U, and then row by row, which stays in the nearest cache, the norms of x W and h U, the gates, the cell's norm and the
// output. Threads divide the items in both halves; only where they divide the units of the product (see Division) do they meet
// between the halves. The backward pass leaves the gradients of x W and h U where their normalised values were, and the weights'
// gradients are then one product each over all rows.

constexpr int kNormedGates = 4, kNorms = 3;  // norms of x W, of h U and of the cell, in this order
constexpr int kSlotNormedPanels = weft::kSlotKernel + 1, kSlotNormedStates = weft::kSlotKernel + 2,
              kSlotNormedInputs = weft::kSlotKernel + 3, kSlotNormedRecurrent = weft::kSlotKernel + 4,
              kSlotNormedRow = weft::kSlotKernel + 5, kSlotNormedParts = weft::kSlotKernel + 6;
constexpr int64_t kNormedStretchRows = 1024;

// f(place) for the items running at a step that are this thread's: those of its tiles, or every count-th where tiles are shared.
template <class F>
WEFT_INLINE void for_places(const Division& division, int thread, int count, int64_t active, F f) {
  if (division.by_units) {
    for (int64_t place = thread; place < active; place += count) f(place);
  } else {
    division.for_tiles(thread, count, active, [&](int64_t from, int rows) {
      for (int64_t place = from; place < from + rows; place++) f(place);
    });
  }
}

#define FIELDS(TENSOR, NUMBER)                                                                                                  \
  TENSOR(x)                                                                                                                     \
  TENSOR(kernel)                                                                                                                \
  TENSOR(recurrentKernel)                                                                                                       \
  TENSOR(bias)                                                                                                                  \
  TENSOR(kernelGamma)                                                                                                           \
  TENSOR(recurrentGamma)                                                                                                        \
  TENSOR(stateGamma) TENSOR(stateBeta) TENSOR(initialHidden) TENSOR(initialCell) TENSOR(mask) TENSOR(dropoutMask)               \
      TENSOR(recurrentDropoutMask) TENSOR(output) TENSOR(lastHidden) TENSOR(lastCell) TENSOR(gates) TENSOR(inputNormed)         \
          TENSOR(recurrentNormed) TENSOR(cellNormed) TENSOR(cells) TENSOR(hiddens) TENSOR(inverses) NUMBER(batch) NUMBER(steps) \
              NUMBER(features) NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates)   \
                  NUMBER(epsilon) NUMBER(normalizedCarry)
WEFT_KERNEL(layer_norm_lstm_forward, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, units = args.units;
  const int64_t width4 = kNormedGates * units;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool hard = args.hardGates != 0, keep = static_cast<bool>(args.gates), sequences = args.returnSequences != 0;
  const bool carry_normed = args.normalizedCarry != 0;
  const float epsilon = static_cast<float>(args.epsilon);
  const Division division(batch, units, kNormedGates);
  const float *recurrent_mask = args.recurrentDropoutMask.f32(), *bias = args.bias.f32();
  const float *gamma_x = args.kernelGamma.f32(), *gamma_h = args.recurrentGamma.f32();
  const float *gamma_c = args.stateGamma.f32(), *beta_c = args.stateBeta.f32();
  float* output = args.output.f32();

  // States by place: h, c, and h times its dropout mask, which the product reads.
  float* states = scratch(0, kSlotNormedStates, 3 * batch * units + kLanes);
  float *h = states, *c = h + batch * units, *fed = c + batch * units;
  for (int64_t place = 0; place < batch; place++) {
    const int64_t item = time.order[place];
    for (int64_t j = 0; j < units; j++) {
      const float h0 = args.initialHidden ? args.initialHidden.f32()[item * units + j] : 0.0f;
      h[place * units + j] = h0;
      fed[place * units + j] = recurrent_mask ? h0 * recurrent_mask[item * units + j] : h0;
      c[place * units + j] = args.initialCell ? args.initialCell.f32()[item * units + j] : 0.0f;
    }
  }

  // U in panels of four vectors of columns.
  constexpr int kPanelCols = kNormedGates * kLanes;
  const int64_t panel_size = units * kPanelCols;
  float* panels = scratch(0, kSlotNormedPanels, division.blocks * panel_size + kLanes);
  parallel(division.threads, [&](int thread, int count) {
    const Range mine = share(division.blocks, 1, thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++) {
      float* to = panels + block * panel_size;
      for (int64_t k = 0; k < units; k++)
        for (int64_t col = block * kPanelCols; col < (block + 1) * kPanelCols; col += kLanes, to += kLanes) {
          const int64_t left = larger<int64_t>(width4 - col, 0);
          store(to, left > 0 ? load_partial(args.recurrentKernel.f32() + k * width4 + col,
                                            static_cast<int>(smaller<int64_t>(kLanes, left)))
                             : splat_zero());
        }
    }
  });

  for (int64_t done = 0; done < steps;) {
    // A stretch of steps [from, to) in time; processed from its far end when going backwards.
    int64_t count = 0, rows = 0;
    while (done + count < steps && (count == 0 || rows < kNormedStretchRows)) {
      rows += time.active[time.backwards ? steps - 1 - done - count : done + count];
      count++;
    }
    const int64_t from = time.backwards ? steps - done - count : done, first_row = time.first_row[from];
    float* inputs =
        keep ? args.inputNormed.f32() + first_row * width4 : scratch(0, kSlotNormedInputs, larger<int64_t>(rows, 1) * width4);
    gemm(rows, width4, features, InputRows{args.x.f32(), args.dropoutMask.f32(), time, features, first_row, from},
         Matrix{args.kernel.f32(), width4, 1}, Output{inputs, width4});
    float* recurrent_of_step = keep ? nullptr : scratch(0, kSlotNormedRecurrent, batch * width4 + kLanes);

    parallel(division.threads, [&](int thread, int thread_total) {
      const Range mine = division.blocks_of(thread, thread_total);
      float* own = scratch(thread, kSlotNormedRow, width4 + units + kLanes);  // a row's gates and cell, when they are not kept
      for (int64_t s = 0; s < count; s++) {
        const int64_t t = time.backwards ? from + count - 1 - s : from + s;
        const int64_t active = time.active[t], row0 = time.first_row[t];
        float* recurrent = keep ? args.recurrentNormed.f32() + row0 * width4 : recurrent_of_step;
        for (int64_t block = mine.begin; block < mine.end; block++)
          division.for_tiles(thread, thread_total, active, [&](int64_t place0, int tile) {
            with_rows(tile, [&](auto size) {
              constexpr int R = decltype(size)::value;
              Vec acc[R][kNormedGates];
              micro_rows(units, fed + place0 * units, units, panels + block * panel_size, kPanelCols, kLanes, acc);
              for (int v = 0; v < kNormedGates; v++) {
                const int64_t col = block * kPanelCols + v * kLanes, left = width4 - col;
                for (int r = 0; r < R && left > 0; r++)
                  store_partial(recurrent + (place0 + r) * width4 + col, acc[r][v],
                                static_cast<int>(smaller<int64_t>(kLanes, left)));
              }
            });
          });
        division.meet(thread_total);  // the norms read all units of a row

        for_places(division, thread, thread_total, active, [&](int64_t place) {
          const int64_t row = row0 + place, item = time.order[place];
          float *h_row = h + place * units, *c_row = c + place * units, *fed_row = fed + place * units;
          float* out = sequences ? output + (item * steps + t) * units : nullptr;
          if (time.hole(t, place)) {
            const size_t bytes = sizeof(float) * units;
            if (out) time.started(t, place) ? std::memcpy(out, h_row, bytes) : std::memset(out, 0, bytes);
            if (keep) {
              std::memcpy(args.cells.f32() + row * units, c_row, bytes);
              std::memcpy(args.hiddens.f32() + row * units, h_row, bytes);
            }
            return;
          }
          float *x_row = inputs + (row - first_row) * width4, *u_row = recurrent + place * width4;
          float* gate = keep ? args.gates.f32() + row * width4 : own;
          float* cell = keep ? args.cellNormed.f32() + row * units : own + width4;
          const Moments of_x = moments(x_row, width4, epsilon), of_h = moments(u_row, width4, epsilon);
          for_vectors(0, units, [&](int64_t j, int n) __attribute__((always_inline)) {
            Vec z[kNormedGates];
            for (int k = 0; k < kNormedGates; k++) {
              const int64_t at = k * units + j;
              const Vec normed_x = (load_partial(x_row + at, n) - of_x.mean) * of_x.inverse;
              const Vec normed_h = (load_partial(u_row + at, n) - of_h.mean) * of_h.inverse;
              z[k] = normed_x * load_partial(gamma_x + at, n) + normed_h * load_partial(gamma_h + at, n);
              if (bias) z[k] += load_partial(bias + at, n);
              if (keep) store_partial(x_row + at, normed_x, n), store_partial(u_row + at, normed_h, n);
            }
            const Vec i = hard ? hard_sigmoid(z[0]) : sigmoid(z[0]), f = hard ? hard_sigmoid(z[1]) : sigmoid(z[1]);
            const Vec g = cell_activate(z[2], kind), o = hard ? hard_sigmoid(z[3]) : sigmoid(z[3]);
            store_partial(cell + j, f * load_partial(c_row + j, n) + i * g, n);
            store_partial(gate + 3 * units + j, o, n);
            if (keep) {
              store_partial(gate + j, i, n);
              store_partial(gate + units + j, f, n);
              store_partial(gate + 2 * units + j, g, n);
            }
          });
          const Moments of_c = moments(cell, units, epsilon);
          for_vectors(0, units, [&](int64_t j, int n) __attribute__((always_inline)) {
            const Vec raw = load_partial(cell + j, n), normed = (raw - of_c.mean) * of_c.inverse;
            const Vec scaled = normed * load_partial(gamma_c + j, n) + load_partial(beta_c + j, n);
            const Vec carried = carry_normed ? scaled : raw;
            const Vec new_h = load_partial(gate + 3 * units + j, n) * cell_activate(scaled, kind);
            store_partial(c_row + j, carried, n);
            store_partial(h_row + j, new_h, n);
            store_partial(fed_row + j, recurrent_mask ? new_h * load_partial(recurrent_mask + item * units + j, n) : new_h, n);
            if (out) store_partial(out + j, new_h, n);
            if (keep) {
              store_partial(cell + j, normed, n);
              store_partial(args.cells.f32() + row * units + j, carried, n);
              store_partial(args.hiddens.f32() + row * units + j, new_h, n);
            }
          });
          if (keep) {
            float* inverse = args.inverses.f32() + row * kNorms;
            inverse[0] = of_x.inverse, inverse[1] = of_h.inverse, inverse[2] = of_c.inverse;
          }
        });
        division.meet(thread_total);
      }
    });
    done += count;
  }

  for (int64_t place = 0; place < batch; place++) {
    const int64_t item = time.order[place];
    const size_t bytes = sizeof(float) * units;
    std::memcpy(args.lastHidden.f32() + item * units, h + place * units, bytes);
    std::memcpy(args.lastCell.f32() + item * units, c + place * units, bytes);
    const bool any = time.length[item] > 0, repeats = any && !(sequences && time.backwards);
    for (int64_t t = sequences ? time.length[item] : 0; t < (sequences ? steps : 1); t++) {
      float* to = output + (sequences ? item * steps + t : item) * units;
      repeats ? std::memcpy(to, h + place * units, bytes) : std::memset(to, 0, bytes);
    }
  }
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)                                                                                                   \
  TENSOR(x)                                                                                                                      \
  TENSOR(recurrentKernel)                                                                                                        \
  TENSOR(kernelGamma)                                                                                                            \
  TENSOR(recurrentGamma)                                                                                                         \
  TENSOR(stateGamma)                                                                                                             \
  TENSOR(stateBeta)                                                                                                              \
  TENSOR(initialHidden) TENSOR(initialCell) TENSOR(mask) TENSOR(dropoutMask) TENSOR(recurrentDropoutMask) TENSOR(gates)          \
      TENSOR(inputNormed) TENSOR(recurrentNormed) TENSOR(cellNormed) TENSOR(cells) TENSOR(hiddens) TENSOR(inverses)              \
          TENSOR(outputGradient) TENSOR(lastHiddenGradient) TENSOR(lastCellGradient) TENSOR(kernelGradient)                      \
              TENSOR(recurrentGradient) TENSOR(biasGradient) TENSOR(kernelGammaGradient) TENSOR(recurrentGammaGradient)          \
                  TENSOR(stateGammaGradient) TENSOR(stateBetaGradient) TENSOR(initialHiddenGradient) TENSOR(initialCellGradient) \
                      NUMBER(batch) NUMBER(steps) NUMBER(features) NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards)     \
                          NUMBER(activation) NUMBER(hardGates) NUMBER(normalizedCarry)
WEFT_KERNEL(layer_norm_lstm_backward, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, units = args.units;
  const int64_t width4 = kNormedGates * units, state = batch * units;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool hard = args.hardGates != 0, sequences = args.returnSequences != 0, carry_normed = args.normalizedCarry != 0;
  const Division division(batch, units, kNormedGates);
  const float *u = args.recurrentKernel.f32(), *recurrent_mask = args.recurrentDropoutMask.f32(), *dy = args.outputGradient.f32();
  const float *gamma_x = args.kernelGamma.f32(), *gamma_h = args.recurrentGamma.f32();
  const float *gamma_c = args.stateGamma.f32(), *beta_c = args.stateBeta.f32();
  float *inputs = args.inputNormed.f32(), *recurrent = args.recurrentNormed.f32();

  float* states = scratch(0, kSlotNormedStates, 2 * state + units + kLanes);
  float *dh = states, *dc = states + state, *zeros = states + 2 * state;  // by place
  for (int64_t j = 0; j < units; j++) zeros[j] = 0.0f;
  for (int64_t place = 0; place < batch; place++) {
    const int64_t item = time.order[place];
    const bool any = time.length[item] > 0;
    for (int64_t j = 0; j < units; j++) {
      float value = args.lastHiddenGradient ? args.lastHiddenGradient.f32()[item * units + j] : 0.0f;
      if (dy != nullptr && any && !sequences) value += dy[item * units + j];
      // Outputs past a row's end repeat its last one.
      if (dy != nullptr && any && sequences && !time.backwards)
        for (int64_t t = time.length[item]; t < steps; t++) value += dy[(item * steps + t) * units + j];
      dh[place * units + j] = value;
      dc[place * units + j] = args.lastCellGradient ? args.lastCellGradient.f32()[item * units + j] : 0.0f;
    }
  }
  // A state of the step before, by row; the initial one when there is none.
  auto before = [&](const float* kept, const weft::View& initial, int64_t t, int64_t place) -> const float* {
    const int64_t previous = time.previous(t);
    if (previous >= 0 && place < time.active[previous]) return kept + (time.first_row[previous] + place) * units;
    return initial ? initial.f32() + time.order[place] * units : zeros;
  };

  // The transposed recurrent weights: panels of one vector of units, depth 4U.
  const int64_t panel_size = width4 * kLanes;
  float* panels = scratch(0, kSlotNormedPanels, division.blocks * panel_size + kLanes);
  parallel(division.threads, [&](int thread, int count) {
    const Range mine = share(division.blocks, 1, thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++)
      for (int lane = 0; lane < kLanes; lane++) {
        const int64_t unit = block * kLanes + lane;
        float* to = panels + block * panel_size + lane;
        for (int64_t k = 0; k < width4; k++) to[k * kLanes] = unit < units ? u[unit * width4 + k] : 0.0f;
      }
  });

  const int64_t part_size = kNorms * width4 + 2 * units;
  parallel(division.threads, [&](int thread, int thread_total) {
    const Range mine = division.blocks_of(thread, thread_total);
    // This thread's sums of the gradients of bias, scales and shift.
    float* sum_bias = scratch(thread, kSlotNormedParts, part_size + kLanes);
    float *sum_gamma_x = sum_bias + width4, *sum_gamma_h = sum_gamma_x + width4, *sum_gamma_c = sum_gamma_h + width4,
          *sum_beta_c = sum_gamma_c + units;
    std::memset(sum_bias, 0, sizeof(float) * part_size);
    float* scaled_row = scratch(thread, kSlotNormedRow, units + kLanes);
    auto add = [](float* to, Vec value, int n) { store_partial(to, load_partial(to, n) + value, n); };
    for (int64_t s = 0; s < steps; s++) {
      const int64_t t = time.backwards ? s : steps - 1 - s;
      const int64_t active = time.active[t], row0 = time.first_row[t];
      for_places(division, thread, thread_total, active, [&](int64_t place) {
        const int64_t row = row0 + place, item = time.order[place];
        float *dh_row = dh + place * units, *dc_row = dc + place * units;
        float *x_row = inputs + row * width4, *u_row = recurrent + row * width4, *gate = args.gates.f32() + row * width4;
        const bool hole = time.hole(t, place), outputs = sequences && dy != nullptr && (!hole || time.started(t, place));
        const float* dy_row = outputs ? dy + (item * steps + t) * units : nullptr;
        if (hole) {
          if (dy_row) for_vectors(0, units, [&](int64_t j, int n) { add(dh_row + j, load_partial(dy_row + j, n), n); });
          std::memset(x_row, 0, sizeof(float) * width4);
          std::memset(u_row, 0, sizeof(float) * width4);
          return;
        }
        const float *cell = args.cellNormed.f32() + row * units, *inverse = args.inverses.f32() + row * kNorms;
        // Through the output and the cell's scale; the output gate becomes its gradient.
        Vec sum = splat_zero(), products = splat_zero();
        for_vectors(0, units, [&](int64_t j, int n) __attribute__((always_inline)) {
          Vec d = load_partial(dh_row + j, n);
          if (dy_row) d += load_partial(dy_row + j, n);
          const Vec normed = load_partial(cell + j, n), gamma = load_partial(gamma_c + j, n);
          const Vec activated = cell_activate(normed * gamma + load_partial(beta_c + j, n), kind);
          const Vec o = load_partial(gate + 3 * units + j, n);
          Vec dscaled = d * o * cell_slope(activated, kind);
          if (carry_normed) dscaled += load_partial(dc_row + j, n);
          store_partial(gate + 3 * units + j, d * activated * gate_slope(o, hard), n);
          store_partial(scaled_row + j, dscaled * gamma, n);
          sum += dscaled * gamma;
          products += dscaled * gamma * normed;
          add(sum_gamma_c + j, dscaled * normed, n);
          add(sum_beta_c + j, dscaled, n);
        });
        const NormGradient of_c(sum, products, units, inverse[2]);
        // Through the cell's norm and the gates, which become their gradients.
        const float* c_before = before(args.cells.f32(), args.initialCell, t, place);
        Vec sum_x = splat_zero(), products_x = splat_zero(), sum_h = splat_zero(), products_h = splat_zero();
        for_vectors(0, units, [&](int64_t j, int n) __attribute__((always_inline)) {
          Vec dcell = of_c(load_partial(scaled_row + j, n), load_partial(cell + j, n));
          if (!carry_normed) dcell += load_partial(dc_row + j, n);
          const Vec i = load_partial(gate + j, n), f = load_partial(gate + units + j, n),
                    g = load_partial(gate + 2 * units + j, n);
          const Vec dz[kNormedGates] = {dcell * g * gate_slope(i, hard),
                                        dcell * load_partial(c_before + j, n) * gate_slope(f, hard),
                                        dcell * i * cell_slope(g, kind), load_partial(gate + 3 * units + j, n)};
          store_partial(dc_row + j, dcell * f, n);
          for (int k = 0; k < kNormedGates; k++) {
            const int64_t at = k * units + j;
            const Vec normed_x = load_partial(x_row + at, n), normed_h = load_partial(u_row + at, n);
            const Vec d_x = dz[k] * load_partial(gamma_x + at, n), d_h = dz[k] * load_partial(gamma_h + at, n);
            if (k < 3) store_partial(gate + at, dz[k], n);
            sum_x += d_x, products_x += d_x * normed_x;
            sum_h += d_h, products_h += d_h * normed_h;
            add(sum_bias + at, dz[k], n);
            add(sum_gamma_x + at, dz[k] * normed_x, n);
            add(sum_gamma_h + at, dz[k] * normed_h, n);
          }
        });
        // Through the norms of both products.
        const NormGradient of_x(sum_x, products_x, width4, inverse[0]), of_h(sum_h, products_h, width4, inverse[1]);
        for_vectors(0, width4, [&](int64_t at, int n) __attribute__((always_inline)) {
          const Vec dz = load_partial(gate + at, n);
          store_partial(x_row + at, of_x(dz * load_partial(gamma_x + at, n), load_partial(x_row + at, n)), n);
          store_partial(u_row + at, of_h(dz * load_partial(gamma_h + at, n), load_partial(u_row + at, n)), n);
        });
      });
      division.meet(thread_total);  // the product below reads whole rows
      for (int64_t block = mine.begin; block < mine.end;) {
        const int64_t left = mine.end - block;
        const int wide = left >= 4 && kLanes == 16 ? 4 : left >= 2 ? 2 : 1;
        const float* panel = panels + block * panel_size;
        division.for_tiles(thread, thread_total, active, [&](int64_t place0, int tile) {
          auto product = [&](auto size, auto vecs) {
            constexpr int R = decltype(size)::value, V = decltype(vecs)::value;
            Vec acc[R][V];
            micro_rows(width4, recurrent + (row0 + place0) * width4, width4, panel, kLanes, panel_size, acc);
            for (int r = 0; r < R; r++)
              for (int v = 0; v < V; v++) {
                const int64_t place = place0 + r, unit = (block + v) * kLanes;
                const int width = static_cast<int>(smaller<int64_t>(kLanes, units - unit));
                if (time.hole(t, place)) continue;
                Vec value = acc[r][v];
                if (recurrent_mask) value *= load_partial(recurrent_mask + time.order[place] * units + unit, width);
                store_partial(dh + place * units + unit, value, width);
              }
          };
          with_rows(tile, [&](auto size) {
            wide == 4 ? product(size, Size<4>{}) : wide == 2 ? product(size, Size<2>{}) : product(size, Size<1>{});
          });
        });
        block += wide;
      }
      division.meet(thread_total);
    }
  });

  for (int64_t place = 0; place < batch; place++) {
    const int64_t to = time.order[place] * units;
    std::memcpy(args.initialHiddenGradient.f32() + to, dh + place * units, sizeof(float) * units);
    std::memcpy(args.initialCellGradient.f32() + to, dc + place * units, sizeof(float) * units);
  }
  const auto total = [&](float* to, int64_t offset, int64_t count) {
    std::memset(to, 0, sizeof(float) * count);
    for (int thread = 0; thread < division.threads; thread++) {
      const float* part = scratch(thread, kSlotNormedParts, part_size + kLanes) + offset;
      for (int64_t j = 0; j < count; j++) to[j] += part[j];
    }
  };
  total(args.biasGradient.f32(), 0, width4);
  total(args.kernelGammaGradient.f32(), width4, width4);
  total(args.recurrentGammaGradient.f32(), 2 * width4, width4);
  total(args.stateGammaGradient.f32(), 3 * width4, units);
  total(args.stateBetaGradient.f32(), 3 * width4 + units, units);

  // The weights' gradients: one product each over all rows.
  gemm(features, width4, time.rows, InputColumns{{args.x.f32(), args.dropoutMask.f32(), time, features, 0, 0}},
       Matrix{inputs, width4, 1}, Output{args.kernelGradient.f32(), width4});
  const float** hiddens = reinterpret_cast<const float**>(scratch(0, kSlotNormedInputs, 4 * (time.rows + 1)));
  const float** masks = recurrent_mask ? hiddens + time.rows : nullptr;
  for (int64_t t = 0; t < steps; t++)
    for (int64_t place = 0; place < time.active[t]; place++) {
      const int64_t row = time.first_row[t] + place;
      hiddens[row] = before(args.hiddens.f32(), args.initialHidden, t, place);
      if (masks) masks[row] = recurrent_mask + time.order[place] * units;
    }
  gemm(units, width4, time.rows, HiddenColumns{hiddens, masks}, Matrix{recurrent, width4, 1},
       Output{args.recurrentGradient.f32(), width4});
}
#undef FIELDS
