/* What all tests share: a small model, and a check that ends the program with a line that says where. */
#pragma once
#include "l2o.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                             \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            fprintf(stderr, "%s:%d: %s does not hold; last message: %s\n", __FILE__, __LINE__,       \
                #condition, l2o_error_message());                                                    \
            exit(1);                                                                                 \
        }                                                                                            \
    } while (0)

/* A matrix, a vector, a tensor of more than one chunk, one without elements, a scalar. */
enum { TENSORS = 5 };
static const int32_t ranks[TENSORS] = {2, 1, 2, 2, 0};
static const int64_t dimensions[] = {7, 5, 3, 53, 79, 0, 4};
static const int sizes[TENSORS] = {35, 3, 4187, 0, 1};

typedef struct {
    float *parameters[TENSORS];
    float *gradients[TENSORS];
} Model;

/* The same values each time, the gradients of magnitudes from 1e-6 to 1. */
static inline Model make_model(void) {
    Model model;
    uint32_t random = 1;
    for (int tensor = 0; tensor < TENSORS; tensor++) {
        size_t bytes = sizes[tensor] * sizeof(float);
        model.parameters[tensor] = malloc(bytes ? bytes : 1);
        model.gradients[tensor] = malloc(bytes ? bytes : 1);
        for (int i = 0; i < sizes[tensor]; i++) {
            random = random * 1664525u + 1013904223u;
            float uniform = (float)(random >> 8) / (1 << 24);
            model.parameters[tensor][i] = uniform - 0.5f;
            model.gradients[tensor][i] = (i % 2 ? 1 : -1) * powf(10, -6 * uniform);
        }
    }
    return model;
}

static inline void free_model(Model *model) {
    for (int tensor = 0; tensor < TENSORS; tensor++) {
        free(model->parameters[tensor]);
        free(model->gradients[tensor]);
    }
}

static inline int same(const Model *a, const Model *b) {
    for (int tensor = 0; tensor < TENSORS; tensor++)
        if (memcmp(a->parameters[tensor], b->parameters[tensor], sizes[tensor] * sizeof(float))) return 0;
    return 1;
}

static inline l2o_handle make(const char *specification) {
    l2o_handle handle;
    CHECK(l2o_create(specification, TENSORS, ranks, dimensions, NULL, &handle) == L2O_OK);
    return handle;
}

static inline void step(l2o_handle handle, Model *model) {
    CHECK(l2o_step(handle, model->parameters, (const float *const *)model->gradients, NULL) == L2O_OK);
}

static inline void *exported(l2o_handle handle, int64_t *size) {
    CHECK(l2o_export(handle, NULL, 0, size) == L2O_BUFFER_TOO_SMALL && *size > 0);
    void *buffer = malloc(*size);
    int64_t again;
    CHECK(l2o_export(handle, buffer, *size, &again) == L2O_OK && again == *size);
    return buffer;
}

/* What comes of the wish for an optimizer of some tensors of one shape. */
static inline int32_t create(const char *specification, int64_t tensors, int32_t rank, int64_t dimension) {
    l2o_handle handle = 7;
    int32_t code = l2o_create(specification, tensors, &rank, &dimension, NULL, &handle);
    CHECK((code == L2O_OK) == (handle != 0));
    CHECK(l2o_destroy(handle) == L2O_OK);
    return code;
}

/* The tests, a file for each of them. */
void test_steps(void);
void test_guards(void);
void test_errors(void);
void test_threads(void);
