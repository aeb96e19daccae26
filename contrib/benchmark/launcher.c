/* Starts a program, waits for it, and says what it cost.
 *
 *     launcher INPUT COUNT COMMAND [ARGUMENT...]
 *
 * INPUT becomes its stdin. COUNT of them are started together; if there is more than one their
 * output is thrown away. One line on stderr for each, in the order of their ends: nanoseconds from
 * its start to its end, peak memory in KiB, microseconds of processor, page faults.
 *
 * A process that is started by a large one counts the large one's memory as its own, and a script
 * is slow to wait: so a small program starts and waits.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long microseconds(struct timeval t) {
    return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv) {
    int count = argc > 3 ? atoi(argv[2]) : 0;
    if (count < 1 || count > 1000) return 1;
    pid_t pids[1000];
    long long starts[1000];
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, argv[1], O_RDONLY, 0);
    if (count > 1) {
        posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    }
    for (int i = 0; i < count; i++) {
        starts[i] = now();
        if (posix_spawn(&pids[i], argv[3], &files, 0, argv + 3, environ)) return 1;
    }
    for (int ended = 0; ended < count; ended++) {
        struct rusage used;
        int status;
        pid_t pid = wait4(-1, &status, 0, &used);
        long long end = now();
        for (int i = 0; i < count; i++) {
            if (pids[i] != pid) continue;
            fprintf(stderr, "\n%lld %ld %lld %ld", end - starts[i], used.ru_maxrss,
                    microseconds(used.ru_utime) + microseconds(used.ru_stime), used.ru_minflt);
        }
    }
    fprintf(stderr, "\n");
    return 0;
}
