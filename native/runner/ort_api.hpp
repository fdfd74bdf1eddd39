// The part of ONNX Runtime's C interface that the runner uses, declared here because the library comes without headers. The interface is
// one table of function pointers whose order is part of its stable ABI (a new release only appends); the numbers below are positions in
// that table.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ort {

struct Status;
struct Env;
struct Session;
struct SessionOptions;
struct Value;
struct MemoryInfo;
struct Allocator {
  uint32_t version;
  void* (*Alloc)(Allocator*, size_t);
  void (*Free)(Allocator*, void*);
};
struct TensorInfo;

struct ApiBase {
  void* const* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

enum Slot {
  GetErrorMessage = 2,
  CreateEnv = 3,
  CreateSession = 7,
  Run = 9,
  CreateSessionOptions = 10,
  SetSessionGraphOptimizationLevel = 23,
  SetIntraOpNumThreads = 24,
  SetInterOpNumThreads = 25,
  SessionGetInputCount = 30,
  SessionGetOutputCount = 31,
  SessionGetInputName = 36,
  SessionGetOutputName = 37,
  CreateTensorAsOrtValue = 48,
  CreateTensorWithDataAsOrtValue = 49,
  IsTensor = 50,
  GetTensorMutableData = 51,
  FillStringTensor = 52,
  GetStringTensorDataLength = 53,
  GetStringTensorContent = 54,
  GetTensorElementType = 60,
  GetDimensionsCount = 61,
  GetDimensions = 62,
  GetTensorShapeElementCount = 64,
  GetTensorTypeAndShape = 65,
  GetValueType = 67,
  CreateCpuMemoryInfo = 69,
  AllocatorFree = 76,
  GetAllocatorWithDefaultOptions = 78,
  GetValue = 80,
  GetValueCount = 81,
  CreateValue = 82,
  ReleaseStatus = 93,
  ReleaseSession = 95,
  ReleaseValue = 96,
  ReleaseTensorTypeAndShapeInfo = 99,
  ReleaseSessionOptions = 100,
  AddSessionConfigEntry = 130,
};

// API version asked for: 4 is the first with AddSessionConfigEntry's neighbours; every later library serves it.
constexpr uint32_t api_version = 6;

// Kinds of values, of ONNXType.
constexpr int value_sequence = 2, value_map = 3;

// Element types in the order of ONNXTensorElementDataType, by this project's names; null where a file cannot carry the type.
constexpr const char* dtype_names[] = {nullptr, "f32",    "u8",  "i8",  "u16", "i16",  "i32",  "i64",      "string",     "bool",   "f16",        "f64",
                                       "u32",   "u64", "c64", "c128", "bf16", "f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "u4",
                                       "i4",    "f4e2m1", "u2",  "i2",  "f8e8m0"};
// Bits of an element; 0: no fixed size.
constexpr int dtype_bits[] = {0, 32, 8, 8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64, 64, 128, 16, 8, 8, 8, 8, 4, 4, 4, 2, 2, 8};
// The number under which a tensor of the type is made: the library reports the newest types by its own numbers, but takes those of
// TensorProto.
constexpr int creation_number(int dtype) { return dtype == 26 ? 24 : dtype == 24 || dtype == 25 ? dtype + 1 : dtype; }
constexpr int dtype_count = sizeof dtype_bits / sizeof dtype_bits[0];

}  // namespace ort
