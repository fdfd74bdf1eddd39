#include "onednn.hpp"

#include "failure.hpp"
#include "loaded_file.hpp"
#include "parked.hpp"

namespace runner {

using namespace onednn;

namespace {

std::vector<Dim> dims_of(const json::value& list) {
  std::vector<Dim> all;
  if (!list.is_null())
    for (const auto& d : list.items()) all.push_back(d.as_int());
  if (all.size() > max_dims) throw failure("bad-request", "too many axes");
  return all;
}

const std::map<std::string, int> types = {{"f32", f32}, {"bf16", bf16}, {"i32", s32}, {"i8", s8}, {"u8", u8}};

onednn_view view_of(const json::value& v) {
  onednn_view view;
  if (v.is_null()) return view;
  const auto type = types.find(v["dtype"].as_string());
  if (type == types.end()) throw failure("bad-request", "a tensor of type " + v["dtype"].as_string());
  view.buffer = static_cast<int>(v["buffer"].as_int());
  view.dtype = type->second;
  view.dims = dims_of(v["dims"]);
  view.strides = dims_of(v["strides"]);
  return view;
}

uint64_t element_bytes(int dtype) { return dtype == f32 || dtype == s32 ? 4 : dtype == bf16 ? 2 : 1; }

onednn_step step_of(const json::value& v) {
  onednn_step s;
  s.kind = v["kind"].as_string();
  s.what = v.string_or("what", s.kind.c_str());
  s.source = view_of(v["source"]);
  s.source_1 = view_of(v["source1"]);
  s.weights = view_of(v["weights"]);
  s.bias = view_of(v["bias"]);
  s.destination = view_of(v["destination"]);
  if (!v["scales"].is_null())
    for (const auto& x : v["scales"].items()) s.scales.push_back(static_cast<float>(x.as_number()));
  if (!v["operandScales"].is_null())
    for (const auto& x : v["operandScales"].items()) s.operand_scales.push_back(static_cast<float>(x.as_number()));
  s.scale_mask = static_cast<int>(v.int_or("scaleMask", 0));
  s.source_zero = static_cast<int>(v.int_or("sourceZero", 0));
  s.destination_zero = static_cast<int>(v.int_or("destinationZero", 0));
  s.algorithm = static_cast<int>(v.int_or("algorithm", 0));
  s.axis = static_cast<int>(v.int_or("axis", 0));
  s.alpha = static_cast<float>(v.number_or("alpha", 0));
  s.beta = static_cast<float>(v.number_or("beta", 0));
  s.strides = dims_of(v["strides"]);
  s.dilates = dims_of(v["dilates"]);
  s.low = dims_of(v["low"]);
  s.high = dims_of(v["high"]);
  s.kernel = dims_of(v["kernel"]);
  if (!v["post"].is_null())
    for (const auto& p : v["post"].items()) {
      onednn_post_op op;
      op.operand = view_of(p["operand"]);
      op.binary = op.operand.given();
      op.algorithm = static_cast<int>(p["algorithm"].as_int());
      op.alpha = static_cast<float>(p.number_or("alpha", 0));
      op.beta = static_cast<float>(p.number_or("beta", 0));
      s.post.push_back(op);
    }
  if (!v["before"].is_null())
    for (const auto& o : v["before"].items()) s.before.push_back(step_of(o));
  if (!v["otherwise"].is_null())
    for (const auto& o : v["otherwise"].items()) s.otherwise.push_back(step_of(o));
  return s;
}

}  // namespace

onednn_plan::onednn_plan(const std::string& library, int threads)
    : library_(open_onednn(library)), version_(onednn_version(library)), threads_(threads) {}

onednn_plan::onednn_plan(const std::string& library, const json::value& plan, int threads) : onednn_plan(library, threads) {
  park(false);
  for (const auto& b : plan["buffers"].items()) {
    const int id = add_buffer(static_cast<uint64_t>(b["bytes"].as_int()));
    buffer& made = buffers_[static_cast<size_t>(id)];
    made.constant = !b["file"].is_null();
    if (!made.constant) continue;
    const loaded_file file(b["file"].as_string());
    if (file.size() != made.bytes) throw failure("bad-request", b["file"].as_string() + " has another size than its tensor");
    std::memcpy(made.data.p, file.data(), made.bytes);
  }
  for (const auto& v : plan["inputs"].items()) inputs_.push_back(view_of(v));
  for (const auto& v : plan["outputs"].items()) outputs_.push_back(view_of(v));
  for (const auto& s : plan["steps"].items()) add(step_of(s));
  for (const auto& v : outputs_) plain(v);
}

onednn_plan::~onednn_plan() {
  const Functions& f = library_.f;
  for (auto p : primitives_) f.primitive_destroy(p);
  for (auto p : primitive_descs_) f.primitive_desc_destroy(p);
  for (auto m : memories_) f.memory_destroy(m);
  for (auto& s : storage_) fs_buffer_close(&s);
  for (auto& b : buffers_) fs_buffer_close(&b.data);
}

int onednn_plan::add_buffer(uint64_t bytes) {
  buffer b;
  b.bytes = bytes;
  if (fs_buffer_open(&b.data, bytes) != 0) throw failure("no-memory", "no memory for a tensor of " + std::to_string(bytes) + " bytes");
  buffers_.push_back(b);
  return static_cast<int>(buffers_.size()) - 1;
}

onednn_view onednn_plan::dense(const onednn_view& like, int dtype) {
  onednn_view v = like;
  v.dtype = dtype;
  Dim step = 1;
  for (size_t i = v.dims.size(); i-- > 0; step *= v.dims[i]) v.strides[i] = step;
  v.buffer = add_buffer(static_cast<uint64_t>(step) * element_bytes(dtype));
  return v;
}

MemoryDesc onednn_plan::desc(const onednn_view& v) {
  descs_.emplace_back();
  void* to = &descs_.back();
  const int rank = static_cast<int>(v.dims.size());
  library_.check(library_.f.memory_desc_init_by_strides(to, rank, v.dims.data(), v.dtype, v.strides.data()), "a layout");
  return to;
}

MemoryDesc onednn_plan::any(const onednn_view& v) {
  descs_.emplace_back();
  void* to = &descs_.back();
  library_.check(library_.f.memory_desc_init_by_tag(to, static_cast<int>(v.dims.size()), v.dims.data(), v.dtype, format_any), "a layout");
  return to;
}

Memory onednn_plan::memory(MemoryDesc desc, void* data) {
  Memory m = nullptr;
  library_.check(library_.f.memory_create(&m, desc, library_.engine, data), "a tensor");
  memories_.push_back(m);
  return m;
}

Memory onednn_plan::plain(const onednn_view& v) {
  buffer& b = buffers_[static_cast<size_t>(v.buffer)];
  if (!b.plain) {
    b.plain = true;
    onednn_view whole = b.own_view;
    PrimitiveDesc desc_of_reorder = nullptr;
    const MemoryDesc to = desc(whole);
    const auto create = library_.f.reorder_primitive_desc_create;
    library_.check(create(&desc_of_reorder, b.own, library_.engine, to, library_.engine, nullptr), "a reorder");
    primitive_descs_.push_back(desc_of_reorder);
    perform(desc_of_reorder, {{arg_source, b.own_memory}, {arg_destination, memory(to, b.data.p)}}, false);
    described_.push_back(json::object{{"kind", "reorder"}, {"what", "to the plain layout"}, {"implementation", ""}, {"postOps", 0}});
  }
  return memory(desc(v), b.data.p);
}

std::pair<MemoryDesc, Memory> onednn_plan::own(const onednn_view& v) {
  const buffer& b = buffers_[static_cast<size_t>(v.buffer)];
  if (b.own != nullptr && b.own_view.dims == v.dims && b.own_view.strides == v.strides) return {b.own, b.own_memory};
  const Memory m = plain(v);
  return {desc(v), m};
}

// Constants are reordered now, once; everything else in every run.
Memory onednn_plan::in_layout(const onednn_view& v, MemoryDesc wanted) {
  const bool constant = buffers_[static_cast<size_t>(v.buffer)].constant;
  const auto [layout, from] = own(v);
  if (library_.f.memory_desc_equal(layout, wanted) != 0) return from;
  fs_buffer data{};
  if (fs_buffer_open(&data, library_.f.memory_desc_get_size(wanted)) != 0) throw failure("no-memory", "no memory for a reordered tensor");
  storage_.push_back(data);
  const Memory to = memory(wanted, data.p);
  PrimitiveDesc reorder = nullptr;
  const auto create = library_.f.reorder_primitive_desc_create;
  library_.check(create(&reorder, layout, library_.engine, wanted, library_.engine, nullptr), "a reorder");
  primitive_descs_.push_back(reorder);
  perform(reorder, {{arg_source, from}, {arg_destination, to}}, constant);
  if (!constant)
    described_.push_back(json::object{{"kind", "reorder"}, {"what", "to a blocked layout"}, {"implementation", ""}, {"postOps", 0}});
  return to;
}

// Where a result goes whose primitive chose `layout`.
std::pair<MemoryDesc, Memory> onednn_plan::destination(const onednn_view& v, MemoryDesc layout) {
  buffer& b = buffers_[static_cast<size_t>(v.buffer)];
  if (b.own != nullptr && library_.f.memory_desc_equal(b.own, layout) != 0) {
    b.plain = false;
    return {b.own, b.own_memory};
  }
  b.own = nullptr;
  b.plain = library_.f.memory_desc_equal(layout, desc(v)) != 0;
  if (b.plain) return {layout, memory(layout, b.data.p)};
  fs_buffer data{};
  if (fs_buffer_open(&data, library_.f.memory_desc_get_size(layout)) != 0) throw failure("no-memory", "no memory for a tensor");
  storage_.push_back(data);
  b.own = layout;
  b.own_view = v;
  b.own_memory = memory(layout, data.p);
  return {layout, b.own_memory};
}

void onednn_plan::bind(const std::vector<tensor_file>& inputs) {
  if (inputs.size() != inputs_.size()) throw failure("bad-request", "the plan takes " + std::to_string(inputs_.size()) + " inputs");
  for (size_t i = 0; i < inputs.size(); i++) {
    const loaded_file file(inputs[i].file);
    buffer& b = buffers_[static_cast<size_t>(inputs_[i].buffer)];
    if (file.size() != b.bytes) throw failure("bad-request", inputs[i].file + " has another size than input " + std::to_string(i));
    std::memcpy(b.data.p, file.data(), b.bytes);
  }
}

void onednn_plan::run() {
  const Functions& f = library_.f;
  for (const action& a : actions_) {
    const int count = static_cast<int>(a.arguments.size());
    library_.check(f.primitive_execute(a.primitive, library_.stream, count, a.arguments.data()), "running a primitive");
  }
  library_.check(f.stream_wait(library_.stream), "waiting");
}

json::value onednn_plan::write_outputs(const std::vector<std::string>& files) {
  json::array written;
  for (size_t i = 0; i < outputs_.size(); i++) {
    const buffer& b = buffers_[static_cast<size_t>(outputs_[i].buffer)];
    if (i < files.size() && !files[i].empty()) write_file(files[i], b.data.p, b.bytes);
    json::array shape;
    for (const Dim d : outputs_[i].dims) shape.push_back(d);
    std::string dtype;
    for (const auto& t : types)
      if (t.second == outputs_[i].dtype) dtype = t.first;
    written.push_back(json::object{{"bytes", b.bytes}, {"dtype", dtype}, {"shape", std::move(shape)}});
  }
  return written;
}

// OpenMP's threads spin for a while after their last piece of work, as they do by default; parking waits until they have given up.
void onednn_plan::park(bool parked) {
  if (!parked) {
    if (library_.omp_set_num_threads != nullptr) library_.omp_set_num_threads(threads_);
  } else if (threads_ > 1) {
    wait_for_other_threads();
  }
}

json::value onednn_plan::describe() const {
  return json::object{{"version", version_}, {"primitives", described_}};
}

}  // namespace runner
