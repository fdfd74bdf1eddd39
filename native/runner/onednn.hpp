// A list of oneDNN primitives with post-ops as a target: the same work as a compiled model, done by a library of primitives. The client
// maps the model to the list (compiler-core/io/session/onednn/plan.ts); here each row becomes a primitive, in the layouts it asks for.
// Constant weights are reordered once, when the plan is loaded; post-ops that a primitive has no fast form for become primitives of
// their own.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../runtime/host.h"
#include "onednn_library.hpp"
#include "target.hpp"

namespace runner {

// A strided piece of a buffer. Strides count elements.
struct onednn_view {
  int buffer = -1;
  int dtype = onednn::f32;
  std::vector<onednn::Dim> dims, strides;
  bool given() const { return buffer >= 0; }
};

struct onednn_post_op {
  bool binary = false;
  int algorithm = 0;
  float alpha = 0, beta = 0;
  onednn_view operand;  // of a binary one
};

struct onednn_step {
  std::string kind, what;
  onednn_view source, source_1, weights, bias, destination;
  std::vector<float> scales;
  std::vector<float> operand_scales;  // of a binary one: factors of `source` and `source_1`
  int scale_mask = 0, source_zero = 0, destination_zero = 0;
  int algorithm = 0, axis = 0;
  float alpha = 0, beta = 0;
  std::vector<onednn::Dim> strides, dilates, low, high, kernel;
  std::vector<onednn_post_op> post;
  std::vector<onednn_step> before;     // done first, if this one is taken
  std::vector<onednn_step> otherwise;  // taken instead where this one only has a reference implementation
};

class onednn_plan final : public target {
 public:
  // Throws failure("no-onednn"), failure("onednn"), failure("no-memory").
  onednn_plan(const std::string& library, const json::value& plan, int threads);
  ~onednn_plan() override;
  onednn_plan(const onednn_plan&) = delete;

  void bind(const std::vector<tensor_file>& inputs) override;
  void run() override;
  json::value write_outputs(const std::vector<std::string>& files) override;
  void park(bool parked) override;
  // {version, primitives: [{kind, what, implementation, postOps}]}
  json::value describe() const;

 private:
  // Delegated to, so that a constructor that throws still runs the destructor.
  onednn_plan(const std::string& library, int threads);

  using MemoryDesc = onednn::MemoryDesc;
  struct buffer {
    fs_buffer data{};
    uint64_t bytes = 0;
    bool constant = false;
    // The layout that its producer chose, where it is not the plain one; `plain` says whether the plain bytes are there, too.
    MemoryDesc own = nullptr;
    onednn::Memory own_memory = nullptr;
    onednn_view own_view;
    bool plain = true;
  };
  struct action {
    onednn::Primitive primitive;
    std::vector<onednn::ExecArgument> arguments;
  };
  struct chosen {
    onednn::PrimitiveDesc desc = nullptr;
    std::string implementation;
    size_t post = 0;  // post-ops that are part of it
    bool fast() const { return desc != nullptr && implementation.compare(0, 3, "ref") != 0; }
  };
  struct operands {
    MemoryDesc source = nullptr, source_1 = nullptr, weights = nullptr, bias = nullptr, destination = nullptr;
  };

  void add(const onednn_step& step);
  // False: only a reference implementation, which is not accepted.
  bool add_product(const onednn_step& step, bool accept_slow);
  bool add_convolution(const onednn_step& step, bool accept_slow);
  bool add_plain(const onednn_step& step, bool accept_slow);
  void add_reorder(const onednn_view& from, const onednn_view& to, const onednn_step& attributes);
  void add_rest(const onednn_step& step, size_t first, const onednn_view& at, const onednn_view& to);
  chosen choose(const onednn_step& step, const operands& o, bool whole);
  chosen create(const onednn_step& step, const operands& o, size_t post);
  onednn::Attributes attributes(const onednn_step& step, size_t post);
  void finish(const onednn_step& step, const chosen& c, std::vector<onednn::ExecArgument> arguments);
  void perform(onednn::PrimitiveDesc desc, std::vector<onednn::ExecArgument> arguments, bool now);

  int add_buffer(uint64_t bytes);
  onednn_view dense(const onednn_view& like, int dtype);
  MemoryDesc desc(const onednn_view& view);
  MemoryDesc any(const onednn_view& view);
  onednn::Memory memory(MemoryDesc desc, void* data);
  onednn::Memory plain(const onednn_view& view);
  // In the layout that its producer chose.
  std::pair<MemoryDesc, onednn::Memory> own(const onednn_view& view);
  onednn::Memory in_layout(const onednn_view& view, MemoryDesc wanted);
  std::pair<MemoryDesc, onednn::Memory> destination(const onednn_view& view, MemoryDesc layout);

  const onednn::Library& library_;
  std::string version_;
  int threads_;
  std::vector<buffer> buffers_;
  std::deque<onednn::MemoryBlob> descs_;
  std::vector<fs_buffer> storage_;
  std::vector<onednn::Memory> memories_;
  std::vector<onednn::PrimitiveDesc> primitive_descs_;
  std::vector<onednn::Primitive> primitives_;
  std::vector<action> actions_;
  std::vector<onednn_view> inputs_, outputs_;
  json::array described_;
};

}  // namespace runner
