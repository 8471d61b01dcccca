// The instructions of AVX512_BF16, which Swift has no name for. Header-only, so that nothing here needs building.
#pragma once

#if defined(__AVX512BF16__) && defined(__AVX512F__)
typedef float bfloat16_sums __attribute__((__vector_size__(64)));
typedef unsigned int bfloat16_pairs __attribute__((__vector_size__(64)));
typedef __bf16 bfloat16_values __attribute__((__vector_size__(64)));

/// Lane by lane: sum + the two products of the numbers in the low and in the high halves.
static inline __attribute__((always_inline)) bfloat16_sums bfloat16_add_products(
    bfloat16_sums sum, bfloat16_pairs a, bfloat16_pairs b) {
    return __builtin_ia32_dpbf16ps_512(sum, (bfloat16_values)a, (bfloat16_values)b);
}

/// The nearest sixteen numbers of `first`, then those of `second`.
static inline __attribute__((always_inline)) bfloat16_pairs bfloat16_round(bfloat16_sums first, bfloat16_sums second) {
    return (bfloat16_pairs)__builtin_ia32_cvtne2ps2bf16_512(second, first);
}

/// The same, those of `first` in the low half of each lane and those of `second` in the high one.
static inline __attribute__((always_inline)) bfloat16_pairs bfloat16_round_pairs(
    bfloat16_sums first, bfloat16_sums second) {
    const bfloat16_values rounded = (bfloat16_values)bfloat16_round(first, second);
    return (bfloat16_pairs)__builtin_shufflevector(
        rounded, rounded, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
        13, 29, 14, 30, 15, 31);
}
#endif
