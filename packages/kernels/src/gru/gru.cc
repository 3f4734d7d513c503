// GRU over a whole sequence, forward; see gru.ts for the formula and the meaning of each argument, gru-gradient.cc for the way
// back.
//
// U is packed once into panels of one vector of units x its gates. With resetAfter a step is one product with three gates, and
// all of the cell is computed from registers in the same pass; the candidate's parts of x and of h stay apart in a fourth
// accumulator. Without it the candidate's product waits for r of all units: a step is two products. Few features lie beside h and
// are multiplied in the same tile; else the inputs of all steps are projected in stretches of time that stay in the cache.
// Threads as in lstm.cc.

constexpr int kGruGates = 3;
constexpr int64_t kGruStretchRows = 1024, kGruJoinedFeatures = 128;

#define FIELDS(TENSOR, NUMBER)                                                                                              \
  TENSOR(x)                                                                                                                 \
  TENSOR(kernel)                                                                                                            \
  TENSOR(recurrentKernel)                                                                                                   \
  TENSOR(bias)                                                                                                              \
  TENSOR(initialHidden)                                                                                                     \
  TENSOR(mask)                                                                                                              \
  TENSOR(dropoutMask)                                                                                                       \
  TENSOR(recurrentDropoutMask)                                                                                              \
  TENSOR(output)                                                                                                            \
  TENSOR(lastHidden)                                                                                                        \
  TENSOR(gates)                                                                                                             \
  TENSOR(products)                                                                                                          \
  TENSOR(hiddens)                                                                                                           \
  NUMBER(batch) NUMBER(steps) NUMBER(features) NUMBER(units) NUMBER(returnSequences) NUMBER(goBackwards) NUMBER(activation) \
      NUMBER(hardGates) NUMBER(resetAfter)
