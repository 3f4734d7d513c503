// What only the sanitized build does: each tensor that a kernel gets is a copy in a block of exactly its size, and each piece of
// scratch memory one of its own, freed after the call. AddressSanitizer sees neither the ends of typed arrays, which are V8's,
// nor those of what is kept from call to call; here a step beyond either ends the process. Included by addon.cc alone.
#pragma once
#include "kernel.h"

namespace weft {
// A tensor as it was passed, and where a kernel finds it.
struct Passed {
  View* view;
  size_t bytes;
};
}  // namespace weft

#ifdef WEFT_SANITIZED
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace weft {

class Guard {
 public:
  // Takes the tensors of a call and lets their views point to the copies.
  Guard(const Passed* passed, size_t count) : count_(count), held_(new Held[count]) {
    for (size_t i = 0; i < count; i++) held_[i] = {static_cast<char*>(passed[i].view->data), passed[i].bytes, nullptr, false};
    for (size_t i = 0; i < count; i++) passed[i].view->data = copy(held_[i]);
  }
  Guard(const Guard&) = delete;
  ~Guard() {
    for (size_t i = 0; i < count_; i++) {
      const Held& held = held_[i];
      if (!held.owner) continue;
      if (held.bytes > 0) std::memcpy(held.original, held.copy, held.bytes);
      std::free(held.copy);
    }
    delete[] held_;
  }

 private:
  struct Held {
    char* original;
    size_t bytes;
    char* copy;
    bool owner;
    const char* end() const { return original + bytes; }
  };

  // Tensors that share memory share the copy of the one that holds the others.
  char* copy(Held& wanted) {
    Held* widest = &wanted;
    for (size_t i = 0; i < count_; i++) {
      Held& other = held_[i];
      if (other.bytes == 0 || other.original >= widest->end() || other.end() <= widest->original) continue;
      if (other.original <= widest->original && other.end() >= widest->end()) {
        widest = &other;
      } else if (other.original < widest->original || other.end() > widest->end()) {
        std::fputs("weft: tensors of one call overlap, and neither holds the other\n", stderr);
        std::abort();
      }
    }
    if (widest->copy == nullptr) {
      widest->copy = static_cast<char*>(std::malloc(widest->bytes));
      widest->owner = true;
      if (widest->bytes > 0) std::memcpy(widest->copy, widest->original, widest->bytes);
    }
    return wanted.copy = widest->copy + (wanted.original - widest->original);
  }

  size_t count_;
  Held* held_;
};

}  // namespace weft
#endif
