/* Tests of the C interface, by a C program: what it computes against formulas in double precision and against itself, and
 * that nothing wrong which can be told ends the process. */
#include "l2o.h"

#include <math.h>
#include <pthread.h>
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
static Model make_model(void) {
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

static void free_model(Model *model) {
    for (int tensor = 0; tensor < TENSORS; tensor++) {
        free(model->parameters[tensor]);
        free(model->gradients[tensor]);
    }
}

static int same(const Model *a, const Model *b) {
    for (int tensor = 0; tensor < TENSORS; tensor++)
        if (memcmp(a->parameters[tensor], b->parameters[tensor], sizes[tensor] * sizeof(float))) return 0;
    return 1;
}

static l2o_handle make(const char *specification) {
    l2o_handle handle;
    CHECK(l2o_create(specification, TENSORS, ranks, dimensions, NULL, &handle) == L2O_OK);
    return handle;
}

static void step(l2o_handle handle, Model *model) {
    CHECK(l2o_step(handle, model->parameters, (const float *const *)model->gradients, NULL) == L2O_OK);
}

static void *exported(l2o_handle handle, int64_t *size) {
    CHECK(l2o_export(handle, NULL, 0, size) == L2O_BUFFER_TOO_SMALL && *size > 0);
    void *buffer = malloc(*size);
    int64_t again;
    CHECK(l2o_export(handle, buffer, *size, &again) == L2O_OK && again == *size);
    return buffer;
}

/* Adam's formula in double precision, three steps with a constant gradient. */
static void test_adam(void) {
    l2o_handle handle = make("adam:lr=0.01");
    Model model = make_model(), start = make_model();
    for (int i = 0; i < 3; i++) step(handle, &model);
    for (int tensor = 0; tensor < TENSORS; tensor++)
        for (int i = 0; i < sizes[tensor]; i++) {
            double g = start.gradients[tensor][i];
            double expected = start.parameters[tensor][i] - 3 * 0.01 * g / (fabs(g) + 1e-8);
            CHECK(fabs(model.parameters[tensor][i] - expected) < 1e-6);
        }
    int64_t steps;
    CHECK(l2o_steps_taken(handle, &steps) == L2O_OK && steps == 3);
    CHECK(l2o_destroy(handle) == L2O_OK);
    free_model(&model);
    free_model(&start);
}

/* Threads change no bit; a copy and an imported state go on with the same bits; a tensor's place does not matter. */
static void test_same_bits(const char *specification) {
    l2o_handle one = make(specification), many = make(specification), copy, imported = make(specification);
    CHECK(l2o_set_threads(one, 1) == L2O_OK && l2o_set_threads(many, 3) == L2O_OK);
    Model a = make_model(), b = make_model();
    for (int i = 0; i < 3; i++) step(one, &a), step(many, &b);
    CHECK(same(&a, &b));
    CHECK(l2o_copy(one, &copy) == L2O_OK);
    int64_t size;
    void *state = exported(many, &size);
    CHECK(l2o_import(imported, state, size) == L2O_OK);
    Model c = make_model(), d = make_model();
    for (int tensor = 0; tensor < TENSORS; tensor++) {
        memcpy(c.parameters[tensor], a.parameters[tensor], sizes[tensor] * sizeof(float));
        memcpy(d.parameters[tensor], a.parameters[tensor], sizes[tensor] * sizeof(float));
    }
    for (int i = 0; i < 2; i++) step(one, &a), step(many, &b), step(copy, &c), step(imported, &d);
    CHECK(same(&a, &b) && same(&a, &c) && same(&a, &d));
    Model start = make_model();
    CHECK(!same(&a, &start));

    /* A state of other tensors, of another optimizer, or damaged anywhere near its beginning, leaves all as it was. */
    l2o_handle other = make(strcmp(specification, "adam") ? "adam" : "sgd"), smaller;
    CHECK(l2o_import(other, state, size) == L2O_INVALID_STATE);
    CHECK(l2o_create(specification, 1, ranks, dimensions, NULL, &smaller) == L2O_OK);
    CHECK(l2o_import(smaller, state, size) == L2O_INVALID_STATE);
    uint32_t random = 1;
    for (int i = 0; i < 300; i++) {
        unsigned char *damaged = malloc(size);
        memcpy(damaged, state, size);
        random = random * 1664525u + 1013904223u;
        int64_t place = (random >> 8) % (size < 700 ? size : 700), length = i % 3 ? size : place;
        damaged[place] ^= 1u << (random >> 29);
        unsigned char *exact = malloc(length ? length : 1);
        memcpy(exact, damaged, length);
        int32_t code = l2o_import(smaller, exact, length);
        CHECK(code == L2O_INVALID_STATE);
        free(exact);
        free(damaged);
    }
    int64_t steps;
    CHECK(l2o_steps_taken(smaller, &steps) == L2O_OK && steps == 0);
    l2o_handle all[] = {one, many, copy, imported, other, smaller};
    for (int i = 0; i < 6; i++) CHECK(l2o_destroy(all[i]) == L2O_OK);
    free(state);
    free_model(&a), free_model(&b), free_model(&c), free_model(&d), free_model(&start);
}

/* A tensor without a gradient sits out; afterwards it goes on as one whose time stood still. */
static void test_missing_gradients(const char *specification, int exact) {
    l2o_handle handle = make(specification), reference = make(specification), imported = make(specification);
    Model a = make_model(), b = make_model(), start = make_model();
    const float *gradients[TENSORS];
    for (int tensor = 0; tensor < TENSORS; tensor++) gradients[tensor] = tensor == 2 ? NULL : a.gradients[tensor];
    CHECK(l2o_step(handle, a.parameters, gradients, NULL) == L2O_OK);
    CHECK(memcmp(a.parameters[2], start.parameters[2], sizes[2] * sizeof(float)) == 0);
    CHECK(memcmp(a.parameters[0], start.parameters[0], sizes[0] * sizeof(float)) != 0);
    int64_t size;
    void *state = exported(handle, &size);
    CHECK(l2o_import(imported, state, size) == L2O_OK);
    Model c = make_model();
    for (int tensor = 0; tensor < TENSORS; tensor++)
        memcpy(c.parameters[tensor], a.parameters[tensor], sizes[tensor] * sizeof(float));
    step(handle, &a), step(reference, &b), step(imported, &c);
    CHECK(same(&a, &c));
    /* Where nothing is shared between tensors, it is then what a first step makes it. */
    if (exact) CHECK(memcmp(a.parameters[2], b.parameters[2], sizes[2] * sizeof(float)) == 0);
    /* No gradient at all is no step. */
    for (int tensor = 0; tensor < TENSORS; tensor++) gradients[tensor] = NULL;
    CHECK(l2o_step(handle, a.parameters, gradients, NULL) == L2O_OK);
    int64_t steps;
    CHECK(l2o_steps_taken(handle, &steps) == L2O_OK && steps == 2 && same(&a, &c));
    l2o_destroy(handle), l2o_destroy(reference), l2o_destroy(imported);
    free(state);
    free_model(&a), free_model(&b), free_model(&c), free_model(&start);
}

/* Half the step scale is half the way, decay takes its share first, and a scale of 0 leaves the rest. */
static void test_options(const char *specification) {
    l2o_handle whole = make(specification), half = make(specification), decaying = make(specification);
    Model a = make_model(), b = make_model(), c = make_model(), start = make_model();
    float halves[TENSORS], zeros[TENSORS] = {0}, decays[TENSORS], loss = 1;
    for (int tensor = 0; tensor < TENSORS; tensor++) halves[tensor] = 0.5f, decays[tensor] = 0.25f;
    l2o_step_options options = {sizeof options, halves, NULL, &loss};
    step(whole, &a);
    CHECK(l2o_step(half, b.parameters, (const float *const *)b.gradients, &options) == L2O_OK);
    options.step_scales = zeros, options.decays = decays;
    CHECK(l2o_step(decaying, c.parameters, (const float *const *)c.gradients, &options) == L2O_OK);
    for (int tensor = 0; tensor < TENSORS; tensor++)
        for (int i = 0; i < sizes[tensor]; i++) {
            float before = start.parameters[tensor][i];
            float way = a.parameters[tensor][i] - before;
            CHECK(fabsf(b.parameters[tensor][i] - (before + 0.5f * way)) < 1e-6f);
            CHECK(c.parameters[tensor][i] == 0.75f * before);
        }
    const float wrong[3] = {-1, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        halves[1] = wrong[i], decays[1] = 0;
        options = (l2o_step_options){sizeof options, halves, NULL, NULL};
        CHECK(l2o_step(half, b.parameters, (const float *const *)b.gradients, &options) == L2O_INVALID_ARGUMENT);
        decays[1] = wrong[i];
        options = (l2o_step_options){sizeof options, NULL, decays, NULL};
        CHECK(l2o_step(half, b.parameters, (const float *const *)b.gradients, &options) == L2O_INVALID_ARGUMENT);
    }
    options = (l2o_step_options){3, NULL, NULL, NULL};
    CHECK(l2o_step(half, b.parameters, (const float *const *)b.gradients, &options) == L2O_INVALID_ARGUMENT);
    l2o_destroy(whole), l2o_destroy(half), l2o_destroy(decaying);
    free_model(&a), free_model(&b), free_model(&c), free_model(&start);
}

static int64_t failures(l2o_handle handle) {
    int64_t count = -1;
    CHECK(l2o_failures(handle, &count) == L2O_OK);
    return count;
}

/* Takes a step that is told the loss, in which all tensors but one may take part. */
static void step_at(l2o_handle handle, Model *model, float loss, int missing) {
    const float *gradients[TENSORS];
    for (int tensor = 0; tensor < TENSORS; tensor++) gradients[tensor] = tensor == missing ? NULL : model->gradients[tensor];
    l2o_step_options options = {sizeof options, NULL, NULL, &loss};
    CHECK(l2o_step(handle, model->parameters, gradients, &options) == L2O_OK);
}

/* The bits of the rule alone while all goes well. A loss beyond all bounds takes steps back, from a tensor too that sits out
 * now and moved before; one that never moved need not be there. Then Adam has 20 steps, and all goes on after an import. */
static void test_guard(const char *plain, const char *guarded) {
    l2o_handle rule = make(plain), watched = make(guarded), adam = make("adam"), imported = make(guarded);
    Model a = make_model(), b = make_model(), c = make_model(), good = make_model();
    float *nowhere = b.parameters[1];
    b.parameters[1] = b.gradients[0];
    for (int i = 0; i < 13; i++) {
        step_at(rule, &a, 1, 1);
        step_at(watched, &b, 1, 1);
        for (int tensor = 0; tensor < TENSORS; tensor++)
            if (tensor != 1) CHECK(memcmp(a.parameters[tensor], b.parameters[tensor], sizes[tensor] * sizeof(float)) == 0);
        /* What the first window led to. */
        if (i == 8)
            for (int tensor = 0; tensor < TENSORS; tensor++)
                memcpy(good.parameters[tensor], a.parameters[tensor], sizes[tensor] * sizeof(float));
    }
    CHECK(failures(watched) == 0 && failures(rule) == 0);
    step_at(watched, &b, NAN, 2);
    CHECK(failures(watched) == 1);
    b.parameters[1] = nowhere;
    CHECK(same(&b, &good) && !same(&a, &good));
    for (int i = 0; i < 20; i++) {
        step_at(watched, &b, 1, -1), step_at(adam, &good, 1, -1);
        if (i == 7) {
            int64_t size;
            void *state = exported(watched, &size);
            CHECK(l2o_import(imported, state, size) == L2O_OK && failures(imported) == 1);
            free(state);
            for (int tensor = 0; tensor < TENSORS; tensor++)
                memcpy(c.parameters[tensor], b.parameters[tensor], sizes[tensor] * sizeof(float));
        } else if (i > 7) {
            step_at(imported, &c, 1, -1);
        }
    }
    CHECK(same(&b, &good) && same(&c, &good));
    step_at(watched, &b, 1, -1), step_at(imported, &c, 1, -1), step_at(adam, &good, 1, -1);
    CHECK(same(&b, &c) && !same(&b, &good));
    l2o_destroy(rule), l2o_destroy(watched), l2o_destroy(adam), l2o_destroy(imported);
    free_model(&a), free_model(&b), free_model(&c), free_model(&good);
}

static int32_t create(const char *specification, int64_t tensors, int32_t rank, int64_t dimension) {
    l2o_handle handle = 7;
    int32_t code = l2o_create(specification, tensors, &rank, &dimension, NULL, &handle);
    CHECK((code == L2O_OK) == (handle != 0));
    CHECK(l2o_destroy(handle) == L2O_OK);
    return code;
}

static void test_wrong_arguments(void) {
    CHECK(create("adam", 1, 1, 3) == L2O_OK && create("adam", 1, 1, 0) == L2O_OK && create("adam", 0, 0, 0) == L2O_OK);
    CHECK(create("adm", 1, 1, 3) == L2O_INVALID_INPUT && strstr(l2o_error_message(), "adam"));
    CHECK(create("adam:lr=sweep", 1, 1, 3) == L2O_INVALID_INPUT);
    CHECK(create("adam:lr=-1", 1, 1, 3) == L2O_INVALID_INPUT);
    CHECK(create("no/such/file.safetensors", 1, 1, 3) == L2O_INVALID_INPUT);
    CHECK(create("", 1, 1, 3) == L2O_INVALID_INPUT && create("\xff\xfe", 1, 1, 3) == L2O_INVALID_INPUT);
    CHECK(create("adam", -1, 1, 3) == L2O_INVALID_ARGUMENT);
    CHECK(create("adam", INT64_MAX, 1, 3) == L2O_INVALID_ARGUMENT);
    CHECK(create("adam", 1, -1, 3) == L2O_INVALID_ARGUMENT && create("adam", 1, 65, 3) == L2O_INVALID_ARGUMENT);
    CHECK(create("adam", 1, 1, -3) == L2O_INVALID_ARGUMENT);
    CHECK(create("adam", 1, 1, INT64_MAX) == L2O_INVALID_ARGUMENT);
    CHECK(create("rnnprop", 1, 1, (int64_t)1 << 40) == L2O_OUT_OF_MEMORY);
    l2o_handle handle = 0;
    int32_t rank = 1;
    int64_t dimension = 3, size = 0;
    CHECK(l2o_create("adam", 1, &rank, &dimension, NULL, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_create(NULL, 1, &rank, &dimension, NULL, &handle) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_create("adam", 1, NULL, &dimension, NULL, &handle) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_create("adam", 1, &rank, NULL, NULL, &handle) == L2O_INVALID_ARGUMENT);
    const char *names[1] = {NULL};
    CHECK(l2o_create("adam", 1, &rank, &dimension, names, &handle) == L2O_INVALID_ARGUMENT);
    names[0] = "a \"name\"\n";
    CHECK(l2o_create("gateprop", 1, &rank, &dimension, names, &handle) == L2O_OK);

    _Alignas(16) float values[4] = {1, 2, 3, 4}, gradient[4] = {1, 1, 1, 1};
    float *places[1] = {values}, *none[1] = {NULL}, *askew[1] = {(float *)((char *)values + 1)};
    const float *slopes[1] = {gradient}, *askew_slopes[1] = {(const float *)((char *)gradient + 2)};
    CHECK(l2o_step(handle, NULL, slopes, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_step(handle, places, NULL, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_step(handle, none, slopes, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_step(handle, askew, slopes, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_step(handle, places, askew_slopes, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_set_threads(handle, -1) == L2O_INVALID_ARGUMENT && l2o_set_threads(handle, 9999) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_import(handle, NULL, 8) == L2O_INVALID_ARGUMENT && l2o_import(handle, values, -1) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_import(handle, NULL, 0) == L2O_INVALID_STATE);
    CHECK(l2o_export(handle, NULL, 0, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_export(handle, NULL, 1 << 30, &size) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_failures(handle, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_steps_taken(handle, NULL) == L2O_INVALID_ARGUMENT && l2o_state_bytes(handle, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_copy(handle, NULL) == L2O_INVALID_ARGUMENT && l2o_api_version(NULL) == L2O_INVALID_ARGUMENT);
    CHECK(values[0] == 1 && values[1] == 2 && values[2] == 3);
    /* NaN is no error. */
    gradient[1] = NAN;
    CHECK(l2o_step(handle, places, slopes, NULL) == L2O_OK);

    CHECK(l2o_destroy(handle) == L2O_OK && l2o_destroy(0) == L2O_OK);
    l2o_handle gone = handle, copy = 7;
    CHECK(l2o_destroy(gone) == L2O_INVALID_ARGUMENT && l2o_step(gone, places, slopes, NULL) == L2O_INVALID_ARGUMENT);
    CHECK(l2o_copy(gone, &copy) == L2O_INVALID_ARGUMENT && copy == 0);
    CHECK(l2o_steps_taken(12345, &size) == L2O_INVALID_ARGUMENT);
}

static void test_texts(void) {
    int32_t version;
    CHECK(l2o_api_version(&version) == L2O_OK && version == L2O_API_VERSION);
    char buffer[1000];
    int64_t size;
    CHECK(l2o_names(buffer, sizeof buffer, &size) == L2O_OK && strlen(buffer) + 1 == (size_t)size);
    CHECK(strstr(buffer, "gateprop") && strstr(buffer, "adam"));
    CHECK(l2o_names(buffer, 3, &size) == L2O_BUFFER_TOO_SMALL && l2o_names(NULL, -1, &size) == L2O_BUFFER_TOO_SMALL);
    CHECK(l2o_kernels(buffer, sizeof buffer, &size) == L2O_OK && size > 1);
    CHECK(l2o_weights("gateprop", NULL, 0, &size) == L2O_BUFFER_TOO_SMALL && size > 3484);
    char *weights = malloc(size);
    CHECK(l2o_weights("gateprop", weights, size, &size) == L2O_OK && strstr(weights + 8, "coordinate.hidden.weight"));
    free(weights);
    CHECK(l2o_weights("gateprob", NULL, 0, &size) == L2O_INVALID_INPUT && strstr(l2o_error_message(), "gateprop"));
}

static l2o_handle shared;
static Model shared_model;

/* Steps on a handle of its own and on one that all share; an error of its own. */
static void *work(void *argument) {
    char expected[100];
    snprintf(expected, sizeof expected, "optimizer-%d", (int)(intptr_t)argument);
    CHECK(l2o_error_message()[0] == 0);
    CHECK(create(expected, 1, 1, 3) == L2O_INVALID_INPUT);
    l2o_handle own = make("gateprop");
    Model *model = malloc(sizeof *model);
    *model = make_model();
    for (int i = 0; i < 5; i++) {
        step(own, model);
        step(shared, &shared_model);
    }
    CHECK(strstr(l2o_error_message(), expected));
    CHECK(l2o_destroy(own) == L2O_OK);
    return model;
}

static void test_threads(void) {
    enum { THREADS = 4 };
    shared = make("rnnprop");
    shared_model = make_model();
    pthread_t threads[THREADS];
    Model *models[THREADS];
    for (intptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], (void **)&models[i]) == 0);
    int64_t steps;
    CHECK(l2o_steps_taken(shared, &steps) == L2O_OK && steps == 5 * THREADS);
    Model alone = make_model();
    l2o_handle handle = make("rnnprop");
    for (int i = 0; i < 5 * THREADS; i++) step(handle, &alone);
    CHECK(same(&alone, &shared_model));
    for (int i = 0; i < THREADS; i++) {
        CHECK(same(models[0], models[i]));
        if (i > 0) free_model(models[i]), free(models[i]);
    }
    free_model(models[0]), free(models[0]);
    free_model(&alone), free_model(&shared_model);
    CHECK(l2o_destroy(handle) == L2O_OK && l2o_destroy(shared) == L2O_OK);
}

int main(void) {
    test_texts();
    test_adam();
    const char *all[] = {"sgd", "adam", "nadamw", "rnnprop", "rnnprop:state=half", "gateprop", "rnnprop:guard=on",
        "gateprop:guard=on"};
    for (int i = 0; i < 8; i++) {
        test_same_bits(all[i]);
        test_options(all[i]);
        test_missing_gradients(all[i], strncmp(all[i], "gateprop", 8) != 0);
    }
    test_guard("gateprop", "gateprop:guard=on");
    test_guard("rnnprop:state=half", "rnnprop:guard=on,state=half");
    test_wrong_arguments();
    test_threads();
    printf("the C interface: all passed\n");
    return 0;
}
