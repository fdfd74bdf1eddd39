/* Memory of a host: anonymous pages, huge ones where the system allows it. Plain C, header-only. */
#ifndef FUSIONSCOPE_RUNTIME_BUFFER_H
#define FUSIONSCOPE_RUNTIME_BUFFER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define FS_PAGE 4096ull
#define FS_HUGE_PAGE (2ull << 20)

typedef struct fs_buffer {
  unsigned char* p; /* 64-byte aligned; 2 MB aligned when large */
  void* map;
  uint64_t map_bytes;
  uint64_t bytes;
  int huge_refused; /* errno of the request for huge pages, 0: granted or not made */
} fs_buffer;

static inline uint64_t fs_buffer_page(const fs_buffer* b) { return b->bytes >= FS_HUGE_PAGE ? FS_HUGE_PAGE : FS_PAGE; }

/* Address space; pages come with the first write, near the CPU that writes. */
static inline int fs_buffer_reserve(fs_buffer* b, uint64_t bytes) {
  memset(b, 0, sizeof *b);
  const int huge = bytes >= FS_HUGE_PAGE;
  const uint64_t whole = (bytes == 0 ? 1 : bytes) + FS_PAGE - 1;
  b->bytes = bytes;
  b->map_bytes = whole / FS_PAGE * FS_PAGE + (huge ? FS_HUGE_PAGE : 0);
  b->map = mmap(NULL, b->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (b->map == MAP_FAILED) {
    b->map = NULL;
    return -1;
  }
  const uint64_t at = (uint64_t)(uintptr_t)b->map;
  b->p = (unsigned char*)(uintptr_t)(huge ? (at + FS_HUGE_PAGE - 1) / FS_HUGE_PAGE * FS_HUGE_PAGE : at);
  if (huge && madvise(b->p, (bytes + FS_PAGE - 1) / FS_PAGE * FS_PAGE, MADV_HUGEPAGE) != 0) b->huge_refused = errno;
  return 0;
}

/* Backs [from, to) with pages, so that no fault falls into a run. */
static inline void fs_buffer_touch(fs_buffer* b, uint64_t from, uint64_t to) {
  for (uint64_t i = from; i < to; i += FS_PAGE) ((volatile unsigned char*)b->p)[i] = 0;
}

/* Memory that is there from the start. 0, or -1 where there is none. */
static inline int fs_buffer_open(fs_buffer* b, uint64_t bytes) {
  if (fs_buffer_reserve(b, bytes) != 0) return -1;
  fs_buffer_touch(b, 0, bytes);
  return 0;
}

static inline void fs_buffer_close(fs_buffer* b) {
  if (b->map != NULL) munmap(b->map, b->map_bytes);
  memset(b, 0, sizeof *b);
}

/* Bytes of the buffer that lie on huge pages now, as the kernel tells it (mappings beside each other may have been joined: at most its size). */
static inline uint64_t fs_buffer_huge_bytes(const fs_buffer* b) {
  FILE* f = b->map == NULL || b->bytes < FS_HUGE_PAGE ? NULL : fopen("/proc/self/smaps", "r");
  if (f == NULL) return 0;
  const uint64_t at = (uint64_t)(uintptr_t)b->p;
  char line[512];
  int inside = 0;
  uint64_t found = 0;
  while (fgets(line, sizeof line, f) != NULL) {
    unsigned long long from, to, kib;
    if (sscanf(line, "%llx-%llx ", &from, &to) == 2) inside = from < at + b->bytes && at < to;
    if (inside && sscanf(line, "AnonHugePages: %llu kB", &kib) == 1) found += kib << 10;
  }
  fclose(f);
  return found < b->bytes ? found : b->bytes;
}

#endif
