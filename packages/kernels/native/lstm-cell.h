// The algebra of an LSTM cell, forward and backward, for one vector of units: what the plain, the stepwise and the convolutional
// LSTM share. It loads and stores nothing but peephole weights, and knows neither steps nor threads.
#pragma once
#include "sequence.h"

namespace WEFT_ISA {

constexpr int kLstmGates = 4;  // i, f, g (Keras's c) and o, side by side in every buffer of gates

// Peephole weights of n units: those of i, f and o, `apart` floats from one to the next.
struct Peepholes {
  bool any;
  const float* weights;
  int64_t apart;
  int n;
  WEFT_INLINE Vec i() const { return load_partial(weights, n); }
  WEFT_INLINE Vec f() const { return load_partial(weights + apart, n); }
  WEFT_INLINE Vec o() const { return load_partial(weights + 2 * apart, n); }
};

struct LstmCell {
  Vec i, f, g, o, c, h;
};

// Hochreiter and Schmidhuber 1997 with forget gates, peepholes p of Gers and Schmidhuber 2000; from the sums z = x W + h' U + b
// and the cell c' of the step before, with the gates' activation σ and the cell's φ:
//   i = σ(z_i + p_i c')   f = σ(z_f + p_f c')   g = φ(z_g)
//   c = f c' + i g        o = σ(z_o + p_o c)    h = o φ(c)
WEFT_INLINE LstmCell lstm_cell(const Vec (&z)[kLstmGates], Vec c_before, const Peepholes& peep, CellActivation kind, bool hard) {
  LstmCell cell;
  cell.i = gate_activate(peep.any ? z[0] + peep.i() * c_before : z[0], hard);
  cell.f = gate_activate(peep.any ? z[1] + peep.f() * c_before : z[1], hard);
  cell.g = cell_activate(z[2], kind);
  cell.c = cell.f * c_before + cell.i * cell.g;
  cell.o = gate_activate(peep.any ? z[3] + peep.o() * cell.c : z[3], hard);
  cell.h = cell.o * cell_activate(cell.c, kind);
  return cell;
}

struct LstmCellGradient {
  Vec z[kLstmGates];
  Vec c_before;  // without what reaches c' through the peepholes of i and f: p_i dz_i + p_f dz_f
};

// From dh and from dc, what reaches c from the step after, with σ' and φ' from the activations' values:
//   dz_o = dh φ(c) σ'(o)   dc += dh o φ'(φ(c)) + p_o dz_o
//   dz_i = dc g σ'(i)      dz_f = dc c' σ'(f)   dz_g = dc i φ'(g)   dc' = dc f
WEFT_INLINE LstmCellGradient lstm_cell_gradient(Vec i, Vec f, Vec g, Vec o, Vec c, Vec c_before, Vec dh, Vec dc,
                                                const Peepholes& peep, CellActivation kind, bool hard) {
  const Vec activated = cell_activate(c, kind);
  const Vec dz_o = dh * activated * gate_slope(o, hard);
  dc = dc + dh * o * cell_slope(activated, kind);
  if (peep.any) dc += dz_o * peep.o();
  return {{dc * g * gate_slope(i, hard), dc * c_before * gate_slope(f, hard), dc * i * cell_slope(g, kind), dz_o}, dc * f};
}

}  // namespace WEFT_ISA
