/* Steps: against formulas in double precision, and against the same steps taken another way. */
#include "model.h"

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

void test_steps(void) {
    test_adam();
    const char *all[] = {"sgd", "adam", "nadamw", "rnnprop", "rnnprop:state=half", "gateprop", "rnnprop:guard=on",
        "gateprop:guard=on"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        test_same_bits(all[i]);
        test_options(all[i]);
        test_missing_gradients(all[i], strncmp(all[i], "gateprop", 8) != 0);
    }
}
