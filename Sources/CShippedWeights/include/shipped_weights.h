// The weight files beside shipped_weights.c, as the compiler embedded them.
#pragma once
#include <stddef.h>

struct shipped_file {
    const unsigned char *_Nonnull bytes;
    size_t count;
};

extern const struct shipped_file shipped_rnnprop_mnist;
extern const struct shipped_file shipped_rnnprop_mnist_paper;
extern const struct shipped_file shipped_gateprop;
