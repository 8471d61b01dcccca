// Whoever computes needs the C library's log, exp, cos …, and random numbers.
@_exported public import Platform
@_exported public import RandomNumbers
