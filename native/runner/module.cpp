#include "module.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "clock.hpp"
#include "cpu.hpp"
#include "crash.hpp"
#include "failure.hpp"
#include "packed_file.hpp"

namespace runner {

namespace {

struct open_file {
  explicit open_file(const std::string& path) : fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat s;
    if (fd < 0 || fstat(fd, &s) != 0) throw failure("no-file", path + ": " + errno_text());
    size = static_cast<uint64_t>(s.st_size);
  }
  ~open_file() {
    if (fd >= 0) close(fd);
  }
  open_file(const open_file&) = delete;
  int fd;
  uint64_t size = 0;
};

// The loader maps segments without looking at the file's size: a torn file would end this process with SIGBUS.
void check_whole(const std::string& path) {
  const open_file in(path);
  Elf64_Ehdr head;
  const auto read_at = [&](void* to, size_t bytes, uint64_t at) {
    if (pread(in.fd, to, bytes, static_cast<off_t>(at)) != static_cast<ssize_t>(bytes)) throw failure("bad-module", path + " is cut off");
  };
  read_at(&head, sizeof head, 0);
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(Elf64_Phdr))
    throw failure("bad-module", path + " is not a shared object");
  for (int i = 0; i < head.e_phnum; i++) {
    Elf64_Phdr segment;
    read_at(&segment, sizeof segment, head.e_phoff + static_cast<uint64_t>(i) * sizeof segment);
    if (segment.p_offset > in.size || segment.p_filesz > in.size - segment.p_offset) throw failure("bad-module", path + " is cut off");
  }
}

void* symbol(void* library, const std::string& name, const std::string& path) {
  void* p = dlsym(library, name.c_str());
  if (p == nullptr) throw failure("bad-module", path + " does not export " + name);
  return p;
}

const char* host_error(int code) {
  switch (code) {
    case FS_HOST_ERROR_ABI:
      return "bad-module";
    case FS_HOST_ERROR_MEMORY:
      return "no-memory";
    case FS_HOST_ERROR_ISA:
      return "isa";
    default:
      return "threads";
  }
}

}  // namespace

loaded_file::loaded_file(const std::string& path) {
  const open_file in(path);
  size_ = in.size;
  if (fs_buffer_open(&buffer_, size_) != 0) throw failure("no-memory", "no memory for " + path);
  uint64_t done = 0;
  while (done < size_) {
    const ssize_t n = pread(in.fd, buffer_.p + done, size_ - done, static_cast<off_t>(done));
    if (n <= 0) throw failure("no-file", path + ": " + (n < 0 ? errno_text() : "the file ends early"));
    done += static_cast<uint64_t>(n);
  }
}

compiled_module::compiled_module(const std::string& path, const std::vector<weight_range>& weights, int threads, const std::string& prefix,
                                 std::unique_ptr<hole_host> holes, module_ports ports)
    : compiled_module() {
  holes_ = std::move(holes);
  ports_ = std::move(ports);
  check_whole(path);
  library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) throw failure("bad-module", dlerror());
  const auto* info = static_cast<const fs_module*>(symbol(library_, prefix + FS_SYMBOL_MODULE, path));
  const auto init = reinterpret_cast<fs_entry>(symbol(library_, prefix + FS_SYMBOL_INIT, path));
  const auto run = reinterpret_cast<fs_entry>(symbol(library_, prefix + FS_SYMBOL_RUN, path));
  if (info->abi_version != FS_ABI_VERSION)
    throw failure("bad-module",
                  path + " has ABI version " + std::to_string(info->abi_version) + ", expected " + std::to_string(FS_ABI_VERSION));
  if (info->weights != weights.size())
    throw failure("bad-module",
                  "the module needs " + std::to_string(info->weights) + " weights, " + std::to_string(weights.size()) + " given");
  if (info->holes != (holes_ == nullptr ? 0 : holes_->size()))
    throw failure("bad-module", "the module has " + std::to_string(info->holes) + " parts for ONNX Runtime, the request another number");
  if (ports_.inputs.empty()) ports_.inputs.assign(info->inputs, -1);
  if (ports_.outputs.empty()) ports_.outputs.assign(info->outputs, -1);
  find_extent();
  map_weights(weights);
  const std::vector<int> cpus = cpu_order();
  const int team = threads > 0 ? threads : static_cast<int>(info->threads);
  host_.on_thread_start = prepare_thread;
  if (holes_ != nullptr) {
    host_.context.hole = hole_host::call;
    host_.context.hole_host = holes_.get();
  }
  // More threads than CPUs are not pinned, and must not inherit the main thread's single CPU.
  const bool pinned = team <= static_cast<int>(cpus.size());
  if (!pinned) unpin_main_thread();
  const int status = fs_host_open_on(&host_, info, init, run, weights_.data(), team, pinned ? cpus.data() : nullptr, usable_isa());
  if (!pinned) pin_main_thread();
  if (status == FS_HOST_ERROR_ISA)
    throw failure("isa", "the module needs " + isa_names(info->isa_features & ~usable_isa()) + ", which this machine does not have");
  if (status != FS_HOST_OK) throw failure(host_error(status), "cannot prepare " + path + " for " + std::to_string(team) + " threads");
}

