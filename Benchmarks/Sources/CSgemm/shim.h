#include <dnnl.h>
// From libgomp, which oneDNN runs on: sets the calling thread's own thread count.
void omp_set_num_threads(int);
