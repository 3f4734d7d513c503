// LSTM over a whole sequence, forward and backward; see lstm.ts for the formula and the meaning of each argument.
//
// Forward: one product for all steps' inputs (x W + b, in stretches of time that stay in the cache), then for each step h U with
// U packed once into panels of one vector of units x four gates, so that gates, cell and output are computed from registers in
// the same pass. Threads divide the items, and never wait for each other; only when U is too large for one core's cache do they
// divide the units, and meet after each step. Backward: the same steps in reverse leave the gates' gradients where the gates
// were; the weights' gradients are then one product each over all steps.

constexpr int kGates = 4, kSums = kGates + 3;  // what is summed over rows: the gates' gradients, and the peepholes'
constexpr int kSlotPanels = weft::kSlotKernel + 1, kSlotStates = weft::kSlotKernel + 2, kSlotGates = weft::kSlotKernel + 3,
              kSlotZeros = weft::kSlotKernel + 4, kSlotSums = weft::kSlotKernel + 5;
constexpr int64_t kStretchRows = 1024, kJoinedFeatures = 256;

#define FIELDS(TENSOR, NUMBER)                                                                                            \
  TENSOR(x)                                                                                                               \
  TENSOR(kernel)                                                                                                          \
  TENSOR(recurrentKernel)                                                                                                 \
  TENSOR(bias)                                                                                                            \
  TENSOR(peepholes)                                                                                                       \
  TENSOR(initialHidden) TENSOR(initialCell) TENSOR(mask) TENSOR(dropoutMask) TENSOR(recurrentDropoutMask) TENSOR(output)  \
      TENSOR(lastHidden) TENSOR(lastCell) TENSOR(gates) TENSOR(cells) TENSOR(hiddens) NUMBER(batch) NUMBER(steps)         \
          NUMBER(features) NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates) \
              NUMBER(outputWidth) NUMBER(outputOffset)
