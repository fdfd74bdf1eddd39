// The part of oneDNN's C interface (version 2) that the runner uses, declared here because the library usually comes without headers.
// Descriptors are blobs: the library fills them in and reads them, the runner only keeps them alive. The numbers are part of the
// library's stable interface.
#pragma once

#include <cstddef>
#include <cstdint>

namespace onednn {

using Dim = int64_t;
constexpr int max_dims = 12;

using Engine = void*;
using Stream = void*;
using PrimitiveDesc = void*;
using Primitive = void*;
using Memory = void*;
using Attributes = void*;
using PostOps = void*;
using MemoryDesc = const void*;

// Larger than any descriptor of version 2 (the greatest, of a convolution, holds eight memory descriptors of about 700 bytes).
struct MemoryBlob {
  alignas(64) unsigned char bytes[2048];
};
struct OperationBlob {
  alignas(64) unsigned char bytes[16384];
};

struct Version {
  int major, minor, patch;
  const char* hash;
  unsigned cpu_runtime, gpu_runtime;
};

struct ExecArgument {
  int argument;
  Memory memory;
};

constexpr int success = 0;
constexpr int cpu_engine = 1;
constexpr unsigned in_order_stream = 1;
constexpr int forward_inference = 96;
constexpr int convolution_direct = 1;
constexpr int softmax_accurate = 0x30000, softmax_log = 0x30001;
constexpr unsigned use_scale_and_shift = 0x8 | 0x10;
constexpr int format_any = 1;

enum DataType { f16 = 1, bf16 = 2, f32 = 3, s32 = 4, s8 = 5, u8 = 6 };
enum Query { implementation_name = 8, source = 129, weights_query = 131, destination = 133 };
enum Argument {
  arg_source = 1,
  arg_source_1 = 2,
  arg_destination = 17,
  arg_weights = 33,
  arg_bias = 41,
  arg_scale = 51,
  arg_shift = 52,
  arg_post_op = 16384,  // times the position counted from 1
};

// Functions of the library by name; filled by `open_onednn`.
struct Functions {
  const Version* (*version)();
  int (*engine_create)(Engine*, int kind, size_t index);
  int (*stream_create)(Stream*, Engine, unsigned flags);
  int (*stream_wait)(Stream);
  int (*memory_desc_init_by_strides)(void*, int rank, const Dim* dims, int dtype, const Dim* strides);
  int (*memory_desc_init_by_tag)(void*, int rank, const Dim* dims, int dtype, int tag);
  int (*memory_desc_equal)(MemoryDesc, MemoryDesc);
  size_t (*memory_desc_get_size)(MemoryDesc);
  int (*memory_create)(Memory*, MemoryDesc, Engine, void* data);
  int (*memory_destroy)(Memory);
  int (*primitive_desc_create)(PrimitiveDesc*, const void* operation, Attributes, Engine, PrimitiveDesc hint);
  int (*primitive_desc_destroy)(PrimitiveDesc);
  int (*primitive_desc_query)(PrimitiveDesc, int what, int index, void* result);
  MemoryDesc (*primitive_desc_query_md)(PrimitiveDesc, int what, int index);
  int (*primitive_create)(Primitive*, PrimitiveDesc);
  int (*primitive_execute)(Primitive, Stream, int count, const ExecArgument*);
  int (*primitive_destroy)(Primitive);
  int (*primitive_attr_create)(Attributes*);
  int (*primitive_attr_destroy)(Attributes);
  int (*primitive_attr_set_output_scales)(Attributes, Dim count, int mask, const float* scales);
  int (*primitive_attr_set_scales)(Attributes, int argument, Dim count, int mask, const float* scales);
  int (*primitive_attr_set_zero_points)(Attributes, int argument, Dim count, int mask, const int32_t* zeros);
  int (*primitive_attr_set_post_ops)(Attributes, PostOps);
  int (*post_ops_create)(PostOps*);
  int (*post_ops_destroy)(PostOps);
  int (*post_ops_append_eltwise)(PostOps, float scale, int algorithm, float alpha, float beta);
  int (*post_ops_append_binary)(PostOps, int algorithm, MemoryDesc);
  int (*matmul_desc_init)(void*, MemoryDesc source, MemoryDesc weights, MemoryDesc bias, MemoryDesc destination);
  int (*softmax_v2_forward_desc_init)(void*, int prop, int algorithm, MemoryDesc source, MemoryDesc destination, int axis);
  int (*layer_normalization_forward_desc_init)(void*, int prop, MemoryDesc data, MemoryDesc statistics, float epsilon, unsigned flags);
  int (*eltwise_forward_desc_init)(void*, int prop, int algorithm, MemoryDesc data, float alpha, float beta);
  int (*binary_desc_init)(void*, int algorithm, MemoryDesc, MemoryDesc, MemoryDesc destination);
  int (*dilated_convolution_forward_desc_init)(void*, int prop, int algorithm, MemoryDesc source, MemoryDesc weights, MemoryDesc bias,
                                               MemoryDesc destination, const Dim* strides, const Dim* dilates, const Dim* low,
                                               const Dim* high);
  int (*pooling_v2_forward_desc_init)(void*, int prop, int algorithm, MemoryDesc source, MemoryDesc destination, const Dim* strides,
                                      const Dim* kernel, const Dim* dilates, const Dim* low, const Dim* high);
  int (*reorder_primitive_desc_create)(PrimitiveDesc*, MemoryDesc from, Engine, MemoryDesc to, Engine, Attributes);
};

// The library with its engine; one per process. Its OpenMP threads are pinned as ours are.
struct Library {
  Functions f{};
  Engine engine = nullptr;
  Stream stream = nullptr;
  void (*omp_set_num_threads)(int) = nullptr;
  // Throws failure("onednn") if a call did not succeed.
  void check(int status, const char* what) const;
};

}  // namespace onednn
