// GRU over a whole sequence, forward, and the algebra of its cell; see gru.ts for the formula and the meaning of each argument,
// gru-gradient.cc for the way back.
//
// U is packed once into panels of one vector of units x its gates. With resetAfter a step is one product with three gates, and
// all of the cell is computed from registers in the same pass; the candidate's parts of x and of h stay apart in a fourth
// accumulator. Without it the candidate's product waits for r of all units: a step is two products. Few features lie beside h and
// are multiplied in the same tile; else the inputs of all steps are projected in stretches of time that stay in the cache.
// Threads as in lstm.cc.

constexpr int kGruGates = 3;
constexpr int64_t kGruStretchRows = 1024, kGruJoinedFeatures = 128;

// Cho et al. 2014, for one vector of units, in three parts, since a candidate may wait for the r of all units. From the sums
// a = x W + h' U + b and the state h' of the step before:
//   z = σ(a_z)   r = σ(a_r)
//   g = φ(x W_g + b_g + r (h' U_g + b'_g)), or with the reset before the product g = φ(x W_g + b_g + (r h') U_g)
//   h = z h' + (1 - z) g = g + z (h' - g)
struct GruGates {
  Vec z, r;
};
WEFT_INLINE GruGates gru_gates(Vec a_z, Vec a_r, bool hard) { return {gate_activate(a_z, hard), gate_activate(a_r, hard)}; }
WEFT_INLINE Vec gru_candidate(Vec from_x, Vec from_h, CellActivation kind) { return cell_activate(from_x + from_h, kind); }
WEFT_INLINE Vec gru_cell(Vec z, Vec candidate, Vec h_before) { return candidate + z * (h_before - candidate); }

// da_z = dh (h' - g) σ'(z)   da_g = dh (1 - z) φ'(g)   dh' = dh z, and what comes through the products
struct GruCellGradient {
  Vec z, candidate, h_before;
};
WEFT_INLINE GruCellGradient gru_cell_gradient(Vec z, Vec candidate, Vec h_before, Vec dh, CellActivation kind, bool hard) {
  return {dh * (h_before - candidate) * gate_slope(z, hard), dh * (1.0f - z) * cell_slope(candidate, kind), dh * z};
}
// From d, the gradient of r y: da_r = d y σ'(r)   dy = d r; y is h' U_g + b'_g, or with the reset before the product h'.
struct GruResetGradient {
  Vec r, y;
};
WEFT_INLINE GruResetGradient gru_reset_gradient(Vec r, Vec y, Vec d, bool hard) { return {d * y * gate_slope(r, hard), d * r}; }

struct Gru : Recurrence {
  const bool hard, after;  // after: r applies after the product with U

  template <class Args>
  explicit Gru(const Args& a) : Recurrence(a, kGruGates), hard(a.hardGates != 0), after(a.resetAfter != 0) {}
};

struct GruForward {
  const Gru& s;
  const bool joined;  // x_t lies beside h_{t-1}
  const int64_t width_x, row_size, panel_size;
  // Panels hold x's three gates, then h's three, or with the reset before, h's two and its candidate.
  const int64_t panel_h, panel_candidate;
  const float *kernel, *bias, *recurrent_bias;
  float *output, *kept_gates, *products, *hiddens;  // the last three are null when no gradient is recorded
  // By place: two copies of the product's rows [x_t, h] (read one, write the other), the unmasked h, and with the reset before
  // z, r h and the candidate's part of x, which wait for the second product.
  float* rows_of[2];
  float *h, *update, *reset, *waiting, *panels;

  // What a step reads and writes beside the above: rows by place, and its gates [places, 3U] or null.
  struct Step {
    int64_t t;
    const float* previous;
    float *next, *gates;
  };

  template <class Args>
  GruForward(const Gru& sizes, const Args& a)
      : s(sizes),
        joined(s.features <= kGruJoinedFeatures && s.features <= s.units),
        width_x(joined ? s.features : 0),
        row_size(width_x + s.units),
        panel_size(row_size * kGruGates * kLanes),
        panel_h(width_x * kGruGates * kLanes),
        panel_candidate(panel_h + s.units * 2 * kLanes),
        kernel(a.kernel.f32()),
        bias(a.bias.f32()),
        recurrent_bias(s.after && bias ? bias + s.depth : nullptr),
        output(a.output.f32()),
        kept_gates(a.gates.f32()),
        products(a.products.f32()),
        hiddens(a.hiddens.f32()) {
    const int64_t state = s.batch * s.units;
    rows_of[0] = scratch(0, kSlotHiddenStates, s.batch * (2 * row_size + 4 * s.units));
    rows_of[1] = rows_of[0] + s.batch * row_size;
    h = rows_of[1] + s.batch * row_size, update = h + state, reset = update + state, waiting = reset + state;
    panels = scratch(0, kSlotHiddenPanels, s.division.blocks * panel_size);
  }