compiled_module::~compiled_module() {
  crash_forget(this);
  fs_host_close(&host_);
  for (auto& b : outputs_) fs_buffer_close(&b);
  for (auto& b : weight_copies_) fs_buffer_close(&b);
  for (auto& m : maps_) munmap(m.first, m.second);
  if (library_ != nullptr) dlclose(library_);
}

void compiled_module::find_extent() {
  const auto* map = static_cast<const link_map*>(library_);
  base_ = map->l_addr;
  dl_iterate_phdr(
      [](dl_phdr_info* i, size_t, void* self) {
        auto* m = static_cast<compiled_module*>(self);
        if (i->dlpi_addr != m->base_) return 0;
        for (int k = 0; k < i->dlpi_phnum; k++) {
          const uintptr_t top = i->dlpi_addr + i->dlpi_phdr[k].p_vaddr + i->dlpi_phdr[k].p_memsz;
          if (i->dlpi_phdr[k].p_type == PT_LOAD && top > m->end_) m->end_ = top;
        }
        return 1;
      },
      this);
}

// Each file is mapped once; a weight that is not 64-byte aligned in its file is copied.
void compiled_module::map_weights(const std::vector<weight_range>& weights) {
  std::map<std::string, std::pair<const unsigned char*, uint64_t>> mapped;
  static const unsigned char nothing[FS_ALIGNMENT] = {};
  for (const auto& w : weights) {
    auto found = mapped.find(w.file);
    if (found == mapped.end()) {
      const open_file in(w.file);
      const unsigned char* p = nothing;
      if (in.size > 0) {
        void* m = mmap(nullptr, in.size, PROT_READ, MAP_PRIVATE, in.fd, 0);
        if (m == MAP_FAILED) throw failure("no-memory", "cannot map " + w.file + ": " + errno_text());
        maps_.emplace_back(m, in.size);
        p = static_cast<const unsigned char*>(m);
      }
      found = mapped.emplace(w.file, std::make_pair(p, in.size)).first;
    }
    if (w.offset < 0 || w.length < 0 || static_cast<uint64_t>(w.offset) + static_cast<uint64_t>(w.length) > found->second.second)
      throw failure("bad-request", w.file + " is too short for a weight at " + std::to_string(w.offset) + " + " + std::to_string(w.length));
    const unsigned char* p = found->second.first + w.offset;
    if (reinterpret_cast<uintptr_t>(p) % FS_ALIGNMENT != 0) {
      fs_buffer copy;
      if (fs_buffer_open(&copy, static_cast<uint64_t>(w.length)) != 0) throw failure("no-memory", "no memory for the weights of " + w.file);
      std::memcpy(copy.p, p, static_cast<size_t>(w.length));
      weight_copies_.push_back(copy);
      p = copy.p;
    }
    weights_.push_back(p);
    if (w.once) once_.emplace_back(p, static_cast<uint64_t>(w.length));
  }
}

void compiled_module::prepare(const std::string& file, bool keep) {
  const uint64_t bytes = info().packed_bytes;
  if (!file.empty() && !keep && read_packed(file, host_.packed.p, bytes)) {
    host_.initialised = 1;
    packed_from_file_ = true;
  }
  crash_watch(this);
  fs_host_init(&host_);
  if (!file.empty() && keep) write_packed(file, host_.packed.p, bytes);
  release_weights();
}

// Whole pages inside of the range: mapped files are read again if they should be needed, copies are not needed any more.
void compiled_module::release_weights() {
  for (const auto& [p, length] : once_) {
    const uintptr_t from = (reinterpret_cast<uintptr_t>(p) + FS_PAGE - 1) / FS_PAGE * FS_PAGE;
    const uintptr_t to = (reinterpret_cast<uintptr_t>(p) + length) / FS_PAGE * FS_PAGE;
    if (to > from && madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED) == 0) released_ += to - from;
  }
  once_.clear();
}

