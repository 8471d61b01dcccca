/* Guards: what they take back and what not. */
#include "model.h"

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

void test_guards(void) {
    test_guard("gateprop", "gateprop:guard=on");
    test_guard("rnnprop:state=half", "rnnprop:guard=on,state=half");
}
