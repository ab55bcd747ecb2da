// A disk that fails, for a real process: preloaded (LD_PRELOAD), it stands before pread and preadv of one file and lets
// them go wrong as its rules say. Reading by other means (mmap, io_uring, read) passes by, and so do children that are
// started with an environment of their own.
//
// HOZEN_FAILING_DISK    the file that fails, by whatever name it is opened
// HOZEN_FAILING_RULES   a file with a rule a line. It is read anew for each read of the disk, so that a test can
// replace
//                       it (by renaming) while the process runs:
//   bad OFFSET SIZE     reads that touch these bytes fail with EIO
//   partial             ... unless there are good bytes before them: those are given, as the page cache does
//   until OFFSET        the disk ends there: shorter reads, or none
//   gone                every read fails with ENODEV
//   gone_from OFFSET    so does every one from the first on that touches bytes at or behind OFFSET
//   delay_ms N          each read takes so much longer
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static atomic_bool gone_for_good;

static bool is_failing_disk(int fd) {
  const char* name = getenv("HOZEN_FAILING_DISK");
  struct stat disk, opened;
  return name != NULL && stat(name, &disk) == 0 && fstat(fd, &opened) == 0 && disk.st_dev == opened.st_dev &&
         disk.st_ino == opened.st_ino;
}

static void pause_ms(uint64_t ms) {
  struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

// How many of the `size` bytes at `offset` the disk gives, or -1 with errno.
static ssize_t readable(uint64_t offset, size_t size) {
  const char* name = getenv("HOZEN_FAILING_RULES");
  FILE* rules = name == NULL ? NULL : fopen(name, "re");
  if (rules == NULL) return (ssize_t)size;
  const uint64_t wanted_end = offset + size;
  uint64_t first_bad = UINT64_MAX, end = wanted_end, delay_ms = 0;
  bool partial = false;
  char word[32];
  while (fscanf(rules, "%31s", word) == 1) {
    unsigned long long a = 0, b = 0;
    if (strcmp(word, "partial") == 0) {
      partial = true;
    } else if (strcmp(word, "gone") == 0) {
      gone_for_good = true;
    } else if (strcmp(word, "bad") == 0 && fscanf(rules, "%llu %llu", &a, &b) == 2) {
      if (a < wanted_end && offset < a + b && a < first_bad) first_bad = a;
    } else if (fscanf(rules, "%llu", &a) == 1) {
      if (strcmp(word, "until") == 0 && a < end) end = a;
      if (strcmp(word, "gone_from") == 0 && wanted_end > a) gone_for_good = true;
      if (strcmp(word, "delay_ms") == 0) delay_ms = a;
    }
  }
  fclose(rules);
  if (delay_ms > 0) pause_ms(delay_ms);
  if (gone_for_good) {
    errno = ENODEV;
    return -1;
  }
  if (end <= offset) return 0;
  if (first_bad < end) {
    if (!partial || first_bad <= offset) {
      errno = EIO;
      return -1;
    }
    end = first_bad;
  }
  return (ssize_t)(end - offset);
}

ssize_t pread64(int fd, void* buffer, size_t size, off64_t offset) {
  static ssize_t (*next)(int, void*, size_t, off64_t);
  if (next == NULL) next = (ssize_t(*)(int, void*, size_t, off64_t))dlsym(RTLD_NEXT, "pread64");
  if (size == 0 || offset < 0 || !is_failing_disk(fd)) return next(fd, buffer, size, offset);
  const ssize_t given = readable((uint64_t)offset, size);
  return given <= 0 ? given : next(fd, buffer, (size_t)given, offset);
}

ssize_t pread(int fd, void* buffer, size_t size, off_t offset) { return pread64(fd, buffer, size, offset); }

// One buffer at a time: a short read is what preadv may give anyway.
ssize_t preadv64(int fd, const struct iovec* buffers, int count, off64_t offset) {
  static ssize_t (*next)(int, const struct iovec*, int, off64_t);
  if (next == NULL) next = (ssize_t(*)(int, const struct iovec*, int, off64_t))dlsym(RTLD_NEXT, "preadv64");
  if (count < 1 || !is_failing_disk(fd)) return next(fd, buffers, count, offset);
  return pread64(fd, buffers[0].iov_base, buffers[0].iov_len, offset);
}

ssize_t preadv(int fd, const struct iovec* buffers, int count, off_t offset) {
  return preadv64(fd, buffers, count, offset);
}