void compiled_module::bind(const std::vector<tensor_file>& inputs) {
  const fs_module& m = info();
  if (inputs.size() != ports_.inputs.size())
    throw failure("bad-request",
                  "the module takes " + std::to_string(ports_.inputs.size()) + " inputs, " + std::to_string(inputs.size()) + " given");
  inputs_.clear();
  input_pointers_.clear();
  for (size_t i = 0; i < inputs.size(); i++) {
    if (ports_.inputs[i] >= 0) {
      if (holes_ != nullptr) holes_->set(ports_.inputs[i], inputs[i]);
      continue;
    }
    const size_t slot = inputs_.size();
    if (slot >= m.inputs) throw failure("bad-request", "the module has no buffer for input " + std::to_string(i));
    inputs_.emplace_back(inputs[i].file);
    input_pointers_.push_back(inputs_.back().data());
    if (m.input_bytes != nullptr && m.input_bytes[slot] != inputs_.back().size())
      throw failure("bad-request", "input " + std::to_string(i) + " needs " + std::to_string(m.input_bytes[slot]) + " bytes, " +
                                       inputs[i].file + " has " + std::to_string(inputs_.back().size()));
  }
  if (m.outputs > 0 && m.output_bytes == nullptr) throw failure("bad-module", "the module does not tell its output sizes");
  while (outputs_.size() < m.outputs) {
    fs_buffer b;
    if (fs_buffer_open(&b, m.output_bytes[outputs_.size()]) != 0) throw failure("no-memory", "no memory for the outputs");
    outputs_.push_back(b);
    output_pointers_.push_back(b.p);
  }
}

void compiled_module::run() {
  crash_watch(this);
  if (holes_ != nullptr) holes_->begin();
  fs_host_run(&host_, input_pointers_.data(), output_pointers_.data());
  if (holes_ != nullptr) holes_->check();
}

json::value compiled_module::write_outputs(const std::vector<std::string>& files) {
  json::array written;
  size_t slot = 0;
  for (size_t i = 0; i < ports_.outputs.size(); i++) {
    const std::string file = i < files.size() ? files[i] : "";
    if (ports_.outputs[i] >= 0) {
      if (holes_ == nullptr) throw failure("bad-request", "the module has no holes");
      written.push_back(holes_->write(ports_.outputs[i], std::to_string(i), file));
      continue;
    }
    const uint64_t bytes = info().output_bytes[slot];
    if (!file.empty()) write_file(file, outputs_[slot].p, bytes);
    written.push_back(json::object{{"bytes", bytes}});
    slot++;
  }
  return written;
}

// Huge pages are asked for where they are worth while; what came of it is up to the system.
static json::value huge_pages(const fs_host& host) {
  uint64_t asked = 0, got = 0;
  for (const fs_buffer* b : {&host.arena, &host.packed})
    if (fs_buffer_page(b) == FS_HUGE_PAGE) {
      asked += b->bytes;
      got += fs_buffer_huge_bytes(b);
    }
  return json::object{{"askedBytes", asked}, {"gotBytes", got}};
}

json::value compiled_module::describe() const {
  const fs_module& m = info();
  return json::object{{"name", m.name},
                      {"threads", threads()},
                      {"scheduledThreads", m.threads},
                      {"inputs", m.inputs},
                      {"outputs", m.outputs},
                      {"weights", m.weights},
                      {"regions", m.regions},
                      {"holes", m.holes},
                      {"arenaBytes", m.arena_bytes},
                      {"packedBytes", m.packed_bytes},
                      {"scratchBytes", m.scratch_bytes},
                      {"packedFromFile", packed_from_file_},
                      {"releasedBytes", released_},
                      {"hugePages", huge_pages(host_)}};
}

void compiled_module::reset_regions() {
  const fs_context& c = host_.context;
  const size_t words = static_cast<size_t>(c.region_stride) * static_cast<size_t>(threads());
  std::memset(c.region_ticks, 0, words * 8);
  std::memset(c.region_counts, 0, words * 8);
}

json::value compiled_module::regions() const {
  const fs_context& c = host_.context;
  json::array all;
  for (int t = 0; t < threads(); t++) {
    json::array ns, counts;
    for (uint32_t r = 0; r < info().regions; r++) {
      const size_t slot = static_cast<size_t>(t) * c.region_stride + r;
      ns.push_back(static_cast<double>(c.region_ticks[slot]) / ticks_per_ns());
      counts.push_back(c.region_counts[slot]);
    }
    all.push_back(json::object{{"ns", std::move(ns)}, {"counts", std::move(counts)}});
  }
  return all;
}

namespace {
pid_t ids[FS_HOST_MAX_THREADS];
}

std::vector<pid_t> compiled_module::thread_ids() {
  fs_host_job(&host_, [](fs_context*, int tid, int) { ids[tid] = static_cast<pid_t>(syscall(SYS_gettid)); });
  return std::vector<pid_t>(ids, ids + threads());
}

void write_file(const std::string& path, const void* data, uint64_t bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) throw failure("no-file", path + ": " + errno_text());
  const auto* p = static_cast<const unsigned char*>(data);
  uint64_t done = 0;
  while (done < bytes) {
    const ssize_t n = write(fd, p + done, bytes - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const std::string why = errno_text();
      close(fd);
      throw failure("no-file", path + ": " + why);
    }
    done += static_cast<uint64_t>(n);
  }
  close(fd);
}

}  // namespace runner
