// In C, which can embed a file as it is. As a Swift array of numbers, which is what a package's embedded resources become,
// 162 kB take more than a minute to compile. The build makes this anew where a file has changed.
#include "shipped_weights.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char rnnprop_mnist[] = {
#embed "rnnprop-mnist.safetensors"
};
const struct shipped_file shipped_rnnprop_mnist = {rnnprop_mnist, sizeof rnnprop_mnist};

static const unsigned char rnnprop_mnist_paper[] = {
#embed "rnnprop-mnist-paper.safetensors"
};
const struct shipped_file shipped_rnnprop_mnist_paper = {rnnprop_mnist_paper, sizeof rnnprop_mnist_paper};

static const unsigned char gateprop[] = {
#embed "gateprop.safetensors"
};
const struct shipped_file shipped_gateprop = {gateprop, sizeof gateprop};
