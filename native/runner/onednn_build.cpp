// From a list of steps to primitives: layouts, post-ops that fit, reorders of what does not.
#include <algorithm>

#include "failure.hpp"
#include "onednn.hpp"

namespace runner {

using namespace onednn;

namespace {

bool is_dense(const onednn_view& v) {
  Dim step = 1;
  for (size_t i = v.dims.size(); i-- > 0; step *= v.dims[i])
    if (v.dims[i] != 1 && v.strides[i] != step) return false;
  return true;
}

bool same_place(const onednn_view& a, const onednn_view& b) {
  return a.buffer == b.buffer && a.dtype == b.dtype && a.dims == b.dims && a.strides == b.strides;
}

// Post-ops before the first function that was there already, with other parameters.
size_t until_repeated(const std::vector<onednn_post_op>& post) {
  for (size_t i = 0; i < post.size(); i++)
    for (size_t j = 0; j < i; j++)
      if (!post[i].binary && !post[j].binary && post[i].algorithm == post[j].algorithm &&
          (post[i].alpha != post[j].alpha || post[i].beta != post[j].beta))
        return i;
  return post.size();
}

// Fills in the descriptor of an operation. Every kind but `reorder`, which has none.
int describe_operation(const Functions& f, const onednn_step& s, void* to, MemoryDesc source, MemoryDesc source_1, MemoryDesc weights,
                       MemoryDesc bias, MemoryDesc destination) {
  if (s.kind == "matmul") return f.matmul_desc_init(to, source, weights, bias, destination);
  if (s.kind == "softmax") return f.softmax_v2_forward_desc_init(to, forward_inference, s.algorithm, source, destination, s.axis);
  if (s.kind == "layer-norm")
    return f.layer_normalization_forward_desc_init(to, forward_inference, source, nullptr, s.alpha,
                                                   s.weights.given() ? use_scale_and_shift : 0);
  if (s.kind == "eltwise") return f.eltwise_forward_desc_init(to, forward_inference, s.algorithm, source, s.alpha, s.beta);
  if (s.kind == "binary") return f.binary_desc_init(to, s.algorithm, source, source_1, destination);
  if (s.kind == "convolution")
    return f.dilated_convolution_forward_desc_init(to, forward_inference, convolution_direct, source, weights, bias, destination,
                                                   s.strides.data(), s.dilates.data(), s.low.data(), s.high.data());
  if (s.kind == "pool")
    return f.pooling_v2_forward_desc_init(to, forward_inference, s.algorithm, source, destination, s.strides.data(), s.kernel.data(),
                                          s.dilates.data(), s.low.data(), s.high.data());
  throw failure("bad-request", "unknown kind of primitive '" + s.kind + "'");
}

}  // namespace

Attributes onednn_plan::attributes(const onednn_step& step, size_t post) {
  const Functions& f = library_.f;
  Attributes a = nullptr;
  library_.check(f.primitive_attr_create(&a), "attributes");
  if (!step.scales.empty())
    library_.check(f.primitive_attr_set_output_scales(a, static_cast<Dim>(step.scales.size()), step.scale_mask, step.scales.data()),
                   "scales");
  for (size_t i = 0; i < step.operand_scales.size(); i++)
    library_.check(f.primitive_attr_set_scales(a, i == 0 ? arg_source : arg_source_1, 1, 0, &step.operand_scales[i]), "an operand's scale");
  const int32_t from = step.source_zero, to = step.destination_zero;
  if (from != 0) library_.check(f.primitive_attr_set_zero_points(a, arg_source, 1, 0, &from), "a zero point");
  if (to != 0) library_.check(f.primitive_attr_set_zero_points(a, arg_destination, 1, 0, &to), "a zero point");
  if (post == 0) return a;
  PostOps list = nullptr;
  library_.check(f.post_ops_create(&list), "post-ops");
  for (size_t i = 0; i < post; i++) {
    const onednn_post_op& p = step.post[i];
    const int status = p.binary ? f.post_ops_append_binary(list, p.algorithm, own(p.operand).first)
                                : f.post_ops_append_eltwise(list, 1, p.algorithm, p.alpha, p.beta);
    library_.check(status, "a post-op");
  }
  library_.check(f.primitive_attr_set_post_ops(a, list), "post-ops");
  f.post_ops_destroy(list);
  return a;
}

onednn_plan::chosen onednn_plan::create(const onednn_step& step, const operands& o, size_t post) {
  const Functions& f = library_.f;
  auto operation = std::make_unique<OperationBlob>();
  chosen c;
  c.post = post;
  if (describe_operation(f, step, operation.get(), o.source, o.source_1, o.weights, o.bias, o.destination) != success) return c;
  const Attributes a = attributes(step, post);
  if (f.primitive_desc_create(&c.desc, operation.get(), a, library_.engine, nullptr) != success) c.desc = nullptr;
  f.primitive_attr_destroy(a);
  if (c.desc == nullptr) return c;
  primitive_descs_.push_back(c.desc);
  const char* name = "";
  f.primitive_desc_query(c.desc, implementation_name, 0, &name);
  c.implementation = name;
  return c;
}

// With as many post-ops as a fast implementation takes; `whole`: with all of them, fast or not. A part of them ends in f32. A convolution
// by way of a matrix product of copied windows counts only where there is nothing better with fewer post-ops. A function never comes twice
// with other parameters: the library's own code for matrix products (seen in 2.6.3) computes the second one with those of the first.
onednn_plan::chosen onednn_plan::choose(const onednn_step& step, const operands& o, bool whole) {
  const size_t most = until_repeated(step.post);
  if (whole && most == step.post.size()) return create(step, o, most);
  chosen c, second;
  for (size_t post = most + 1; post-- > 0;) {
    operands part = o;
    if (post < step.post.size() && step.destination.dtype != f32) {
      onednn_view to = step.destination;
      to.dtype = f32;
      part.destination = step.kind == "convolution" ? any(to) : desc(to);
    }
    c = create(step, part, post);
    if (whole && c.desc != nullptr) return c;
    if (!c.fast()) continue;
    if (step.kind != "convolution" || c.implementation.find("gemm") == std::string::npos) return c;
    if (second.desc == nullptr) second = c;
  }
  return second.desc != nullptr ? second : c;
}

void onednn_plan::perform(PrimitiveDesc desc, std::vector<ExecArgument> arguments, bool now) {
  Primitive p = nullptr;
  library_.check(library_.f.primitive_create(&p, desc), "a primitive");
  primitives_.push_back(p);
  if (!now) {
    actions_.push_back({p, std::move(arguments)});
    return;
  }
  const int count = static_cast<int>(arguments.size());
  library_.check(library_.f.primitive_execute(p, library_.stream, count, arguments.data()), "running a primitive");
  library_.check(library_.f.stream_wait(library_.stream), "waiting");
}

void onednn_plan::finish(const onednn_step& step, const chosen& c, std::vector<ExecArgument> arguments) {
  for (size_t i = 0; i < c.post; i++)
    if (step.post[i].binary) arguments.push_back({arg_post_op * static_cast<int>(i + 1) | arg_source_1, own(step.post[i].operand).second});
  perform(c.desc, std::move(arguments), false);
  described_.push_back(json::object{
      {"kind", step.kind}, {"what", step.what}, {"implementation", c.implementation}, {"postOps", static_cast<int64_t>(c.post)}});
}

void onednn_plan::add_reorder(const onednn_view& from, const onednn_view& to, const onednn_step& with) {
  const auto [source, memory_from] = own(from);
  const auto memory_to = destination(to, desc(to)).second;
  const Attributes a = attributes(with, 0);
  chosen c;
  const int status = library_.f.reorder_primitive_desc_create(&c.desc, source, library_.engine, desc(to), library_.engine, a);
  library_.f.primitive_attr_destroy(a);
  library_.check(status, ("a reorder for " + with.what).c_str());
  primitive_descs_.push_back(c.desc);
  const char* name = "";
  library_.f.primitive_desc_query(c.desc, implementation_name, 0, &name);
  c.implementation = name;
  onednn_step step;
  step.kind = "reorder";
  step.what = with.what;
  finish(step, c, {{arg_source, memory_from}, {arg_destination, memory_to}});
}

// Post-ops from `first` on, one primitive each, on f32 values at `at`; then to where the step's result belongs.
void onednn_plan::add_rest(const onednn_step& step, size_t first, const onednn_view& at, const onednn_view& to) {
  size_t end = step.post.size();
  onednn_step last;
  last.what = step.what;
  const bool moves = !same_place(at, to);
  // Quantisation is a conversion with a scale.
  if (moves && end > first && to.dtype != f32 && !step.post[end - 1].binary) {
    last.scales = {step.post[end - 1].alpha};
    last.destination_zero = static_cast<int>(step.post[end - 1].beta);
    end--;
  }
  for (size_t i = first; i < end; i++) {
    const onednn_post_op& p = step.post[i];
    onednn_step one;
    one.kind = p.binary ? "binary" : "eltwise";
    one.what = step.what;
    one.source = one.destination = at;
    one.source_1 = p.operand;
    one.algorithm = p.algorithm;
    one.alpha = p.alpha;
    one.beta = p.beta;
    // A sum may do what follows it.
    if (p.binary) {
      one.post.assign(step.post.begin() + static_cast<std::ptrdiff_t>(i) + 1, step.post.begin() + static_cast<std::ptrdiff_t>(end));
      i = end;
    }
    add_plain(one, true);
  }
  if (moves) add_reorder(at, to, last);
}

bool onednn_plan::add_product(const onednn_step& step, bool accept_slow) {
  const bool constant = buffers_[static_cast<size_t>(step.weights.buffer)].constant;
  operands o;
  o.bias = step.bias.given() ? desc(step.bias) : nullptr;
  // As they lie; with a dense result; all dense.
  for (int dense_from = 0; dense_from <= 3; dense_from++) {
    const bool slow = dense_from == 3, dense_result = dense_from == 1 || dense_from == 2, dense_operands = dense_from == 2;
    if (slow && !accept_slow) return false;
    if (dense_result && is_dense(step.destination) && (!dense_operands || (is_dense(step.source) && (constant || is_dense(step.weights)))))
      continue;
    onednn_view source = step.source, weights = step.weights, result = step.destination;
    if (dense_operands && !is_dense(source)) source = dense(source, source.dtype);
    if (dense_operands && !constant && !is_dense(weights)) weights = dense(weights, weights.dtype);
    if (dense_result && !is_dense(result)) result = dense(result, result.dtype);
    o.source = desc(source);
    o.weights = constant ? any(weights) : desc(weights);
    o.destination = desc(result);
    onednn_step variant = step;
    variant.destination = result;
    const chosen c = choose(variant, o, slow);
    if (slow ? c.desc == nullptr : !c.fast()) continue;
    for (const onednn_step& s : step.before) add(s);
    if (!same_place(source, step.source)) add_reorder(step.source, source, onednn_step{});
    if (!same_place(weights, step.weights)) add_reorder(step.weights, weights, onednn_step{});
    const bool partial = c.post < step.post.size();
    const onednn_view at = partial && result.dtype != f32 ? dense(result, f32) : result;
    const MemoryDesc weights_layout = constant ? library_.f.primitive_desc_query_md(c.desc, weights_query, 0) : desc(weights);
    std::vector<ExecArgument> arguments = {{arg_source, plain(source)},
                                           {arg_weights, constant ? in_layout(weights, weights_layout) : plain(weights)},
                                           {arg_destination, destination(at, desc(at)).second}};
    if (step.bias.given()) arguments.push_back({arg_bias, plain(step.bias)});
    finish(step, c, std::move(arguments));
    if (partial || !same_place(at, step.destination)) add_rest(step, c.post, at, step.destination);
    return true;
  }
  throw failure("onednn", "no matrix product for " + step.what);
}

bool onednn_plan::add_convolution(const onednn_step& step, bool accept_slow) {
  operands o;
  o.source = any(step.source);
  o.weights = any(step.weights);
  o.bias = step.bias.given() ? desc(step.bias) : nullptr;
  o.destination = any(step.destination);
  chosen c = choose(step, o, false);
  if (!c.fast()) {
    if (!accept_slow) return false;
    c = choose(step, o, true);
  }
  if (c.desc == nullptr) throw failure("onednn", "no convolution for " + step.what);
  const Functions& f = library_.f;
  const bool partial = c.post < step.post.size();
  // What is not finished is not rounded to 8 bits.
  const onednn_view at = partial && step.destination.dtype != f32 ? dense(step.destination, f32) : step.destination;
  std::vector<ExecArgument> arguments = {
      {arg_source, in_layout(step.source, f.primitive_desc_query_md(c.desc, source, 0))},
      {arg_weights, in_layout(step.weights, f.primitive_desc_query_md(c.desc, weights_query, 0))},
      {arg_destination, destination(at, f.primitive_desc_query_md(c.desc, onednn::destination, 0)).second}};
  if (step.bias.given()) arguments.push_back({arg_bias, plain(step.bias)});
  finish(step, c, std::move(arguments));
  if (partial) add_rest(step, c.post, at, step.destination);
  return true;
}

// Kinds that take the layout that their operand has.
bool onednn_plan::add_plain(const onednn_step& step, bool accept_slow) {
  if (step.kind == "reorder") {
    add_reorder(step.source, step.destination, step);
    return true;
  }
  const bool one_layout = step.kind == "eltwise" || step.kind == "layer-norm";
  if (one_layout && (step.source.strides != step.destination.strides || step.source.dtype != step.destination.dtype)) {
    onednn_step moved = step;
    moved.source = step.destination;
    add_reorder(step.source, step.destination, onednn_step{});
    return add_plain(moved, accept_slow);
  }
  const bool chooses = step.kind == "pool" || (step.kind == "binary" && step.source.dtype != step.destination.dtype);
  const bool follows = step.kind == "eltwise" || step.kind == "binary" || step.kind == "pool";
  chosen c;
  operands o;
  std::pair<MemoryDesc, Memory> from, other;
  // First in the producer's layout, then plainly.
  for (int attempt = follows ? 0 : 1; attempt < 3 && !(attempt == 2 ? c.desc != nullptr : c.fast()); attempt++) {
    const bool kept = attempt == 0;
    from = kept ? own(step.source) : std::make_pair(desc(step.source), plain(step.source));
    if (step.source_1.given()) other = kept ? own(step.source_1) : std::make_pair(desc(step.source_1), plain(step.source_1));
    const bool foreign = library_.f.memory_desc_equal(from.first, desc(step.source)) == 0;
    o.source = from.first;
    o.source_1 = other.first;
    o.destination = chooses && foreign ? any(step.destination) : foreign && kept ? from.first : desc(step.destination);
    if (attempt == 2 && !accept_slow) return false;
    c = choose(step, o, attempt == 2);
  }
  if (c.desc == nullptr) throw failure("onednn", "no " + step.kind + " for " + step.what);
  const MemoryDesc layout = chooses ? library_.f.primitive_desc_query_md(c.desc, onednn::destination, 0) : o.destination;
  const bool partial = c.post < step.post.size();
  const onednn_view at = partial && step.destination.dtype != f32 ? dense(step.destination, f32) : step.destination;
  const MemoryDesc to = at.buffer == step.destination.buffer ? layout : desc(at);
  std::vector<ExecArgument> arguments = {{arg_source, from.second}, {arg_destination, destination(at, to).second}};
  if (step.source_1.given()) arguments.push_back({arg_source_1, other.second});
  if (step.weights.given()) arguments.insert(arguments.end(), {{arg_scale, plain(step.weights)}, {arg_shift, plain(step.bias)}});
  finish(step, c, std::move(arguments));
  if (partial) add_rest(step, c.post, at, step.destination);
  return true;
}

void onednn_plan::add(const onednn_step& step) {
  const bool accept_slow = step.otherwise.empty();
  const bool added = step.kind == "matmul"        ? add_product(step, accept_slow)
                     : step.kind == "convolution" ? add_convolution(step, accept_slow)
                                                  : add_plain(step, accept_slow);
  if (added) return;
  for (const onednn_step& s : step.otherwise) add(s);
}

}  // namespace runner
