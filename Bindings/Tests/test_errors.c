/* What cannot be done is refused with a code and a message; texts fit their buffers. */
#include "model.h"

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

void test_errors(void) {
    test_texts();
    test_wrong_arguments();
}
