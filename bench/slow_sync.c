/* A slower disk, for the benchmark: every fsync and fdatasync of a process that preloads this waits SYNC_DELAY_US first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowly(const char *name, int file) {
    const char *delay = getenv("SYNC_DELAY_US");
    long delay_us = delay ? atol(delay) : 0;
    struct timespec wait = {delay_us / 1000000, delay_us % 1000000 * 1000};
    nanosleep(&wait, NULL);
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(file);
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