WEFT_KERNEL(lstm_forward, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, units = args.units;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool hard = args.hardGates != 0, keep = static_cast<bool>(args.gates), sequences = args.returnSequences != 0;
  const Division division(batch, units, kGates);
  // With few features x_t lies beside h_{t-1}, and one product serves both; else all steps' inputs are projected at once.
  const bool joined = features <= kJoinedFeatures;
  const int64_t width_x = joined ? features : 0, row_size = width_x + units, panel_size = row_size * kGates * kLanes;
  const float *u = args.recurrentKernel.f32(), *recurrent_mask = args.recurrentDropoutMask.f32();
  const float *bias = args.bias.f32(), *peepholes = args.peepholes.f32();
  const int64_t out_width = args.outputWidth;
  float *output = args.output.f32() + static_cast<int64_t>(args.outputOffset), *last_h = args.lastHidden.f32(),
        *last_c = args.lastCell.f32();

  // States by place: two copies of the product's rows [x_t, h] (read one, write the other), the unmasked h, and c.
  float* states = scratch(0, kSlotStates, 2 * batch * (row_size + units));
  float* rows_of[2] = {states, states + batch * row_size};
  float *h = states + 2 * batch * row_size, *c = h + batch * units;
  for (int64_t place = 0; place < batch; place++) {
    const int64_t item = time.order[place];
    for (int64_t j = 0; j < units; j++) {
      const float h0 = args.initialHidden ? args.initialHidden.f32()[item * units + j] : 0.0f;
      h[place * units + j] = h0;
      for (float* rows : rows_of)
        rows[place * row_size + width_x + j] = recurrent_mask ? h0 * recurrent_mask[item * units + j] : h0;
      c[place * units + j] = args.initialCell ? args.initialCell.f32()[item * units + j] : 0.0f;
    }
  }
  // Lays x_t beside h, for this thread's share of the items running at t.
  auto lay_input = [&](int64_t t, float* rows, int thread, int count) {
    const float* dropout = args.dropoutMask.f32();
    for (int64_t tile = thread; tile < division.tiles; tile += count)
      for (int64_t place = division.place(tile); place < smaller(division.place(tile + 1), time.active[t]); place++) {
        const float* from = args.x.f32() + (time.order[place] * steps + t) * features;
        const float* factors = dropout ? dropout + time.order[place] * features : nullptr;
        for_vectors(0, features, [&](int64_t k, int n) {
          const Vec value = load_partial(from + k, n);
          store_partial(rows + place * row_size + k, factors ? value * load_partial(factors + k, n) : value, n);
        });
      }
  };

  float* panels = scratch(0, kSlotPanels, division.blocks * panel_size);
  parallel(division.threads, [&](int thread, int count) {
    const Range mine = share(division.blocks, 1, thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++) {
      const int width = static_cast<int>(smaller<int64_t>(kLanes, units - block * kLanes));
      float* to = panels + block * panel_size;
      for (int64_t k = 0; k < row_size; k++) {
        const float* from =
            (k < width_x ? args.kernel.f32() + k * kGates * units : u + (k - width_x) * kGates * units) + block * kLanes;
        for (int gate = 0; gate < kGates; gate++, to += kLanes, from += units) store(to, load_partial(from, width));
      }
    }
  });

  int parity = 0;
  for (int64_t done = 0; done < steps;) {
    // A stretch of steps [from, to) in time; processed from its far end when going backwards.
    int64_t count = 0, rows = 0;
    while (done + count < steps && (joined || count == 0 || rows < kStretchRows)) {
      rows += time.active[time.backwards ? steps - 1 - done - count : done + count];
      count++;
    }
    const int64_t from = time.backwards ? steps - done - count : done, first_row = time.first_row[from];
    float* gates = keep     ? args.gates.f32() + first_row * kGates * units
                   : joined ? nullptr
                            : scratch(0, kSlotGates, larger<int64_t>(rows, 1) * kGates * units);
    if (!joined) {
      Output projected = {gates, kGates * units};
      projected.bias = bias;
      gemm(rows, kGates * units, features, InputRows{args.x.f32(), args.dropoutMask.f32(), time, features, first_row, from},
           Matrix{args.kernel.f32(), kGates * units, 1}, projected);
    }

    parallel(division.threads, [&](int thread, int thread_total) {
      const Range mine = division.blocks_of(thread, thread_total);
      int side = parity;
      alignas(64) Vec acc[kTileRows][kGates];
      if (joined) {
        lay_input(time.backwards ? steps - 1 : 0, rows_of[side], thread, thread_total);
        division.meet(thread_total);
      }
      for (int64_t s = 0; s < count; s++, side ^= 1) {
        const int64_t t = time.backwards ? from + count - 1 - s : from + s;
        const int64_t active = time.active[t], row0 = time.first_row[t];
        const float* previous = rows_of[side];
        float* next = rows_of[side ^ 1];
        for (int64_t block = mine.begin; block < mine.end; block++) {
          const float* panel = panels + block * panel_size;
          const int64_t unit = block * kLanes;
          const int width = static_cast<int>(smaller<int64_t>(kLanes, units - unit));
          Vec offset[kGates];  // the bias, when no projection has added it
          for (int gate = 0; gate < kGates; gate++)
            offset[gate] = joined && bias ? load_partial(bias + gate * units + unit, width) : splat_zero();
          division.for_tiles(thread, thread_total, active, [&](int64_t place0, int tile) {
            with_rows(tile, [&](auto size) {
              Vec local[decltype(size)::value][kGates];
              micro_rows(row_size, previous + place0 * row_size, row_size, panel, kGates * kLanes, kLanes, local);
              for (int r = 0; r < decltype(size)::value; r++)
                for (int gate = 0; gate < kGates; gate++) acc[r][gate] = local[r][gate];
            });
            for (int r = 0; r < tile; r++) {
              const int64_t place = place0 + r, row = row0 + place, item = time.order[place], at = place * units + unit;
              float* gate = gates ? gates + (row - first_row) * kGates * units + unit : nullptr;
              const Vec old_h = load_partial(h + at, width), old_c = load_partial(c + at, width);
              Vec z[kGates];
              for (int k = 0; k < kGates; k++) z[k] = acc[r][k] + (joined ? offset[k] : load_partial(gate + k * units, width));
              if (peepholes) {
                z[0] += load_partial(peepholes + unit, width) * old_c;
                z[1] += load_partial(peepholes + units + unit, width) * old_c;
              }
              const Vec i = hard ? hard_sigmoid(z[0]) : sigmoid(z[0]), f = hard ? hard_sigmoid(z[1]) : sigmoid(z[1]);
              const Vec g = cell_activate(z[2], kind);
              Vec new_c = f * old_c + i * g;
              if (peepholes) z[3] += load_partial(peepholes + 2 * units + unit, width) * new_c;
              const Vec o = hard ? hard_sigmoid(z[3]) : sigmoid(z[3]);
              Vec new_h = o * cell_activate(new_c, kind), out = new_h;
              if (time.hole(t, place)) {
                new_c = old_c, new_h = old_h;
                out = time.started(t, place) ? old_h : splat_zero();
              }
              store_partial(c + at, new_c, width);
              store_partial(h + at, new_h, width);
              store_partial(next + place * row_size + width_x + unit,
                            recurrent_mask ? new_h * load_partial(recurrent_mask + item * units + unit, width) : new_h, width);
              if (sequences) store_partial(output + (item * steps + t) * out_width + unit, out, width);
              if (keep) {
                store_partial(gate, i, width);
                store_partial(gate + units, f, width);
                store_partial(gate + 2 * units, g, width);
                store_partial(gate + 3 * units, o, width);
                store_partial(args.cells.f32() + row * units + unit, new_c, width);
                store_partial(args.hiddens.f32() + row * units + unit, new_h, width);
              }
            }
          });
        }
        const int64_t following = time.backwards ? t - 1 : t + 1;
        if (joined && following >= 0 && following < steps) lay_input(following, next, thread, thread_total);
        division.meet(thread_total);
      }
    });
    parity ^= count & 1;
    done += count;
  }

  for (int64_t place = 0; place < batch; place++) {
    const int64_t item = time.order[place];
    std::memcpy(last_h + item * units, h + place * units, sizeof(float) * units);
    std::memcpy(last_c + item * units, c + place * units, sizeof(float) * units);
    const bool any = time.length[item] > 0;
    if (!sequences) {
      float* to = output + item * out_width;
      any ? std::memcpy(to, h + place * units, sizeof(float) * units) : std::memset(to, 0, sizeof(float) * units);
      continue;
    }
    for (int64_t t = time.length[item]; t < steps; t++) {
      float* to = output + (item * steps + t) * out_width;
      any && !time.backwards ? std::memcpy(to, h + place * units, sizeof(float) * units)
                             : std::memset(to, 0, sizeof(float) * units);
    }
  }
}
#undef FIELDS