WEFT_KERNEL(gru_forward, FIELDS) {
  const int64_t batch = args.batch, steps = args.steps, features = args.features, units = args.units, width = kGruGates * units;
  const Timeline time(batch, steps, args.mask.u8(), args.goBackwards != 0);
  const CellActivation kind = static_cast<CellActivation>(static_cast<int>(args.activation));
  const bool hard = args.hardGates != 0, keep = static_cast<bool>(args.gates), sequences = args.returnSequences != 0;
  const bool after = args.resetAfter != 0;
  const Division division(batch, units, kGruGates);
  const bool joined = features <= kGruJoinedFeatures && features <= units;
  const int64_t width_x = joined ? features : 0, row_size = width_x + units, panel_size = row_size * kGruGates * kLanes;
  // Panels hold x's three gates, then h's three, or with the reset before, h's two and its candidate.
  const int64_t panel_h = width_x * kGruGates * kLanes, panel_candidate = panel_h + units * 2 * kLanes;
  const float* recurrent_mask = args.recurrentDropoutMask.f32();
  const float *bias = args.bias.f32(), *recurrent_bias = after && bias ? bias + width : nullptr;
  float *output = args.output.f32(), *products = args.products.f32(), *hiddens = args.hiddens.f32();

  // By place: two copies of the product's rows [x_t, h] (read one, write the other), the unmasked h, and with the reset before
  // z, r h and the candidate's part of x, which wait for the second product.
  float* states = scratch(0, kSlotHiddenStates, batch * (2 * row_size + 4 * units));
  float* rows_of[2] = {states, states + batch * row_size};
  float *h = states + 2 * batch * row_size, *update = h + batch * units, *reset = update + batch * units,
        *waiting = reset + batch * units;
  start_hidden(time, args.initialHidden.f32(), recurrent_mask, units, h, rows_of, row_size, width_x);

  float* panels = scratch(0, kSlotHiddenPanels, division.blocks * panel_size);
  parallel(division.threads, [&](int thread, int count) {
    const Range mine = share(division.blocks, 1, thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++) {
      const int lanes = static_cast<int>(smaller<int64_t>(kLanes, units - block * kLanes));
      float* to = panels + block * panel_size;
      auto pack = [&](const float* matrix, int64_t depth, int first, int last) {
        for (int64_t k = 0; k < depth; k++)
          for (int gate = first; gate < last; gate++, to += kLanes)
            store(to, load_partial(matrix + k * width + gate * units + block * kLanes, lanes));
      };
      pack(args.kernel.f32(), width_x, 0, 3);
      pack(args.recurrentKernel.f32(), units, 0, after ? 3 : 2);
      if (!after) pack(args.recurrentKernel.f32(), units, 2, 3);
    }
  });

  int parity = 0;
  for (int64_t done = 0; done < steps;) {
    const Stretch stretch(time, done, joined ? INT64_MAX : kGruStretchRows);
    float* gates = keep     ? args.gates.f32() + stretch.first_row * width
                   : joined ? nullptr
                            : scratch(0, kSlotHiddenStretch, larger<int64_t>(stretch.rows, 1) * width);
    if (!joined) {
      Output projected = {gates, width};
      projected.bias = bias;
      gemm(stretch.rows, width, features,
           InputRows{args.x.f32(), args.dropoutMask.f32(), time, features, stretch.first_row, stretch.from},
           Matrix{args.kernel.f32(), width, 1}, projected);
    }

    parallel(division.threads, [&](int thread, int count) {
      const Range mine = division.blocks_of(thread, count);
      int side = parity;
      if (joined)
        lay_input(time, division, args.x.f32(), args.dropoutMask.f32(), features, stretch.step(0), rows_of[side], row_size,
                  thread, count);
      division.meet(count);
      for (int64_t s = 0; s < stretch.count; s++, side ^= 1) {
        const int64_t t = stretch.step(s), active = time.active[t], row0 = time.first_row[t];
        const float* previous = rows_of[side];
        float* next = rows_of[side ^ 1];
        auto gate_row = [&](int64_t place) { return gates ? gates + (row0 + place - stretch.first_row) * width : nullptr; };
        // From z and the candidate to the new h, and to all who need it.
        auto finish = [&](int64_t place, int64_t unit, int n, Vec z, Vec candidate) {
          const int64_t item = time.order[place], at = place * units + unit;
          const Vec old = load_partial(h + at, n);
          Vec new_h = candidate + z * (old - candidate), out = new_h;
          if (time.hole(t, place)) {
            new_h = old;
            out = time.started(t, place) ? old : splat_zero();
          }
          store_partial(h + at, new_h, n);
          store_partial(next + place * row_size + width_x + unit,
                        recurrent_mask ? new_h * load_partial(recurrent_mask + item * units + unit, n) : new_h, n);
          if (sequences) store_partial(output + (item * steps + t) * units + unit, out, n);
          if (keep) {
            store_partial(gate_row(place) + 2 * units + unit, candidate, n);
            store_partial(hiddens + (row0 + place) * units + unit, new_h, n);
          }
        };
        for (int64_t block = mine.begin; block < mine.end; block++) {
          const float* panel = panels + block * panel_size;
          const int64_t unit = block * kLanes;
          const int n = static_cast<int>(smaller<int64_t>(kLanes, units - unit));
          Vec offset[4];  // biases: of z, r, the candidate's part of x and its part of h; those of x only when no projection
                          // added them
          for (int k = 0; k < 4; k++) {
            offset[k] = joined && bias && k < 3 ? load_partial(bias + k * units + unit, n) : splat_zero();
            if (recurrent_bias && k != 2) offset[k] += load_partial(recurrent_bias + smaller(k, 2) * units + unit, n);
          }
          division.for_tiles(thread, count, active, [&](int64_t place0, int tile) {
            alignas(64) Vec acc[kTileRows][4];
            const float* rows = previous + place0 * row_size;
            with_rows(tile, [&](auto size) {
              constexpr int R = decltype(size)::value;
              Vec part[R][3];
              if (after) {
                micro_rows(units, rows + width_x, row_size, panel + panel_h, 3 * kLanes, kLanes, part);
                for (int r = 0; r < R; r++)
                  acc[r][0] = part[r][0], acc[r][1] = part[r][1], acc[r][2] = splat_zero(), acc[r][3] = part[r][2];
              } else {
                Vec two[R][2];
                micro_rows(units, rows + width_x, row_size, panel + panel_h, 2 * kLanes, kLanes, two);
                for (int r = 0; r < R; r++) acc[r][0] = two[r][0], acc[r][1] = two[r][1], acc[r][2] = splat_zero();
              }
              if (!joined) return;
              micro_rows(features, rows, row_size, panel, 3 * kLanes, kLanes, part);
              for (int r = 0; r < R; r++)
                for (int k = 0; k < 3; k++) acc[r][k] += part[r][k];
            });
            for (int r = 0; r < tile; r++) {
              const int64_t place = place0 + r, row = row0 + place, at = place * units + unit;
              float* gate = gates ? gate_row(place) + unit : nullptr;
              for (int k = 0; k < 4; k++) acc[r][k] += offset[k];
              if (!joined)
                for (int k = 0; k < 3; k++) acc[r][k] += load_partial(gate + k * units, n);
              const Vec z = hard ? hard_sigmoid(acc[r][0]) : sigmoid(acc[r][0]);
              const Vec reset_gate = hard ? hard_sigmoid(acc[r][1]) : sigmoid(acc[r][1]);
              const Vec product = after ? acc[r][3] : reset_gate * load_partial(rows + r * row_size + width_x + unit, n);
              if (keep) {
                store_partial(gate, z, n);
                store_partial(gate + units, reset_gate, n);
                store_partial(products + row * units + unit, product, n);
              }
              if (after) {
                finish(place, unit, n, z, cell_activate(acc[r][2] + reset_gate * product, kind));
              } else {
                store_partial(update + at, z, n);
                store_partial(reset + at, product, n);
                store_partial(waiting + at, acc[r][2], n);
              }
            }
          });
        }
        if (!after) {
          division.meet(count);  // the second product reads r h of all units
          for_products(division, thread, count, active, units, reset, units, panels + panel_candidate, panel_size, units,
                       [&](int64_t place, int64_t unit, int n, Vec product) {
                         const int64_t at = place * units + unit;
                         finish(place, unit, n, load_partial(update + at, n),
                                cell_activate(load_partial(waiting + at, n) + product, kind));
                       });
        }
        if (joined && s + 1 < stretch.count)
          lay_input(time, division, args.x.f32(), args.dropoutMask.f32(), features, stretch.step(s + 1), next, row_size, thread,
                    count);
        division.meet(count);
      }
    });
    parity ^= stretch.count & 1;
    done += stretch.count;
  }
  finish_hidden(time, h, units, sequences, output, args.lastHidden.f32());
}
#undef FIELDS
