// What of MPI is used, without the macros and types that differ between implementations and do not reach Swift.
// Counts are MPI's int; whoever has more bytes calls several times.
#pragma once
#include <mpi.h>
#include <stdint.h>
#include <time.h>

/// Joins the other processes; calls come from one thread, while others compute.
static inline void cmpi_init(void) {
    int provided;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
}

static inline int cmpi_rank(void) {
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static inline int cmpi_count(void) {
    int count;
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    return count;
}

static inline void cmpi_abort(int code) { MPI_Abort(MPI_COMM_WORLD, code); }

static inline double cmpi_seconds(void) { return MPI_Wtime(); }

/// Waits without keeping a core busy: MPI's own waiting takes it from ranks and threads that still compute.
static inline void cmpi_wait(MPI_Request request) {
    const double start = MPI_Wtime();
    for (;;) {
        int done;
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        if (done) return;
        if (MPI_Wtime() - start > 50e-6) {
            struct timespec pause = {0, 20000};
            nanosleep(&pause, NULL);
        }
    }
}

/// Leaves, once all processes have come here.
static inline void cmpi_finish(void) {
    MPI_Request request;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    cmpi_wait(request);
    MPI_Finalize();
}

/// One number of each process, in all of them.
static inline void cmpi_gather_lengths(int64_t own, int64_t *all) {
    MPI_Request request;
    MPI_Iallgather(&own, 1, MPI_INT64_T, all, 1, MPI_INT64_T, MPI_COMM_WORLD, &request);
    cmpi_wait(request);
}

/// The bytes of each process, in all of them; together at most INT_MAX.
static inline void cmpi_gather_all(
    const uint8_t *own, int count, uint8_t *all, const int *counts, const int *places) {
    MPI_Request request;
    MPI_Iallgatherv(own, count, MPI_BYTE, all, counts, places, MPI_BYTE, MPI_COMM_WORLD, &request);
    cmpi_wait(request);
}

static inline void cmpi_broadcast(uint8_t *bytes, int count, int root) {
    MPI_Request request;
    MPI_Ibcast(bytes, count, MPI_BYTE, root, MPI_COMM_WORLD, &request);
    cmpi_wait(request);
}

static inline void cmpi_send(const uint8_t *bytes, int count, int rank) {
    MPI_Request request;
    MPI_Isend(bytes, count, MPI_BYTE, rank, 0, MPI_COMM_WORLD, &request);
    cmpi_wait(request);
}

static inline void cmpi_receive(uint8_t *bytes, int count, int rank) {
    MPI_Request request;
    MPI_Irecv(bytes, count, MPI_BYTE, rank, 0, MPI_COMM_WORLD, &request);
    cmpi_wait(request);
}
