/* A slow disk: put before libc (LD_PRELOAD), it makes every synchronisation of a file take 5 ms more, and
   counts them in the file that SLOW_DISK_COUNT names, a byte each. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void count(void) {
  const char *name = getenv("SLOW_DISK_COUNT");
  int file = name ? open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (file >= 0 && write(file, ".", 1) != 1) abort();
  if (file >= 0) close(file);
}

static int slowly(long call, int file) {
  struct timespec left = {0, 5 * 1000 * 1000};
  while (nanosleep(&left, &left) != 0) {
  }
  count();
  return (int)syscall(call, file);
}

int fsync(int file) { return slowly(SYS_fsync, file); }

int fdatasync(int file) { return slowly(SYS_fdatasync, file); }
