/* Many threads, with handles of their own and a shared one. */
#include "model.h"

#include <pthread.h>

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

void test_threads(void) {
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
