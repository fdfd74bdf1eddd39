/* Runs the model of this folder on raw tensors from files, or on random ones, and prints its outputs and its time.
 *
 *   model_run [-w weights.bin] [-t THREADS] [-n RUNS] [-s SEED] [-o PREFIX] [INPUT.bin ...]
 *
 * Input files hold the tensors of model_inputs in order, dense and little-endian. Without files, floats are random in [-1, 1), bytes in 0..255 and
 * other integers 0 or 1. With -o, output i is written to PREFIX<i>.bin.
 */
#define _POSIX_C_SOURCE 200809L
#include "model.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void fail(const char* what, const char* of) {
  fprintf(stderr, "error: %s%s%s\n", what, of[0] == 0 ? "" : ": ", of);
  exit(1);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t random_state;
static uint32_t random_word(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)(random_state >> 32);
}
static float random_float(void) { return (float)(random_word() >> 8) / (float)(1 << 23) - 1; }

static int is(const model_tensor* t, const char* dtype) { return strcmp(t->dtype, dtype) == 0; }
static uint64_t count_of(const model_tensor* t) {
  uint64_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= (uint64_t)t->shape[i];
  return n;
}

/* f16 is bf16's neighbour with other widths: sign, exponent and fraction are taken apart. */
static double from_half(uint16_t h, int fraction_bits) {
  const int exponent_bits = 15 - fraction_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = h >> fraction_bits & ((1 << exponent_bits) - 1), fraction = h & ((1 << fraction_bits) - 1);
  const double sign = h >> 15 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * ldexp(fraction, 1 - bias - fraction_bits);
  return sign * ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
}
/* Of a number in [-1, 1), its last bits cut off. */
static uint16_t to_half(float x, int fraction_bits) {
  const int bias = (1 << (14 - fraction_bits)) - 1;
  int exponent;
  const double m = frexp(fabs(x), &exponent);
  if (m == 0 || exponent - 1 < 1 - bias) return 0;
  return (uint16_t)((x < 0) << 15 | (exponent - 1 + bias) << fraction_bits | (int)ldexp(m * 2 - 1, fraction_bits));
}

/* Element i as a number; 0 for the types that are shown as bytes. */
static int element(const model_tensor* t, const unsigned char* p, uint64_t i, double* x) {
  p += i * (uint64_t)(t->bits / 8);
#define AS(name, type)    \
  if (is(t, name)) {      \
    type v;               \
    memcpy(&v, p, sizeof v); \
    *x = (double)v;       \
    return 1;             \
  }
  AS("f32", float)
  AS("f64", double)
  AS("i8", int8_t)
  AS("u8", uint8_t)
  AS("bool", uint8_t)
  AS("i16", int16_t)
  AS("u16", uint16_t)
  AS("i32", int32_t)
  AS("u32", uint32_t)
  AS("i64", int64_t)
  AS("u64", uint64_t)
#undef AS
  if (!is(t, "f16") && !is(t, "bf16")) return 0;
  uint16_t h;
  memcpy(&h, p, sizeof h);
  *x = from_half(h, is(t, "f16") ? 10 : 7);
  return 1;
}

static void fill(const model_tensor* t, unsigned char* p) {
  const uint64_t n = t->bits < 8 ? t->bytes : count_of(t);
  for (uint64_t i = 0; i < n; i++) {
    const float f = random_float();
    const double d = f;
    const uint16_t half = to_half(f, is(t, "f16") ? 10 : 7);
    const int64_t bit = random_word() >> 31;
    unsigned char* at = p + i * (uint64_t)(t->bits < 8 ? 1 : t->bits / 8);
    if (is(t, "f32")) memcpy(at, &f, 4);
    else if (is(t, "f64")) memcpy(at, &d, 8);
    else if (is(t, "f16") || is(t, "bf16")) memcpy(at, &half, 2);
    else if (is(t, "bool")) *at = (unsigned char)bit;
    else if (t->bits <= 8) *at = (unsigned char)random_word();
    else memcpy(at, &bit, (size_t)t->bits / 8);
  }
}

static void read_file(const char* path, const model_tensor* t, void* to) {
  FILE* f = fopen(path, "rb");
  if (f == NULL) fail("cannot read", path);
  const size_t got = fread(to, 1, t->bytes, f);
  if (got != t->bytes || fgetc(f) != EOF) fail("the file has not the size of its tensor", path);
  fclose(f);
}

