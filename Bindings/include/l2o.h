/* swift-l2o: learned and hand-designed optimizers behind a C interface.
 *
 *     int32_t rank = 2;
 *     int64_t dimensions[2] = {784, 10};
 *     l2o_handle optimizer;
 *     if (l2o_create("gateprop", 1, &rank, dimensions, NULL, &optimizer) != L2O_OK)
 *         fprintf(stderr, "%s\n", l2o_error_message());
 *     // for each step, with the gradient at the parameters:
 *     float *parameters[1] = {weights};
 *     const float *gradients[1] = {gradient};
 *     l2o_step(optimizer, parameters, gradients, NULL);
 *     l2o_destroy(optimizer);
 *
 * Every function but l2o_error_message returns one of the codes below and leaves nothing half done: where it does not
 * return L2O_OK, parameters, states and outputs are as they were, and l2o_error_message says in one line what is wrong
 * and what to do. Functions may be called from any thread; calls on the same handle take turns.
 *
 * Handles are numbers, not addresses: one that was destroyed or never made is an error. Pointers cannot be checked so:
 * each has to lead to as much memory as is said of it, for the time of the call. None is kept afterwards.
 */
#ifndef L2O_H
#define L2O_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. It grows where something is added; a library of a higher version still runs programs that
 * were compiled for a lower one. l2o_api_version says the library's. */
#define L2O_API_VERSION 1

/* An optimizer with its state, for tensors of given shapes. 0 is none. */
typedef uint64_t l2o_handle;

/* Done. */
#define L2O_OK 0
/* A null pointer, a size, a handle or an option that cannot be. */
#define L2O_INVALID_ARGUMENT 1
/* What a user gave and cannot be used: a specification, a file. */
#define L2O_INVALID_INPUT 2
/* State that is damaged, or that of another optimizer or of other tensors. */
#define L2O_INVALID_STATE 3
/* The buffer has not enough room; its size is told. */
#define L2O_BUFFER_TOO_SMALL 4
/* More memory than this machine has. */
#define L2O_OUT_OF_MEMORY 5

/* What is wrong with this thread's last call that returned another code than L2O_OK; "" before. Valid until this thread's
 * next call into the library. */
const char *l2o_error_message(void);

/* The version of the interface that the library has: L2O_API_VERSION at its compilation. */
int32_t l2o_api_version(int32_t *version);

/* The next three, and l2o_export, write to a caller's buffer, and its size to *size, however much room there is. Call with
 * a capacity of 0 (then the buffer may be NULL) to learn the size: the code is then L2O_BUFFER_TOO_SMALL. Texts are UTF-8
 * and end with a zero, which counts. */

/* The names that l2o_create takes, one a line; and which kernels run on this processor: baseline, avx2 or avx512. */
int32_t l2o_names(char *buffer, int64_t capacity, int64_t *size);
int32_t l2o_kernels(char *buffer, int64_t capacity, int64_t *size);

/* The weight file of shipped weights, as gateprop, or of a path: safetensors, in this package's own convention whichever
 * the file has. */
int32_t l2o_weights(const char *name_or_path, void *buffer, int64_t capacity, int64_t *size);

/* Makes an optimizer in its state before the first step.
 *
 * specification  as the command `l2o race --optimizer` takes it: gateprop, rnnprop:state=half, adam:lr=2^-5, a file of
 *                weights.
 * tensors        how many tensors there are; 0 or more.
 * ranks          for each the number of dimensions; 0 is a scalar.
 * dimensions     the dimensions of the first tensor, then those of the second, …; each 0 or more.
 * names          for each a name, for states in files; NULL where they have none: then they are called 0, 1, …
 * handle         gets the optimizer, or 0.
 */
int32_t l2o_create(
    const char *specification, int64_t tensors, const int32_t *ranks, const int64_t *dimensions,
    const char *const *names, l2o_handle *handle);

/* Frees the optimizer. 0 is allowed. */
int32_t l2o_destroy(l2o_handle handle);

/* Another one in the same state. It shares memory until one of the two takes a step. */
int32_t l2o_copy(l2o_handle handle, l2o_handle *copy);

/* How many threads steps use; 0, as in the beginning, is one for each core. Results do not depend on it. */
int32_t l2o_set_threads(l2o_handle handle, int32_t threads);

/* What a step may be told besides gradients. Set it to zeros, then size, then what is wanted: members may be added at the end,
 * and zeros in them will always mean the same as now. */
typedef struct {
    /* sizeof(l2o_step_options). */
    size_t size;
    /* For each tensor what the rule's step is multiplied by; NULL is 1. At least 0. */
    const float *step_scales;
    /* For each tensor the share of it that is taken away before the step, which is decoupled weight decay; NULL is 0. From 0
     * to 1. */
    const float *decays;
    /* The loss at the parameters, on the minibatch of the gradients; NULL where it is not known. Guards judge steps by it, and
     * NaN or infinity is harm; few optimizers look at it. */
    const float *loss;
} l2o_step_options;

/* Takes one step in place: parameters[i] of the i-th tensor, dense and the last dimension fastest.
 *
 * A gradient that is NULL lets its tensor sit the step out: neither it nor what is remembered of it changes, unless a guard
 * takes back steps that did harm, of which the tensor took one. NaN and infinity are no errors: they spread as the rule lets
 * them. No two tensors may overlap; that is not checked.
 */
int32_t l2o_step(
    l2o_handle handle, float *const *parameters, const float *const *gradients, const l2o_step_options *options);

/* The number of steps that were taken. */
int32_t l2o_steps_taken(l2o_handle handle, int64_t *steps);

/* How often a guard (gateprop:guard=on) took back steps that did harm; 0 where there is none. */
int32_t l2o_failures(l2o_handle handle, int64_t *failures);

/* Bytes of memory that the state takes. */
int32_t l2o_state_bytes(l2o_handle handle, int64_t *bytes);

/* Writes the state as the bytes of a safetensors file, which Swift programs read and write too. To learn the size takes as
 * long as to write: where memory is no concern, offer a buffer of l2o_state_bytes and 64 KiB. */
int32_t l2o_export(l2o_handle handle, void *buffer, int64_t capacity, int64_t *size);

/* Goes on from a state that was exported by an optimizer of the same specification and for the same tensors: the steps that
 * follow are the same, bit for bit. The bytes may come from anywhere: all of them are checked. */
int32_t l2o_import(l2o_handle handle, const void *buffer, int64_t size);

#ifdef __cplusplus
}
#endif

#endif
