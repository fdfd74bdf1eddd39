/* Which CPUs the threads of a team should run on, in which order, and how many of them this process may really use. Plain C, header-only.
 *
 * Linux tells it in /sys: nodes of memory, cores and their SMT siblings. `root` is "" on a real machine; tests give a folder with a copy of the
 * files in question.
 */
#ifndef FUSIONSCOPE_RUNTIME_TOPOLOGY_H
#define FUSIONSCOPE_RUNTIME_TOPOLOGY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CPU sets; before the first system header */
#endif
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first line of a file; 0 when there is none. */
static inline int fs_read_line(const char* root, const char* path, char* line, int size) {
  char name[4608];
  if (snprintf(name, sizeof name, "%s%s", root, path) >= (int)sizeof name) return 0;
  FILE* f = fopen(name, "r");
  if (f == NULL) return 0;
  const int found = fgets(line, size, f) != NULL;
  fclose(f);
  return found;
}

/* "0-3,8" as a set. */
static inline void fs_parse_cpus(const char* text, cpu_set_t* set) {
  CPU_ZERO(set);
  while (*text >= '0' && *text <= '9') {
    char* end;
    const long first = strtol(text, &end, 10);
    const long last = *end == '-' ? strtol(end + 1, &end, 10) : first;
    for (long c = first; c <= last && c < CPU_SETSIZE; c++) CPU_SET((int)c, set);
    text = *end == ',' ? end + 1 : end;
  }
}

/* CPUs of `set` in the order of `cpus`, skipping those that are taken already. */
static inline int fs_take_cpus(const char* root, const cpu_set_t* set, cpu_set_t* taken, int siblings, int* cpus, int count, int most) {
  char path[128], line[4096];
  for (int c = 0; c < CPU_SETSIZE && count < most; c++) {
    if (!CPU_ISSET(c, set) || CPU_ISSET(c, taken)) continue;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", c);
    cpu_set_t core;
    CPU_ZERO(&core);
    if (!siblings && fs_read_line(root, path, line, sizeof line)) fs_parse_cpus(line, &core);
    int is_second = 0;
    for (int other = 0; other < CPU_SETSIZE && !is_second; other++) is_second = other != c && CPU_ISSET(other, &core) && CPU_ISSET(other, taken);
    if (is_second) continue;
    CPU_SET(c, taken);
    cpus[count++] = c;
  }
  return count;
}

/* The CPUs of `allowed` in the order that threads should be put on them: one per core before any second thread of a core, and the cores of
 * a memory node after each other, so that neighbours in the team, who work on neighbouring data, share a node's caches and memory.
 * Returns how many there are (at most `most`). */
static inline int fs_cpu_order_of(const char* root, const cpu_set_t* allowed, int* cpus, int most) {
  cpu_set_t taken, nodes, node;
  char path[64], line[4096];
  CPU_ZERO(&taken);
  CPU_ZERO(&nodes);
  if (fs_read_line(root, "/sys/devices/system/node/online", line, sizeof line)) fs_parse_cpus(line, &nodes);
  int count = 0;
  for (int siblings = 0; siblings < 2; siblings++) {
    for (int n = 0; n < CPU_SETSIZE; n++) {
      if (!CPU_ISSET(n, &nodes)) continue;
      snprintf(path, sizeof path, "/sys/devices/system/node/node%d/cpulist", n);
      if (!fs_read_line(root, path, line, sizeof line)) continue;
      fs_parse_cpus(line, &node);
      CPU_AND(&node, &node, allowed);
      count = fs_take_cpus(root, &node, &taken, siblings, cpus, count, most);
    }
    count = fs_take_cpus(root, allowed, &taken, siblings, cpus, count, most); /* CPUs without a node, and systems that show none */
  }
  return count;
}

/* As many CPUs as a limit on time amounts to (rounded up), from the text of cpu.max ("quota period"); 0: no limit. */
static inline int fs_quota_of(const char* text) {
  long long quota = 0, period = 0;
  if (sscanf(text, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0) return 0;
  return (int)((quota + period - 1) / period);
}

/* The group of the process in the newer hierarchy ("/" or "/a/b") into `group`; 0 when there is none. */
static inline int fs_cgroup_of(const char* root, char* group, int size) {
  char name[4608];
  snprintf(name, sizeof name, "%s/proc/self/cgroup", root);
  FILE* f = fopen(name, "r");
  int found = 0;
  while (f != NULL && !found && fgets(group, size, f) != NULL) {
    found = strncmp(group, "0::/", 4) == 0;
    if (found) memmove(group, group + 3, strlen(group + 3) + 1);
  }
  if (f != NULL) fclose(f);
  if (found) group[strcspn(group, "\n")] = 0;
  return found;
}

static inline int fs_smaller_limit(int a, int b) { return a == 0 || (b > 0 && b < a) ? b : a; }

/* CPUs that the process's control group may use at once, because of a limit on time; 0: no limit, or none is known. The group and those
 * above it each may have one; a container sees its own group as the root. */
static inline int fs_cpu_quota_of(const char* root) {
  char group[4096], path[4608], text[128], period[64];
  int least = 0;
  if (fs_read_line(root, "/sys/fs/cgroup/cpu.max", text, sizeof text)) least = fs_quota_of(text);
  if (fs_cgroup_of(root, group, sizeof group)) {
    for (; strlen(group) > 1; *strrchr(group, '/') = 0) {
      snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
      if (fs_read_line(root, path, text, sizeof text)) least = fs_smaller_limit(least, fs_quota_of(text));
    }
  }
  /* The older interface has two files. */
  if (fs_read_line(root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", text, 32) &&
      fs_read_line(root, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period)) {
    text[strcspn(text, "\n")] = ' ';
    strncat(text, period, sizeof text - strlen(text) - 1);
    least = fs_smaller_limit(least, fs_quota_of(text));
  }
  return least;
}

/* The order for the calling thread's CPUs on this machine. */
static inline int fs_cpu_order(int* cpus, int most) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
  return fs_cpu_order_of("", &allowed, cpus, most);
}

/* Threads that can run at the same time: CPUs the calling thread may use, fewer under a limit on time. */
static inline int fs_usable_cpus(void) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const int cpus = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  const int quota = fs_cpu_quota_of("");
  return quota > 0 && quota < cpus ? quota : cpus;
}

#endif