static void write_file(const char* path, const model_tensor* t, const void* from) {
  FILE* f = fopen(path, "wb");
  if (f == NULL || fwrite(from, 1, t->bytes, f) != t->bytes || fclose(f) != 0) fail("cannot write", path);
}

static void describe(const char* what, int i, const model_tensor* t) {
  printf("%s %d: %s %s [", what, i, t->name, t->dtype);
  for (int d = 0; d < t->rank; d++) printf("%s%" PRId64, d == 0 ? "" : ", ", t->shape[d]);
  printf("]");
}

static void print_values(const model_tensor* t, const unsigned char* p) {
  double x, least = INFINITY, most = -INFINITY;
  const uint64_t n = t->bits < 8 ? t->bytes : count_of(t);
  const int numbers = n > 0 && element(t, p, 0, &x);
  for (uint64_t i = 0; numbers && i < n; i++) {
    element(t, p, i, &x);
    least = x < least ? x : least;
    most = x > most ? x : most;
  }
  if (numbers) printf(" from %.7g to %.7g:", least, most);
  for (uint64_t i = 0; i < n && i < 8; i++) {
    if (numbers) element(t, p, i, &x), printf(" %.7g", x);
    else printf(" %02x", p[i]);
  }
  printf("%s\n", n > 8 ? " ..." : "");
}

static int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char** argv) {
  const char *weights = "weights.bin", *prefix = NULL;
  int threads = 0, runs = 10, option;
  random_state = 1;
  while ((option = getopt(argc, argv, "w:t:n:s:o:")) != -1) {
    if (option == 'w') weights = optarg;
    else if (option == 't') threads = atoi(optarg);
    else if (option == 'n') runs = atoi(optarg) > 0 ? atoi(optarg) : 1;
    else if (option == 's') random_state = strtoull(optarg, NULL, 10);
    else if (option == 'o') prefix = optarg;
    else fail("usage: model_run [-w weights.bin] [-t THREADS] [-n RUNS] [-s SEED] [-o PREFIX] [INPUT.bin ...]", "");
  }
  random_state = random_state * 2 + 0x9e3779b97f4a7c15ull;
  const int files = argc - optind;
  if (files > 0 && files != model_input_count) fail("give as many files as the model has inputs, or none", "");

  int why;
  model* m = model_open(weights, threads, MODEL_PINNED, &why);
  if (m == NULL) fail(model_error_text(why), why >= MODEL_ERROR_NO_WEIGHTS ? weights : "");
  const int inputs_and_outputs = model_input_count + model_output_count;
  void** tensors = (void**)calloc((size_t)inputs_and_outputs + 1, sizeof *tensors);
  double* times = (double*)calloc((size_t)runs, sizeof *times);
  if (tensors == NULL || times == NULL) fail("not enough memory", "");
  for (int i = 0; i < inputs_and_outputs; i++) {
    const int is_input = i < model_input_count;
    const model_tensor* t = is_input ? &model_inputs[i] : &model_outputs[i - model_input_count];
    tensors[i] = calloc(1, t->bytes + 1);
    if (tensors[i] == NULL) fail("not enough memory", t->name);
    if (!is_input) continue;
    if (files > 0) read_file(argv[optind + i], t, tensors[i]);
    else fill(t, (unsigned char*)tensors[i]);
    describe("input", i, t);
    print_values(t, (unsigned char*)tensors[i]);
  }
  void** outputs = tensors + model_input_count;
  for (int i = -1; i < runs; i++) {
    const double start = seconds();
    model_run(m, (const void* const*)tensors, outputs);
    if (i >= 0) times[i] = (seconds() - start) * 1e6;
  }
  for (int i = 0; i < model_output_count; i++) {
    describe("output", i, &model_outputs[i]);
    print_values(&model_outputs[i], (unsigned char*)outputs[i]);
    if (prefix == NULL) continue;
    char path[4096];
    snprintf(path, sizeof path, "%s%d.bin", prefix, i);
    write_file(path, &model_outputs[i], outputs[i]);
  }
  qsort(times, (size_t)runs, sizeof *times, by_size);
  printf("%s, %s, %d threads: median %.3f us, least %.3f us of %d runs\n", model_name, model_isa, threads > 0 ? threads : model_threads,
         times[runs / 2], times[0], runs);
  model_close(m);
  for (int i = 0; i < inputs_and_outputs; i++) free(tensors[i]);
  free(tensors);
  free(times);
  return 0;
}
