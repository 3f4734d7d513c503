// The Node-API side: picks the instruction set, hands each kernel's table entry to JavaScript as a function, and owns the thread
// pool and the scratch memory. No kernel sees Node-API, and nothing here knows what a kernel computes.
#include <node_api.h>
#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "guard.h"
#include "kernel.h"
#include "threads.h"

#if defined(__x86_64__) || defined(_M_X64)
#define WEFT_X64 1
#include <immintrin.h>
#endif

#define WEFT_DECLARE(isa)                  \
  namespace isa {                          \
  const weft::KernelEntry* kernel_table(); \
  }
#ifdef WEFT_HAVE_avx512
WEFT_DECLARE(avx512)
#endif
#ifdef WEFT_HAVE_avx2
WEFT_DECLARE(avx2)
#endif
#ifdef WEFT_HAVE_neon
WEFT_DECLARE(neon)
#endif
#ifdef WEFT_HAVE_baseline
WEFT_DECLARE(baseline)
#endif

namespace weft {
namespace {

inline void pause_cpu() {
#ifdef WEFT_X64
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Denormals count as zero: vanishing gradients would else make long sequences several times slower.
struct FlushDenormals {
#ifdef WEFT_X64
  unsigned saved = _mm_getcsr();
  FlushDenormals() { _mm_setcsr(saved | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(saved); }
#elif defined(__aarch64__)
  uint64_t saved;
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(saved));
    asm volatile("msr fpcr, %0" ::"r"(saved | (1ull << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved)); }
#endif
};

// Workers spin for a while after each task, since the next one often follows within microseconds, then sleep; a thread that waits
// for the others soon lets them have its processor, which they may need.
constexpr int kIdleSpins = 20000, kWaitSpins = 4000;

class Pool {
 public:
  int threads = 1;

  void resize(int wanted) {
    stop();
    threads = wanted < 1 ? 1 : wanted;
    stopping = false;
    const uint64_t from = generation.load();
    for (int i = 1; i < threads; i++) workers.emplace_back([this, i, from] { work(i, from); });
  }

  void run(int count, Task new_task, void* new_context) {
    if (count > threads) count = threads;
    if (count <= 1) return new_task(new_context, 0, 1);
    task = new_task;
    context = new_context;
    active = count;
    arrived.store(0);
    remaining.store(threads - 1);
    {
      std::lock_guard<std::mutex> lock(mutex);
      generation.fetch_add(1);
    }
    if (sleeping.load() > 0) wake.notify_all();
    new_task(new_context, 0, count);
    for (int i = 0; remaining.load(std::memory_order_acquire) != 0; i++) i < kWaitSpins ? pause_cpu() : std::this_thread::yield();
  }

  void wait_for_all(int count) {
    const uint64_t my_phase = phase.load();
    if (arrived.fetch_add(1) + 1 == count) {
      arrived.store(0);
      phase.fetch_add(1);
      return;
    }
    for (int i = 0; phase.load(std::memory_order_acquire) == my_phase; i++)
      i < kWaitSpins ? pause_cpu() : std::this_thread::yield();
  }

  void stop() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    for (auto& worker : workers) worker.join();
    workers.clear();
  }

 private:
  void work(int index, uint64_t seen) {
    FlushDenormals flush;
    for (;;) {
      for (int i = 0; i < kIdleSpins && generation.load(std::memory_order_acquire) == seen && !stopping.load(); i++) pause_cpu();
      if (generation.load() == seen) {
        std::unique_lock<std::mutex> lock(mutex);
        sleeping.fetch_add(1);
        wake.wait(lock, [&] { return generation.load() != seen || stopping.load(); });
        sleeping.fetch_sub(1);
      }
      if (generation.load() == seen) return;  // stopping
      seen = generation.load();
      if (index < active) task(context, index, active);
      remaining.fetch_sub(1, std::memory_order_release);
    }
  }

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<bool> stopping{false};
  std::atomic<int> sleeping{0};
  alignas(64) std::atomic<uint64_t> generation{0};
  alignas(64) std::atomic<int> remaining{0};
  alignas(64) std::atomic<int> arrived{0};
  alignas(64) std::atomic<uint64_t> phase{0};
  Task task = nullptr;
  void* context = nullptr;
  int active = 1;
};

struct Arena {
  float* memory = nullptr;
  size_t floats = 0;
};

// Never destroyed: a worker of Node's may still be in a kernel when the process ends.
Pool& pool() {
  static Pool* instance = new Pool;
  return *instance;
}
constexpr int kMaxThreads = 256;
Arena arenas[kMaxThreads][kSlots];
constexpr size_t kHugePage = size_t{2} << 20;
std::mutex kernel_lock;

const KernelEntry* picked_table = nullptr;
const char* picked_isa = "none";

bool wanted(const char* isa) {
  const char* only = std::getenv("WEFT_ISA");
  return only == nullptr || *only == 0 || std::strcmp(only, isa) == 0;
}

void pick_instruction_set() {
#ifdef WEFT_HAVE_baseline
  picked_table = baseline::kernel_table(), picked_isa = "baseline";
#endif
#ifdef WEFT_HAVE_neon
  picked_table = neon::kernel_table(), picked_isa = "neon";
#endif
#ifdef WEFT_X64
  __builtin_cpu_init();
#ifdef WEFT_HAVE_avx2
  if (wanted("avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    picked_table = avx2::kernel_table(), picked_isa = "avx2";
#endif
#ifdef WEFT_HAVE_avx512
  if (wanted("avx512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    picked_table = avx512::kernel_table(), picked_isa = "avx512";
#endif
#endif
}

// Node unloads a library with the worker thread that loaded it; the pool's threads and the scratch memory are here for good.
void stay_loaded() {
#ifdef _WIN32
  HMODULE self;
  GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCSTR>(&stay_loaded), &self);
#else
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
#endif
}

constexpr size_t kMaxTensors = 32;

int count_names(const char* names) {
  int count = 0;
  for (; *names; names++) count += *names == ',';
  return count;
}

#ifdef WEFT_SANITIZED
size_t bytes_of(napi_typedarray_type type) {
  switch (type) {
    case napi_float32_array:
    case napi_int32_array:
    case napi_uint32_array:
      return 4;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
    default:
      return 1;
  }
}
void free_scratch();
#endif

// A typed array, or undefined.
bool read_view(napi_env env, napi_value value, View& view, std::vector<Passed>& passed) {
  napi_valuetype type;
  napi_typeof(env, value, &type);
  if (type == napi_undefined) return true;
  size_t length = 0;
  void* pointer = nullptr;
  napi_typedarray_type element;
  if (napi_get_typedarray_info(env, value, &element, &length, &pointer, nullptr, nullptr) != napi_ok) return false;
  static uint64_t empty[8];
  view = {length == 0 ? empty : pointer, static_cast<int64_t>(length)};
#ifdef WEFT_SANITIZED
  passed.push_back({&view, length * bytes_of(element)});
#else
  (void)passed;
#endif
  return true;
}

// An array of what `read_view` takes; `items` holds its views.
bool read_list(napi_env env, napi_value value, std::vector<View>& items, View& view, std::vector<Passed>& passed) {
  bool is_list = false;
  uint32_t length = 0;
  napi_is_array(env, value, &is_list);
  if (!is_list || napi_get_array_length(env, value, &length) != napi_ok) return false;
  items.resize(length + 1);  // so that the list is somewhere also when it is empty
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    if (napi_get_element(env, value, i, &item) != napi_ok || !read_view(env, item, items[i], passed)) return false;
  }
  view = {items.data(), length};
  return true;
}

// kernel(numbers: Float64Array, ...tensors: (TypedArray | TypedArray[] | undefined)[]): void. The TypeScript side has checked
// names and types.
napi_value call_kernel(napi_env env, napi_callback_info info) {
  size_t argc = 1 + kMaxTensors;
  napi_value argv[1 + kMaxTensors];
  void* data = nullptr;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  const KernelEntry* entry = static_cast<const KernelEntry*>(data);
  View views[kMaxTensors] = {};
  std::vector<View> lists[kMaxTensors];
  void* numbers = nullptr;
  size_t number_count = 0;
  napi_typedarray_type number_type;
  if (argc < 1 || argc > 1 + kMaxTensors ||
      napi_get_typedarray_info(env, argv[0], &number_type, &number_count, &numbers, nullptr, nullptr) != napi_ok ||
      number_type != napi_float64_array || static_cast<int>(argc) - 1 != count_names(entry->tensors) ||
      static_cast<int>(number_count) != count_names(entry->numbers)) {
    napi_throw_type_error(env, nullptr, "native kernel: expected the numbers and tensors that its signature lists");
    return nullptr;
  }
  std::vector<Passed> passed;
  for (size_t i = 0; i + 1 < argc; i++) {
    if (read_view(env, argv[i + 1], views[i], passed) || read_list(env, argv[i + 1], lists[i], views[i], passed)) continue;
    napi_throw_type_error(env, nullptr, "native kernel: expected a typed array, a list of them or undefined for each tensor");
    return nullptr;
  }
  std::lock_guard<std::mutex> lock(kernel_lock);
  FlushDenormals flush;
#ifdef WEFT_SANITIZED
  Guard guard(passed.data(), passed.size());
#endif
  entry->run(views, static_cast<const double*>(numbers));
#ifdef WEFT_SANITIZED
  free_scratch();
#endif
  return nullptr;
}

napi_value set_threads(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  int32_t count = 1;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (argc < 1 || napi_get_value_int32(env, argv[0], &count) != napi_ok) return nullptr;
  std::lock_guard<std::mutex> lock(kernel_lock);
  if (count > kMaxThreads) count = kMaxThreads;
  if (count != pool().threads) pool().resize(count);
  return nullptr;
}

napi_value get_threads(napi_env env, napi_callback_info) {
  napi_value value;
  napi_create_int32(env, pool().threads, &value);
  return value;
}

void set_string(napi_env env, napi_value object, const char* key, const char* text) {
  napi_value value;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, object, key, value);
}

void set_function(napi_env env, napi_value object, const char* key, napi_callback callback, const void* data) {
  napi_value value;
  napi_create_function(env, key, NAPI_AUTO_LENGTH, callback, const_cast<void*>(data), &value);
  napi_set_named_property(env, object, key, value);
}

}  // namespace

int thread_count() { return pool().threads; }
void run_parallel(int threads, Task task, void* context) { pool().run(threads, task, context); }
void barrier(int threads) {
  if (threads > 1) pool().wait_for_all(threads);
}

float* scratch(int thread, int slot, size_t count) {
  Arena& arena = arenas[thread][slot];
#ifdef WEFT_SANITIZED
  if (arena.memory == nullptr || arena.floats != count) {
    std::free(arena.memory);
    void* memory = nullptr;
    if (posix_memalign(&memory, 64, count * sizeof(float)) != 0) std::abort();
    arena = {static_cast<float*>(memory), count};
  }
  return arena.memory;
#endif
  if (arena.floats < count) {
    std::free(arena.memory ? reinterpret_cast<void**>(arena.memory)[-1] : nullptr);
    const size_t floats = count + count / 8 + 16;
    // What is large begins at a large page, if the system gives any: a panel of weights then needs one translation, not hundreds.
    const size_t alignment = floats * sizeof(float) >= kHugePage / 2 ? kHugePage : 64;
    char* raw = static_cast<char*>(std::malloc(floats * sizeof(float) + alignment + sizeof(void*)));
    if (raw == nullptr) {
      std::fputs("weft: out of memory in a kernel's scratch space\n", stderr);
      std::abort();
    }
    char* aligned =
        reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(raw) + sizeof(void*) + alignment - 1) & ~uintptr_t(alignment - 1));
#ifdef __linux__
    if (alignment == kHugePage) madvise(aligned, (floats * sizeof(float) + kHugePage - 1) & ~(kHugePage - 1), MADV_HUGEPAGE);
#endif
    reinterpret_cast<void**>(aligned)[-1] = raw;
    arena = {reinterpret_cast<float*>(aligned), floats};
  }
  return arena.memory;
}

#ifdef WEFT_SANITIZED
namespace {
void free_scratch() {
  for (auto& slots : arenas)
    for (Arena& arena : slots) std::free(arena.memory), arena = {};
}
}  // namespace
#endif

}  // namespace weft

NAPI_MODULE_INIT() {
  using namespace weft;
  if (picked_table == nullptr) {
    pick_instruction_set();
    stay_loaded();
  }
  set_string(env, exports, "isa", picked_isa);
  set_function(env, exports, "setThreads", set_threads, nullptr);
  set_function(env, exports, "getThreads", get_threads, nullptr);
  napi_value kernels;
  napi_create_array(env, &kernels);
  uint32_t index = 0;
  for (const KernelEntry* entry = picked_table; entry != nullptr && entry->name != nullptr; entry++) {
    napi_value item;
    napi_create_object(env, &item);
    set_string(env, item, "name", entry->name);
    set_string(env, item, "tensors", entry->tensors);
    set_string(env, item, "numbers", entry->numbers);
    set_function(env, item, "run", call_kernel, entry);
    napi_set_element(env, kernels, index++, item);
  }
  napi_set_named_property(env, exports, "kernels", kernels);
  return exports;
}
