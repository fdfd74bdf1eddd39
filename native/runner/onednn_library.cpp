#include "onednn_library.hpp"

#include <dlfcn.h>

#include <cstdlib>

#include "cpu.hpp"
#include "failure.hpp"

namespace runner {

using namespace onednn;

namespace {

template <class F>
void find(void* library, F& slot, const std::string& name) {
  slot = reinterpret_cast<F>(dlsym(library, ("dnnl_" + name).c_str()));
  if (slot == nullptr) throw failure("no-onednn", "the library has no function dnnl_" + name);
}

#define FS_FIND(name) find(library, f.name, #name)

void find_all(void* library, Functions& f) {
  FS_FIND(engine_create);
  FS_FIND(stream_create);
  FS_FIND(stream_wait);
  FS_FIND(memory_desc_init_by_strides);
  FS_FIND(memory_desc_init_by_tag);
  FS_FIND(memory_desc_equal);
  FS_FIND(memory_desc_get_size);
  FS_FIND(memory_create);
  FS_FIND(memory_destroy);
  FS_FIND(primitive_desc_create);
  FS_FIND(primitive_desc_destroy);
  FS_FIND(primitive_desc_query);
  FS_FIND(primitive_desc_query_md);
  FS_FIND(primitive_create);
  FS_FIND(primitive_execute);
  FS_FIND(primitive_destroy);
  FS_FIND(primitive_attr_create);
  FS_FIND(primitive_attr_destroy);
  FS_FIND(primitive_attr_set_output_scales);
  FS_FIND(primitive_attr_set_scales);
  FS_FIND(primitive_attr_set_zero_points);
  FS_FIND(primitive_attr_set_post_ops);
  FS_FIND(post_ops_create);
  FS_FIND(post_ops_destroy);
  FS_FIND(post_ops_append_eltwise);
  FS_FIND(post_ops_append_binary);
  FS_FIND(matmul_desc_init);
  FS_FIND(softmax_v2_forward_desc_init);
  FS_FIND(layer_normalization_forward_desc_init);
  FS_FIND(eltwise_forward_desc_init);
  FS_FIND(binary_desc_init);
  FS_FIND(dilated_convolution_forward_desc_init);
  FS_FIND(pooling_v2_forward_desc_init);
  FS_FIND(reorder_primitive_desc_create);
}

// Its OpenMP reads these when it is loaded: one thread per CPU, in the order that ours are pinned to.
void pin_openmp() {
  std::string places;
  for (const int cpu : cpu_order()) places += (places.empty() ? "{" : ",{") + std::to_string(cpu) + "}";
  setenv("OMP_PLACES", places.c_str(), 0);
  setenv("OMP_PROC_BIND", "close", 0);
}

struct opened {
  void* handle = nullptr;
  Library library;
  std::string version;
};

opened& open_once(const std::string& path) {
  static opened the;
  if (the.handle != nullptr) return the;
  pin_openmp();
  unpin_main_thread();
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  pin_main_thread();
  if (handle == nullptr) throw failure("no-onednn", dlerror());
  find(handle, the.library.f.version, "version");
  const Version& v = *the.library.f.version();
  the.version = std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.patch);
  if (v.major != 2 || v.minor < 6)
    throw failure("no-onednn", path + " is version " + the.version + ", its interface must be that of 2.6 or 2.7");
  find_all(handle, the.library.f);
  the.library.omp_set_num_threads = reinterpret_cast<void (*)(int)>(dlsym(handle, "omp_set_num_threads"));
  const Library& l = the.library;
  l.check(l.f.engine_create(&the.library.engine, cpu_engine, 0), "an engine");
  l.check(l.f.stream_create(&the.library.stream, l.engine, in_order_stream), "a stream");
  the.handle = handle;
  return the;
}

}  // namespace

const Library& open_onednn(const std::string& path) { return open_once(path).library; }

std::string onednn_version(const std::string& path) { return open_once(path).version; }

}  // namespace runner

void onednn::Library::check(int status, const char* what) const {
  static const char* const names[] = {"success",         "out of memory", "invalid arguments", "unimplemented",
                                      "end of iterator", "runtime error", "not required"};
  if (status == success) return;
  const bool known = status > 0 && status < static_cast<int>(sizeof names / sizeof *names);
  throw runner::failure("onednn", std::string(what) + ": " + (known ? names[status] : "unknown status"));
}
