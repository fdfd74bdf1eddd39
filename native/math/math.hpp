// All vector functions: exp, expm1, log, erf, tanh, sigmoid, silu, gelu_erf, gelu_tanh, softplus, elu, hard_sigmoid, hard_swish,
// leaky_relu, pow, map_lanes, rsqrt; sin, cos, tan, asin, acos, atan; sinh, cosh, asinh, acosh, atanh.
#pragma once

#include "activations.hpp"
#include "hyperbolic.hpp"
#include "rsqrt.hpp"
#include "trigonometry.hpp"
