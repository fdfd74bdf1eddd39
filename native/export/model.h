/* A compiled model as a library with a plain C interface: libmodel.so and weights.bin, and nothing else.
 * @tensors
 *
 *   int why;
 *   model* m = model_open("weights.bin", 0, MODEL_PINNED, &why);    NULL and an error, see model_error_text(why)
 *   model_run(m, inputs, outputs);                                  as often as wanted
 *   model_close(m);
 *
 * Inputs and outputs are arrays of pointers to dense row-major tensors in the order of the tables below, of any alignment, little-endian, and of
 * exactly the sizes given there. One model_run at a time for each model; several models may run at once.
 */
#ifndef FUSIONSCOPE_MODEL_H
#define FUSIONSCOPE_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_API __attribute__((visibility("default")))

typedef struct model_tensor {
  const char* name;
  /* f32 f64 i8 u8 i16 u16 i32 u32 i64 u64 as in C; bool: a byte, 0 or 1; f16 bf16 and smaller floats: bit patterns; i4 u4 i2 u2: several in a
   * byte, low bits first. */
  const char* dtype;
  int32_t bits; /* per element */
  int32_t rank;
  const int64_t* shape; /* [rank] */
  uint64_t bytes;       /* of the whole tensor */
} model_tensor;

extern MODEL_API const char model_name[];
extern MODEL_API const int32_t model_input_count, model_output_count;
extern MODEL_API const model_tensor model_inputs[], model_outputs[];
extern MODEL_API const int32_t model_threads; /* the team that the code was made for; others give the same results */
extern MODEL_API const char model_isa[];      /* the instruction set it needs */

typedef struct model model;

enum {
  MODEL_OK = 0,
  MODEL_ERROR_MEMORY = 1,
  MODEL_ERROR_THREADS = 2,      /* none, more than 256, or the system gives no more */
  MODEL_ERROR_PROCESSOR = 3,    /* it lacks the instruction set */
  MODEL_ERROR_NO_WEIGHTS = 4,   /* the file of the weights cannot be read */
  MODEL_ERROR_OTHER_WEIGHTS = 5 /* the file is not the one that was made with this library, or it is cut off */
};

/* The calling thread and each thread of the team are bound to a CPU of their own: one per core first, those of a memory node together. Without
 * it the system decides. Ignored where there are more threads than CPUs. */
#define MODEL_PINNED 1u

/* Maps the weights, starts the team (threads: 0 for model_threads) and prepares the constants. The caller becomes thread 0 of the team: call
 * model_run from the same thread where MODEL_PINNED is given. Returns NULL and sets *why (when it is not NULL) if that fails. */
MODEL_API model* model_open(const char* weights, int threads, unsigned flags, int* why);

/* One inference. Nothing is allocated, and no error is possible. */
MODEL_API void model_run(model* m, const void* const* inputs, void* const* outputs);

/* Ends the team and frees everything. NULL is allowed. */
MODEL_API void model_close(model* m);

MODEL_API const char* model_error_text(int why);

#ifdef __cplusplus
}
#endif
#endif
