// What the processor and the operating system support, and a hint to the processor. Only C can ask the compiler's run-time
// library; it is header-only so that nothing here needs building.
#pragma once
#include <stdbool.h>

static inline bool processor_has_avx2(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#else
    return false;
#endif
}

static inline bool processor_has_avx512(void) {
#if defined(__x86_64__)
    return processor_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

static inline bool processor_has_avx512_bf16(void) {
#if defined(__x86_64__)
    return processor_has_avx512() && __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

// Asks for the memory at an address, to be read soon.
static inline void processor_prefetch(const void *address) { __builtin_prefetch(address); }