  void pack() const {
    parallel(s.division.threads, [&](int thread, int count) {
      const Range mine = share(s.division.blocks, 1, thread, count);
      for (int64_t block = mine.begin; block < mine.end; block++) {
        const int lanes = s.lanes(block * kLanes);
        float* to = panels + block * panel_size;
        auto pack = [&](const float* matrix, int64_t rows, int first, int last) {
          for (int64_t k = 0; k < rows; k++)
            for (int gate = first; gate < last; gate++, to += kLanes)
              store(to, load_partial(matrix + k * s.depth + gate * s.units + block * kLanes, lanes));
        };
        pack(kernel, width_x, 0, 3);
        pack(s.recurrent_kernel, s.units, 0, s.after ? 3 : 2);
        if (!s.after) pack(s.recurrent_kernel, s.units, 2, 3);
      }
    });
  }

  // The steps of a stretch for one thread. `gates` [rows, 3U] has x W + b in it unless joined, and is null when nobody needs it.
  void run(const Stretch& stretch, float* gates, int thread, int count) const {
    int side = stretch.done & 1;  // which rows are read first
    if (joined) s.lay_input(stretch.step(0), rows_of[side], row_size, thread, count);
    s.division.meet(count);
    for (int64_t n = 0; n < stretch.count; n++, side ^= 1) {
      const int64_t t = stretch.step(n);
      const Step step = {t, rows_of[side], rows_of[side ^ 1],
                         gates ? gates + (s.time.first_row[t] - stretch.first_row) * s.depth : nullptr};
      gates_of(step, thread, count);
      if (!s.after) {
        s.division.meet(count);  // the second product reads r h of all units
        candidates_of(step, thread, count);
      }
      if (joined && n + 1 < stretch.count) s.lay_input(stretch.step(n + 1), step.next, row_size, thread, count);
      s.division.meet(count);
    }
  }

  // The product of all gates; with the reset after, all of the cell.
  WEFT_INLINE void gates_of(const Step& step, int thread, int count) const {
    const Range mine = s.division.blocks_of(thread, count);
    for (int64_t block = mine.begin; block < mine.end; block++) {
      const float* panel = panels + block * panel_size;
      const int64_t unit = block * kLanes;
      const int n = s.lanes(unit);
      Vec offset[4];  // biases: of z, r, the candidate's part of x and its part of h; those of x only when no projection added
                      // them
      for (int k = 0; k < 4; k++) {
        offset[k] = joined && bias && k < 3 ? load_partial(bias + k * s.units + unit, n) : splat_zero();
        if (recurrent_bias && k != 2) offset[k] += load_partial(recurrent_bias + smaller(k, 2) * s.units + unit, n);
      }
      s.division.for_tiles(thread, count, s.time.active[step.t], [&](int64_t place0, int tile) {
        alignas(64) Vec acc[kTileRows][4];
        const float* rows = step.previous + place0 * row_size;
        multiply(rows, tile, panel, acc);
        for (int r = 0; r < tile; r++) {
          float* gate = step.gates ? step.gates + (place0 + r) * s.depth + unit : nullptr;
          for (int k = 0; k < 4; k++) acc[r][k] += offset[k];
          if (!joined)
            for (int k = 0; k < 3; k++) acc[r][k] += load_partial(gate + k * s.units, n);
          cell(step, place0 + r, unit, n, acc[r], rows + r * row_size + width_x + unit, gate);
        }
      });
    }
  }

  // Sums of a tile's rows: z, r, the candidate's part of x and, with the reset after, its part of h.
  WEFT_INLINE void multiply(const float* rows, int tile, const float* panel, Vec (&acc)[kTileRows][4]) const {
    with_rows(tile, [&](auto size) {
      constexpr int R = decltype(size)::value;
      Vec part[R][3];
      if (s.after) {
        micro_rows(s.units, rows + width_x, row_size, panel + panel_h, 3 * kLanes, kLanes, part);
        for (int r = 0; r < R; r++)
          acc[r][0] = part[r][0], acc[r][1] = part[r][1], acc[r][2] = splat_zero(), acc[r][3] = part[r][2];
      } else {
        Vec two[R][2];
        micro_rows(s.units, rows + width_x, row_size, panel + panel_h, 2 * kLanes, kLanes, two);
        for (int r = 0; r < R; r++) acc[r][0] = two[r][0], acc[r][1] = two[r][1], acc[r][2] = splat_zero();
      }
      if (!joined) return;
      micro_rows(s.features, rows, row_size, panel, 3 * kLanes, kLanes, part);
      for (int r = 0; r < R; r++)
        for (int k = 0; k < 3; k++) acc[r][k] += part[r][k];
    });
  }

