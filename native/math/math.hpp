// All vector functions: exp, log, erf, tanh, sigmoid, silu, gelu_erf, gelu_tanh, softplus, elu, hard_sigmoid, hard_swish, leaky_relu, pow,
// map_lanes.
#pragma once

#include "activations.hpp"
