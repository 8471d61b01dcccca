/* Tests of the C interface, by a C program: what it computes against formulas in double precision and against itself, and
 * that nothing wrong which can be told ends the process. */
#include "model.h"

int main(void) {
    test_steps();
    test_guards();
    test_errors();
    test_threads();
    printf("the C interface: all passed\n");
    return 0;
}
