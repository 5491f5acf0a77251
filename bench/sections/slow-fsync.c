/* Makes every fsync and fdatasync of a process take longer, as on a slow disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_for_disk(void) {
  const char *given = getenv("SLOW_FSYNC_MS");
  long ms = given == NULL ? 0 : atol(given);
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static int sync_after_wait(const char *name, int file) {
  int (*original)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  wait_for_disk();
  return original(file);
}

int fsync(int file) { return sync_after_wait("fsync", file); }
int fdatasync(int file) { return sync_after_wait("fdatasync", file); }