#define FIELDS(TENSOR, NUMBER)                                                                                          \
  TENSOR(x)                                                                                                             \
  TENSOR(recurrentKernel)                                                                                               \
  TENSOR(peepholes)                                                                                                     \
  TENSOR(initialHidden) TENSOR(initialCell) TENSOR(mask) TENSOR(dropoutMask) TENSOR(recurrentDropoutMask) TENSOR(gates) \
      TENSOR(cells) TENSOR(hiddens) TENSOR(outputGradient) TENSOR(lastHiddenGradient) TENSOR(lastCellGradient)          \
          TENSOR(kernelGradient) TENSOR(recurrentGradient) TENSOR(biasGradient) TENSOR(peepholesGradient)               \
              TENSOR(initialHiddenGradient) TENSOR(initialCellGradient) NUMBER(batch) NUMBER(steps) NUMBER(features)    \
                  NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) NUMBER(hardGates)        \
                      NUMBER(outputWidth) NUMBER(outputOffset)
WEFT_KERNEL(lstm_backward, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, units = args.units;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool hard = args.hardGates != 0, sequences = args.returnSequences != 0;
  const Division division(batch, units, kGates);
  const int64_t panel_depth = kGates * units, state = batch * units;
  const float *u = args.recurrentKernel.f32(), *recurrent_mask = args.recurrentDropoutMask.f32(),
              *peepholes = args.peepholes.f32();
  const int64_t out_width = args.outputWidth;
  const float* dy = args.outputGradient ? args.outputGradient.f32() + static_cast<int64_t>(args.outputOffset) : nullptr;
  const float *cells = args.cells.f32(), *hiddens = args.hiddens.f32();
  float* gates = args.gates.f32();

  float* states = scratch(0, kSlotStates, 2 * state);
  float *dh = states, *dc = states + state;  // by place
  for (int64_t place = 0; place < batch; place++) {
    const int64_t item = time.order[place];
    const bool any = time.length[item] > 0;
    for (int64_t j = 0; j < units; j++) {
      float value = args.lastHiddenGradient ? args.lastHiddenGradient.f32()[item * units + j] : 0.0f;
      if (dy != nullptr && any && !sequences) value += dy[item * out_width + j];
      // Outputs past a row's end repeat its last one.
      if (dy != nullptr && any && sequences && !time.backwards)
        for (int64_t t = time.length[item]; t < steps; t++) value += dy[(item * steps + t) * out_width + j];
      dh[place * units + j] = value;
      dc[place * units + j] = args.lastCellGradient ? args.lastCellGradient.f32()[item * units + j] : 0.0f;
    }
  }

  // The transposed recurrent weights: panels of one vector of units, depth 4U.
  float* panels = scratch(0, kSlotPanels, division.blocks * panel_depth * kLanes);
  const float* zeros = [&] {
    float* memory = scratch(0, kSlotZeros, units);
    std::memset(memory, 0, sizeof(float) * units);
    return memory;
  }();
  auto cell_before = [&](int64_t t, int64_t place) -> const float* {
    const int64_t before = time.previous(t);
    if (before >= 0 && place < time.active[before]) return cells + (time.first_row[before] + place) * units;
    return args.initialCell ? args.initialCell.f32() + time.order[place] * units : zeros;
  };

  parallel(division.threads, [&](int thread, int thread_total) {
    const Range mine = share(division.blocks, 1, thread, thread_total);
    for (int64_t block = mine.begin; block < mine.end; block++)
      for (int lane = 0; lane < kLanes; lane++) {
        const int64_t unit = block * kLanes + lane;
        float* to = panels + block * panel_depth * kLanes + lane;
        for (int64_t k = 0; k < panel_depth; k++) to[k * kLanes] = unit < units ? u[unit * panel_depth + k] : 0.0f;
      }
  });
  parallel(division.threads, [&](int thread, int thread_total) {
    const Range mine = division.blocks_of(thread, thread_total);
    float* sums_part = scratch(thread, kSlotSums, kSums * units);
    std::memset(sums_part, 0, sizeof(float) * kSums * units);
    for (int64_t s = 0; s < steps; s++) {
      const int64_t t = time.backwards ? s : steps - 1 - s;
      const int64_t active = time.active[t], row0 = time.first_row[t];
      for (int64_t block = mine.begin; block < mine.end; block++) {
        const int64_t unit = block * kLanes;
        const int width = static_cast<int>(smaller<int64_t>(kLanes, units - unit));
        Vec sums[kSums];
        for (int k = 0; k < kSums; k++) sums[k] = load_partial(sums_part + k * units + unit, width);
        division.for_tiles(thread, thread_total, active, [&](int64_t place0, int tile) {
          for (int64_t place = place0; place < place0 + tile; place++) {
            const int64_t row = row0 + place, item = time.order[place], at = place * units + unit;
            float* gate = gates + row * panel_depth + unit;
            Vec d = load_partial(dh + at, width);
            const bool hole = time.hole(t, place);
            if (sequences && dy != nullptr && (!hole || time.started(t, place)))
              d += load_partial(dy + (item * steps + t) * out_width + unit, width);
            if (hole) {
              store_partial(dh + at, d, width);
              for (int k = 0; k < kGates; k++) store_partial(gate + k * units, splat_zero(), width);
              continue;
            }
            const Vec i = load_partial(gate, width), f = load_partial(gate + units, width);
            const Vec g = load_partial(gate + 2 * units, width), o = load_partial(gate + 3 * units, width);
            const Vec cell = load_partial(cells + row * units + unit, width), activated = cell_activate(cell, kind);
            const Vec before = load_partial(cell_before(t, place) + unit, width), dout = d * activated * gate_slope(o, hard);
            Vec dcell = load_partial(dc + at, width) + d * o * cell_slope(activated, kind);
            if (peepholes) dcell += dout * load_partial(peepholes + 2 * units + unit, width);
            const Vec slopes[kGates] = {dcell * g * gate_slope(i, hard), dcell * before * gate_slope(f, hard),
                                        dcell * i * cell_slope(g, kind), dout};
            Vec dbefore = dcell * f;
            if (peepholes) {
              dbefore += slopes[0] * load_partial(peepholes + unit, width);
              dbefore += slopes[1] * load_partial(peepholes + units + unit, width);
              sums[kGates] += slopes[0] * before;
              sums[kGates + 1] += slopes[1] * before;
              sums[kGates + 2] += dout * cell;
            }
            for (int k = 0; k < kGates; k++) {
              store_partial(gate + k * units, slopes[k], width);
              sums[k] += slopes[k];
            }
            store_partial(dc + at, dbefore, width);
          }
        });
        for (int k = 0; k < kSums; k++) store_partial(sums_part + k * units + unit, sums[k], width);
      }
      division.meet(thread_total);  // the product below reads all units' gates
      for (int64_t block = mine.begin; block < mine.end;) {
        const int64_t left = mine.end - block;
        const int wide = left >= 4 && kLanes == 16 ? 4 : left >= 2 ? 2 : 1;
        const float* panel = panels + block * panel_depth * kLanes;
        division.for_tiles(thread, thread_total, active, [&](int64_t place0, int tile) {
          auto product = [&](auto size, auto vecs) {
            constexpr int R = decltype(size)::value, V = decltype(vecs)::value;
            Vec acc[R][V];
            micro_rows(panel_depth, gates + (row0 + place0) * panel_depth, panel_depth, panel, kLanes, panel_depth * kLanes, acc);
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
    }
  });

  for (int64_t place = 0; place < batch; place++) {
    const int64_t to = time.order[place] * units;
    if (args.initialHiddenGradient) std::memcpy(args.initialHiddenGradient.f32() + to, dh + place * units, sizeof(float) * units);
    if (args.initialCellGradient) std::memcpy(args.initialCellGradient.f32() + to, dc + place * units, sizeof(float) * units);
  }

  // The gates now hold their gradients: the weights' are one product each over all rows.
  const Matrix gradients = {gates, panel_depth, 1};
  gemm(features, panel_depth, time.rows, InputColumns{{args.x.f32(), args.dropoutMask.f32(), time, features, 0, 0}}, gradients,
       Output{args.kernelGradient.f32(), panel_depth});
  const float** before = reinterpret_cast<const float**>(scratch(0, kSlotGates, 4 * (time.rows + 1)));
  const float** masks = recurrent_mask ? before + time.rows : nullptr;
  for (int64_t t = 0; t < steps; t++) {
    const int64_t previous = time.previous(t);
    for (int64_t place = 0; place < time.active[t]; place++) {
      const int64_t row = time.first_row[t] + place;
      before[row] = previous >= 0 && place < time.active[previous] ? hiddens + (time.first_row[previous] + place) * units
                    : args.initialHidden                           ? args.initialHidden.f32() + time.order[place] * units
                                                                   : zeros;
      if (masks) masks[row] = recurrent_mask + time.order[place] * units;
    }
  }
  gemm(units, panel_depth, time.rows, HiddenColumns{before, masks}, gradients, Output{args.recurrentGradient.f32(), panel_depth});
  // The sums over rows, thread by thread: the bias's gradient, then the peepholes'.
  auto total = [&](const weft::View& gradient, int64_t first, int64_t count) {
    if (!gradient) return;
    std::memset(gradient.f32(), 0, sizeof(float) * count);
    for (int thread = 0; thread < division.threads; thread++) {
      const float* part = scratch(thread, kSlotSums, kSums * units) + first;
      for_vectors(0, count, [&](int64_t j, int n) {
        store_partial(gradient.f32() + j, load_partial(gradient.f32() + j, n) + load_partial(part + j, n), n);
      });
    }
  };
  total(args.biasGradient, 0, panel_depth);
  total(args.peepholesGradient, panel_depth, 3 * units);
}
#undef FIELDS