  // The cell of one item from its sums, as far as it goes before the second product. `masked` is h as the product read it.
  WEFT_INLINE void cell(const Step& step, int64_t place, int64_t unit, int n, const Vec (&sums)[4], const float* masked,
                        float* gate) const {
    const int64_t at = place * s.units + unit;
    const GruGates gates = gru_gates(sums[0], sums[1], s.hard);
    const Vec product = s.after ? sums[3] : gates.r * load_partial(masked, n);
    if (kept_gates) {
      store_partial(gate, gates.z, n);
      store_partial(gate + s.units, gates.r, n);
      store_partial(products + (s.time.first_row[step.t] + place) * s.units + unit, product, n);
    }
    if (s.after) {
      finish(step, place, unit, n, gates.z, gru_candidate(sums[2], gates.r * product, s.kind));
    } else {
      store_partial(update + at, gates.z, n);
      store_partial(reset + at, product, n);
      store_partial(waiting + at, sums[2], n);
    }
  }

  // The second product, r h times the candidate's weights, and the rest of the cell.
  WEFT_INLINE void candidates_of(const Step& step, int thread, int count) const {
    s.for_products(step.t, reset, s.units, panels + panel_candidate, panel_size, s.units, thread, count,
                   [&](int64_t place, int64_t unit, int n, Vec product) {
                     const int64_t at = place * s.units + unit;
                     finish(step, place, unit, n, load_partial(update + at, n),
                            gru_candidate(load_partial(waiting + at, n), product, s.kind));
                   });
  }

  // From z and the candidate to the new h, and to all who need it.
  WEFT_INLINE void finish(const Step& step, int64_t place, int64_t unit, int n, Vec z, Vec candidate) const {
    const int64_t item = s.time.order[place], at = place * s.units + unit;
    const Vec old = load_partial(h + at, n);
    Vec new_h = gru_cell(z, candidate, old), out = new_h;
    if (s.time.hole(step.t, place)) {
      new_h = old;
      out = s.time.started(step.t, place) ? old : splat_zero();
    }
    store_partial(h + at, new_h, n);
    store_partial(step.next + place * row_size + width_x + unit, s.masked(new_h, item, unit, n), n);
    if (s.sequences) store_partial(output + (item * s.steps + step.t) * s.units + unit, out, n);
    if (!kept_gates) return;
    store_partial(step.gates + place * s.depth + 2 * s.units + unit, candidate, n);
    store_partial(hiddens + (s.time.first_row[step.t] + place) * s.units + unit, new_h, n);
  }
};

#define FIELDS(TENSOR, NUMBER)                                              \
  TENSOR(x)                    /* [B, T, D] */                              \
  TENSOR(kernel)               /* [D, 3U] */                                \
  TENSOR(recurrentKernel)      /* [U, 3U] */                                \
  TENSOR(bias)                 /* [2, 3U] with resetAfter, [3U], or none */ \
  TENSOR(initialHidden)        /* [B, U] or none */                         \
  TENSOR(mask)                 /* [B, T] bytes or none */                   \
  TENSOR(dropoutMask)          /* [B, D] or none */                         \
  TENSOR(recurrentDropoutMask) /* [B, U] or none */                         \
  TENSOR(output)               /* out: [B, T, U] or [B, U] */               \
  TENSOR(lastHidden)           /* out: [B, U] */                            \
  TENSOR(gates)                /* out: [rows, 3U] or none */                \
  TENSOR(products)             /* out: [rows, U] or none */                 \
  TENSOR(hiddens)              /* out: [rows, U] or none */                 \
  RECURRENCE_NUMBERS(NUMBER) NUMBER(hardGates) NUMBER(resetAfter)
WEFT_KERNEL(gru_forward, FIELDS) {
  const Gru s(args);
  const GruForward pass(s, args);
  s.start_hidden(pass.h, pass.rows_of, pass.row_size, pass.width_x);
  pass.pack();
  s.for_stretches(pass.joined ? INT64_MAX : kGruStretchRows, [&](const Stretch& stretch) {
    float* gates = pass.joined ? pass.kept_gates : s.project(stretch, pass.kernel, pass.bias, pass.kept_gates);
    parallel(s.division.threads, [&](int thread, int count) { pass.run(stretch, gates, thread, count); });
  });
  s.finish_hidden(pass.h, pass.output, s.units, args.lastHidden.f32());
}
#undef FIELDS
